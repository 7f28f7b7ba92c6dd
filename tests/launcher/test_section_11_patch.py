"""Launcher 11: the patch."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sardonyx.errors import Problem
from sardonyx.launcher.models import UNSET, PatchEntry
from sardonyx.launcher.patch import apply, apply_with_problems, diff, parse_set
from sardonyx.launcher.scalars import same

GONE = UNSET

atoms = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
)
json_values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4)
    ),
    max_leaves=12,
)
json_objects = st.dictionaries(
    st.sampled_from("abc") | st.text(max_size=2), json_values, max_size=4
)


def entries(*pairs: Any) -> tuple[PatchEntry, ...]:
    return tuple(PatchEntry(tuple(path), value) for path, value in pairs)


@pytest.mark.parametrize(
    ("default", "current", "patch"),
    [
        ({"a": 1, "b": {"c": "x"}}, {"a": 2, "b": {"c": "x"}}, [(["a"], 2)]),
        ({"n": 1}, {"n": True}, [(["n"], True)]),
        ({"b": {"c": 1}}, {"b": {"c": 1, "d": None}}, [(["b", "d"], None)]),
        ({"t": ["p", "q", "r"]}, {"t": ["p", "r"]}, [(["t", 1], "r"), (["t", 2], GONE)]),
        ({"t": [{"n": 1}, {"n": 2}]}, {"t": [{"n": 1}]}, [(["t", 1], GONE)]),
        ({"b": {"c": 1}, "z": 0}, {"z": 0}, [(["b"], GONE)]),
        ({"b": {"c": 1}}, {"b": {}}, [(["b", "c"], GONE)]),
        ({"t": ["p"]}, {"t": []}, [(["t", 0], GONE)]),
        ({}, {"e": {}}, [(["e"], {})]),
        ({"t": ["p"]}, {"t": {"k": 1}}, [(["t", "k"], 1)]),
        ({"b": {"c": 1}}, {"b": 7}, [(["b"], 7)]),
        ({"n": 1}, {"n": 1.0}, []),
    ],
)
def test_the_difference_is(default: Any, current: Any, patch: Any) -> None:
    made = diff(default, current)
    assert made == entries(*patch)
    assert [type(one.value) for one in made] == [type(value) for _, value in patch]
    assert same(apply(default, made), current)


def test_a_parent_and_its_child_may_both_be_deleted() -> None:
    default: Any = {"t": [{"n": 1}, {"n": 2}]}
    applied = apply_with_problems(default, entries((["t", 1], GONE), (["t", 1, "n"], GONE)))
    assert (applied.values, applied.problems) == ({"t": [{"n": 1}]}, ())


def test_a_deletion_before_the_tail_is_skipped_with_an_error() -> None:
    default: Any = {"t": [{"n": 1}, {"n": 2}]}
    applied = apply_with_problems(default, entries((["t", 0], GONE)))
    assert applied.values == default
    assert [(one.pointer, one.level) for one in applied.problems] == [("/t/0", "error")]


def test_an_assignment_that_leaves_a_gap_is_skipped_with_an_error() -> None:
    applied = apply_with_problems({"t": ["p"]}, entries((["t", 2], "r"), (["t", 1], "q")))
    assert applied.values == {"t": ["p", "q"]}
    assert [one.pointer for one in applied.problems] == ["/t/2"]


def test_deleting_what_is_absent_is_ignored() -> None:
    applied = apply_with_problems({"a": 1}, entries((["b", "c"], GONE), (["a", 3], GONE)))
    assert (applied.values, applied.problems) == ({"a": 1}, ())


@settings(max_examples=300)
@given(json_objects, json_objects)
def test_applying_the_difference_gives_the_current_values(default: Any, current: Any) -> None:
    before = copy.deepcopy(default)
    assert same(apply(default, diff(default, current)), current)
    assert same(default, before)


@given(
    json_objects,
    st.lists(
        st.tuples(st.lists(st.text(max_size=2) | st.integers(-2, 3)), json_values | st.just(UNSET))
    ),
)
def test_no_patch_raises(default: Any, patch: Any) -> None:
    apply_with_problems(default, entries(*patch))


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("a.b[0]=3", ("a", "b", 0), 3),
        ("a=3Gi", ("a",), "3Gi"),
        ("a=true", ("a",), True),
        ("a=yes", ("a",), "yes"),
        ("a=null", ("a",), None),
        ("a=", ("a",), ""),
        ("a='5'", ("a",), "5"),
        ('a="x y"', ("a",), "x y"),
        ("a=x=y", ("a",), "x=y"),
        ("a=1.50", ("a",), 1.5),
        (r"labels.app\.kind=b", ("labels", "app.kind"), "b"),
        ("a=[]", ("a",), []),
        ("a={}", ("a",), {}),
        ("a.b-", ("a", "b"), UNSET),
        ("m[0][1].k=v", ("m", 0, 1, "k"), "v"),
    ],
)
def test_set_reads(text: str, path: Any, value: Any) -> None:
    assert parse_set(text) == PatchEntry(path, value)
    made = parse_set(text)
    assert isinstance(made, PatchEntry)
    assert type(made.value) is type(value)


@pytest.mark.parametrize("text", ["", "=", "a", "=3", "a..b=1", "[0]=1", "a[x]=1", "a[0=1", ".a=1"])
def test_set_that_is_not_understood_is_a_problem(text: str) -> None:
    made = parse_set(text)
    assert isinstance(made, Problem)
    assert made.code == "set_not_understood"


@given(st.text(max_size=30))
def test_set_never_raises(text: str) -> None:
    parse_set(text)


@pytest.mark.parametrize(
    ("start", "patch", "result"),
    [
        ({}, [(["a", 0, "b"], 1)], {"a": [{"b": 1}]}),
        ({}, [(["a", "0", "b"], 1)], {"a": {"0": {"b": 1}}}),
        ({"a": "text"}, [(["a", 0], 1)], {"a": [1]}),
        ({"a": [1]}, [(["a", "k"], 1)], {"a": {"k": 1}}),
        ({"a": {"k": 1}}, [(["a", 0], 2)], {"a": [2]}),
        ({"t": [1, 2, 3]}, [(["t", 1], GONE), (["t", 2], GONE)], {"t": [1]}),
        ({"t": [1]}, [(["t", 0], GONE), (["t", 1], 2)], {"t": [1, 2]}),
        ({"t": [1]}, [(["t", 1], 2), (["t", 2], 3)], {"t": [1, 2, 3]}),
        ({"a": {"b": 1}}, [(["a"], GONE), (["a", "b"], GONE)], {}),
    ],
    ids=[
        "containers by the kind of the next segment: list",
        "containers by the kind of the next segment: object",
        "an atom is replaced",
        "a list is replaced by an object",
        "an object is replaced by a list",
        "the higher index is deleted first",
        "assignments before deletions",
        "assignments in order",
        "parent and child deleted",
    ],
)
def test_a_patch_is_applied(start: Any, patch: Any, result: Any) -> None:
    assert apply(start, entries(*patch)) == result


def test_nothing_is_deleted_below_a_place_whose_kind_changed() -> None:
    assert diff({"t": {"a": 1, "b": {"c": 2}}}, {"t": [5]}) == entries((["t", 0], 5))
    assert diff({"t": {"a": 1}}, {"t": []}) == entries((["t"], []))
