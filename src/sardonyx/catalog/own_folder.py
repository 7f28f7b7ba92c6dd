"""Keep a person's charts in a folder of theirs: the Shelf of one machine.

<folder>/<chart>-<version>/           what was kept: the catalogue `own`
<folder>/.reviewed/<digest>/          what waits
<folder>/.removed/<chart>-<version>/  what was taken away while services were launched from it
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sardonyx.catalog.errors import ChartNotFoundError, ChartSourceError, ReviewGoneError
from sardonyx.catalog.folders import CatalogSource
from sardonyx.catalog.models import Chart, ChartFault, ChartRef
from sardonyx.catalog.own_ports import OWN_CATALOG, OWN_NAME, Brought
from sardonyx.catalog.read import read_chart

_REVIEWED, _REMOVED, _OLD = ".reviewed", ".removed", ".old-"
_MOST_WAITING = 20


class OwnFolder(CatalogSource):
    """The catalogue of that folder; what was taken out of it is still found for its services."""

    def __init__(self, folder: Path) -> None:
        super().__init__(OWN_CATALOG, OWN_NAME, folder)

    def installed(self, ref: ChartRef) -> Chart | None:
        """Return the chart of a release, `withdrawn` where it was taken away."""
        found = super().installed(ref)
        if found is not None or "/" in (name := _name(ref)):
            return found
        place = self.folder / _REMOVED / name
        read = read_chart(place, OWN_CATALOG) if place.is_dir() else None
        is_it = isinstance(read, Chart) and read.ref == ref
        return replace(read, withdrawn=True) if isinstance(read, Chart) and is_it else None


class FolderShelf:
    """The charts of one person, who needs no name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reviewed = folder / _REVIEWED
        self._removed = folder / _REMOVED
        for old in folder.glob(f"{_OLD}*"):  # of a crash between two renames
            to = folder / old.name.removeprefix(_OLD)
            if to.exists():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.rename(to)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give an empty folder on the same disk."""
        self._reviewed.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._reviewed, prefix="new-") as folder:
            yield Path(folder)

    async def wait(self, username: str, place: Path, brought: Brought) -> None:
        """Have it wait; the newest others are left, nobody comes back to the rest."""
        to = self._reviewed / brought.digest
        shutil.rmtree(to, ignore_errors=True)
        (place / "chart").rename(to)
        waiting = (one for one in self._reviewed.iterdir() if not one.name.startswith("new-"))
        known = sorted(waiting, key=lambda one: one.stat().st_mtime, reverse=True)
        for path in known[_MOST_WAITING:]:
            shutil.rmtree(path, ignore_errors=True)

    async def waiting(self, username: str, digest: str) -> Chart:
        """Return a chart that waits."""
        place = self._reviewed / digest
        if not place.is_dir():
            raise ReviewGoneError
        read = await asyncio.to_thread(read_chart, place, OWN_CATALOG)
        if isinstance(read, ChartFault):
            raise ChartSourceError(address=digest, problems=read.problems)
        return read

    async def keep(self, username: str, digest: str, chart: Chart) -> ChartRef:
        """Move a chart into the catalogue, whole.

        A reader sees the old one, for a moment none, then the new one; after a crash in between
        the old one is back with the next start.
        """
        await asyncio.to_thread(self._put, self._reviewed / digest, self._folder / _name(chart.ref))
        return chart.ref

    async def remove(
        self, username: str, refs: Collection[ChartRef], used: Collection[ChartRef]
    ) -> None:
        """Move charts out of the catalogue; those that no service uses go for good."""
        await asyncio.to_thread(self._take_away, refs, {_name(one) for one in used})

    async def known(self, username: str) -> None:
        """Do nothing: the folder is read at each question."""

    async def ready(self, username: str) -> None:
        """Do nothing: the folder is here."""

    def _take_away(self, refs: Collection[ChartRef], used: Collection[str]) -> None:
        self._removed.mkdir(exist_ok=True)
        for ref in refs:
            place = self._folder / _name(ref)
            if not place.is_dir():
                raise ChartNotFoundError(chart=ref.chart, catalog=OWN_CATALOG)
            shutil.rmtree(self._removed / place.name, ignore_errors=True)
            place.rename(self._removed / place.name)
        for place in self._removed.iterdir():
            if place.name not in used:
                shutil.rmtree(place, ignore_errors=True)

    def _put(self, place: Path, to: Path) -> None:
        """Move a folder in place of another, so that no reader meets half of one."""
        old = self._folder / f"{_OLD}{to.name}"
        shutil.rmtree(old, ignore_errors=True)
        if to.exists():
            to.rename(old)
        place.rename(to)
        shutil.rmtree(old, ignore_errors=True)


def _name(ref: ChartRef) -> str:
    return f"{ref.chart}-{ref.version}"
