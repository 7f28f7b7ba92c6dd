"""Indexes of Helm repositories: what is read of them, and what is refused."""

from __future__ import annotations

import json

import pytest

from sardonyx.adapters.charts import index
from sardonyx.adapters.charts.index import read_index
from sardonyx.catalog.faults import RepositoryError

INDEX = """\
apiVersion: v1
entries:
  tide:
  - name: tide
    version: 1.10
    created: 2026-01-02T03:04:05Z
    digest: ABCDEF
    keywords: [sea, moon]
    annotations: {category: Water, count: 3}
    icon: https://pictures.example/tide.png
    urls:
    - https://charts.example/tide-1.10.0.tgz
  - name: tide
    version: 1.0.0
    type: library
    urls: [tide-1.0.0.tgz, elsewhere.tgz]
generated: 2026-01-02T03:04:05Z
"""


def test_texts_are_kept_as_they_are_written() -> None:
    first, second = read_index(INDEX.encode())
    assert first["version"] == "1.10"
    assert first["digest"] == "sha256:abcdef"
    assert first["keywords"] == ["sea", "moon"]
    assert first["annotations"] == {"category": "Water", "count": "3"}
    assert (second["kind"], second["digest"]) == ("library", "")
    assert second["urls"] == ["tide-1.0.0.tgz", "elsewhere.tgz"]


def test_an_index_in_json_is_read_the_same() -> None:
    entry = {"name": "tide", "version": "1.0.0", "urls": ["tide.tgz"]}
    content = json.dumps({"apiVersion": "v1", "entries": {"tide": [entry]}})
    assert read_index(content.encode())[0]["version"] == "1.0.0"


def test_entries_that_say_too_little_cost_only_themselves() -> None:
    content = (
        "entries:\n  a:\n  - name: a\n  - 3\n  - {name: b, version: 1.0.0, urls: [b.tgz]}\n"
        "  c: nothing\n  d:\n  - {name: d, version: 1.0.0, urls: [d.tgz]}\n"
    )
    assert [entry["name"] for entry in read_index(content.encode())] == ["d"]


def test_an_empty_repository_has_no_entries() -> None:
    assert read_index(b"apiVersion: v1\n") == []
    assert read_index(b"apiVersion: v1\nentries: {}\n") == []


LAUGHS = "entries:\n  a: &a [x]\n" + "".join(
    f"  {chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(20)
)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (LAUGHS.encode(), 3),
        (b"entries:\n  a: []\n  a: []\n", 3),
        (b"entries:\n  ? [a, b]\n  : 1\n", 2),
        (b"a: [\n", 2),
        (b"entries: \xff\n", 1),
        (b"a: \x00\n", 1),
        (b"[" * 100_000, 1),
        (b'{"entries": ' + b"[" * 100_000, 1),
        (b"entries:\n" + b" " * 4 + b"- " * 2_000 + b"x\n", 2),
    ],
    ids=["laughs", "twice", "key", "open", "utf-8", "zero", "deep", "deep-json", "dashes"],
)
def test_hostile_indexes_are_refused_by_line(content: bytes, line: int) -> None:
    with pytest.raises(RepositoryError) as refused:
        read_index(content)
    assert refused.value.problem.code == "index_broken"
    assert refused.value.problem.message.values["line"] == line


@pytest.mark.parametrize("content", [b"", b"<html>sign in</html>", b"- 1\n", b"entries: 3\n"])
def test_what_is_no_index_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(RepositoryError) as refused:
        read_index(content)
    assert refused.value.problem.code == "index_broken"


def test_an_index_beyond_all_measure_is_refused_unread() -> None:
    with pytest.raises(RepositoryError) as refused:
        read_index(b" " * (index.MAX_INDEX + 1))
    assert refused.value.problem.code == "index_too_large"
