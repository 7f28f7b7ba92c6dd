"""Write a chart's schema as a person has it: references followed, parts replaced (wire-api 8).

For readers of JSON Schema; the launcher reads the chart's own schema by `launcher.schema`, with
the same rules. A reference that leads back to itself is left as it is written.
"""

from __future__ import annotations

from sardonyx.catalog.registry import Overrides
from sardonyx.values import Json, JsonObject

_MAX_DEPTH = 60
# References can double at each step; no chart comes near this.
_MAX_NODES = 50_000


def resolved(schema: JsonObject, overrides: Overrides) -> JsonObject:
    """Return a new document; `schema` and the registry stay as they are."""
    found = _Writer(schema, overrides).node(schema, (), 0)
    return found if isinstance(found, dict) else {}


class _Writer:
    def __init__(self, document: JsonObject, overrides: Overrides) -> None:
        self.document = document
        self.overrides = overrides
        self.count = 0

    def node(self, node: Json, seen: tuple[str, ...], depth: int) -> Json:
        self.count += 1
        if depth > _MAX_DEPTH or self.count > _MAX_NODES:
            return node
        if isinstance(node, list):
            return [self.node(one, seen, depth + 1) for one in node]
        if not isinstance(node, dict):
            return node
        node, seen = self._replaced(node, seen)
        while isinstance(name := node.get("$ref"), str) and name not in seen:
            target = self._target(name)
            if target is None:
                break
            seen = (*seen, name)
            rest = {key: value for key, value in node.items() if key != "$ref"}
            node = {**rest, **target}
        return {
            key: value if key == "x-onyxia" else self.node(value, seen, depth + 1)
            for key, value in node.items()
        }

    def _replaced(
        self, node: JsonObject, seen: tuple[str, ...]
    ) -> tuple[JsonObject, tuple[str, ...]]:
        """Return what stands in place of a node, once: a file may ask for itself."""
        hints = node.get("x-onyxia")
        name = hints.get("overwriteSchemaWith") if isinstance(hints, dict) else None
        if not isinstance(name, str) or name in seen:
            return node, seen
        registry = self.overrides.registry
        for key in (*(f"roles/{role}/{name}" for role in self.overrides.roles), name):
            if key in registry:
                return registry[key], (*seen, name)
        return node, seen

    def _target(self, name: str) -> JsonObject | None:
        if not name.startswith("#"):
            return self.overrides.registry.get(name)
        value: Json = self.document
        for part in name[1:].split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else None
