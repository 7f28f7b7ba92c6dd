"""Launcher 12: links."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.launcher.samples import codes, draft
from tests.launcher.test_section_11_patch import json_objects

from sardonyx.launcher.links import Link, read_query, without_secrets, write_query
from sardonyx.launcher.models import UNSET, PatchEntry
from sardonyx.launcher.patch import diff
from sardonyx.launcher.scalars import same

CASES: list[tuple[Any, Any, str]] = [
    (("cpu", "cores"), 3, "cpu.cores=3"),
    (("verbose",), True, "verbose.=true"),
    (("hosts", 0), "a b", "hosts[0].=«a%20b»"),
    (("env", 2, "value"), "x&y=1", "env[2].value=«x%26y%3D1»"),
    (("labels", "app.kind"), "œuf", "labels.app%5C.kind=«%C5%93uf»"),
    (("db", "port"), "5432", "db.port=«5432»"),
    (("note",), None, "note.=null"),
    (("db", "url"), UNSET, "db.url=-"),
    (("tags",), [], "tags.=[]"),
    (("tags",), {}, "tags.={}"),
    (("a", "[3]"), 1, "a.%5C%5B3%5D=1"),
    (("a", "b[x"), 1, "a.b%5Bx=1"),
    (("m", 0, 1), 1.5, "m[0][1].=1.5"),
    (("app.kind",), 1, "app%5C.kind.=1"),
    (("t",), "«q»", "t.=«%C2%ABq%C2%BB»"),
    (("t",), "1+1", "t.=«1%2B1»"),
]


@pytest.mark.parametrize(("path", "value", "written"), CASES)
def test_an_entry_is_written_and_read_back(path: Any, value: Any, written: str) -> None:
    link = Link(patch=(PatchEntry(path, value),))
    assert write_query(link).query == written
    again = read_query(written)
    assert (again.link, again.problems) == (link, ())
    assert type(again.link.patch[0].value) is type(value)


@pytest.mark.parametrize(
    ("query", "entry"),
    [
        ("q.x=%C2%AB50%25%C2%BB", (("q", "x"), "50%")),
        (r"labels.app\.kind=«b»", (("labels", "app.kind"), "b")),
        ("labels.app%5c.kind=«b»", (("labels", "app.kind"), "b")),
        ("a.b=«1+1»", (("a", "b"), "1+1")),
        ("verbose=true", (("verbose",), True)),
        ("hosts[0]=«a»", (("hosts", 0), "a")),
        ("a.b=1&a.b=2", (("a", "b"), 2)),
        ("a.b=««x»»", (("a", "b"), "«x»")),
        ("a.b=«»", (("a", "b"), "")),
        ("?a.b=-0.5e1", (("a", "b"), -5)),
    ],
)
def test_a_link_is_read(query: str, entry: Any) -> None:
    known = read_query(query, known={"verbose", "hosts"})
    assert (known.link.patch, known.problems) == ((PatchEntry(*entry),), ())


@pytest.mark.parametrize(
    "query", ["utm=5", "oidc-spa.k=v", "verbose=3Gi", "", "&&", "=", "=5", "a"]
)
def test_what_is_not_ours_is_ignored(query: str) -> None:
    known = read_query(query, known={"verbose"})
    assert (known.link, known.problems) == (Link(), ())


@pytest.mark.parametrize(
    "query",
    [
        *("cpu.cores=3Gi", "a.b=", "a.b=«x", "a.b=True", "a.b=01", "a.b=1e999", "a.b=NaN"),
        *(
            "a.b=%zz",
            "a.b=%ff",
            "a%zz.b=1",
            "a..b=1",
            ".a=1",
            "a.[3]=1",
            "[0].a=1",
            "a[0]b.c=1",
            "a.b=" + "1" * 400,
        ),
    ],
)
def test_a_bad_part_is_skipped_is_an_error_and_stops_auto_launch(query: str) -> None:
    known = read_query(f"{query}&c.d=1&autoLaunch=true")
    assert known.link.patch == (PatchEntry(("c", "d"), 1),)
    assert [(one.code, one.level) for one in known.problems] == [("link_not_understood", "error")]
    assert not known.link.auto_launch


def test_the_other_parameters() -> None:
    link = Link("night run", False, "2.1.0", "lake", (PatchEntry(("a", "b"), 1),), True)
    query = write_query(link).query
    assert query == "name=night%20run&version=2.1.0&s3=lake&shared=false&a.b=1&autoLaunch=true"
    assert read_query(query).link == link


@pytest.mark.parametrize(
    "path",
    [("",), ("a", ""), ("a\\",), ("oidc-spa", "k"), (0,), ("oidc-spa",), ("a", 10**6), ("a", -1)],
)
def test_what_no_link_can_hold_is_left_out(path: Any) -> None:
    entry = PatchEntry(path, 1)
    written = write_query(Link(patch=(entry,)))
    assert (written.query, written.left_out) == ("", (entry,))


def test_a_number_that_no_link_can_hold_is_left_out() -> None:
    small, large = PatchEntry(("a", "b"), 10**290), PatchEntry(("a", "c"), 10**300)
    written = write_query(Link(patch=(small, large)))
    assert written.left_out == (large,)
    assert read_query(written.query).link.patch == (small,)


def test_a_gap_of_a_list_in_a_link_is_skipped_with_an_error() -> None:
    read = read_query("hosts[0].=«a»&hosts[5].=«b»&x[999999999].=1")
    made = draft({"hosts": {"type": "array", "items": {"type": "string"}}}, patch=read.link.patch)
    assert made.values["hosts"] == ["a"]
    assert ("/hosts/5", "patch_gap") in codes(made, "error")


def test_a_link_of_100_kb_is_read_whole() -> None:
    query = "&".join(f"env[{i}].value=«{'x' * 30}»" for i in range(2_500))
    assert len(query) > 100_000
    read = read_query(query + "&broken=%zz&a.b=" + "9" * 100_000 + "&[" + "[" * 50_000 + ".=1")
    assert len(read.link.patch) >= 2_500
    assert not read.link.auto_launch


def test_secrets_stay_out_of_links() -> None:
    patch = (PatchEntry(("git",), {"token": "t", "name": "n"}), PatchEntry(("cpu",), 1))
    kept = without_secrets(patch, frozenset({("git", "token")}))
    assert kept == (PatchEntry(("git", "name"), "n"), PatchEntry(("cpu",), 1))


@settings(max_examples=300)
@given(json_objects, json_objects)
def test_what_a_link_can_write_it_reads_back(default: Any, current: Any) -> None:
    patch = diff(default, current)
    written = write_query(Link(patch=patch))
    left = {entry.path for entry in written.left_out}
    again = read_query(written.query)
    expected = [entry for entry in patch if entry.path not in left]
    assert not again.problems
    assert [entry.path for entry in again.link.patch] == [entry.path for entry in expected]
    for one, other in zip(again.link.patch, expected, strict=True):
        assert one.value is other.value or same(one.value, other.value)


@given(st.text(max_size=60) | st.text(alphabet="ab.[]0=&%«»\\-5C", max_size=60))
def test_reading_never_raises(query: str) -> None:
    read_query(query, known={"a"})


@pytest.mark.parametrize(
    ("query", "entry"),
    [
        ("a.b=%C2%ABx%C2%BB", (("a", "b"), "x")),
        ("a.b=«a+b%20c»", (("a", "b"), "a+b c")),
        ("a.b=«%2B»", (("a", "b"), "+")),
        (r"a.\[3]=1", (("a", "[3]"), 1)),
        ("a.[x]=1", (("a", "[x]"), 1)),
        ("a.b=-", (("a", "b"), UNSET)),
        ("a.b=-3", (("a", "b"), -3)),
        ("a.b=[]", (("a", "b"), [])),
        ("a.b=%7B%7D", (("a", "b"), {})),
        ("a.=1", (("a",), 1)),
        ("oidc-spa2.k=1", (("oidc-spa2", "k"), 1)),
        ("version.=«x»", (("version",), "x")),
    ],
)
def test_the_grammar_of_a_part(query: str, entry: Any) -> None:
    known = read_query(query)
    assert (known.link.patch, known.problems) == ((PatchEntry(*entry),), ())


def test_an_undotted_key_whose_value_does_not_parse_is_ignored_even_where_known() -> None:
    known = read_query("verbose=3Gi&name=x", known={"verbose", "name"})
    assert (known.link, known.problems) == (Link(name="x"), ())
