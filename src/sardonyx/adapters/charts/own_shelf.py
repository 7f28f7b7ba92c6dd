"""Keep people's own charts for all replicas: archives in the database, unpacked on each disk.

Readers get what is in memory and on disk; `known`, `ready` and `at_hand` ask the database. What is
missing on this disk is unpacked beside requests, two at once, each once for all who wait for it.
Each person has a catalogue whose id tells them from others, so that a release says whose chart it
runs; to themselves it is also called `own`.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection
from contextlib import AbstractContextManager, suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from sardonyx.adapters.charts.confined import ConfinedReader, UnreadableChartError
from sardonyx.adapters.charts.records import listed
from sardonyx.adapters.charts.store import DiskCache
from sardonyx.adapters.sql.own_charts import OwnChart, SqlOwnCharts
from sardonyx.catalog.errors import (
    ChartContentMissingError,
    ChartNotFoundError,
    ReviewGoneError,
)
from sardonyx.catalog.folders import in_order
from sardonyx.catalog.models import Catalog, Chart, ChartRef, ListedChart
from sardonyx.catalog.own_ports import OWN_CATALOG, OWN_NAME, Brought
from sardonyx.catalog.ports import Repository
from sardonyx.errors import PlatformError
from sardonyx.projects.models import Actor, Project

_WAITING = "reviewed-"
_AT_ONCE = 2  # each holds an archive of 20 MB
_PATIENCE = 20.0  # seconds that a page waits for its person's charts
# What nobody took up for a while goes: at once where nobody has it any more, else beyond the most.
_IDLE_SECONDS, _MOST_BYTES = 1_800.0, 4 * 1024**3
_FAILED_SECONDS, _FAILED = 300.0, 500  # what could not be unpacked is not tried again meanwhile

_log = structlog.get_logger(__name__)


class SharedShelf:
    """The Shelf of a cluster, and the PersonalCatalogs that it fills."""

    def __init__(self, records: SqlOwnCharts, cache: DiskCache, reader: ConfinedReader) -> None:
        self._records = records
        self._cache = cache
        self._reader = reader
        self._charts: dict[int, OwnChart] = {}
        self._catalogs: dict[str, str] = {}  # of each person who has any
        self._changes = -1
        self._lock = asyncio.Lock()
        self._unpacking: dict[str, asyncio.Task[bool]] = {}
        self._few = asyncio.Semaphore(_AT_ONCE)
        self._failed: OrderedDict[str, float] = OrderedDict()

    async def close(self) -> None:
        """End what is being unpacked."""
        tasks = list(self._unpacking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def scratch(self) -> AbstractContextManager[Path]:
        """Give an empty folder on the disk of the cache."""
        return self._cache.scratch()

    async def wait(self, username: str, place: Path, brought: Brought) -> None:
        """Have it wait for the person, in whatever replica they ask next."""
        archive = await asyncio.to_thread((place / "chart.tgz").read_bytes)
        self._cache.keep(_digest(brought.digest), place / "chart", place / "content.json")
        await self._records.wait(
            username, brought.digest, brought.listing, archive, datetime.now(UTC)
        )

    async def waiting(self, username: str, digest: str) -> Chart:
        """Return a chart that waits, as one of the catalogue `reviewed-…` of its digest."""
        await self._refresh()
        mine = (one for one in self._charts.values() if one.username == username)
        found = next((one for one in mine if one.digest == digest and not one.kept), None)
        if found is None or not await self._unpacked(found):
            raise ReviewGoneError
        return self.whole(self._listed(found, _WAITING + digest))

    async def keep(
        self, username: str, digest: str, chart: Chart, used: Collection[ChartRef]
    ) -> ChartRef:
        """Offer it in the person's own catalogue."""
        version = chart.ref.version
        now, pairs = datetime.now(UTC), _pairs(used)
        if not await self._records.keep(username, digest, version, now, used=pairs):
            raise ReviewGoneError
        await self.ready(username)
        return ChartRef(self.catalog_of(username), chart.ref.chart, version)

    async def remove(
        self, username: str, refs: Collection[ChartRef], used: Collection[ChartRef]
    ) -> None:
        """Take charts out of the person's catalogue, in all replicas."""
        asked = [(one.chart, one.version) for one in refs]
        if not await self._records.remove(username, asked, _pairs(used)):
            named = ", ".join(chart for chart, _ in asked)
            raise ChartNotFoundError(chart=named, catalog=OWN_CATALOG, field="chart")
        await self.ready(username)

    async def known(self, username: str) -> None:
        """Know the person's charts, and begin to have them on this disk."""
        await self._refresh()
        self._begun(username)

    async def ready(self, username: str) -> None:
        """Have the person's charts on this disk, those that take no more than a little time."""
        await self._refresh()
        if begun := self._begun(username):
            await asyncio.wait(begun, timeout=_PATIENCE)
        for one in self._in(self.catalog_of(username)):
            self._cache.touch(_digest(one.digest))

    async def at_hand(self, ref: ChartRef) -> None:
        """Have the chart of a release on this disk, whoever's it is; others are none of ours."""
        if not ref.catalog.startswith(f"{OWN_CATALOG}-"):
            return
        await self._refresh()
        for one in self._in(ref.catalog):
            if (one.listing["chart"], one.listing["version"]) == (ref.chart, ref.version):
                await self._unpacked(one)

    def catalog_of(self, username: str) -> str:
        """Return the id of a person's own catalogue; `own` where they have none yet."""
        return self._catalogs.get(username, OWN_CATALOG)

    def of(self, actor: Actor) -> Repository:
        """Return the person's own catalogue, which may be empty."""
        return _Shown(self, self.catalog_of(actor.username))

    def named(self, catalog: str) -> Repository | None:
        """Return the catalogue of that id, whoever's; None for what is no catalogue of ours."""
        if catalog.startswith((_WAITING, f"{OWN_CATALOG}-")):
            return _Shown(self, catalog)
        return None

    def charts(self, catalog: str) -> list[ListedChart]:
        """Return what is of a catalogue and on this disk, also what was taken out of it."""
        return [
            replace(self._listed(one, catalog), withdrawn=one.removed)
            for one in self._in(catalog)
            if self._cache.has(_digest(one.digest))
        ]

    def whole(self, chart: ListedChart) -> Chart:
        """Return a chart with its values and schema. Raises ChartContentMissingError."""
        try:
            values, schema = self._cache.content(chart.digest)
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._cache.drop(chart.digest)  # the next `ready` unpacks it again
            raise ChartContentMissingError(
                chart=chart.ref.chart, version=chart.ref.version
            ) from error
        known = {field.name: getattr(chart, field.name) for field in fields(ListedChart)}
        readme = self._cache.readme(chart.digest)
        return Chart(**known, values=values, schema=schema, readme=readme)

    async def _refresh(self) -> None:
        """Know every row there is; one question where nothing changed."""
        async with self._lock:
            changes = await self._records.changes()
            if changes == self._changes:
                return
            numbers = await self._records.numbers()
            known = {
                number: one
                for number, one in self._charts.items()
                if numbers.get(number) == one.standing
            }
            fresh = await self._records.rows(numbers.keys() - known.keys())
            self._charts = known | {one.id: one for one in fresh}
            self._catalogs = {one.username: one.catalog for one in self._charts.values()}
            self._changes = changes
            used = {_digest(one.digest) for one in self._charts.values()}
            with suppress(OSError):  # a disk that fails costs no request
                await asyncio.to_thread(
                    self._cache.sweep, used, seconds=_IDLE_SECONDS, most=_MOST_BYTES
                )

    def _begun(self, username: str) -> list[asyncio.Task[bool]]:
        """Begin to unpack what of a person is missing here; return what is under way."""
        tasks = (self._begin(one) for one in self._in(self.catalog_of(username)))
        return [task for task in tasks if task is not None]

    def _begin(self, chart: OwnChart) -> asyncio.Task[bool] | None:
        """Return what unpacks a chart; None where it is here, or failed a short time ago."""
        digest = _digest(chart.digest)
        if self._cache.has(digest):
            return None
        if time.monotonic() < self._failed.get(digest, 0.0):
            return None
        task = self._unpacking.get(digest)
        if task is None:
            task = self._unpacking[digest] = asyncio.create_task(self._unpack(chart))
            task.add_done_callback(lambda _: self._unpacking.pop(digest))
        return task

    async def _unpacked(self, chart: OwnChart) -> bool:
        """Have a chart on this disk; False where it cannot be, which costs itself alone."""
        task = self._begin(chart)
        if task is not None:
            await asyncio.shield(task)  # others may wait for it too
        self._cache.touch(_digest(chart.digest))
        return self._cache.has(_digest(chart.digest))

    async def _unpack(self, chart: OwnChart) -> bool:
        async with self._few:
            try:
                return await self._taken(chart)
            except UnreadableChartError as error:
                self._failed[_digest(chart.digest)] = time.monotonic() + _FAILED_SECONDS
                while len(self._failed) > _FAILED:
                    self._failed.popitem(last=False)
                reason = str(error)
            except (OSError, PlatformError) as error:  # the disk or the database: it passes
                reason = str(error)
        _log.warning("own_chart_not_unpacked", digest=chart.digest, reason=reason[:200])
        return False

    async def _taken(self, chart: OwnChart) -> bool:
        archive = await self._records.archive(chart.digest)
        if archive is None:
            return False
        with self._cache.scratch() as work:
            await asyncio.to_thread((work / "chart.tgz").write_bytes, archive)
            del archive
            await self._reader.chart(work / "chart.tgz", work / "chart", work / "content.json")
            self._cache.keep(_digest(chart.digest), work / "chart", work / "content.json")
        return True

    def _in(self, catalog: str) -> list[OwnChart]:
        """Return what stands in a catalogue: what a person kept, or what waits."""
        if catalog.startswith(_WAITING):
            digest = catalog.removeprefix(_WAITING)
            return [one for one in self._charts.values() if one.digest == digest][:1]
        return [one for one in self._charts.values() if one.kept and one.catalog == catalog]

    def _listed(self, chart: OwnChart, catalog: str) -> ListedChart:
        digest = _digest(chart.digest)
        folder = self._cache.folder(digest)
        return listed(chart.listing, catalog=catalog, folder=folder, digest=digest, icon=None)


class _Shown:
    """One catalogue of the shelf: the Repository of a person, or of a chart that waits."""

    def __init__(self, shelf: SharedShelf, id_: str) -> None:
        self._shelf = shelf
        self._id = id_

    @property
    def id(self) -> str:
        """The catalogue's id."""
        return self._id

    def visible_to(self, actor: Actor, project: Project | None) -> bool:
        """Tell whether it is the person's own."""
        return self._id == self._shelf.catalog_of(actor.username)

    @property
    def is_for_all(self) -> bool:
        """True: whoever knows its drawn id was given it by a release of its owner."""
        return True

    def catalog(self) -> Catalog:
        """Return what stands in it now."""
        charts = [one for one in self._shelf.charts(self._id) if not one.withdrawn]
        return Catalog(self._id, OWN_NAME, in_order(charts), ())

    def whole(self, listed: ListedChart) -> Chart:
        """Return a chart with its values and schema."""
        return self._shelf.whole(listed)

    def installed(self, ref: ChartRef) -> Chart | None:
        """Return a chart if it is on this disk."""
        found = (one for one in self._shelf.charts(self._id) if one.ref == ref)
        chart = next(found, None)
        return None if chart is None else self.whole(chart)

    def reload(self) -> None:
        """Do nothing: each request reads what changed."""


def _pairs(charts: Collection[ChartRef]) -> set[tuple[str, str]]:
    return {(one.chart, one.version) for one in charts}


def _digest(digest: str) -> str:
    return f"sha256:{digest}"
