"""What a project keeps of its saved configurations, and the changes of the ordered list.

Pure: a change returns another list. Who may change it, and what is kept where, is the service's.
Source: launcher.md 13, portal.md 15.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sardonyx.errors import Problem
from sardonyx.launcher.configurations import SavedConfiguration
from sardonyx.launcher.configurations import same as same_configuration
from sardonyx.launcher.models import PatchEntry, Unset
from sardonyx.launcher.patch import flattened
from sardonyx.launcher.scalars import same as same_value
from sardonyx.values import Path

# One project's at most; a page lists them all, and one row holds them.
MOST = 200
LARGEST = 64 * 1024
LARGEST_LIST = 1024 * 1024
LARGEST_IMPORT = 2 * 1024 * 1024


class Move(StrEnum):
    """Where in the list a configuration goes."""

    UP = "up"
    DOWN = "down"
    TOP = "top"
    BOTTOM = "bottom"


class Clash(StrEnum):
    """What an import does with one whose name is taken: leave it, replace it, or rename its own."""

    SKIP = "skip"
    OVERWRITE = "overwrite"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class KeptConfiguration:
    """A saved configuration as its project keeps it.

    id: drawn once, stays over a new name. version: grows by one with each change of it.
    set_by: who last changed what it launches, which a new name does not.
    """

    id: str
    version: int
    configuration: SavedConfiguration
    changed_by: str
    changed_at: datetime
    set_by: str

    @property
    def tag(self) -> str:
        """Names this state of it: REST's `ETag`."""
        return f"{self.id}.{self.version}"

    def changed(self, made: SavedConfiguration, *, by: str, at: datetime) -> KeptConfiguration:
        """Return its next state, which is `made`."""
        renamed = replace(self.configuration, friendly_name=made.friendly_name)
        return KeptConfiguration(
            id=self.id,
            version=self.version + 1,
            configuration=made,
            changed_by=by,
            changed_at=at,
            set_by=self.set_by if same_configuration(renamed, made) else by,
        )


@dataclass(frozen=True, slots=True)
class ConfigurationList:
    """A project's configurations in the order people gave them.

    number: grows by one with each change of the list; 0 where nothing was ever kept.
    """

    number: int = 0
    configurations: tuple[KeptConfiguration, ...] = ()

    def of_id(self, number: str) -> KeptConfiguration | None:
        return next((one for one in self.configurations if one.id == number), None)

    def namesake(self, configuration: SavedConfiguration) -> KeptConfiguration | None:
        """Return the one with the same catalogue, chart and name."""
        wanted = configuration.identity
        same = (one for one in self.configurations if one.configuration.identity == wanted)
        return next(same, None)

    def put(self, kept: KeptConfiguration) -> tuple[KeptConfiguration, ...]:
        """Return the list with `kept` in the place of the one with its id, else at the end."""
        placed = {one.id: one for one in self.configurations} | {kept.id: kept}
        return tuple(placed.values())

    def without(self, number: str) -> tuple[KeptConfiguration, ...]:
        return tuple(one for one in self.configurations if one.id != number)

    def moved(self, number: str, to: Move) -> tuple[KeptConfiguration, ...]:
        """Return the list with one moved; at the end it stays. An unknown id moves nothing."""
        order = list(self.configurations)
        at = next((place for place, one in enumerate(order) if one.id == number), None)
        if at is None:
            return self.configurations
        last = len(order) - 1
        target = {
            Move.UP: max(at - 1, 0),
            Move.DOWN: min(at + 1, last),
            Move.TOP: 0,
            Move.BOTTOM: last,
        }[to]
        order.insert(target, order.pop(at))
        return tuple(order)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a saving starts from. new: none of its name. tag: exactly that state of it.

    Neither: whatever is there is replaced.
    """

    new: bool = False
    tag: str | None = None

    def refuses(self, current: KeptConfiguration) -> bool:
        """Tell whether what is kept under the name is not what the saving starts from."""
        return self.new or (self.tag is not None and self.tag != current.tag)


ANY = Expected()
NEW = Expected(new=True)


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that two versions have otherwise. None: left at its default."""

    path: Path
    mine: PatchEntry | None
    theirs: PatchEntry | None


def differences(mine: SavedConfiguration, theirs: SavedConfiguration) -> tuple[Difference, ...]:
    """Return what the patches of two configurations have otherwise, in the order of mine."""
    left, right = _by_path(mine.patch), _by_path(theirs.patch)
    return tuple(
        Difference(path, left.get(path), right.get(path))
        for path in {**left, **right}
        if not _same(left.get(path), right.get(path))
    )


def _by_path(patch: Iterable[PatchEntry]) -> dict[Path, PatchEntry]:
    return {single.path: single for entry in patch for single in flattened(entry)}


def _same(one: PatchEntry | None, other: PatchEntry | None) -> bool:
    if one is None or other is None:
        return False
    if isinstance(one.value, Unset) or isinstance(other.value, Unset):
        return one.value is other.value
    return same_value(one.value, other.value)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a saving kept, and warnings: which settings were left out, and why."""

    kept: KeptConfiguration
    notices: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """One of an import that was not kept. reason: with the pointer of its place in the file."""

    name: str
    reason: Problem


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import kept, what it left, and warnings about what it kept."""

    saved: tuple[KeptConfiguration, ...]
    skipped: tuple[Skipped, ...] = ()
    notices: tuple[Problem, ...] = ()
