"""Launcher 9: layout, sub-charts, widgets, sliders."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.samples import chart, codes, context, draft, field, outline

from sardonyx.catalog.models import Dependency
from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.form import FormGroup, GroupRole, Widget
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


@pytest.mark.parametrize(
    ("condition", "sent", "listed", "shown"),
    [
        ("a.on", False, True, False),
        ("a.on", True, False, True),
        ("a.on, b.on", False, True, False),
        ("b.on, a.on", False, True, True),
        ("none, b.on", False, True, True),
    ],
    ids=[
        "the values come before values.yaml",
        "exactly true in the values",
        "the first path that exists decides",
        "the first path stands in values.yaml alone",
        "a path that is nowhere is passed over",
    ],
)
def test_9_1_a_condition_is_read_in_the_values_first(
    condition: str, sent: bool, listed: bool, shown: bool
) -> None:
    one = chart(
        {"a": obj(on=flag(sent)), "sub": obj(size=number(1))},
        {"a": {"on": listed}, "b": {"on": listed}},
        dependencies=(Dependency("sub", "1", condition),),
    )
    form = make_draft(chart=one, context=context()).form
    assert ("/sub/size" in [one.pointer for one in form.fields()]) is shown


def test_9_1_a_chart_without_schema_has_no_form() -> None:
    assert draft(None, {"a": 1}).form.children == ()


def test_9_2_the_bounds_of_a_range_are_the_lowest_and_the_highest() -> None:
    low = half("down", "2Gi", sliderMin=1, sliderMax=4, sliderStep=1)
    made = draft(pods(low, half("up", "6Gi", sliderMin=2, sliderMax=8)))
    group = made.form.children[0]
    assert isinstance(group, FormGroup)
    shown = group.children[0]
    assert not isinstance(shown, FormGroup)
    assert [(one.minimum, one.maximum, one.step) for one in (shown, *shown.halves)] == [
        (1, 8, 1)
    ] * 3


@pytest.mark.parametrize(
    ("schema", "widget"),
    [
        ({"type": "object", "default": {}, "enum": [{}, {"a": 1}]}, Widget.SELECT),
        ({"type": "integer", "default": 2, "enum": [1, 2]}, Widget.SELECT),
        (
            {"type": "array", "default": ["a"], "enum": [["a"], ["b"]], "items": TEXT},
            Widget.SELECT,
        ),
        ({"type": "number", "default": 2, "sliderMin": 1, "sliderMax": 3}, Widget.NUMBER),
        ({"const": "x"}, Widget.TEXT),
    ],
    ids=["object", "integer", "array", "bounds without render", "const text"],
)
def test_9_2_options_of_any_type_are_a_select(schema: Any, widget: Widget) -> None:
    assert field(draft({"n": schema}).form, "/n").widget is widget
