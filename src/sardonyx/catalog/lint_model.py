"""What a finding of the linter is, before and after its line is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sardonyx.catalog.lint_rules import RULES
from sardonyx.text import Scalar, Text
from sardonyx.values import Path

SCHEMA, VALUES = "values.schema.json", "values.yaml"


@dataclass(frozen=True, slots=True)
class Place:
    """A finding at a place inside `file`, which is a JSON path."""

    path: Path
    code: str
    values: Mapping[str, Scalar] = field(default_factory=dict)
    file: str = SCHEMA


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One thing to correct. line: from 1. own: the reader's words, where they say more."""

    file: str
    line: int
    code: str
    values: Mapping[str, Scalar] = field(default_factory=dict)
    own: Text | None = None

    @property
    def level(self) -> str:
        """`error` for what does not work, `warning` for what readers would miss."""
        return RULES[self.code].level

    @property
    def message(self) -> Text:
        return self.own or Text(RULES[self.code].says, self.values)

    @property
    def next_step(self) -> Text:
        return Text(RULES[self.code].next_step, self.values)


def schema_path(values_pointer: str) -> Path:
    """Return where in the schema the node of a place in the values is described."""
    path: list[str | int] = []
    for part in values_pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        path += ["items"] if name == "-" or name.isdecimal() else ["properties", name]
    return tuple(path)
