"""Launcher 4: resolution of the schema, degraded nodes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.samples import chart, codes, context, draft, field

from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.form import Widget
from sardonyx.launcher.nodes import NodeKind
from sardonyx.launcher.schema import resolve_schema


def kind(schema: Any) -> NodeKind:
    root = resolve_schema(schema).root
    assert root is not None
    return root.kind


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"properties": {}}, NodeKind.OBJECT),
        ({"items": {"type": "string"}}, NodeKind.ARRAY),
        ({"type": ["string", "null"]}, NodeKind.STRING),
        ({"type": ["null", "integer"]}, NodeKind.INTEGER),
        ({"const": 1}, NodeKind.CONST),
        ({"type": "string", "const": "x"}, NodeKind.STRING),
        ({}, NodeKind.DEGRADED),
        ({"type": "date"}, NodeKind.DEGRADED),
        ({"type": ["string", "integer"]}, NodeKind.DEGRADED),
        ({"type": 5}, NodeKind.DEGRADED),
        ({"type": "null"}, NodeKind.DEGRADED),
        ({"type": "array", "items": [{"type": "string"}]}, NodeKind.DEGRADED),
        ({"type": "object", "properties": []}, NodeKind.DEGRADED),
    ],
)
def test_a_node_is(schema: Any, expected: NodeKind) -> None:
    assert kind(schema) is expected


def test_a_bad_node_costs_only_itself() -> None:
    made = draft(
        {"bad": {"type": "date", "default": "x"}, "good": {"type": "string", "default": "g"}}
    )
    assert made.values == {"good": "g"}
    assert codes(made) == [("/bad", "schema_degraded")]
    assert not made.errors
    notice = field(made.form, "/bad")
    assert (notice.widget, bool(notice.reason)) == (Widget.NOTICE, True)


def test_an_override_replaces_the_property_wholesale() -> None:
    own = {"type": "string", "default": "a", "title": "T"}
    schema = {**own, "x-onyxia": {"overwriteSchemaWith": "net/zone.json"}}
    registry: Any = {"net/zone.json": {"type": "integer", "default": 4}}
    made = make_draft(chart=chart({"zone": schema}), context=context(), registry=registry)
    assert made.values == {"zone": 4}
    assert field(made.form, "/zone").label == "zone"


def test_the_first_of_the_sorted_roles_wins_over_the_instance() -> None:
    schema = {"type": "string", "x-onyxia": {"overwriteSchemaWith": "z.json"}}
    registry: Any = {
        "z.json": {"type": "string", "default": "instance"},
        "roles/beta/z.json": {"type": "string", "default": "beta"},
        "roles/alpha/z.json": {"type": "string", "default": "alpha"},
    }
    one = chart({"zone": schema})

    def value(*roles: str) -> Any:
        made = make_draft(chart=one, context=context(), registry=registry, roles=roles)
        return made.values["zone"]

    assert value("beta", "alpha") == "alpha"
    assert value("beta") == "beta"
    assert value("other") == "instance"


def test_an_unknown_override_keeps_the_property_and_warns() -> None:
    schema = {"type": "string", "default": "a", "x-onyxia": {"overwriteSchemaWith": "no.json"}}
    made = draft({"zone": schema})
    assert (made.values, codes(made)) == ({"zone": "a"}, [("/zone", "schema_unknown_override")])


def test_a_reference_is_merged_and_wins() -> None:
    schema = {"$ref": "#/definitions/size", "title": "mine", "default": 1}
    definitions = {"size": {"type": "integer", "default": 7}}
    made = make_draft(chart=chart({"n": schema}, definitions=definitions), context=context())
    assert made.values == {"n": 7}
    assert field(made.form, "/n").label == "mine"


def test_a_reference_may_name_a_registry_file() -> None:
    made = make_draft(
        chart=chart({"n": {"$ref": "x.json"}}),
        context=context(),
        registry={"x.json": {"type": "string", "default": "r"}},
    )
    assert made.values == {"n": "r"}


@pytest.mark.parametrize("target", ["#/definitions/none", "http://remote.example/x.json", "#/", 5])
def test_a_reference_that_is_not_found_is_left_with_a_warning(target: Any) -> None:
    made = draft({"n": {"$ref": target, "type": "string", "default": "d"}})
    assert made.values == {"n": "d"}
    assert codes(made) == [("/n", "schema_reference_not_found")]


@pytest.mark.parametrize(
    "definitions",
    [
        {"a": {"$ref": "#/definitions/a"}},
        {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}},
        {"a": {"type": "object", "properties": {"x": {"$ref": "#/definitions/a"}}}},
    ],
)
def test_a_cycle_degrades_the_node(definitions: Any) -> None:
    one = chart({"n": {"$ref": "#/definitions/a"}, "ok": {"const": 1}}, definitions=definitions)
    made = make_draft(chart=one, context=context())
    assert made.values["ok"] == 1
    assert ("schema_degraded") in [code for _, code in codes(made, "warning")]


def test_references_that_double_at_each_step_end() -> None:
    definitions: Any = {
        f"d{i}": {
            "type": "object",
            "properties": {k: {"$ref": f"#/definitions/d{i + 1}"} for k in "ab"},
        }
        for i in range(40)
    }
    made = make_draft(
        chart=chart({"n": {"$ref": "#/definitions/d0"}}, definitions=definitions), context=context()
    )
    assert ("schema_degraded") in [code for _, code in codes(made, "warning")]


@pytest.mark.parametrize(
    ("render", "warned"), [("list", True), ("rainbow", True), ("textArea", False)]
)
def test_a_render_that_cannot_be_followed_warns(render: str, warned: bool) -> None:
    made = draft({"n": {"type": "string", "default": "", "render": render}})
    assert (codes(made) == [("/n", "schema_bad_render")]) is warned
    assert field(made.form, "/n").widget in (Widget.TEXT, Widget.TEXTAREA)


def test_region_sliders_bend_the_schema_only_when_switched_on() -> None:
    slider = {"sliderMin": 2, "sliderMax": 4, "sliderUnit": "", "sliderStep": 1}
    schema = {
        "type": "number",
        "default": 9,
        "render": "slider",
        "x-onyxia": {"useRegionSliderConfig": "cpu"},
    }
    region: Any = {**context(), "region": {"sliders": {"cpu": slider}}}
    one = chart({"n": schema})
    assert make_draft(chart=one, context=region).values == {"n": 9}
    assert make_draft(chart=one, context=region, region_sliders=True).values == {"n": 4}


@pytest.mark.parametrize(
    ("default", "bent"),
    [("9Gi", "4Gi"), ("1Gi", "2Gi"), ("3Gi", "3Gi"), ("3Mi", "3Mi"), ("many", "many")],
)
def test_a_region_slider_clamps_a_default_with_its_unit(default: str, bent: str) -> None:
    slider: Any = {"sliderMin": 2, "sliderMax": 4, "sliderUnit": "Gi", "sliderStep": 1}
    hints = {"useRegionSliderConfig": "ram"}
    schema: Any = {"type": "string", "default": default, "x-onyxia": hints}
    root = resolve_schema(schema, sliders={"ram": slider}).root
    assert root is not None
    assert root.default == bent


def test_texts_follow_the_language() -> None:
    schema = {
        "type": "string",
        "default": "",
        "title": "Name",
        "description": "Help",
        "x-sardonyx": {"fr": {"title": "Nom", "description": "Aide"}},
    }
    both = {"type": "string", "default": "", "title": {"en": "Size", "fr": "Taille"}}
    made = draft({"n": schema, "s": both}, language="fr")
    assert (field(made.form, "/n").label, field(made.form, "/n").help) == ("Nom", "Aide")
    assert field(made.form, "/s").label == "Taille"
    assert field(draft({"n": schema}).form, "/n").label == "Name"


@pytest.mark.parametrize(
    ("keyword", "default"),
    [
        ({"type": "string", "pattern": "^x"}, "y"),
        ({"type": "integer", "minimum": 2}, 1),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 1}, []),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 1}, [1, 2]),
        ({"type": "string", "enum": ["x"]}, "y"),
        ({"type": "string", "listEnum": ["x"]}, "y"),
        ({"type": "integer", "sliderMin": 1, "sliderMax": 8}, 9),
    ],
    ids=["pattern", "minimum", "minItems", "maxItems", "enum", "listEnum", "slider bounds"],
)
def test_a_core_check_counts_while_defaults_are_computed(keyword: Any, default: Any) -> None:
    fitting: Any = {"string": "x", "integer": 3, "array": [3]}[keyword["type"]]
    assert draft({"n": {**keyword, "default": default}}, {"n": fitting}).values == {"n": fitting}


@pytest.mark.parametrize(
    "keyword",
    [
        {"maximum": 1},
        {"exclusiveMaximum": 2},
        {"exclusiveMinimum": 2},
        {"multipleOf": 5},
        {"anyOf": [{"maximum": 1}]},
        {"oneOf": [{"maximum": 1}]},
        {"allOf": [{"maximum": 1}]},
        {"if": {"minimum": 0}, "then": {"maximum": 1}},
    ],
    ids=lambda keyword: next(iter(keyword)),
)
def test_the_other_keywords_are_validation_only(keyword: Any) -> None:
    made = draft({"n": {"type": "integer", "default": 2, **keyword}}, {"n": 1})
    assert made.values == {"n": 2}
    assert not made.errors
    assert codes(made, "warning")


@pytest.mark.parametrize("ignored", [{"form": ["x"]}, {"x-own": 1}, {"$comment": "c"}])
def test_other_keywords_are_ignored(ignored: Any) -> None:
    made = draft({"n": {"type": "string", "default": "d", **ignored}})
    assert (made.values, codes(made)) == ({"n": "d"}, [])
    assert field(made.form, "/n").widget is Widget.TEXT


@pytest.mark.parametrize("kind", ["string", "number", "integer"])
def test_a_slider_may_stand_on_text_number_and_whole_number(kind: str) -> None:
    default: Any = "2" if kind == "string" else 2
    bounds = {"sliderMin": 1, "sliderMax": 8, "sliderStep": 1}
    made = draft({"n": {"type": kind, "default": default, "render": "slider", **bounds}})
    shown = field(made.form, "/n")
    assert (shown.widget, shown.minimum, shown.maximum, shown.step) == (Widget.SLIDER, 1, 8, 1)
    assert not made.problems


@pytest.mark.parametrize("where", ["hidden", "x-onyxia"])
def test_hidden_takes_a_condition_in_either_place(where: str) -> None:
    condition = {"path": "mode", "value": "ext"}
    hidden: Any = {"hidden": condition}
    if where == "x-onyxia":
        hidden = {"x-onyxia": hidden}
    properties = {
        "mode": {"type": "string", "default": "ext"},
        "n": {"type": "string", "default": "sent", **hidden},
    }
    made = draft(properties)
    assert [one.pointer for one in made.form.fields()] == ["/mode"]
    assert (made.values["n"], codes(made)) == ("sent", [])


def test_hidden_by_onyxia_is_still_computed_and_sent() -> None:
    hints = {"hidden": True, "overwriteDefaultWith": "user.idep"}
    made = draft({"n": {"type": "string", "x-onyxia": hints}})
    assert (made.values, list(made.form.fields())) == ({"n": "user1"}, [])
