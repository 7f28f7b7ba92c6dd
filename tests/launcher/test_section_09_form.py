"""Launcher 9: layout, sub-charts, widgets, lists, sliders; reading a posted form."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.samples import chart, codes, context, draft, field, outline

from sardonyx.catalog.models import Dependency
from sardonyx.launcher.draft import Draft, make_draft
from sardonyx.launcher.form import (
    FormGroup,
    GroupRole,
    Widget,
    read_submission,
    read_values_text,
)
from sardonyx.launcher.models import UNSET, PatchEntry

TEXT = {"type": "string", "default": ""}


def text(default: str = "", **more: Any) -> dict[str, Any]:
    return {"type": "string", "default": default, **more}


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def number(default: int, **more: Any) -> dict[str, Any]:
    return {"type": "integer", "default": default, **more}


def flag(default: bool) -> dict[str, Any]:
    return {"type": "boolean", "default": default}


def half(side: str, default: str, **more: Any) -> dict[str, Any]:
    return {
        **text(default, render="slider", sliderUnit="Gi", sliderRangeId="ram"),
        "sliderExtremity": side,
        "sliderMin": 2,
        "sliderMax": 6,
        **more,
    }


def test_9_1_sections_and_sub_charts() -> None:
    properties = {
        "replicas": number(1),
        "cache": obj(enabled=flag(True), size=number(2)),
        "side": obj(n=number(1)),
        "extras": obj(side=flag(False)),
        "global": obj(cache=obj(tls=flag(True)), tz=text("UTC")),
        "rivulet": obj(mode=text("a")),
    }
    dependencies = (
        Dependency("cache", "1", "cache.enabled"),
        Dependency("side", "1", "extras.side"),
        Dependency("rivulet", "1"),
    )
    made = make_draft(chart=chart(properties, dependencies=dependencies), context=context())
    assert [
        (one.role, outline(one)) for one in made.form.children if isinstance(one, FormGroup)
    ] == [
        (GroupRole.MISCELLANEOUS, ["replicas", "mode"]),
        (GroupRole.ACCORDION, ["side"]),
        (GroupRole.GLOBAL, ["tz"]),
        (GroupRole.BLOCK, ["enabled", "size", "tls"]),
    ]
    assert [one.label for one in made.form.children] == [
        "Miscellaneous",
        "extras",
        "Shared by all parts",
        "cache",
    ]
    assert made.values["side"] == {"n": 1}


def test_9_1_a_disabled_block_keeps_its_own_switch_alone() -> None:
    properties = {"cache": obj(enabled=flag(False), size=number(2))}
    one = chart(properties, dependencies=(Dependency("cache", "1", "cache.enabled"),))
    assert outline(make_draft(chart=one, context=context()).form) == [("cache", ["enabled"])]


@pytest.mark.parametrize(
    ("condition", "values", "shown"),
    [
        (None, {}, True),
        ("a.on", {"a": {"on": True}}, True),
        ("a.on", {"a": {"on": "true"}}, False),
        ("a.on", {}, False),
        ("l.1.on", {"l": [{}, {"on": True}]}, True),
        ("none.at.all, a.on", {"a": {"on": True}}, True),
    ],
)
def test_9_1_a_dependency_is_enabled(condition: str | None, values: Any, shown: bool) -> None:
    one = chart(
        {"sub": obj(size=number(1))}, values, dependencies=(Dependency("sub", "1", condition),)
    )
    made = make_draft(chart=one, context=context())
    assert bool(made.form.children) is shown


def test_9_1_titles_that_clash_keep_the_own_dependency_apart() -> None:
    one = chart(
        {"mode": text("x"), "rivulet": obj(mode=text("a"))},
        dependencies=(Dependency("rivulet", "1"),),
    )
    made = make_draft(chart=one, context=context())
    assert outline(made.form) == [("Miscellaneous", ["mode"]), ("rivulet", ["mode"])]


@pytest.mark.parametrize(
    ("schema", "widget"),
    [
        (text(), Widget.TEXT),
        (text(render="textArea"), Widget.TEXTAREA),
        (text(render="password"), Widget.PASSWORD),
        (text("a", render="password", enum=["a", "b"]), Widget.SELECT),
        ({**flag(True), "enum": [True, False]}, Widget.SELECT),
        (flag(True), Widget.CHECKBOX),
        (number(1), Widget.NUMBER),
        ({"type": "number", "default": 1}, Widget.NUMBER),
        ({"const": 3}, Widget.NUMBER),
        ({"const": True}, Widget.CHECKBOX),
        ({"type": "object", "default": {}}, Widget.YAML),
        ({"type": "array", "default": []}, Widget.YAML),
        (text("2Gi", render="slider", sliderMin=1, sliderMax=4, sliderUnit="Gi"), Widget.SLIDER),
        (number(2, render="slider", sliderMin=1, sliderMax=4), Widget.SLIDER),
        ({"type": "strange"}, Widget.NOTICE),
    ],
)
def test_9_2_a_node_is_drawn_as(schema: Any, widget: Widget) -> None:
    assert field(draft({"n": schema}).form, "/n").widget is widget


def test_9_2_labels_disabled_and_unset() -> None:
    made = draft({"a": text(title="T"), "b": {"const": 3}, "c": {"type": "string"}})
    assert [field(made.form, f"/{key}").label for key in "abc"] == ["T", "b", "c"]
    assert [field(made.form, f"/{key}").disabled for key in "abc"] == [False, True, False]
    unset = field(made.form, "/c")
    assert (unset.is_set, unset.value, unset.text) == (False, UNSET, "")
    readonly = draft({"a": {**TEXT, "x-onyxia": {"readonly": True}}})
    assert field(readonly.form, "/a").disabled


def test_9_2_a_value_no_longer_offered_is_kept_and_flagged() -> None:
    made = draft({"n": text("a", enum=["a", "b"])}, patch=(PatchEntry(("n",), "old"),))
    shown = field(made.form, "/n")
    assert (shown.value, shown.offered) == ("old", False)
    assert [(one.code, one.level) for one in shown.problems] == [("options", "error")]


def pods(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    return {"pod": obj(requests=obj(ram=low), limits=obj(ram=high), name=text())}


def test_9_2_two_halves_are_one_range_slider_in_their_common_group() -> None:
    made = draft(pods(half("down", "2Gi", title="Memory", sliderStep=1), half("up", "6Gi")))
    assert outline(made.form) == [("pod", ["Memory", "name"])]
    group = made.form.children[0]
    assert isinstance(group, FormGroup)
    shown = group.children[0]
    assert not isinstance(shown, FormGroup)
    assert (shown.widget, shown.minimum, shown.maximum, shown.step, shown.unit) == (
        *(Widget.RANGE_SLIDER, 2, 6, 1),
        "Gi",
    )
    assert [(one.pointer, one.text) for one in shown.halves] == [
        ("/pod/requests/ram", "2"),
        ("/pod/limits/ram", "6"),
    ]


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (half("down", "2Gi", sliderStep=1, sliderUnit="Gi"), half("up", "6Mi", sliderUnit="Mi")),
        (half("down", "2Gi"), half("up", "6Gi")),
        (half("down", "5Gi", sliderStep=1), half("up", "3Gi")),
        (half("down", "2Gi", sliderStep=1), half("down", "3Gi")),
    ],
)
def test_9_2_halves_that_do_not_fit_stay_two_sliders(low: Any, high: Any) -> None:
    made = draft(pods(low, high))
    assert [one.widget for one in made.form.fields()][:2] == [Widget.SLIDER, Widget.SLIDER]
    assert "range_slider" in [code for _, code in codes(made, "warning")]
    assert outline(made.form) == [("pod", [("requests", ["ram"]), ("limits", ["ram"]), "name"])]


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
    assert read_values_text(draft({"n": number(2)}), written).patch == patch


@pytest.mark.parametrize(
    ("written", "code"), [("- a", "values_no_object"), ("{", "yaml_not_understood")]
)
def test_9_3_a_text_that_is_no_object_keeps_the_draft(written: str, code: str) -> None:
    made = draft({"n": number(2)}, patch=(PatchEntry(("n",), 5),))
    known = read_values_text(made, written)
    assert known.patch == made.patch
    assert [(one.code, one.level) for one in known.problems] == [(code, "error")]
