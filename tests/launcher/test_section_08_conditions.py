"""Launcher 8: hidden conditions."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.samples import codes, draft

from sardonyx.launcher.conditions import holds
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.nodes import Condition

VALUES: Any = {
    "db": {"mode": "ext", "url": ""},
    "users": [{"kind": "guest", "quota": 1}, {"kind": "staff", "quota": 9}],
}


@pytest.mark.parametrize(
    ("parent", "path", "value", "relative", "hidden"),
    [
        (("db",), "db/mode", "ext", False, True),
        (("db",), "db/mode", "int", False, False),
        (("db",), "mode", "ext", True, True),
        (("users", 0), "kind", "guest", True, True),
        (("users", 1), "kind", "guest", True, False),
        ((), "users/1/kind", "staff", False, True),
        ((), "db", {"url": "", "mode": "ext"}, False, True),
        ((), "db/none", None, False, False),
        ((), "/db/mode", "ext", False, True),
        (("db",), "../db/mode", "ext", True, False),
        ((), "users/9/kind", "staff", False, False),
        ((), "users/1/quota", True, False, False),
    ],
)
def test_a_node_is_hidden(parent: Any, path: str, value: Any, relative: bool, hidden: bool) -> None:
    assert holds(Condition(path, value, relative), parent, VALUES) is hidden


def test_a_hidden_node_is_absent_from_the_form_and_keeps_its_value() -> None:
    group = {
        "type": "object",
        "properties": {
            "on": {"type": "boolean", "default": False},
            "size": {
                "type": "integer",
                "default": 2,
                "hidden": {"path": "on", "value": False, "isPathRelative": True},
            },
            "inner": {
                "type": "object",
                "properties": {"deep": {"type": "string", "default": "x"}},
                "hidden": {"path": "g/on", "value": False},
            },
            "never": {"type": "string", "default": "", "x-onyxia": {"hidden": True}},
        },
    }
    made = draft({"g": group})
    assert [one.pointer for one in made.form.fields()] == ["/g/on"]
    assert made.values["g"] == {"on": False, "size": 2, "inner": {"deep": "x"}, "never": ""}
    shown = draft({"g": group}, patch=(PatchEntry(("g", "on"), True),))
    assert [one.pointer for one in shown.form.fields()] == ["/g/on", "/g/size", "/g/inner/deep"]


@pytest.mark.parametrize("condition", ["yes", {"path": 5, "value": 1}, {"path": "a"}, 3])
def test_a_condition_that_is_not_understood_shows_the_node(condition: Any) -> None:
    made = draft({"n": {"type": "string", "default": "", "hidden": condition}})
    assert [one.pointer for one in made.form.fields()] == ["/n"]
    assert codes(made) == [("/n", "schema_bad_condition")]


def test_each_item_of_a_list_is_hidden_by_its_own_values() -> None:
    quota = {
        "type": "integer",
        "hidden": {"path": "kind", "value": "guest", "isPathRelative": True},
    }
    items = {"type": "object", "properties": {"kind": {"type": "string"}, "quota": quota}}
    made = draft({"users": {"type": "array", "items": items, "default": VALUES["users"]}})
    shown = [one.pointer for one in made.form.fields()]
    assert shown == ["/users/0/kind", "/users/1/kind", "/users/1/quota"]
    assert made.values["users"] == VALUES["users"]
