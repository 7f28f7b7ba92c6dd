"""Tell whether a node is hidden by the values of others. Source: launcher.md 8."""

from __future__ import annotations

from functools import lru_cache

from sardonyx.launcher.models import UNSET, Maybe
from sardonyx.launcher.nodes import Condition, Node
from sardonyx.launcher.scalars import same
from sardonyx.values import JsonObject, Path


def is_hidden(node: Node, path: Path, values: JsonObject) -> bool:
    """Tell whether the node at `path` is hidden; a missing place never hides."""
    condition = node.hidden
    if isinstance(condition, bool):
        return condition
    return holds(condition, path[:-1], values)


def holds(condition: Condition, parent: Path, values: JsonObject) -> bool:
    """Tell whether the value at the condition's place deep-equals its value."""
    found: Maybe = values
    if condition.relative:
        for part in parent:
            found = _step(found, part)
    for segment in _segments(condition.path):
        found = _step(found, segment)
    return found is not UNSET and same(found, condition.value)


@lru_cache(maxsize=2048)
def _segments(path: str) -> tuple[str, ...]:
    trimmed = path.removeprefix("/")
    return tuple(trimmed.split("/")) if trimmed else ()


def _step(value: Maybe, part: str | int) -> Maybe:
    if isinstance(value, dict) and isinstance(part, str):
        return value.get(part, UNSET)
    if isinstance(value, list):
        index = part if isinstance(part, int) else _index(part)
        return value[index] if 0 <= index < len(value) else UNSET
    return UNSET


def _index(segment: str) -> int:
    return int(segment) if segment.isascii() and segment.isdigit() and len(segment) < 10 else -1
