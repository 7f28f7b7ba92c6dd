"""Compare two states of a service: values by their paths, objects by their texts. Pure.

Secrets never stand in a comparison: of a secret only that it changes is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff

from sardonyx.launcher.masking import masked
from sardonyx.launcher.models import Maybe, Unset, path_text
from sardonyx.launcher.patch import diff
from sardonyx.launcher.scalars import at
from sardonyx.launcher.secret_names import is_secret_name
from sardonyx.launcher.yaml_text import write
from sardonyx.services.models import PlannedObject
from sardonyx.values import Json, JsonObject, Path

DIFF_LINES = 4_000
_CONTEXT = 3


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One value that differs. before, after: as people write it, None where there is none.

    secret: then both are None, and only that it changes is known.
    """

    path: str
    before: str | None
    after: str | None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that differs. change: added, removed, changed. diff: unified, bounded."""

    kind: str
    name: str
    change: str
    diff: str


def hidden_paths(values: JsonObject, known: frozenset[Path]) -> frozenset[Path]:
    """Return the secret places of `values`: those known, and those whose key says so.

    Releases that others made (Onyxia, Helm by hand) come without a list of their secrets.
    """
    return known | frozenset(_named(values, ()))


def _named(value: Json, path: Path) -> list[Path]:
    found: list[Path] = []
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (dict, list)):
                found += _named(item, (*path, key))
            elif isinstance(item, str) and item and is_secret_name((key,)):
                found.append((*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _named(item, (*path, index))
    return found


def shown_values(values: JsonObject, known: frozenset[Path]) -> JsonObject:
    """Return `values` with `$VAR` in place of every secret."""
    return masked(values, hidden_paths(values, known))


def compare_values(
    before: JsonObject, after: JsonObject, secret_paths: frozenset[Path]
) -> tuple[ValueChange, ...]:
    """Return what differs, in the order of `after`, then what is gone."""
    hidden = hidden_paths(before, secret_paths) | hidden_paths(after, secret_paths)
    changes = []
    for entry in diff(before, after):
        old, new = at(before, entry.path), entry.value
        if any(entry.path[: len(path)] == path for path in hidden):
            changes.append(ValueChange(path_text(entry.path), None, None, secret=True))
        else:
            changes.append(ValueChange(path_text(entry.path), _text(old), _text(new)))
    return tuple(changes)


def _text(value: Maybe) -> str | None:
    if isinstance(value, Unset):
        return None
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        return write(value).strip()
    return str(value)


def compare_objects(
    before: Sequence[PlannedObject], after: Sequence[PlannedObject]
) -> tuple[ObjectChange, ...]:
    """Return the objects that differ, in the order of `after`, then those that go."""
    old = {(one.kind, one.name): one for one in before}
    changes = []
    for one in after:
        known = old.pop((one.kind, one.name), None)
        if known is None:
            changes.append(ObjectChange(one.kind, one.name, "added", _diff("", one.text)))
        elif known.text != one.text:
            text = _diff(known.text, one.text)
            changes.append(ObjectChange(one.kind, one.name, "changed", text))
    gone = [
        ObjectChange(one.kind, one.name, "removed", _diff(one.text, "")) for one in old.values()
    ]
    return (*changes, *gone)


def _diff(before: str, after: str) -> str:
    """Return the unified difference, without its two lines of file names."""
    lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_CONTEXT))[2:]
    if len(lines) > DIFF_LINES:
        lines = [*lines[:DIFF_LINES], f"… {len(lines) - DIFF_LINES} more lines"]
    return "\n".join(lines)
