"""Say how values differ from their defaults, and put that difference back.

`apply(d, diff(d, c)) == c` for all JSON objects. Source: launcher.md 11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from sardonyx.errors import Problem
from sardonyx.launcher.models import UNSET, Maybe, PatchEntry, Unset, error, path_text
from sardonyx.launcher.scalars import at, copy, depth, is_container, same
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject, Path

# Deeper values nobody means; they would only exhaust the stack.
_MAX_DEPTH = 100
# A list written by hand or by a link does not grow beyond this.
_MAX_INDEX = 100_000


@dataclass(frozen=True, slots=True)
class Applied:
    """Patched values, and the entries that were skipped."""

    values: JsonObject
    problems: tuple[Problem, ...]


def diff(default: JsonObject, current: JsonObject) -> tuple[PatchEntry, ...]:
    """Return assignments depth first, then deletions of the outermost vanished paths."""
    return (*_assigned(default, current, ()), *_deleted(default, current, ()))


def _assigned(default: Maybe, current: Json, path: Path) -> Iterator[PatchEntry]:
    """Yield the assignments. What is the very same object on both sides holds none."""
    if isinstance(current, dict):
        old = default if isinstance(default, dict) else None
        if not current and old is None:
            yield PatchEntry(path, {})
        known = {} if old is None else old
        for key, value in current.items():
            before = known.get(key, UNSET)
            if before is not value:
                yield from _assigned(before, value, (*path, key))
    elif isinstance(current, list):
        items = default if isinstance(default, list) else None
        if not current and items is None:
            yield PatchEntry(path, [])
        for index, value in enumerate(current):
            before = items[index] if items is not None and index < len(items) else UNSET
            if before is not value:
                yield from _assigned(before, value, (*path, index))
    elif isinstance(default, Unset) or not same(default, current):
        yield PatchEntry(path, current)


def flattened(entry: PatchEntry) -> Iterator[PatchEntry]:
    """Yield the entry as `diff` writes it: atomic leaves and empty containers."""
    if isinstance(entry.value, Unset):
        yield entry
    else:
        yield from _assigned(UNSET, entry.value, entry.path)


def _deleted(default: Json, current: Json, path: Path) -> Iterator[PatchEntry]:
    if isinstance(default, dict) and isinstance(current, dict):
        for key, value in default.items():
            if key not in current:
                yield PatchEntry((*path, key))
            elif is_container(value) and value is not current[key]:
                yield from _deleted(value, current[key], (*path, key))
    elif isinstance(default, list) and isinstance(current, list):
        for index, value in enumerate(default):
            if index >= len(current):
                yield PatchEntry((*path, index))
            elif is_container(value) and value is not current[index]:
                yield from _deleted(value, current[index], (*path, index))


def apply(default: JsonObject, patch: Iterable[PatchEntry]) -> JsonObject:
    """Return `default` with the patch applied; entries that cannot be are skipped."""
    return apply_with_problems(default, patch).values


def apply_with_problems(default: JsonObject, patch: Iterable[PatchEntry]) -> Applied:
    """Return patched values and an error for each entry skipped. `default` stays as it was.

    Containers that no entry goes through are the very same objects in both.
    """
    entries = tuple(patch)
    if not entries:
        return Applied(default, ())
    values = dict(default)
    own = _Own(values)
    problems: list[Problem] = []
    for entry in entries:
        if len(entry.path) + depth(entry.value) > _MAX_DEPTH:
            text = N_("“{path}” is nested too deeply; it was skipped.")
            shown = path_text(entry.path[:5]) + ("…" if len(entry.path) > 5 else "")
            problems.append(error(entry.path[:5], "patch_too_deep", text, path=shown))
        elif not isinstance(entry.value, Unset) and not _assign(
            values, entry.path, entry.value, own
        ):
            problems.append(
                error(
                    entry.path,
                    "patch_gap",
                    N_("“{path}” would leave a gap in a list; it was skipped."),
                    path=path_text(entry.path),
                )
            )
    deletions = [
        entry.path
        for entry in entries
        if isinstance(entry.value, Unset) and len(entry.path) <= _MAX_DEPTH
    ]
    for path in sorted(deletions, key=_last_index, reverse=True):
        if not _delete(values, path, own):
            problems.append(
                error(
                    path,
                    "patch_not_at_end",
                    N_("“{path}” is not at the end of its list; it was not removed."),
                    path=path_text(path),
                )
            )
    return Applied(values, tuple(problems))


def _last_index(path: Path) -> int:
    last = path[-1] if path else -1
    return last if isinstance(last, int) else -1


class _Own:
    """The containers that one application made, and so may change; kept, so that none is met
    twice under one identity."""

    def __init__(self, first: Json) -> None:
        self._made = {id(first): first}

    def below(self, here: Json, part: str | int, kind: type) -> Json:
        """Return the container at `part`: one's own, a copy of what stands there, or a new one."""
        known = at(here, (part,))
        if id(known) in self._made and isinstance(known, kind):
            return known  # type: ignore[return-value]
        made: Json = kind(known) if isinstance(known, kind) else kind()
        self._made[id(made)] = made
        _put(here, part, made)
        return made


def _assign(values: JsonObject, path: Path, value: Json, own: _Own) -> bool:
    """Put `value` at `path`, making containers by the kind of the next segment."""
    if not path or isinstance(path[0], int) or not _fits(values, path):
        return False
    here: Json = values
    for part, following in pairwise(path):
        here = own.below(here, part, list if isinstance(following, int) else dict)
    _put(here, path[-1], copy(value) if is_container(value) else value)
    return True


def _fits(values: JsonObject, path: Path) -> bool:
    """Tell whether the assignment leaves no gap; nothing is changed by asking."""
    here: Maybe = values
    for part in path:
        if isinstance(part, int):
            length = len(here) if isinstance(here, list) else 0
            if not 0 <= part <= length or part > _MAX_INDEX:
                return False
        here = _child(here, part)
    return True


def _child(here: Maybe, part: str | int) -> Maybe:
    return UNSET if isinstance(here, Unset) else at(here, (part,))


def _put(here: Json, part: str | int, value: Json) -> None:
    if isinstance(here, dict) and isinstance(part, str):
        here[part] = value
    elif isinstance(here, list) and isinstance(part, int):
        if part == len(here):
            here.append(value)
        else:
            here[part] = value


def _delete(values: JsonObject, path: Path, own: _Own) -> bool:
    """Remove `path`; absent is fine. False: inside a list but not at its end."""
    parent = at(values, path[:-1])
    last = path[-1] if path else ""
    if isinstance(parent, list):
        if not isinstance(last, int) or not 0 <= last < len(parent):
            return True
        if last != len(parent) - 1:
            return False
    elif not isinstance(parent, dict) or not isinstance(last, str) or last not in parent:
        return True
    here: Json = values
    for part in path[:-1]:
        kind = list if isinstance(at(here, (part,)), list) else dict
        here = own.below(here, part, kind)
    if isinstance(here, dict) and isinstance(last, str):
        del here[last]
    elif isinstance(here, list):
        here.pop()
    return True


_SET_STEP = re.compile(r"(?P<dot>\.)?(?:\[(?P<index>[0-9]{1,6})\]|(?P<name>(?:\\.|[^.\[\]\\])+))")


def parse_set(text: str) -> PatchEntry | Problem:
    """Return the entry of `--set a.b[0]=3`; the value is typed like a YAML 1.2 scalar.

    A dot inside a name is written `\\.`. `a.b=null` is null, `a.b=[]` and `a.b={}` are empty
    containers, `a.b-` (no `=`) deletes, as `a.b=` is the empty text. Quotes give text.
    """
    from sardonyx.launcher.yaml_text import scalar  # noqa: PLC0415 - it reads our models too

    name, equals, value = text.partition("=")
    deleted = not equals and name.endswith("-")
    path = parse_path(name.removesuffix("-") if deleted else name)
    if path is None or not (equals or deleted):
        return error(
            (),
            "set_not_understood",
            N_("“{text}” is not understood. Write it as path=value, for example a.b[0]=3."),
            text=name,
        )
    if deleted:
        return PatchEntry(path)
    return PatchEntry(path, [] if value == "[]" else {} if value == "{}" else scalar(value))


def written_path(parts: Json | None) -> Path | None:
    """Return the path that a list of names and numbers is, None where it is none.

    It begins with a name, as values are an object; `true` is no number.
    """
    if not isinstance(parts, list) or not parts or not isinstance(parts[0], str):
        return None
    path: list[str | int] = []
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, (str, int)):
            return None
        path.append(part)
    return tuple(path)


def parse_path(text: str) -> Path | None:
    """Return the path that `a.b[0]` spells, None when it spells none."""
    path: list[str | int] = []
    end = 0
    while end < len(text):
        match = _SET_STEP.match(text, end)
        if match is None:
            return None
        if match["index"] is not None:
            if match["dot"] is not None or not path:
                return None
            path.append(int(match["index"]))
        else:
            if (match["dot"] is not None) != bool(path):
                return None
            path.append(re.sub(r"\\(.)", r"\1", match["name"]))
        end = match.end()
    return tuple(path) or None
