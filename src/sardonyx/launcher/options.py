"""Find what a node offers to choose from: context, `listEnum`, then `enum`.

Source: launcher.md 6, options.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sardonyx.launcher.coerce import fault, lenient
from sardonyx.launcher.models import Unset
from sardonyx.launcher.nodes import Node
from sardonyx.launcher.references import resolve, texts
from sardonyx.launcher.scalars import depth, same
from sardonyx.values import Json, JsonObject

_MAX_DEPTH = 100


def _none(node: Node) -> None:
    return None


class OptionFinder:
    """Options of nodes in one scope, each found once. Notes whether `s3` was read."""

    def __init__(self, scope: JsonObject, outer: OptionFinder | None = None) -> None:
        self.scope = scope
        self.uses_s3 = False
        self._outer = outer
        self._found: dict[int, tuple[Json, ...] | None] = {}

    def __call__(self, node: Node) -> Sequence[Json] | None:
        if not node.has_options:
            return None
        key = id(node)  # nodes live as long as the draft that asks
        if key not in self._found:
            self._found[key] = self._find(node)
        return self._found[key]

    def inside(self, members: JsonObject) -> OptionFinder:
        """Return a finder whose scope is shadowed by the members of a list's item."""
        return OptionFinder({**self.scope, **members}, self)

    def note_s3(self) -> None:
        """Remember, here and outside, that the storage profile was read."""
        self.uses_s3 = True
        if self._outer is not None:
            self._outer.note_s3()

    def _find(self, node: Node) -> tuple[Json, ...] | None:
        template = node.overwrite_options
        if not isinstance(template, Unset):
            if reads_s3(template):
                self.note_s3()
            offered = resolve(template, self.scope)
            if isinstance(offered, list) and depth(offered) <= _MAX_DEPTH:
                bent = (lenient(node, option, _none) for option in offered)
                kept = _distinct(option for option in bent if not isinstance(option, Unset))
                if kept:
                    return kept
        for listed in (node.list_enum, node.enum):
            if listed and all(fault(node, option, _none) is None for option in listed):
                return _distinct(listed)
        return None


def _distinct(values: Iterable[Json]) -> tuple[Json, ...]:
    kept: list[Json] = []
    known: set[tuple[type, object]] = set()
    for value in values:
        if isinstance(value, (dict, list)):
            if not any(same(value, other) for other in kept):
                kept.append(value)
            continue
        mark = (bool if isinstance(value, bool) else object, value)
        if mark not in known:
            known.add(mark)
            kept.append(value)
    return tuple(kept)


def reads_s3(template: Json) -> bool:
    """Tell whether a template reads the context's `s3` (not `s3_array`)."""
    return any(
        reference[:1] == ("s3",)
        for parsed, _ in texts(template)
        for reference in parsed.references()
    )
