"""Check the conditions that hide settings: where they look, and whether they can hold."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sardonyx.catalog.lint_model import Place, schema_path
from sardonyx.launcher.coerce import fault
from sardonyx.launcher.models import UNSET, Unset
from sardonyx.launcher.nodes import Condition, Node, NodeKind
from sardonyx.launcher.options import OptionFinder
from sardonyx.launcher.sample import sample_context
from sardonyx.launcher.scalars import same
from sardonyx.launcher.schema import ANY_ITEM
from sardonyx.values import Json, JsonObject, Path, pointer

_SAMPLE = sample_context()


def condition_findings(root: Node, values: JsonObject) -> Iterator[Place]:
    """Yield the conditions that look at nothing, never hold, always hold, or hide themselves."""
    for path, node in _conditioned(root, ()):
        condition = node.hidden
        if not isinstance(condition, Condition):
            continue
        code = _fault(root, values, path, condition)
        if code is not None:
            shown = json.dumps(condition.value, ensure_ascii=False)[:60]
            details = {"path": condition.path, "value": shown}
            yield Place((*schema_path(pointer(path)), "hidden"), code, details)


def _conditioned(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    if not isinstance(node.hidden, bool):
        yield path, node
    for name, member in (node.properties or {}).items():
        yield from _conditioned(member, (*path, name))
    if node.items is not None:
        yield from _conditioned(node.items, (*path, ANY_ITEM))


def _fault(root: Node, values: JsonObject, path: Path, condition: Condition) -> str | None:
    segments = [part for part in condition.path.removeprefix("/").split("/") if part]
    target: Path = (*path[:-1], *segments) if condition.relative else tuple(segments)
    if target[: len(path)] == path:
        return "condition_itself"
    found = _node_at(root, target)
    if found is None:
        return None if _value_at(values, target) else "condition_path"
    node, seen = found
    if not _possible(node, condition.value):
        return "condition_never"
    locked = node.const is not UNSET or node.readonly or not seen
    fixed = node.const if node.const is not UNSET else node.default
    if (
        locked
        and node.overwrite_default is UNSET
        and not isinstance(fixed, Unset)
        and same(fixed, condition.value)
    ):
        return "condition_always"
    return None


def _node_at(root: Node, path: Path) -> tuple[Node, bool] | None:
    """Return the node at a place of the values, and whether people can see it."""
    node, seen = root, root.hidden is not True
    for part in path:
        name = str(part)
        if node.properties is not None and name in node.properties:
            node = node.properties[name]
        elif node.items is not None and (name == ANY_ITEM or name.isdecimal()):
            node = node.items
        elif node.properties is None and node.items is None:
            # Any content: what stands there cannot be known.
            is_open = node.kind in (NodeKind.OBJECT, NodeKind.ARRAY, NodeKind.DEGRADED)
            return (Node(NodeKind.DEGRADED, {}), True) if is_open else None
        else:
            return None
        seen = seen and node.hidden is not True
    return node, seen


def _value_at(values: Json, path: Path) -> bool:
    for part in path:
        if not isinstance(values, dict) or str(part) not in values:
            return False
        values = values[str(part)]
    return True


def _possible(node: Node, value: Json) -> bool:
    if node.kind is NodeKind.DEGRADED:
        return True
    if node.const is not UNSET and not isinstance(node.const, Unset):
        return same(node.const, value)
    # Options of the context differ from platform to platform.
    options = OptionFinder(_SAMPLE) if node.overwrite_options is UNSET else lambda _: None
    return fault(node, value, options) is None
