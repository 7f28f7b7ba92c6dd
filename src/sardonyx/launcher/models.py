"""The few types every launcher module shares: the unset value, patch entries, origins."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Final, Literal, NamedTuple, TypeAlias

from sardonyx.errors import Problem
from sardonyx.text import Scalar, Text
from sardonyx.values import Json, Path, pointer


class Unset(Enum):
    """Type of `UNSET`: a key that is absent. `null` is a value; unset is none."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
Maybe: TypeAlias = Json | Literal[Unset.UNSET]


class PatchEntry(NamedTuple):
    """One edit: assign `value` at `path`; `UNSET` deletes. Text is a key, an int an index."""

    path: Path
    value: Maybe = UNSET


class Origin(StrEnum):
    """Where a value comes from."""

    CONST = "const"
    CONTEXT = "context"
    SCHEMA = "schema"
    CHART = "chart"
    USER = "user"


def error(path: Path, code: str, template: str, /, **values: Scalar) -> Problem:
    """Return a problem that blocks the launch."""
    return Problem(pointer(path), code, "error", Text(template, values))


def warning(path: Path, code: str, template: str, /, **values: Scalar) -> Problem:
    """Return a problem that is told and blocks nothing."""
    return Problem(pointer(path), code, "warning", Text(template, values))


def path_text(path: Path) -> str:
    """Return `path` as people write it: `a.b[0]`; dots inside a key are escaped."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            escaped = part.replace("\\", "\\\\").replace(".", "\\.").replace("[", "\\[")
            text += ("." if text else "") + escaped
    return text
