"""Own the charts that a person brings: fetched, reviewed, and kept in a catalogue of their own.

On one machine only, where the person is the administrator of all that runs. What was fetched
waits in `.reviewed` until they keep it; what is kept stays, so that its services can be changed
and resumed later.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import shlex
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sardonyx.catalog.errors import (
    ChartSourceError,
    OwnChartRefusedError,
    OwnChartsOffError,
    ReviewGoneError,
)
from sardonyx.catalog.models import Chart, ChartFault, ChartRef
from sardonyx.catalog.read import read_chart
from sardonyx.catalog.review import Review, review
from sardonyx.done import Done
from sardonyx.projects.audit import Audit, audited
from sardonyx.projects.models import Actor
from sardonyx.services.models import Commands

OWN_CATALOG = "own"
_REVIEWED = ".reviewed"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_WAITING = 20


@dataclass(frozen=True, slots=True)
class ChartSource:
    """Where a chart is.

    address: of an archive (https, `.tgz`), a Helm repository (https, with `chart`), a registry
    (`oci://`) or a Git repository (`git+https://`, `git+ssh://`). version: of the chart, the
    newest without it. folder, branch: inside a Git repository.
    """

    address: str
    chart: str = ""
    version: str = ""
    folder: str = ""
    branch: str = ""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A chart that waits to be kept. digest: of its archive; names it."""

    digest: str
    source: str
    review: Review


class ChartFetcher(Protocol):
    """Brings a stranger's chart onto this machine, unpacked and within bounds."""

    async def fetch(self, source: ChartSource, folder: Path) -> str:
        """Unpack the chart into the new `folder`; return the digest of its archive, hex.

        Raises ChartSourceError with the reason in its problems.
        """

    async def unpack(self, content: AsyncIterator[bytes], folder: Path) -> str:
        """Do the same with an archive that is sent."""


class OwnCharts:
    """Charts by address, archive or Git repository. None of its methods runs anything of them."""

    def __init__(self, *, fetcher: ChartFetcher | None, folder: Path, audit: Audit) -> None:
        """fetcher None: they are switched off here. folder: of the catalogue `own`."""
        self._fetcher = fetcher
        self._folder = folder
        self._audit = audit

    async def review(self, actor: Actor, source: ChartSource) -> Done[Reviewed]:
        """Fetch a chart and say what it would do; it is not offered yet.

        Raises OwnChartsOffError, ChartSourceError.
        """
        fetcher = self._on()
        told = without_keys(source.address)
        async with audited(self._audit, actor.username, "chart.review", told):
            found = await self._taken(lambda to: fetcher.fetch(source, to), told)
        return Done(found, _commands(source))

    async def review_archive(
        self, actor: Actor, name: str, content: AsyncIterator[bytes]
    ) -> Done[Reviewed]:
        """Say what an archive that is sent would do. Raises as `review`."""
        fetcher = self._on()
        async with audited(self._audit, actor.username, "chart.review", name[:500]):
            found = await self._taken(lambda to: fetcher.unpack(content, to), name)
        here = shlex.quote(name)
        return Done(found, Commands(f"sardonyx chart add {here}\n", f"tar xzf {here}\n"))

    async def reviewed(self, actor: Actor, digest: str) -> Review:
        """Return a review again. Raises ReviewGoneError."""
        self._on()
        return await self._review_of(self._waiting(digest), digest)

    async def keep(self, actor: Actor, digest: str) -> ChartRef:
        """Offer a reviewed chart in the person's own catalogue; the same version is replaced.

        Raises ReviewGoneError, OwnChartRefusedError.
        """
        self._on()
        place = self._waiting(digest)
        found = await self._review_of(place, digest)
        ref = found.chart.ref
        async with audited(self._audit, actor.username, "chart.keep", f"{ref.chart} {ref.version}"):
            if found.refused:
                reasons = [one for one in found.remarks if one.level == "refused"]
                said = reasons[0].message.in_language("en")
                raise OwnChartRefusedError(chart=ref.chart, reason=said)
            await asyncio.to_thread(self._put, place, f"{ref.chart}-{ref.version}")
        return ChartRef(OWN_CATALOG, ref.chart, ref.version)

    def _on(self) -> ChartFetcher:
        if self._fetcher is None:
            raise OwnChartsOffError
        return self._fetcher

    async def _taken(self, fetch: Callable[[Path], Awaitable[str]], source: str) -> Reviewed:
        waiting = self._folder / _REVIEWED
        waiting.mkdir(parents=True, exist_ok=True)
        _tidy(waiting)
        work = waiting / f"new-{secrets.token_hex(8)}"
        try:
            digest = await fetch(work)
            place = waiting / digest
            shutil.rmtree(place, ignore_errors=True)
            work.rename(place)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return Reviewed(digest, source, await self._review_of(place, source))

    def _waiting(self, digest: str) -> Path:
        place = self._folder / _REVIEWED / digest
        if not _DIGEST.fullmatch(digest) or not place.is_dir():
            raise ReviewGoneError
        return place

    async def _review_of(self, place: Path, source: str) -> Review:
        """Return the review of a chart that waits; its files are a stranger's, and may be many."""
        return await asyncio.to_thread(lambda: review(self._read(place, source)))

    def _read(self, place: Path, source: str) -> Chart:
        read = read_chart(place, OWN_CATALOG)
        if isinstance(read, ChartFault):
            raise ChartSourceError(address=source, problems=read.problems)
        return read

    def _put(self, place: Path, name: str) -> None:
        """Move a chart into the catalogue whole: readers see the old one or the new one."""
        to, old = self._folder / name, self._folder / f".old-{name}"
        shutil.rmtree(old, ignore_errors=True)
        if to.exists():
            to.rename(old)
        place.rename(to)
        shutil.rmtree(old, ignore_errors=True)


def without_keys(address: str) -> str:
    """Return an address as it may be kept and shown: no name, password or query in it."""
    return re.sub(r"//[^/]*@", "//", address.partition("?")[0])[:500]


def _tidy(waiting: Path) -> None:
    """Leave the newest reviews; nobody comes back to the others."""
    known = sorted(waiting.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
    for path in known[_MOST_WAITING:]:
        shutil.rmtree(path, ignore_errors=True)


def _commands(source: ChartSource) -> Commands:
    """Return the same by command. An address never holds a key: those are refused."""
    words = ["sardonyx", "chart", "add", source.address]
    for option, value in (
        ("--chart", source.chart),
        ("--version", source.version),
        ("--folder", source.folder),
        ("--branch", source.branch),
    ):
        words += [option, value] if value else []
    version = ["--version", source.version] if source.version else []
    if source.address.startswith("git+"):
        branch = ["--branch", source.branch] if source.branch else []
        url = source.address.removeprefix("git+")
        beneath = ["git", "clone", "--depth", "1", *branch, "--", url]
    elif source.chart:
        beneath = ["helm", "pull", source.chart, "--repo", source.address, *version]
    elif source.address.startswith("oci://"):
        beneath = ["helm", "pull", source.address, *version]
    else:
        beneath = ["curl", "-fLO", source.address]
    return Commands(shlex.join(words) + "\n", shlex.join(beneath) + "\n")
