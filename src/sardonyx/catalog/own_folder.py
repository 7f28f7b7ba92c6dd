"""Keep a person's charts in a folder of theirs: the Shelf of one machine.

<folder>/<chart>-<version>           what was kept, a link to its content: the catalogue `own`
<folder>/.reviewed/<digest>/         what waits
<folder>/.removed/<chart>-<version>  what was taken away while services were launched from it
<folder>/.content/<digest>/          where links lead

A link is put in place of another in one step: a reader finds the old chart or the new one, and so
does the next start after a crash. Homes of former versions hold folders where links are now, and
`.old-<chart>-<version>` where a crash left one; a start turns them into links.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sardonyx.catalog.errors import ChartNotFoundError, ChartSourceError, ReviewGoneError
from sardonyx.catalog.folders import CatalogSource
from sardonyx.catalog.models import Chart, ChartFault, ChartRef
from sardonyx.catalog.own_ports import OWN_CATALOG, OWN_NAME, Brought
from sardonyx.catalog.read import read_chart

_REVIEWED, _REMOVED, _CONTENT = ".reviewed", ".removed", ".content"
_NEW, _OLD = ".new-", ".old-"
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
        self._content = folder / _CONTENT
        self._lock = threading.Lock()  # what is not linked yet is swept by nobody
        self._adopt()
        self._sweep()

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

    def catalog_of(self, username: str) -> str:
        """Return `own`: here is one person."""
        return OWN_CATALOG

    async def keep(
        self, username: str, digest: str, chart: Chart, used: Collection[ChartRef]
    ) -> ChartRef:
        """Offer a chart that waits, whole; what had its name and version is there until then."""
        place, to = self._reviewed / digest, self._folder / _name(chart.ref)
        await asyncio.to_thread(self._put, place, to, {_name(one) for one in used})
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
        with self._lock:
            for ref in refs:
                place = self._folder / _name(ref)
                if not place.is_dir():
                    raise ChartNotFoundError(chart=ref.chart, catalog=OWN_CATALOG)
                self._link(self._removed / place.name, place.resolve())
                place.unlink()
            self._sweep(used)

    def _put(self, place: Path, to: Path, used: Collection[str]) -> None:
        with self._lock:
            if not place.is_dir():  # kept a moment ago, by another click
                raise ReviewGoneError
            content = self._content / place.name
            if content.is_dir():  # the same archive as before
                shutil.rmtree(place)
            else:
                content.parent.mkdir(exist_ok=True)
                place.rename(content)
            self._link(to, content)
            self._sweep(used)

    def _link(self, place: Path, content: Path) -> None:
        """Have `place` lead to `content`, whatever stood there."""
        _fresh(place, content).replace(place)

    def _adopt(self) -> None:
        """Turn folders of a former version into links, and end what a crash left of that."""
        for old in self._folder.glob(f"{_OLD}*"):
            to = self._folder / old.name.removeprefix(_OLD)
            if to.exists():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.rename(to)
        for folder in (self._folder, self._removed):
            for fresh in list(folder.glob(f"{_NEW}*")):
                to = folder / fresh.name.removeprefix(_NEW)
                if fresh.is_dir() and not to.exists():
                    fresh.replace(to)
            for place in list(folder.glob("[!.]*")):
                if place.is_dir() and not place.is_symlink():
                    content = self._content / uuid4().hex
                    content.parent.mkdir(exist_ok=True)
                    fresh = _fresh(place, content)  # before: a crash leaves what leads there
                    place.rename(content)
                    fresh.replace(place)

    def _sweep(self, used: Collection[str] | None = None) -> None:
        """Remove what no link leads to, links of a crash, and removed charts that are not used."""
        wanted = set()
        for folder in (self._folder, self._removed):
            for link in folder.iterdir() if folder.is_dir() else ():
                is_left = folder == self._removed and used is not None and link.name not in used
                if link.name.startswith(_NEW) or is_left:
                    link.unlink()
                elif link.is_symlink():
                    wanted.add(link.resolve())
        for content in self._content.iterdir() if self._content.is_dir() else ():
            if content.resolve() not in wanted:
                shutil.rmtree(content, ignore_errors=True)


def _fresh(place: Path, content: Path) -> Path:
    """Return a new link to `content` beside `place`, that stays right where a home is moved."""
    place.parent.mkdir(exist_ok=True)
    fresh = place.with_name(f"{_NEW}{place.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(os.path.relpath(content, place.parent))
    return fresh


def _name(ref: ChartRef) -> str:
    return f"{ref.chart}-{ref.version}"
