"""Launcher 6: strict and lenient checks, options."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.samples import bent, context, node, ol, strict

from sardonyx.launcher.models import UNSET
from sardonyx.launcher.options import OptionFinder

OK = "ok"
TEXT = {"type": "string"}
FLAG = {"type": "boolean"}
WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
WHOLES = {"type": "array", "items": WHOLE, "maxItems": 2}
PAIR = {"type": "object", "properties": {"p": TEXT, "q": WHOLE}}
GI = {
    "type": "string",
    "render": "slider",
    "sliderMin": 1,
    "sliderMax": 8,
    "sliderUnit": "Gi",
}


@pytest.mark.parametrize(
    ("schema", "value", "strictly", "leniently"),
    [
        (TEXT, 4.0, False, "4"),
        (TEXT, None, False, ""),
        (TEXT, True, False, "true"),
        (TEXT, ["a"], False, UNSET),
        ({**TEXT, "pattern": "b"}, "abc", True, "abc"),
        ({**TEXT, "pattern": "^x"}, True, False, UNSET),
        (FLAG, "Yes", False, True),
        (FLAG, "OFF", False, False),
        (FLAG, 2, False, True),
        (FLAG, None, False, False),
        (FLAG, "maybe", False, UNSET),
        (WHOLE, 7.0, True, 7),
        (WHOLE, "12 cores", False, 12),
        (WHOLE, "2.5", False, UNSET),
        (WHOLE, "", False, UNSET),
        (WHOLE, True, False, 1),
        ({**NUMBER, "minimum": 2}, True, False, UNSET),
        (NUMBER, "1e2x", False, 100),
        (NUMBER, None, False, 0),
        (WHOLES, ["1", 2], False, [1, 2]),
        (WHOLES, ["1", 2, 3], False, UNSET),
        (WHOLES, ["a"], False, UNSET),
        (PAIR, {"p": 1, "q": "3", "z": 0}, False, {"p": "1", "q": 3}),
        (PAIR, {"p": "a"}, False, UNSET),
        ({**TEXT, "enum": ["1", "2"]}, 2, False, "2"),
        ({**TEXT, "enum": ["1", "2"]}, 3, False, UNSET),
        (GI, "4Gi", True, "4Gi"),
        (GI, "16Gi", False, UNSET),
        (GI, "4", False, UNSET),
        ({**GI, "sliderUnit": ""}, "12", True, "12"),
        ({**NUMBER, "render": "slider", "sliderMin": 1, "sliderMax": 8}, 12, False, UNSET),
        ({"type": "array"}, ["any", 1], True, ["any", 1]),
        ({"type": "object"}, {"any": 1}, True, {"any": 1}),
    ],
)
def test_a_value_is_read(schema: Any, value: Any, strictly: bool, leniently: Any) -> None:
    assert (strict(schema, value) is None) is strictly
    given = bent(schema, value)
    assert given == leniently
    assert isinstance(given, bool) is isinstance(leniently, bool)


@pytest.mark.parametrize(
    ("schema", "options"),
    [
        (ol("user.decodedIdToken.groups", type="string"), ("soil", "tide")),
        (ol(["{{s3.port}}", "80", "x"], type="integer"), (9443, 80)),
        (ol(["1", "5", 9], type="number", minimum=5), (5, 9)),
        (ol("user.teams", type="string", listEnum=["a", "b"]), ("a", "b")),
        ({"type": "integer", "listEnum": [1, "2"], "enum": [1, 3]}, (1, 3)),
        ({"type": "string", "enum": ["a", 1]}, None),
        ({"type": "string", "enum": ["a", "b", "a"]}, ("a", "b")),
        ({"type": "string"}, None),
    ],
)
def test_a_node_offers(schema: Any, options: Any) -> None:
    assert OptionFinder(context())(node(schema)) == options
