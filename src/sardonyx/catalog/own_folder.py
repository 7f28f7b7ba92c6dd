"""Keep a person's charts in a folder of theirs: the Shelf of one machine.

<folder>/<chart>-<version>/   what was kept: the catalogue `own`
<folder>/.reviewed/<digest>/  what waits
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sardonyx.catalog.errors import ChartSourceError, ReviewGoneError
from sardonyx.catalog.models import Chart, ChartFault, ChartRef
from sardonyx.catalog.own import OWN_CATALOG, Brought
from sardonyx.catalog.read import read_chart

_REVIEWED = ".reviewed"
_OLD = ".old-"
_MOST_WAITING = 20


class FolderShelf:
    """The charts of one person, who needs no name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reviewed = folder / _REVIEWED
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
        name = f"{chart.ref.chart}-{chart.ref.version}"
        await asyncio.to_thread(self._put, self._reviewed / digest, name)
        return chart.ref

    async def known(self, username: str) -> None:
        """Do nothing: the folder is read at each question."""

    async def ready(self, username: str) -> None:
        """Do nothing: the folder is here."""

    def _put(self, place: Path, name: str) -> None:
        to, old = self._folder / name, self._folder / f"{_OLD}{name}"
        shutil.rmtree(old, ignore_errors=True)
        if to.exists():
            to.rename(old)
        place.rename(to)
        shutil.rmtree(old, ignore_errors=True)
