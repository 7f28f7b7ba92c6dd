"""Launcher 1: YAML in and out, patterns, numbers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tests.launcher.test_section_11_patch import json_values

from sardonyx.launcher import patterns
from sardonyx.launcher.models import UNSET
from sardonyx.launcher.scalars import number_text, same
from sardonyx.launcher.yaml_text import read, write

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


def other_reader(version: tuple[int, int], text: str) -> Any:
    """Return what a complete reader of that YAML makes of `text`."""
    reader = YAML(typ="safe", pure=True)
    reader.version = version
    return reader.load(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes", {"a": "yes"}),
        ("a: on", {"a": "on"}),
        ("a: 2026-01-02", {"a": "2026-01-02"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 0o17", {"a": 15}),
        ("a: 017", {"a": 17}),
        ("a: 0x1f", {"a": 31}),
        ("a: 1e3", {"a": 1000}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: !!str 5", {"a": "5"}),
        ('a: "5"', {"a": "5"}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("1: x", {"1": "x"}),
        ("b: &x {p: 1}\na: {<<: *x, q: 2}", {"b": {"p": 1}, "a": {"p": 1, "q": 2}}),
        ("", None),
    ],
)
def test_yaml_is_read_by_the_core_schema(text: str, value: Any) -> None:
    known = read(text)
    assert (known.value, known.problems) == (value, ())
    assert same(known.value, value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2", 2),
        ("a: 1\nb: .nan", 2),
        ("a: .inf", 1),
        ("a: *x", 1),
        ("a:\n\tb: 1", 2),
        ("{", 1),
        ("--- 1\n--- 2", 2),
        ("a: [1\nb: 2", 2),
        ("? [a]\n: 1", 1),
        ("a: \x07", 1),
        ("[" * 300, 1),
        (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{k}: &{k} [{','.join(['*' + p] * 9)}]\n"
                for p, k in zip("abcdefgh", "bcdefghi", strict=True)
            ),
            6,
        ),
    ],
)
def test_yaml_that_is_refused_names_its_line(text: str, line: int) -> None:
    known = read(text)
    assert known.value is UNSET
    (problem,) = known.problems
    assert problem.level == "error"
    assert f"line {line}" in problem.message.in_language("en")


@given(values)
def test_what_is_written_is_read_alike_by_readers_of_1_1_and_1_2(value: Any) -> None:
    text = write(value)
    assert same(read(text).value, value)
    assert same(other_reader((1, 1), text), value)
    assert same(other_reader((1, 2), text), value)


@given(json_values)
def test_floats_are_written_and_read_back(value: Any) -> None:
    assert same(read(write(value)).value, value)
    assert same(other_reader((1, 1), write(value)), value)


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "no", "on", "off", "y", "n", "~", "null", "true", "1", "1.0", "1e3", "0x1"),
        *("017", "1:30", "2026-01-02", "1_0", ".5", "=", "<<", "- a", "a: b", "a #b", "", " a"),
        *("a ", "*x", "&x", "!x", "%x", "@x", "`x", "|", ">", "?", "[a", "{a", "a\nb", "\x85"),
        "\ufeff",
    ],
)
def test_a_text_that_could_be_misread_is_quoted(text: str) -> None:
    written = write({"k": text})
    assert other_reader((1, 1), written) == {"k": text}
    assert read(written).value == {"k": text}
    assert '"' in written


@given(st.text(max_size=40))
def test_reading_never_raises(text: str) -> None:
    read(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [(1.0, "1"), (4, "4"), (0.1, "0.1"), (1e16, "10000000000000000"), (-2.5, "-2.5")],
)
def test_numbers_become_the_shortest_text(number: float, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b", "abc", patterns.Match.YES),
        ("^b", "abc", patterns.Match.NO),
        ("a$", "a\n", patterns.Match.NO),
        (r"^[$]\$$", "$$", patterns.Match.YES),
        (r"^\d$", "٣", patterns.Match.NO),
        (r"^\w$", "é", patterns.Match.NO),
        ("(", "(", patterns.Match.BROKEN),
        ("^(a|aa)+$", "a" * 60 + "b", patterns.Match.TOO_SLOW),
    ],
)
def test_patterns_are_those_of_ecmascript(pattern: str, text: str, found: patterns.Match) -> None:
    assert patterns.search(pattern, text) is found
