"""What a schema is once it is read: a tree of nodes, each with all the launcher asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sardonyx.catalog.models import LocalizedText
from sardonyx.launcher.models import UNSET, Maybe
from sardonyx.values import Json, JsonObject


class NodeKind(StrEnum):
    OBJECT = "object"
    ARRAY = "array"
    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    CONST = "const"
    DEGRADED = "degraded"


NUMERIC = (NodeKind.INTEGER, NodeKind.NUMBER)


@dataclass(frozen=True, slots=True)
class Condition:
    """Hidden iff the value at `path` (slash-separated) equals `value`."""

    path: str
    value: Json
    relative: bool


@dataclass(frozen=True, slots=True)
class Slider:
    """Bounds and unit of a slider. `extremity` and `range_id` make it half of a range."""

    minimum: float | None
    maximum: float | None
    step: float | None
    unit: str
    extremity: str | None
    range_id: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One resolved node. `raw` keeps the schema as resolved, for validation.

    secret: its value is (a password field, or a template that reads a secret of the context);
    holds_secret: it or a node below is. conditional: a node below hides by a condition.
    """

    kind: NodeKind
    raw: JsonObject
    properties: Mapping[str, Node] | None = None
    items: Node | None = None
    const: Maybe = UNSET
    default: Maybe = UNSET
    overwrite_default: Maybe = UNSET
    overwrite_options: Maybe = UNSET
    enum: tuple[Json, ...] | None = None
    list_enum: tuple[Json, ...] | None = None
    hidden: bool | Condition = False
    readonly: bool = False
    render: str | None = None
    slider: Slider | None = None
    pattern: str | None = None
    minimum: float | None = None
    min_items: int = 0
    max_items: int | None = None
    title: LocalizedText | None = None
    description: LocalizedText | None = None
    reason: str = ""
    has_options: bool = False
    secret: bool = False
    holds_secret: bool = False
    conditional: bool = False

    @property
    def is_group(self) -> bool:
        return self.kind is NodeKind.OBJECT and self.properties is not None

    @property
    def asks_context(self) -> bool:
        """Whether its own default or choices are looked for in the context."""
        return self.overwrite_default is not UNSET or self.overwrite_options is not UNSET
