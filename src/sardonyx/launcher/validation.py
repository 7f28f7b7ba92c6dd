"""Check values before a launch: each set leaf strictly, then every JSON Schema keyword.

What equals the computed default is warned about, what a person set wrongly is an error.
Source: launcher.md 10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from sardonyx.errors import Problem
from sardonyx.launcher.coerce import fault
from sardonyx.launcher.defaults import new_item
from sardonyx.launcher.json_schema import TOO_SLOW, WRONG_FORM, Rules
from sardonyx.launcher.models import UNSET, Maybe, PatchEntry, Unset, path_text
from sardonyx.launcher.nodes import Node, NodeKind
from sardonyx.launcher.options import OptionFinder
from sardonyx.launcher.scalars import at, is_container, number_text, same
from sardonyx.text import N_, Scalar, Text
from sardonyx.values import Json, JsonObject, Path, pointer

_TYPE_TEXT = {
    NodeKind.STRING: N_("“{path}” must be a text."),
    NodeKind.BOOLEAN: N_("“{path}” must be true or false."),
    NodeKind.INTEGER: N_("“{path}” must be a whole number."),
    NodeKind.NUMBER: N_("“{path}” must be a number."),
    NodeKind.ARRAY: N_("“{path}” must be a list."),
    NodeKind.OBJECT: N_("“{path}” must be an object with named values."),
}

_FAULT_TEXT = {
    "pattern": WRONG_FORM,
    "pattern_too_slow": TOO_SLOW,
    "minimum": N_("“{path}” must be {minimum} or more."),
    "slider": N_("“{path}” must be between {low} and {high} {unit}."),
    "count": N_("“{path}” must have between {low} and {high} entries."),
    "options": N_("“{path}” is not among the choices: {choices}."),
    "item": N_("“{path}” holds an entry that is not valid."),
    "member": N_("“{path}” holds a value that is not valid."),
    "const": N_("“{path}” is fixed by the chart."),
}

_MAX_PROBLEMS = 200


@dataclass(slots=True)
class _Check:
    defaults: JsonObject
    options: OptionFinder
    problems: list[Problem] = field(default_factory=list)
    faulty: set[Path] = field(default_factory=set)

    def add(
        self,
        path: Path,
        value: Maybe,
        code: str,
        template: str,
        level: Literal["error", "warning"] | None = None,
        /,
        **values: Scalar,
    ) -> None:
        """Note a problem; level None: a warning where the value is the computed default."""
        if level is None:
            level = "warning" if _equal(value, at(self.defaults, path)) else "error"
        self.faulty.add(path)
        text = Text(template, {"path": path_text(path) or ".", **values})
        self.problems.append(Problem(pointer(path), code, level, text))

    def lock(self, path: Path) -> None:
        """Note that a place was changed that may not be; always an error."""
        if path not in self.faulty:
            self.faulty.add(path)
            text = Text(N_("“{path}” cannot be changed."), {"path": path_text(path)})
            self.problems.append(Problem(pointer(path), "readonly", "error", text))

    def items_hold(self, root: Node, place: Path) -> Iterator[Json]:
        """Yield what items of the defaults, and a new item, hold at a place inside a list."""
        yield from _everywhere(self.defaults, place)
        length = next(index for index, part in enumerate(place) if isinstance(part, int))
        listed = _node_at(root, place[:length])
        if listed is not None:
            known = at(self.defaults, place[:length])
            item = new_item(listed, place[:length], 0, self.options.scope, known)
            yield from _everywhere(item, place[length + 1 :])

    def walk(
        self, node: Node, value: Json, default: Maybe, path: Path, options: OptionFinder
    ) -> None:
        """Check what was set below a node. Computed defaults were checked when computed."""
        if value is default or (not is_container(value) and same(value, default)):
            return
        if len(self.problems) >= _MAX_PROBLEMS or node.kind is NodeKind.DEGRADED:
            return
        if node.properties is not None and isinstance(value, dict):
            known = default if isinstance(default, dict) else {}
            for key, member in node.properties.items():
                if key in value:
                    before = known.get(key, UNSET)
                    self.walk(member, value[key], before, (*path, key), options)
            return
        if node.items is not None and isinstance(value, list):
            self._count(node, value, path)
            inside = options
            items = default if isinstance(default, list) else []
            for index, item in enumerate(value):
                if node.items.is_group and isinstance(item, dict):
                    inside = options.inside(item)
                before = items[index] if index < len(items) else UNSET
                self.walk(node.items, item, before, (*path, index), inside)
            return
        code = fault(node, value, options)
        if code is not None:
            self._tell(node, value, path, code, options)

    def _count(self, node: Node, value: list[Json], path: Path) -> None:
        if len(value) < node.min_items or (
            node.max_items is not None and len(value) > node.max_items
        ):
            high = "∞" if node.max_items is None else node.max_items
            self.add(path, value, "count", _FAULT_TEXT["count"], low=node.min_items, high=high)

    def _tell(self, node: Node, value: Json, path: Path, code: str, options: OptionFinder) -> None:
        if code == "type":
            self.add(path, value, "type", _TYPE_TEXT[node.kind])
            return
        slider = node.slider
        high: Scalar
        details: dict[str, Scalar] = {}
        if code == "pattern":
            details = {"pattern": node.pattern or ""}
        elif code == "minimum":
            details = {"minimum": number_text(node.minimum or 0)}
        elif code == "slider" and slider is not None:
            low = "-∞" if slider.minimum is None else number_text(slider.minimum)
            high = "∞" if slider.maximum is None else number_text(slider.maximum)
            details = {"low": low, "high": high, "unit": slider.unit}
        elif code == "options":
            details = {"choices": _choices(options(node) or ())}
        elif code == "count":
            high = "∞" if node.max_items is None else node.max_items
            details = {"low": node.min_items, "high": high}
        self.add(path, value, code, _FAULT_TEXT[code], **details)


def validate(
    root: Node | None,
    rules: Rules,
    *,
    values: JsonObject,
    merged: JsonObject,
    defaults: JsonObject,
    patch: Iterable[PatchEntry],
    options: OptionFinder,
    untouched: Callable[[], JsonObject],
) -> tuple[Problem, ...]:
    """Return what stands in the way of a launch (errors) and what is only told (warnings).

    values: what is sent; merged: those over the chart's values.yaml. untouched: returns the
    defaults over values.yaml; asked only where something is missing.
    """
    if root is None:
        return ()
    check = _Check(defaults, options)
    for entry in patch:
        _locked(check, root, entry, values)
    check.walk(root, values, defaults, (), options)
    missing_before: frozenset[Path] | None = None
    for violation in rules.violations(merged):
        if violation.path not in check.faulty and len(check.problems) < _MAX_PROBLEMS:
            value = at(values, violation.path)
            level: Literal["error", "warning"] | None = None
            if violation.code == "schema_not_checked":
                level = "warning"  # the chart's fault: told, never blocking
            elif violation.code == "required" and value is UNSET:
                # Nothing equals nothing: it is the chart's fault only where it misses from the
                # start, and the person's in an item they added or beside a key they wrote.
                if missing_before is None:
                    found = rules.violations(untouched())
                    missing_before = frozenset(one.path for one in found if one.code == "required")
                level = "warning" if violation.path in missing_before else "error"
            details = dict(violation.details)
            check.add(violation.path, value, violation.code, violation.template, level, **details)
    return tuple(check.problems)


def _locked(check: _Check, root: Node, entry: PatchEntry, values: JsonObject) -> None:
    """Refuse an edit of a constant or read-only place, told at that place."""
    if any(isinstance(part, int) for part in entry.path):
        _locked_in_list(check, root, entry.path, values)
        return
    last: Node | None = None
    for path, node in nodes_along(root, entry.path):
        if _is_locked(node):
            check.lock(path)
            return
        last = node if path == entry.path else None
    # A group that is replaced or taken away as a whole may hold such places.
    if last is not None and (isinstance(entry.value, (dict, Unset))):
        for path in _locked_below(last, entry.path):
            if not _equal(at(values, path), at(check.defaults, path)):
                check.lock(path)


def _is_locked(node: Node) -> bool:
    return node.readonly or node.const is not UNSET


def _locked_in_list(check: _Check, root: Node, path: Path, values: JsonObject) -> None:
    """Refuse what no item of a list may hold at a locked place.

    Items come, go and move, so it is not the index that counts: a constant is as it is, and a
    read-only place holds what an item of the defaults, or a new one, holds there. What belongs
    to a locked list as a whole is refused.
    """
    locked: list[Path] = []
    for place, node in nodes_along(root, path):
        if _is_locked(node):
            locked = [place]
            break
        if place == path:
            locked = list(_locked_below(node, path))
    for place in locked:
        value, node_there = at(values, place), _node_at(root, place)
        if not any(isinstance(part, int) for part in place):
            check.lock(place)
        elif isinstance(value, Unset) or node_there is None:
            continue  # taken away with its item
        elif node_there.const is not UNSET:
            if not _equal(value, node_there.const):
                check.lock(place)
        elif not any(same(value, one) for one in check.items_hold(root, place)):
            check.lock(place)


def _node_at(root: Node, path: Path) -> Node | None:
    return next((node for place, node in nodes_along(root, path) if place == path), None)


def _everywhere(value: Maybe, path: Path) -> Iterator[Json]:
    """Yield what stands at `path`, any index of a list taken for any other."""
    if isinstance(value, Unset):
        return
    if not path:
        yield value
    elif isinstance(path[0], int):
        for item in value if isinstance(value, list) else ():
            yield from _everywhere(item, path[1:])
    else:
        yield from _everywhere(at(value, path[:1]), path[1:])


def _locked_below(node: Node, path: Path) -> Iterator[Path]:
    for key, member in (node.properties or {}).items():
        if _is_locked(member):
            yield (*path, key)
        else:
            yield from _locked_below(member, (*path, key))


def nodes_along(root: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    """Yield the nodes met from the root to `path`, with their paths, as far as they go."""
    node: Node | None = root
    for length in range(len(path) + 1):
        if node is None:
            return
        yield path[:length], node
        if length < len(path):
            part = path[length]
            if isinstance(part, int):
                node = node.items
            else:
                node = None if node.properties is None else node.properties.get(part)


def _equal(value: Maybe, default: Maybe) -> bool:
    if isinstance(value, Unset) or isinstance(default, Unset):
        return value is default
    return same(value, default)


def _choices(options: Iterable[Json]) -> str:
    shown = [str(option).lower() if isinstance(option, bool) else str(option) for option in options]
    return ", ".join(shown[:12]) + (", …" if len(shown) > 12 else "")
