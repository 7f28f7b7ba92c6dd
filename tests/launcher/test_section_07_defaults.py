"""Launcher 7: default values, array mapping, modes, use of S3."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.samples import chart, codes, context, draft, od

from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.models import Origin, PatchEntry

ABSENT = object()


@pytest.mark.parametrize(
    ("schema", "listed", "result", "warned"),
    [
        (od("user.idep", type="string", const="k", default="d"), "v", "k", False),
        (od("user.idep", type="string", default="d"), "v", "user1", False),
        (od("user.nope", type="string", default="d"), "v", "d", False),
        ({"type": "string", "default": 5}, "v", "v", False),
        (od("s3.port", type="string", default="none"), ABSENT, "9443", False),
        (od("user.idep", type="integer", default=3), 8, 3, False),
        (od("git.name", type="boolean", default=True), ABSENT, False, False),
        ({"type": "string"}, None, ABSENT, True),
        (
            {"type": "array", "items": {"type": "string", "default": "z"}, "minItems": 2},
            ABSENT,
            ["z", "z"],
            False,
        ),
        ({"type": "array", "items": {"type": "string"}, "default": [1]}, ["q"], ["q"], False),
        (
            {
                "type": "object",
                "default": {"a": "y"},
                "properties": {"a": {"type": "string", "default": "x"}},
            },
            {"a": "w"},
            {"a": "x"},
            False,
        ),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, ABSENT, ABSENT, True),
        ({"type": "array", "items": {"type": "string"}}, ABSENT, [], False),
        ({"type": "string", "enum": ["a", "b"]}, ABSENT, "a", False),
        ({"type": "string"}, ABSENT, ABSENT, True),
        ({"const": 3}, ABSENT, 3, False),
        ({"type": "string", "const": 3}, ABSENT, 3, True),
    ],
)
def test_section_7_1_a_node_starts_as(schema: Any, listed: Any, result: Any, warned: bool) -> None:
    values = {} if listed is ABSENT else {"n": listed}
    made = draft({"n": schema}, values)
    assert made.values == ({} if result is ABSENT else {"n": result})
    assert ("/n" in [pointer for pointer, _ in codes(made, "warning")]) is warned
    assert not made.errors


LANE = {
    "label": {"type": "string"},
    "slots": {"type": "string"},
    "owner": od("{{user.idep}}", type="string"),
    "tag": od("{{label}}/{{slots}}", type="string"),
    "open": {"type": "boolean", "default": True},
}


def lanes(properties: Any, **more: Any) -> Any:
    items = {"type": "object", "properties": properties}
    return {"lanes": od("region.customValues.lanes", type="array", items=items, **more)}


def test_section_7_2_a_list_of_the_context_is_mapped() -> None:
    assert draft(lanes(LANE)).values["lanes"] == [
        {"label": "fast", "slots": "4", "owner": "user1", "tag": "fast/4", "open": True},
        {"label": "slow", "slots": "1", "owner": "user1", "tag": "slow/1", "open": True},
    ]


def test_section_7_2_one_unset_property_cancels_the_whole_mapping() -> None:
    properties = {**LANE, "colour": {"type": "string"}}
    assert draft(lanes(properties)).values["lanes"] == []
    fallback = [{"label": "d", "slots": "d", "owner": "", "tag": "", "open": False, "colour": ""}]
    made = draft(lanes(properties, default=fallback))
    assert made.values["lanes"] == fallback


def test_section_7_3_modes() -> None:
    properties = {"port": {"type": "integer", "default": 80}}
    values = {"port": 81, "log": {"level": "warn", "tags": ["x"], "more": {}}, "hosts": []}
    assert draft(properties, values).values == {"port": 80}
    everything = {"port": 80, "log": {"level": "warn", "tags": ["x"]}}
    assert draft(properties, values, all_defaults=True).values == everything
    assert draft(None, values).values == {"port": 81, "log": {"level": "warn", "tags": ["x"]}}


def test_section_7_3_a_computed_list_is_never_lengthened() -> None:
    properties = {"l": {"type": "array", "items": {"type": "string"}, "default": ["a"]}}
    assert draft(properties, {"l": ["x", "y"]}, all_defaults=True).values == {"l": ["a"]}


@pytest.mark.parametrize(
    ("schema", "uses"),
    [
        (od("s3.port", type="string"), True),
        (od("{{s3.nope}}", type="string", default=""), True),
        (od("x-{{s3.port}}", type="string"), True),
        (od("s3_array", type="array"), False),
        (od("user.idep", type="string"), False),
        (od("s3.port", type="string", const="k"), False),
        (od("s3", type="object", properties={}), False),
        ({"type": "string", "default": "s3.port"}, False),
    ],
)
def test_section_7_4_the_chart_uses_s3(schema: Any, uses: bool) -> None:
    assert draft({"n": schema}).uses_s3 is uses


def test_each_value_says_where_it_comes_from() -> None:
    properties = {
        "a": {"const": 1},
        "b": od("user.idep", type="string"),
        "c": {"type": "string", "default": "c"},
        "d": {"type": "string"},
        "e": {"type": "string", "default": "e"},
    }
    made = draft(properties, {"d": "v"}, (PatchEntry(("e",), "mine"),))
    assert {path[0]: origin for path, origin in made.origins.items()} == {
        "a": Origin.CONST,
        "b": Origin.CONTEXT,
        "c": Origin.SCHEMA,
        "d": Origin.CHART,
        "e": Origin.USER,
    }


def test_defaults_are_not_shared_with_the_chart() -> None:
    """Two drafts of one chart stay apart, and the chart stays as it was read."""
    one = chart({"l": {"type": "array", "default": ["a"]}})
    first = make_draft(chart=one, context=context(), patch=(PatchEntry(("l", 1), "b"),))
    second = make_draft(chart=one, context=context())
    assert (first.values, second.values) == ({"l": ["a", "b"]}, {"l": ["a"]})


def test_null_takes_a_value_of_the_chart_away_as_helm_does() -> None:
    values = {"a": 1, "b": {"c": 2, "d": 3}, "l": [1, 2]}
    patch = (PatchEntry(("a",), None), PatchEntry(("b", "c"), None), PatchEntry(("l",), [9]))
    assert draft({}, values, patch).merged == {"b": {"d": 3}, "l": [9]}


@pytest.mark.parametrize(
    ("listed", "sent"),
    [([[]], {}), ([{}, []], {}), ([{"a": []}], {}), ([{}, 1], {"x": [{}, 1]}), (None, {"x": None})],
)
def test_section_7_3_what_holds_no_leaf_is_not_added(listed: Any, sent: Any) -> None:
    assert draft({}, {"x": listed}, all_defaults=True).values == sent


def test_section_7_1_a_list_with_choices_takes_the_first() -> None:
    assert draft({"l": {"type": "array", "enum": [["a"], ["b"]]}}).values == {"l": ["a"]}
    assert draft({"l": {"type": "array"}}).values == {"l": []}


def test_section_7_4_options_count_where_nothing_is_chosen_from_them() -> None:
    schema = {
        "type": "string",
        "default": 5,
        "x-onyxia": {"overwriteListEnumWith": ["{{s3.profileName}}"]},
    }
    assert draft({"n": schema}, {"n": 7}).uses_s3


@pytest.mark.parametrize(
    ("schema", "listed", "result", "warned"),
    [
        (
            od("user.decodedIdToken", type="object", properties={"a": {"type": "string"}}),
            {"a": "w"},
            {"a": "w"},
            False,
        ),
        ({"type": "integer"}, "seven", ABSENT, True),
        ({"type": "string", "pattern": "^x"}, "y", ABSENT, True),
        (od("user.idep", type="string", pattern="^x", default="d"), "xv", "xv", False),
        (od("{{s3.port}}", type="integer", default=1), ABSENT, 9443, False),
        ({"type": "string", "enum": ["a", "b"], "default": "c"}, "b", "b", False),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "default": []},
            ABSENT,
            ABSENT,
            True,
        ),
        (
            {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {"a": {"type": "string", "default": "x"}},
                },
            },
            ABSENT,
            [{"a": "x"}],
            False,
        ),
    ],
    ids=[
        "an object's own reference is ignored, values.yaml is descended",
        "present but of another type",
        "present but of another pattern",
        "a reference that does not fit gives way, and so does the default",
        "strict before lenient",
        "a default not among the options",
        "an item without default",
        "an item made of its properties",
    ],
)
def test_section_7_1_precedence(schema: Any, listed: Any, result: Any, warned: bool) -> None:
    test_section_7_1_a_node_starts_as(schema, listed, result, warned)


@pytest.mark.parametrize(
    ("elements", "properties", "mapped"),
    [
        ([{"a": "x"}, "text"], {"a": {"type": "string"}}, []),
        ([{"idep": "mine"}], {"who": od("idep", type="string")}, [{"who": "mine"}]),
        ([{"user": {"idep": "mine"}}], {"who": od("user.idep", type="string")}, [{"who": "mine"}]),
        ([{"a": "x"}], {"a": od("user.nope", type="string")}, [{"a": "x"}]),
        ([{"a": "x", "z": 1}], {"a": od("user.nope", type="string")}, [{"a": "x"}]),
        ([{"a": "x"}], {"a": {"type": "string", "const": "k"}}, [{"a": "k"}]),
        ([], {"a": {"type": "string"}}, []),
    ],
    ids=[
        "an element that is no object cancels",
        "a key of the element is read",
        "it shadows the context",
        "cancelled, the raw list fits",
        "cancelled, the raw list fits leniently",
        "a constant stays",
        "no element",
    ],
)
def test_section_7_2_mapping(elements: Any, properties: Any, mapped: Any) -> None:
    scope: Any = {**context(), "region": {"list": elements}}
    items = {"type": "object", "properties": properties}
    one = chart({"l": od("region.list", type="array", items=items)})
    assert make_draft(chart=one, context=scope).values == {"l": mapped}


def test_section_7_2_values_yaml_is_not_read_for_an_element() -> None:
    made = draft(lanes({**LANE, "colour": {"type": "string"}}), {"lanes": [{"colour": "red"}] * 2})
    assert "lanes" not in made.values
    assert ("/lanes", "chart_value_invalid") in codes(made)
