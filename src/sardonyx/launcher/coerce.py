"""Check values against nodes (strict) and bend platform values to them (lenient).

Source: launcher.md 6. Lenient reading is only for values that come from the context.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sardonyx.launcher import patterns
from sardonyx.launcher.models import UNSET, Maybe, Unset
from sardonyx.launcher.nodes import NUMERIC, Node, NodeKind
from sardonyx.launcher.scalars import (
    is_integer,
    is_number,
    leading_number,
    number_text,
    read_number,
    same,
)
from sardonyx.values import Json, JsonObject

Options: TypeAlias = Callable[[Node], Sequence[Json] | None]

_TRUE = ("true", "yes", "1", "on")
_FALSE = ("false", "no", "0", "off")


def fault(node: Node, value: Json, options: Options) -> str | None:
    """Return why `value` is not strictly valid, None when it is.

    One of: type, pattern, pattern_too_slow, minimum, slider, count, options, item, member.
    """
    kind = node.kind
    if kind is NodeKind.CONST:
        return None if same(value, node.const) else "const"
    if kind is NodeKind.DEGRADED:
        return None
    if not _has_type(kind, value):
        return "type"
    if kind is NodeKind.STRING:
        problem = _text_fault(node, value)  # type: ignore[arg-type]
    elif kind in NUMERIC:
        problem = _number_fault(node, value)  # type: ignore[arg-type]
    elif kind is NodeKind.ARRAY:
        problem = _array_fault(node, value, options)  # type: ignore[arg-type]
    elif kind is NodeKind.OBJECT:
        problem = _object_fault(node, value, options)  # type: ignore[arg-type]
    else:
        problem = None
    if problem is None and node.has_options:
        offered = options(node)
        if offered is not None and not any(same(value, option) for option in offered):
            return "options"
    return problem


def _has_type(kind: NodeKind, value: Json) -> bool:
    if kind is NodeKind.STRING:
        return isinstance(value, str)
    if kind is NodeKind.BOOLEAN:
        return isinstance(value, bool)
    if kind is NodeKind.INTEGER:
        return is_integer(value)
    if kind is NodeKind.NUMBER:
        return is_number(value)
    return isinstance(value, list if kind is NodeKind.ARRAY else dict)


def _text_fault(node: Node, value: str) -> str | None:
    if node.pattern is not None:
        match patterns.search(node.pattern, value):
            case patterns.Match.NO:
                return "pattern"
            case patterns.Match.TOO_SLOW:
                return "pattern_too_slow"
            case _:
                pass
    slider = node.slider
    if slider is not None and slider.unit:
        if not value.endswith(slider.unit):
            return "slider"
        number = read_number(value[: -len(slider.unit)])
        if number is None or not within(node, number):
            return "slider"
    return None


def _number_fault(node: Node, value: float) -> str | None:
    if node.minimum is not None and value < node.minimum:
        return "minimum"
    if node.slider is not None and not within(node, value):
        return "slider"
    return None


def within(node: Node, number: float) -> bool:
    """Tell whether a number is inside the bounds of the node's slider."""
    slider = node.slider
    if slider is None:
        return True
    low, high = slider.minimum, slider.maximum
    return (low is None or number >= low) and (high is None or number <= high)


def _array_fault(node: Node, value: list[Json], options: Options) -> str | None:
    if len(value) < node.min_items:
        return "count"
    if node.max_items is not None and len(value) > node.max_items:
        return "count"
    if node.items is not None:
        for item in value:
            if fault(node.items, item, options) is not None:
                return "item"
    return None


def _object_fault(node: Node, value: JsonObject, options: Options) -> str | None:
    if node.properties is None:
        return None
    if value.keys() != node.properties.keys():
        return "member"
    for key, member in node.properties.items():
        if fault(member, value[key], options) is not None:
            return "member"
    return None


def lenient(node: Node, value: Json, options: Options) -> Maybe:
    """Return `value` as the node's type, bent where the table allows, UNSET where not."""
    bent = _bent(node, value, options)
    if isinstance(bent, Unset) or fault(node, bent, options) is not None:
        return UNSET
    return bent


def _bent(node: Node, value: Json, options: Options) -> Maybe:
    kind = node.kind
    if kind is NodeKind.STRING:
        return _as_text(value)
    if kind is NodeKind.BOOLEAN:
        return _as_boolean(value)
    if kind in NUMERIC:
        return _as_number(value)
    if kind is NodeKind.ARRAY:
        return _as_list(node, value, options)
    if kind is NodeKind.OBJECT:
        return _as_object(node, value, options)
    return value


def _as_text(value: Json) -> Maybe:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return number_text(value)
    return UNSET


def _as_boolean(value: Json) -> Maybe:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.lower()
        if word in _TRUE:
            return True
        return False if word in _FALSE else UNSET
    if value is None:
        return False
    if isinstance(value, (int, float)):
        return value != 0
    return UNSET


def _as_number(value: Json) -> Maybe:
    if isinstance(value, bool):
        return int(value)
    if value is None:
        return 0
    if isinstance(value, str):
        number = leading_number(value)
        return UNSET if number is None else number
    if isinstance(value, (int, float)):
        return value
    return UNSET


def _as_list(node: Node, value: Json, options: Options) -> Maybe:
    if not isinstance(value, list):
        return UNSET
    if node.items is None:
        return value
    items: list[Json] = []
    for item in value:
        bent = lenient(node.items, item, options)
        if isinstance(bent, Unset):
            return UNSET
        items.append(bent)
    return items


def _as_object(node: Node, value: Json, options: Options) -> Maybe:
    if not isinstance(value, dict):
        return UNSET
    if node.properties is None:
        return value
    members: JsonObject = {}
    for key, member in node.properties.items():
        if key not in value:
            return UNSET
        bent = lenient(member, value[key], options)
        if isinstance(bent, Unset):
            return UNSET
        members[key] = bent
    return members
