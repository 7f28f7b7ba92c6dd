"""A chart's schema as a person has it: references followed once, whatever they say."""

from __future__ import annotations

from typing import Any

import pytest

from sardonyx.catalog.registry import Overrides
from sardonyx.catalog.resolved import resolved

REGISTRY: dict[str, Any] = {
    "net/zone.json": {"type": "integer", "default": 4},
    "roles/geo/net/zone.json": {"type": "integer", "default": 7},
    "again.json": {"properties": {"x": {"x-onyxia": {"overwriteSchemaWith": "again.json"}}}},
    "nested.json": {"properties": {"z": {"x-onyxia": {"overwriteSchemaWith": "net/zone.json"}}}},
}


def _resolved(node: Any, roles: tuple[str, ...] = (), **document: Any) -> Any:
    schema: dict[str, Any] = {"properties": {"a": node}, **document}
    made: Any = resolved(schema, Overrides(REGISTRY, roles))
    return made["properties"]["a"]


def _asks(name: str) -> dict[str, Any]:
    return {"x-onyxia": {"overwriteSchemaWith": name}}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (
            {"type": "string", "title": "T", **_asks("net/zone.json")},
            {"type": "integer", "default": 4},
        ),
        (_asks("nested.json"), {"properties": {"z": {"type": "integer", "default": 4}}}),
        ({"type": "string", **_asks("none.json")}, {"type": "string", **_asks("none.json")}),
        ({"$ref": "net/zone.json", "title": "T"}, {"title": "T", "type": "integer", "default": 4}),
        ({"$ref": "#/definitions/d"}, {"type": "string"}),
        ({"$ref": "#/$defs/e~1f"}, {"type": "number"}),
        ({"$ref": "#/definitions/none"}, {"$ref": "#/definitions/none"}),
        ({"$ref": "#/definitions/one"}, {"$ref": "#/definitions/one"}),
        (_asks("again.json"), {"properties": {"x": _asks("again.json")}}),
        ({"items": [{"$ref": "#/definitions/d"}]}, {"items": [{"type": "string"}]}),
    ],
)
def test_a_node_is_resolved_by_the_rules(node: Any, expected: Any) -> None:
    definitions = {
        "d": {"type": "string"},
        "one": {"$ref": "#/definitions/two"},
        "two": {"$ref": "#/definitions/one"},
    }
    others: dict[str, Any] = {"definitions": definitions, "$defs": {"e/f": {"type": "number"}}}
    assert _resolved(node, (), **others) == expected


def test_a_roles_file_comes_first() -> None:
    assert _resolved(_asks("net/zone.json"), ("geo",))["default"] == 7
    assert _resolved(_asks("net/zone.json"), ("moon",))["default"] == 4


def test_references_that_double_at_each_step_end() -> None:
    definitions: dict[str, Any] = {"d0": {"type": "string"}}
    for n in range(1, 40):
        twice = {"$ref": f"#/definitions/d{n - 1}"}
        definitions[f"d{n}"] = {"properties": {"l": twice, "r": twice}}
    assert _resolved({"$ref": "#/definitions/d39"}, definitions=definitions)["properties"]
