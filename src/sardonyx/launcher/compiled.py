"""Keep the compiled schemas of the charts in use, so that each keystroke does not compile again.

Bounded; an entry counts only for the very same schema and registry objects, so it cannot be
stale: a catalogue that is read again has new ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sardonyx.launcher.form_inputs import Drawn
from sardonyx.launcher.json_schema import Rules, compile_rules
from sardonyx.launcher.nodes import Node
from sardonyx.launcher.schema import ResolvedSchema, resolve_schema
from sardonyx.values import JsonObject

_KEPT = 64


@dataclass(frozen=True, slots=True)
class Compiled:
    """A chart's schema, resolved, with its JSON Schema rules.

    settled: nodes that have their own default in any context. drawn: by language, what its nodes
    say of their fields. Both are filled as drafts are made, and hold nothing of a person.
    """

    schema: ResolvedSchema
    rules: Rules
    settled: set[Node] = field(default_factory=set, repr=False, compare=False)
    drawn: dict[str, Drawn] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class _Entry:
    source: JsonObject
    registry: Mapping[str, JsonObject] | None
    compiled: Compiled


_entries: OrderedDict[tuple[int, int, tuple[str, ...]], _Entry] = OrderedDict()


def compiled(
    schema: JsonObject | None,
    *,
    registry: Mapping[str, JsonObject] | None = None,
    roles: Sequence[str] = (),
    sliders: JsonObject | None = None,
) -> Compiled:
    """Return `resolve_schema` and its rules, kept when no region slider bends the schema."""
    if schema is None or sliders is not None:
        resolved = resolve_schema(schema, registry=registry, roles=roles, sliders=sliders)
        return Compiled(resolved, compile_rules(resolved.root))
    key = (id(schema), id(registry), tuple(sorted(roles)))
    entry = _entries.get(key)
    # The entry keeps its objects alive, so an identity cannot be met twice.
    if entry is not None and entry.source is schema and entry.registry is registry:
        return entry.compiled
    resolved = resolve_schema(schema, registry=registry, roles=roles)
    made = Compiled(resolved, compile_rules(resolved.root))
    _entries[key] = _Entry(schema, registry, made)
    while len(_entries) > _KEPT:
        _entries.popitem(last=False)
    return made
