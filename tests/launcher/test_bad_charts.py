"""Charts, contexts and patches made to hurt: each costs a problem, none the launcher."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.launcher.samples import chart, codes, context, draft, field, od

from sardonyx.catalog.models import Dependency
from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.models import PatchEntry

TEXT = {"type": "string", "default": ""}


def nested(levels: int, leaf: Any, key: str = "a") -> Any:
    for _ in range(levels):
        leaf = {key: leaf}
    return leaf


def test_ten_thousand_properties_are_all_there() -> None:
    made = draft({f"p{i}": {"type": "integer", "default": i} for i in range(10_000)})
    assert len(list(made.form.fields())) == 10_000
    assert made.values["p9999"] == 9999
    assert not made.problems


def test_a_schema_nested_too_deeply_is_degraded() -> None:
    deep: Any = TEXT
    for _ in range(80):
        deep = {"type": "object", "properties": {"a": deep}}
    made = draft({"n": deep, "ok": TEXT})
    assert made.values["ok"] == ""
    assert [code for _, code in codes(made)] == ["schema_degraded"]
    bottomless = draft({"n": nested(5000, TEXT, "properties")})
    assert codes(bottomless) == [("", "schema_degraded")]


@pytest.mark.parametrize(
    "entry",
    [
        PatchEntry(("a",) * 5000, 1),
        PatchEntry(("a",) * 5000),
        PatchEntry(("a",), nested(5000, 1)),
    ],
)
def test_a_patch_nested_too_deeply_is_skipped(entry: PatchEntry) -> None:
    made = draft({"n": TEXT}, patch=(entry, PatchEntry(("n",), "x")))
    assert made.values == {"n": "x"}
    assert [code for _, code in codes(made, "error")] == ["patch_too_deep"]


def test_a_pattern_that_does_not_compile_is_ignored_with_a_warning() -> None:
    made = draft({"n": {**TEXT, "pattern": "("}}, patch=(PatchEntry(("n",), "any"),))
    assert codes(made) == [("/n", "schema_bad_pattern")]
    assert made.values == {"n": "any"}


@pytest.mark.parametrize("root", [{}, {"type": "string"}, {"type": "array"}, {"const": 1}])
def test_a_schema_that_is_no_object_gives_no_form(root: Any) -> None:
    one = chart({})
    broken = replace(one, schema=root)
    made = make_draft(chart=broken, context=context())
    assert not list(made.form.fields())


def test_a_text_where_an_object_is_expected_is_named_once() -> None:
    group = {"type": "object", "properties": {"a": TEXT}}
    made = draft({"g": group}, patch=(PatchEntry(("g",), "text"),))
    assert codes(made, "error") == [("/g", "type")]
    assert field(made.form, "/g").text == "text"


def test_the_secret_of_an_item_that_was_added_by_hand_is_secret() -> None:
    item = {
        "type": "object",
        "properties": {
            "token": od("git.token", type="string", default=""),
            "pin": {**TEXT, "render": "password"},
            "name": TEXT,
        },
    }
    added: Any = {"token": "t", "pin": "1234", "name": "n"}
    made = draft({"l": {"type": "array", "items": item}}, patch=(PatchEntry(("l", 0), added),))
    assert made.secret_paths == {("l", 0, "token"), ("l", 0, "pin")}


def test_the_secrets_of_a_mapped_list_are_known_by_name() -> None:
    item = {"type": "object", "properties": {"apiKey": TEXT, "name": TEXT}}
    scope: Any = {"ai": {"providers": [{"apiKey": "k", "name": "n"}]}}
    one = chart({"l": od("ai.providers", type="array", items=item)})
    made = make_draft(chart=one, context=scope)
    assert made.values == {"l": [{"apiKey": "k", "name": "n"}]}
    assert made.secret_paths == {("l", 0, "apiKey")}


def test_options_of_an_item_may_read_the_item() -> None:
    item = {
        "type": "object",
        "properties": {
            "models": {"type": "array", "items": {"type": "string"}},
            "chosen": {
                "type": "string",
                "x-onyxia": {"overwriteListEnumWith": "{{models}}"},
            },
        },
    }
    scope: Any = {"ai": {"providers": [{"models": ["m1", "m2"], "chosen": "m2"}]}}
    one = chart({"l": od("ai.providers", type="array", items=item)})
    made = make_draft(chart=one, context=scope)
    assert [option.value for option in field(made.form, "/l/0/chosen").options] == ["m1", "m2"]
    wrong = make_draft(chart=one, context=scope, patch=(PatchEntry(("l", 0, "chosen"), "m3"),))
    assert codes(wrong, "error") == [("/l/0/chosen", "options")]


def test_catastrophic_patterns_share_one_limit() -> None:
    slow = {
        f"p{i}": {"type": "string", "default": "a" * 40 + "b", "pattern": f"^(a|aa)+{i}$"}
        for i in range(300)
    }
    made = draft({**slow, "last": {"type": "string", "default": "fine", "pattern": "^fine$"}})
    assert made.values == {"last": "fine"}
    again = draft(slow, patch=(PatchEntry(("p7",), "a" * 40 + "c"),))
    assert ("/p7", "pattern_too_slow") in codes(again, "error")


SLOW = "a" * 60 + "b"


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("anyOf", [(f"/n/{SLOW}", "pattern_too_slow"), ("/n", "anyOf")]),
        ("anyOf that another fits", []),
        ("oneOf", [(f"/n/{SLOW}", "pattern_too_slow"), ("/n", "oneOf")]),
        ("oneOf that another fits", [("/n", "pattern_too_slow")]),
        ("not", [("/n", "pattern_too_slow")]),
        ("if", [("/n", "pattern_too_slow")]),
        ("additionalProperties", [(f"/n/{SLOW}", "pattern_too_slow")]),
        ("patternProperties", [(f"/n/{SLOW}", "pattern_too_slow")]),
        ("a name", [("/n", "pattern_too_slow")]),
        ("names", [("/n", "pattern_too_slow")]),
        ("names that must match", [("/n", "pattern_too_slow")]),
        ("a name that is decided all the same", []),  # by an engine that never goes back
    ],
)
def test_a_catastrophic_pattern_anywhere_ends(where: str, told: list[tuple[str, str]]) -> None:
    slow: Any = {"pattern": "^(a|aa)+$"}
    goes_back = r"^(a|aa)+\1$"
    schemas: dict[str, Any] = {
        "anyOf": {"anyOf": [{"additionalProperties": slow}]},
        "additionalProperties": {"additionalProperties": slow},
        "anyOf that another fits": {"anyOf": [{"additionalProperties": slow}, True]},
        "oneOf": {"oneOf": [{"additionalProperties": slow}, {"maxProperties": 0}]},
        "oneOf that another fits": {"oneOf": [{"additionalProperties": slow}, True]},
        "not": {"patternProperties": {"^a": {"not": slow}}},
        "if": {"patternProperties": {"^a": {"if": slow, "then": False}}},
        "patternProperties": {"patternProperties": {"^a": slow}},
        "a name": {"patternProperties": {goes_back: {"type": "integer"}}},
        "names": {"propertyNames": {"not": {"pattern": goes_back}}},
        "names that must match": {"propertyNames": {"pattern": goes_back}},
        "a name that is decided all the same": {
            "patternProperties": {"^(a|aa)+$": {"type": "integer"}}
        },
    }
    schema = schemas[where]
    value: Any = {SLOW: SLOW}
    group = {"type": "object", "default": {}, **schema}
    made = draft({"n": group}, patch=(PatchEntry(("n",), value),))
    assert codes(made, "error") == told


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"patternProperties": {"^a": {"pattern": "^(a|aa)+$"}}}, "/n/ax"),
        ({"patternProperties": {"^a": {"not": {"pattern": "^(a|aa)+$"}}}}, "/n"),
        ({"properties": {"ax": {**TEXT, "not": {"pattern": "^(a|aa)+$"}}}}, "/n/ax"),
        ({"patternProperties": {"^a": {"allOf": [{"$ref": "#/definitions/d"}]}}}, ""),
        ({"anyOf": [{"additionalProperties": {"pattern": "^(a|aa)+$"}}, True]}, None),
    ],
)
def test_what_was_not_decided_is_told_at_no_field_that_holds_the_same_by_chance(
    schema: Any, told: str | None
) -> None:
    group = {"type": "object", "default": {}, **schema}
    definitions = {"d": {"not": {"pattern": "^(a|aa)+$"}}}
    properties = {"a": TEXT, "n": group, "z": TEXT}
    made = make_draft(
        chart=chart(properties, definitions=definitions),
        context=context(),
        patch=(
            PatchEntry(("a",), SLOW),
            PatchEntry(("n",), {"ax": SLOW}),
            PatchEntry(("z",), SLOW),
        ),
    )
    assert codes(made, "error") == ([] if told is None else [(told, "pattern_too_slow")])


def test_a_wrong_form_below_a_name_is_told_as_elsewhere() -> None:
    group = {"type": "object", "default": {}, "patternProperties": {"^x": {"pattern": "^[0-9]+$"}}}
    made = draft({"n": group}, patch=(PatchEntry(("n",), {"x1": "12", "x2": "no"}),))
    (problem,) = made.errors
    assert (problem.pointer, problem.code) == ("/n/x2", "pattern")
    assert problem.message.in_language("en").endswith("^[0-9]+$")


@pytest.mark.parametrize(
    "pattern", ["((a{1000}){1000}){1000}", "a{99999999}", "a" * 100_000, "(" * 900 + ")" * 900]
)
def test_a_pattern_that_would_grow_too_large_is_ignored(pattern: str) -> None:
    made = draft({"n": {**TEXT, "pattern": pattern}}, patch=(PatchEntry(("n",), "b"),))
    assert [code for _, code in codes(made)] in (["schema_bad_pattern"], ["pattern"])


def test_a_context_nested_too_deeply_is_not_followed() -> None:
    scope: Any = {"region": {"customValues": nested(5000, 1), "list": [nested(5000, 1)]}}
    properties = {
        "a": od("region.customValues", type="object", default={}),
        "b": {"type": "string", "x-onyxia": {"overwriteListEnumWith": "region.list"}},
    }
    made = make_draft(chart=chart(properties), context=scope)
    assert made.values == {"a": {}}


@pytest.mark.parametrize("condition", ["a.²", "a." + "9" * 5000, "a.-1", ".", "a..b", "²"])
def test_a_condition_of_a_dependency_that_leads_nowhere_switches_off(condition: str) -> None:
    one = chart(
        {"sub": {"type": "object", "properties": {"x": TEXT}}},
        {"a": [True]},
        dependencies=(Dependency("sub", "1", condition),),
    )
    assert not list(make_draft(chart=one, context={}).form.fields())


@pytest.mark.parametrize(
    "values",
    [
        {"n": [1]},
        {"n": None},
        {"n": {"deep": {"er": 1}}},
        {"g": "text", "l": {"0": "x"}},
        {"g": {"x": 5}, "l": ["a", 5, None]},
    ],
)
def test_a_values_yaml_that_disagrees_with_its_schema_is_told(values: Any) -> None:
    properties = {
        "n": {"type": "string"},
        "g": {"type": "object", "properties": {"x": {"type": "string"}}},
        "l": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    }
    made = draft(properties, values)
    assert not made.errors
    assert {"chart_value_invalid", "no_default"} & {code for _, code in codes(made, "warning")}
