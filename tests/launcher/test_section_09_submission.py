"""Launcher 9: lists, reset, and reading a posted form."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.samples import draft, field
from tests.launcher.test_section_09_form import TEXT, flag, number, obj, text

from sardonyx.launcher.draft import Draft, make_draft, patched
from sardonyx.launcher.editor import check_text
from sardonyx.launcher.form import read_submission
from sardonyx.launcher.models import UNSET, PatchEntry


def posted(made: Draft, **changes: Any) -> Any:
    """Return the values after the form is posted with these fields changed."""
    submitted = {name.replace("__", "/"): value for name, value in changes.items()}
    submitted = {
        name if name in ("add", "remove", "reset") else f"/{name}": [value]
        for name, value in submitted.items()
    }
    patch = read_submission(made, submitted)
    again = make_draft(chart=made.chart, context=made.context, patch=patch)
    return again.values


@pytest.mark.parametrize(
    ("schema", "start", "typed", "written"),
    [
        (
            text("500m", render="slider", sliderMin=0, sliderMax=900, sliderUnit="m"),
            None,
            "750",
            "750m",
        ),
        (text("2Gi", render="slider", sliderMin=1, sliderMax=9, sliderUnit="Gi"), 2, "3", 3),
        (number(2, render="slider", sliderMin=1, sliderMax=9), None, "3", 3),
        (number(2), None, "7", 7),
        (number(2), None, "7.5", 7.5),
        (number(2), None, "x", "x"),
        (text("a"), None, "", ""),
        (text("a"), None, "one\r\ntwo", "one\ntwo"),
        (text("a", enum=["a", "b"]), None, "b", "b"),
        (number(1, enum=[1, 2]), None, "2", 2),
        ({**flag(True), "enum": [True, False]}, None, "false", False),
        (flag(True), None, "false", False),
        (flag(False), None, "true", True),
        ({"type": "object", "default": {}}, None, "k: [1]", {"k": [1]}),
        ({"type": "array", "default": []}, None, "- a", ["a"]),
        ({"type": "array", "default": []}, None, "[a", "[a"),
    ],
)
def test_a_posted_field_becomes_a_value(schema: Any, start: Any, typed: str, written: Any) -> None:
    patch = () if start is None else (PatchEntry(("n",), start),)
    values = posted(draft({"n": schema}, patch=patch), n=typed)
    assert values == {"n": written}
    assert type(values["n"]) is type(written)


def test_an_emptied_number_is_unset_and_reset_brings_it_back() -> None:
    made = draft({"n": number(2)})
    patch = read_submission(made, {"/n": [""]})
    assert patch == (PatchEntry(("n",), UNSET),)
    empty = make_draft(chart=made.chart, context=made.context, patch=patch)
    assert empty.values == {}
    assert read_submission(empty, {"/n": [""], "reset": ["/n"]}) == ()


def test_a_checkbox_off_posts_its_companion() -> None:
    made = draft({"on": flag(True), "unset": {"type": "boolean"}})
    assert field(made.form, "/on").companion == "false"
    assert posted(made, on="false") == {"on": False}
    assert read_submission(made, {"/on": ["false", "true"]}) == ()
    # One that nobody ever set stays unset when its companion comes back.
    unset = field(made.form, "/unset")
    assert read_submission(made, {"/unset": [unset.companion]}) == ()


def test_a_disabled_field_is_not_read() -> None:
    made = draft({"n": {"const": 3}, "r": {**TEXT, "x-onyxia": {"readonly": True}}})
    assert read_submission(made, {"/n": ["4"], "/r": ["x"]}) == ()


ITEMS = {"type": "array", "items": obj(n={"type": "string"}), "default": [{"n": "a"}, {"n": "b"}]}


def test_lists_grow_and_shrink() -> None:
    made = draft({"l": ITEMS})
    one = make_draft(
        chart=made.chart, context=made.context, patch=read_submission(made, {"remove": ["/l/1"]})
    )
    assert one.values == {"l": [{"n": "a"}]}
    assert posted(one, add="/l") == {"l": [{"n": "a"}, {"n": "b"}]}
    assert posted(made, add="/l") == {"l": [{"n": "a"}, {"n": "b"}, {"n": "a"}]}
    assert posted(made, remove="/l/0") == {"l": [{"n": "b"}]}
    assert posted(made, l__0__n="z", remove="/l/1") == {"l": [{"n": "z"}]}


def test_a_new_item_takes_the_item_default_first() -> None:
    items = obj(n=text("fresh"))
    made = draft({"l": {"type": "array", "items": items, "default": [{"n": "a"}]}})
    assert posted(made, add="/l")["l"][1] == {"n": "fresh"}
    blank = draft({"l": {"type": "array", "items": obj(n={"type": "string"}), "default": []}})
    assert posted(blank, add="/l") == {"l": [{}]}


def test_a_list_says_whether_it_may_grow_or_shrink() -> None:
    made = draft({"l": {**ITEMS, "minItems": 2, "maxItems": 2}})
    group = next(made.form.groups())
    assert (group.is_list, group.can_add, group.can_remove, group.item_count) == (
        *(True, False, False),
        2,
    )
    assert [child.label for child in group.children] == ["l 1", "l 2"]


@pytest.mark.parametrize("name", ["/none", "/l/9/n", "nonsense", "/l/x"])
@pytest.mark.parametrize("button", ["field", "add", "remove", "reset"])
def test_a_post_of_places_that_are_not_there_is_ignored(name: str, button: str) -> None:
    made = draft({"l": ITEMS})
    submitted = {name: ["x"]} if button == "field" else {button: [name]}
    assert read_submission(made, submitted) == ()


@pytest.mark.parametrize(
    ("written", "patch"),
    [
        ("n: 3\n", (PatchEntry(("n",), 3),)),
        ("n: 2\n", ()),
        ("", (PatchEntry(("n",), UNSET),)),
        ("n: 2\nmore: {a: [1]}\n", (PatchEntry(("more", "a", 0), 1),)),
    ],
)
def test_9_3_values_written_as_yaml_become_the_patch(written: str, patch: Any) -> None:
    assert check_text(draft({"n": number(2)}), written).patch == patch


@pytest.mark.parametrize(
    ("default", "size", "added"),
    [
        ([{"n": "a"}, {"n": "b"}], 1, {"n": "b"}),
        ([{"n": "a"}, {"n": "b"}], 2, {"n": "a"}),
        ([], 0, {}),
    ],
    ids=["1 item: the default at that index", "2 items: its first element", "none: all unset"],
)
def test_9_2_what_a_new_item_holds(default: Any, size: int, added: Any) -> None:
    made = draft({"l": {**ITEMS, "default": default}}, patch=(PatchEntry(("l",), default[:size]),))
    assert posted(made, add="/l")["l"][-1] == added


def test_9_2_a_list_adds_below_its_most_and_removes_above_its_least() -> None:
    def may(size: int) -> tuple[bool, bool]:
        listed = {**ITEMS, "minItems": 1, "maxItems": 3, "default": [{"n": "x"}] * size}
        group = next(draft({"l": listed}).form.groups())
        return group.can_add, group.can_remove

    assert [may(size) for size in (1, 2, 3)] == [(True, False), (True, True), (False, True)]


def test_9_2_reset_puts_back_what_was_computed_and_not_what_was_shown_first() -> None:
    made = draft({"n": text("d")}, patch=(PatchEntry(("n",), "from a link"),))
    typed = patched(made, read_submission(made, {"/n": ["typed"]}))
    back = patched(typed, read_submission(typed, {"/n": ["typed"], "reset": ["/n"]}))
    assert back.values == {"n": "d"}
