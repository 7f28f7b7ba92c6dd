"""Read the golden cases of findings on a cluster: tests/data/findings, one file each.

`provoked` says how a real cluster comes to it, `expected` which findings follow, in order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from sardonyx.services.evidence import Evidence
from sardonyx.services.models import State

FOLDER = Path(__file__).parents[1] / "data" / "findings"


@dataclass(frozen=True)
class Case:
    """One way a release can stand still, as a cluster shows it."""

    name: str
    provoked: str
    state: State
    now: datetime
    evidence: Evidence
    expected: tuple[Mapping[str, Any], ...]


def read_cases() -> dict[str, Case]:
    """Return every case by its name."""
    found = {}
    for path in sorted(FOLDER.glob("*.json")):
        raw = json.loads(path.read_text())
        found[path.stem] = Case(
            name=path.stem,
            provoked=raw["provoked"],
            state=State(raw["state"]),
            now=datetime.fromisoformat(raw["now"]),
            evidence=_made(Evidence, raw["evidence"]),
            expected=tuple(raw["expected"]),
        )
    return found


def _made(kind: Any, raw: Any) -> Any:
    """Return `raw` as `kind`: a dataclass, a tuple of one, a moment, an enumeration."""
    if get_origin(kind) in {Union, UnionType}:
        return None if raw is None else _made(get_args(kind)[0], raw)
    if get_origin(kind) is tuple:
        return tuple(_made(get_args(kind)[0], item) for item in raw)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        unknown = raw.keys() - {field.name for field in fields(kind)}
        assert not unknown, unknown
        return kind(**{name: _made(hints[name], value) for name, value in raw.items()})
    if kind is datetime:
        return datetime.fromisoformat(raw)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(raw)
    return raw
