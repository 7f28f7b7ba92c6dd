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


SAME = object()
NO = UNSET
# value x type: what lenient reading makes of it; SAME: strictly valid as it is.
MATRIX: dict[str, tuple[Any, dict[str, Any]]] = {
    "text": ("7x", {"string": SAME, "boolean": NO, "integer": 7, "number": 7}),
    "a number": (4, {"string": "4", "boolean": True, "integer": SAME, "number": SAME}),
    "0": (0, {"string": "0", "boolean": False, "integer": SAME, "number": SAME}),
    "a fraction": (2.5, {"string": "2.5", "boolean": True, "integer": NO, "number": SAME}),
    "true": (True, {"string": "true", "boolean": SAME, "integer": 1, "number": 1}),
    "false": (False, {"string": "false", "boolean": SAME, "integer": 0, "number": 0}),
    "null": (None, {"string": "", "boolean": False, "integer": 0, "number": 0}),
    "a list": ([1], {"array": SAME}),
    "an object": ({"k": 1}, {"object": SAME}),
}
CELLS = [
    pytest.param(value, kind, made.get(kind, NO), id=f"{name} as {kind}")
    for name, (value, made) in MATRIX.items()
    for kind in ("string", "boolean", "integer", "number", "array", "object")
]


@pytest.mark.parametrize(("value", "kind", "made"), CELLS)
def test_a_cell_of_value_and_type(value: Any, kind: str, made: Any) -> None:
    schema = {"type": kind}
    assert (strict(schema, value) is None) is (made is SAME)
    expected = value if made is SAME else made
    given = bent(schema, value)
    assert given == expected
    assert type(given) is type(expected)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        *((word, True) for word in ("true", "True", "yes", "YES", "1", "on", "On")),
        *((word, False) for word in ("false", "FALSE", "no", "No", "0", "off")),
        *((word, UNSET) for word in ("", "y", "t", "2", " yes", "oui")),
    ],
)
def test_a_word_read_as_a_boolean(word: str, meaning: Any) -> None:
    assert strict(FLAG, word) == "type"
    assert bent(FLAG, word) is meaning


@pytest.mark.parametrize(
    ("schema", "value", "strictly", "leniently"),
    [
        (PAIR, {"p": "a", "q": 1}, True, {"p": "a", "q": 1}),
        (PAIR, {"p": "a", "q": 1, "z": 0}, False, {"p": "a", "q": 1}),
        ({**WHOLES, "minItems": 2}, ["1"], False, UNSET),
        ({**NUMBER, "minimum": 2}, "2x", False, 2),
        ({**WHOLE, "enum": [1, 2]}, "2", False, 2),
        ({**FLAG, "enum": [True]}, "off", False, UNSET),
        ({**NUMBER, "sliderMin": 1, "sliderMax": 8}, "12", False, UNSET),
        (GI, "Gi", False, UNSET),
        (
            {"type": "array", "items": PAIR},
            [{"p": 1, "q": 2.0, "z": 0}],
            False,
            [{"p": "1", "q": 2}],
        ),
    ],
)
def test_the_checks_go_by_the_result(
    schema: Any, value: Any, strictly: bool, leniently: Any
) -> None:
    assert (strict(schema, value) is None) is strictly
    assert bent(schema, value) == leniently


@pytest.mark.parametrize(
    ("schema", "options"),
    [
        (ol(["a", "a", "b"], type="string"), ("a", "b")),
        (ol(["x", "{{git.name}}"], type="number", enum=[1]), (0,)),
        (ol(["x", "y"], type="number", listEnum=[2], enum=[1]), (2,)),
        (ol("user.idep", type="string", enum=["a"]), ("a",)),
        (ol(["{{user.idep}}", "{{user.nope}}"], type="string", enum=["a"]), ("a",)),
        (ol([], type="string", enum=["a"]), ("a",)),
        ({"type": "integer", "enum": [1, 1.0, 2]}, (1, 2)),
        ({"type": "integer", "minimum": 2, "enum": [1, 2]}, None),
    ],
    ids=[
        "duplicates: first kept",
        "each element coerced",
        "none left: next",
        "no list: next",
        "unresolved: next",
        "empty: next",
        "1.0 is 1",
        "one entry not valid: ignored as a whole",
    ],
)
def test_options_are_the_first_that_give_a_list(schema: Any, options: Any) -> None:
    assert OptionFinder(context())(node(schema)) == options
