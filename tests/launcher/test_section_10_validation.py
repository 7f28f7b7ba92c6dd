"""Launcher 10: validation at launch, on the values merged over values.yaml."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.samples import chart, codes, context, draft

from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.models import UNSET, PatchEntry
from sardonyx.launcher.patch import diff

CPU = {"type": "integer", "maximum": 8, "default": 16}


def judged(schema: Any, *patch: Any, values: Any = None) -> list[tuple[str, str, str]]:
    made = draft({"n": schema}, values, tuple(PatchEntry(tuple(p), v) for p, v in patch))
    return [(one.pointer, one.code, one.level) for one in made.problems]


@pytest.mark.parametrize(
    ("patch", "found"),
    [
        ([], [("/n", "maximum", "warning")]),
        ([(["n"], 9)], [("/n", "maximum", "error")]),
        ([(["n"], 4)], []),
    ],
)
def test_the_default_is_warned_about_and_a_choice_refused(patch: Any, found: Any) -> None:
    assert judged(CPU, *patch) == found


def test_a_patch_on_what_is_locked_is_an_error() -> None:
    zone = {"type": "string", "default": "a", "x-onyxia": {"readonly": True}}
    assert judged(zone, (["n"], "x")) == [("/n", "readonly", "error")]
    assert ("/n", "readonly", "error") in judged({"const": 3}, (["n"], 4))
    hidden = {"type": "string", "default": "a", "hidden": True}
    assert judged(hidden, (["n"], "x")) == []


TEXT = {"type": "string", "default": "abc"}


@pytest.mark.parametrize(
    ("schema", "value", "code"),
    [
        (TEXT, 3, "type"),
        (TEXT, None, "type"),
        ({**TEXT, "pattern": "^a"}, "b", "pattern"),
        ({**TEXT, "pattern": "^(a|aa)+$", "default": "a"}, "a" * 60 + "b", "pattern_too_slow"),
        ({**TEXT, "maxLength": 3}, "abcd", "maxLength"),
        ({**TEXT, "minLength": 3}, "ab", "minLength"),
        ({**TEXT, "format": "email", "default": "a@b.example"}, "x", "format"),
        ({**TEXT, "enum": ["abc"]}, "b", "options"),
        ({"type": "integer", "default": 3, "minimum": 2}, 1, "minimum"),
        ({"type": "integer", "default": 3}, 2.5, "type"),
        ({"type": "integer", "default": 3}, True, "type"),
        ({"type": "integer", "default": 3, "exclusiveMaximum": 4}, 4, "exclusiveMaximum"),
        ({"type": "integer", "default": 4, "multipleOf": 2}, 3, "multipleOf"),
        ({"type": "array", "items": TEXT, "maxItems": 1, "default": []}, ["a", "b"], "count"),
        (
            {"type": "array", "items": TEXT, "uniqueItems": True, "default": []},
            ["a", "a"],
            "uniqueItems",
        ),
        ({**TEXT, "anyOf": [{"pattern": "^a"}, {"pattern": "^b"}]}, "c", "anyOf"),
        (
            {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False},
            {"z": 1},
            "z/additionalProperties",
        ),
        ({"type": "object", "properties": {"a": TEXT}}, "text", "type"),
        ({"type": "object", "default": {}}, [1], "type"),
        (
            {
                "type": "string",
                "default": "2Gi",
                "render": "slider",
                "sliderMin": 1,
                "sliderMax": 4,
                "sliderUnit": "Gi",
            },
            "9Gi",
            "slider",
        ),
    ],
)
def test_a_wrong_value_is_an_error_with_its_place(schema: Any, value: Any, code: str) -> None:
    below, _, code = code.rpartition("/")
    assert (f"/n/{below}".rstrip("/"), code, "error") in judged(schema, (["n"], value))
    assert not [one for one in judged(schema) if one[2] == "error"]


def test_errors_say_the_place_as_people_write_it() -> None:
    items = {"type": "object", "properties": {"b": {"type": "integer", "default": 1}}}
    made = draft({"a": {"type": "array", "items": items}}, patch=(PatchEntry(("a", 0, "b"), "x"),))
    (problem,) = made.errors
    assert problem.pointer == "/a/0/b"
    assert problem.message.in_language("en") == "“a[0].b” must be a whole number."


def test_unset_is_fine_where_values_yaml_has_the_value() -> None:
    properties = {"a": {"type": "integer"}, "b": {"type": "string", "default": ""}}
    one = chart(properties, {"a": "seven", "c": 1}, required=["a", "c"])
    made = make_draft(chart=one, context=context())
    assert not made.errors
    gone = make_draft(chart=one, context=context(), patch=(PatchEntry(("b",), UNSET),))
    assert not gone.errors


def test_a_required_value_that_was_taken_away_is_an_error() -> None:
    one = chart({"a": {"type": "integer", "default": 1}}, required=["a"])
    made = make_draft(chart=one, context=context(), patch=(PatchEntry(("a",), UNSET),))
    assert codes(made, "error") == [("/a", "required")]


def test_keys_the_schema_does_not_know_pass() -> None:
    assert not draft({"a": TEXT}, patch=(PatchEntry(("more", "x"), 1),)).errors


def test_a_remote_reference_is_not_fetched() -> None:
    """It is refused at compilation: no address is asked, the launch goes on with a warning."""
    made = draft({"n": {**TEXT, "anyOf": [{"$ref": "http://127.0.0.1:9/x.json"}]}})
    assert codes(made) == [("", "schema_not_checked")]
    assert "disabled" in made.problems[0].message.in_language("en")
    assert not made.errors


@pytest.mark.parametrize("value", [10**400, "\ud800", {"": {"": []}}])
def test_odd_values_are_told_and_never_raise(value: Any) -> None:
    draft(
        {"n": CPU, "s": {**TEXT, "format": "uri"}},
        patch=(PatchEntry(("n",), value), PatchEntry(("s",), value)),
    )


@pytest.mark.parametrize("value", [{}, {"zone": "x", "free": ""}, UNSET])
def test_what_is_locked_stays_when_its_group_is_replaced(value: Any) -> None:
    group = {
        "type": "object",
        "properties": {
            "zone": {**TEXT, "x-onyxia": {"readonly": True}},
            "free": TEXT,
        },
    }
    assert ("/n/zone", "readonly", "error") in judged(group, (["n"], value))
    assert judged(group, (["n"], {"zone": "abc", "free": "y"})) == []


def test_texts_by_language_in_definitions_do_not_stop_the_checks() -> None:
    level = {"type": "integer", "title": {"en": "Level", "fr": "Niveau"}, "maximum": 3}
    definitions = {"level": level, "title": {"type": "string", "maxLength": 2}}
    made = make_draft(
        chart=chart({"n": {"$ref": "#/definitions/level", "default": 1}}, definitions=definitions),
        context=context(),
        patch=(PatchEntry(("n",), 9),),
    )
    assert [(one.pointer, one.code) for one in made.problems] == [("/n", "maximum")]


ITEMS = {
    "type": "array",
    "default": [{"k": "x", "ro": "a", "free": 1}, {"k": "x", "ro": "b", "free": 2}],
    "items": {
        "type": "object",
        "properties": {
            "k": {"type": "string", "const": "x"},
            "ro": {"type": "string", "default": "new", "x-onyxia": {"readonly": True}},
            "free": {"type": "integer", "default": 0},
        },
    },
}


@pytest.mark.parametrize(
    ("items", "locked"),
    [
        # Added, removed and moved as a form does it.
        ([{"k": "x", "ro": "a", "free": 1}, {"k": "x", "ro": "b", "free": 2}], []),
        ([{"k": "x", "ro": "b", "free": 2}], []),
        ([{"k": "x", "ro": "b", "free": 7}, {"k": "x", "ro": "a", "free": 1}], []),
        ([{"k": "x", "ro": "a"}, {"k": "x", "ro": "b"}, {"k": "x", "ro": "new", "free": 0}], []),
        ([], []),
        # What no item of the chart holds.
        ([{"k": "y", "ro": "a", "free": 1}], ["/l/0/k"]),
        ([{"k": "x", "ro": "mine", "free": 1}], ["/l/0/ro"]),
    ],
)
def test_locked_places_of_items_move_with_them(items: Any, locked: list[str]) -> None:
    start = draft({"l": ITEMS})
    made = draft({"l": ITEMS}, patch=diff(start.defaults, {"l": items}))
    assert [place for place, code in codes(made, "error") if code == "readonly"] == locked


def test_a_list_that_is_locked_as_a_whole_takes_no_edit_of_its_items() -> None:
    listed = {**ITEMS, "x-onyxia": {"readonly": True}}
    made = draft({"l": listed}, patch=(PatchEntry(("l", 0, "free"), 5),))
    assert ("/l", "readonly") in codes(made, "error")


def test_a_key_of_values_yaml_that_the_schema_forbids_is_the_chart_s_fault() -> None:
    closed = {"type": "object", "additionalProperties": False, "properties": {"a": TEXT}}
    made = draft(
        {"n": closed},
        {"n": {"a": "abc", "odd": 1}},
        patch=(PatchEntry(("n", "a"), "abd"), PatchEntry(("n", "typed"), 1)),
    )
    assert codes(made, "warning") == [("/n/odd", "additionalProperties")]
    assert codes(made, "error") == [("/n/typed", "additionalProperties")]


def test_a_name_that_is_no_pattern_is_left_out_and_the_rest_is_checked() -> None:
    odd = {
        "type": "object",
        "properties": {"a": {"type": "integer", "default": 1, "maximum": 3}},
        "patternProperties": {"(": {"type": "string"}, "^x": {"type": "integer"}},
    }
    made = draft({"n": odd}, patch=(PatchEntry(("n", "xy"), "t"), PatchEntry(("n", "a"), 9)))
    assert {("/n/xy", "type"), ("/n/a", "maximum")} <= set(codes(made, "error"))


WHOLE = {"type": "integer", "default": 3}
GROUP = {"type": "object", "properties": {"a": WHOLE, "b": WHOLE}}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({**WHOLE, "exclusiveMinimum": 1}, 1),
        ({**WHOLE, "oneOf": [{"minimum": 2}, {"maximum": 1}, {"const": 1}]}, 1),
        ({**WHOLE, "allOf": [{"minimum": 2}]}, 1),
        ({**WHOLE, "if": {"maximum": 1}, "then": {"minimum": 1}}, 0),
        ({**WHOLE, "not": {"const": 1}}, 1),
        ({"type": "array", "default": [1], "items": WHOLE, "minItems": 1}, []),
        ({**GROUP, "dependencies": {"c": ["d"]}}, {"a": 3, "b": 3, "c": 1}),
        ({**GROUP, "patternProperties": {"^x": {"type": "string"}}}, {"a": 3, "b": 3, "xy": 1}),
        ({**GROUP, "propertyNames": {"maxLength": 1}}, {"a": 3, "b": 3, "long": 1}),
        ({**GROUP, "maxProperties": 2}, {"a": 3, "b": 3, "c": 1}),
    ],
    ids=[
        *("exclusiveMinimum", "oneOf", "allOf", "if", "not", "minItems", "dependencies"),
        *("patternProperties", "propertyNames", "maxProperties"),
    ],
)
def test_every_keyword_of_json_schema_counts(schema: Any, value: Any) -> None:
    assert judged(schema) == []
    assert [level for _, _, level in judged(schema, (["n"], value))] == ["error"]


def test_the_options_stand_in_place_of_enum() -> None:
    hints = {"overwriteListEnumWith": "user.decodedIdToken.groups"}
    team = {"type": "string", "default": "soil", "enum": ["fixed"], "x-onyxia": hints}
    assert judged(team, (["n"], "tide")) == []
    assert judged(team, (["n"], "fixed")) == [("/n", "options", "error")]


def test_a_value_of_values_yaml_counts_where_none_is_set() -> None:
    """Unset is fine: the merged values are judged, and the chart's own fault only told."""
    closed = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
    assert judged(closed, values={"n": {"a": 1}}) == []


@pytest.mark.parametrize(
    ("schema", "patch", "level"),
    [
        ({"type": "object", "default": {}, "required": ["k"]}, (["n", "other"], 1), "warning"),
        (
            {
                "type": "array",
                "default": [],
                "items": {"type": "object", "required": ["k"], "properties": {"a": TEXT}},
            },
            (["n", 0], {"a": "x"}),
            "error",
        ),
        ({"type": "object", "default": {"k": 1}, "required": ["k"]}, (["n", "k"], UNSET), "error"),
    ],
    ids=["missing from the start", "in an item that was added", "taken away"],
)
def test_what_misses_is_an_error_where_the_person_made_it_miss(
    schema: Any, patch: Any, level: str
) -> None:
    assert [(code, of) for _, code, of in judged(schema, patch)] == [("required", level)]
