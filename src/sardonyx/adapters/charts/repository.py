"""One catalogue over a network: what was read well is kept and shown whatever comes after.

Readers get what is in memory; `refresh` alone asks the network, and is called by `catalogs`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from sardonyx.adapters.charts.confined import ConfinedReader, UnreadableChartError
from sardonyx.adapters.charts.faults import of_disk, problem_document, problem_of
from sardonyx.adapters.charts.icons import Icons
from sardonyx.adapters.charts.records import listed
from sardonyx.adapters.charts.remote import Marks, Remote
from sardonyx.adapters.charts.store import DiskCache
from sardonyx.catalog.errors import ChartContentMissingError
from sardonyx.catalog.faults import RepositoryError
from sardonyx.catalog.folders import catalog_of, in_order
from sardonyx.catalog.models import Catalog, Chart, ChartFault, ChartRef, ListedChart, Reading
from sardonyx.catalog.selection import IndexEntry, selected
from sardonyx.catalog.settings import CatalogSettings
from sardonyx.catalog.visibility import is_for_all, visible_to
from sardonyx.errors import Problem
from sardonyx.projects.models import Actor, Project
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject

_AT_ONCE = 4
# Charts that left the catalogue and may still run somewhere; the oldest are forgotten.
_MOST_LEFT = 500
# An archive that holds no chart will hold none in a minute. Want of time or disk passes.
_NOT_SOON = timedelta(days=1)
_AGAIN = {"repository_disk": timedelta(0), "archive_unread": timedelta(hours=1)}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A chart on disk. source: what its index said of it. icon: a picture of the cache."""

    source: str
    digest: str
    listing: JsonObject
    icon: str | None


class RemoteCatalog:
    """The Repository of a Helm repository or an OCI registry."""

    def __init__(
        self,
        settings: CatalogSettings,
        remote: Remote,
        *,
        cache: DiskCache,
        reader: ConfinedReader,
        icons: Icons,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._remote = remote
        self._cache = cache
        self._reader = reader
        self._icons = icons
        self._clock = clock
        self._charts: dict[ChartRef, _Kept] = {}
        self._left: dict[ChartRef, _Kept] = {}
        self._faults: tuple[ChartFault, ...] = ()
        self._marks: Marks = {}
        self._reading = Reading()
        # Archives that hold no chart, by source, and when they are looked at again.
        self._unreadable: dict[str, tuple[UnreadableChartError, datetime]] = {}
        self._ask: Callable[[], None] = lambda: None
        self._load(cache.state(settings.id))
        self._catalog = self._made()

    @property
    def id(self) -> str:
        """The catalogue's id."""
        return self._settings.id

    def visible_to(self, actor: Actor, project: Project | None) -> bool:
        """Tell whether the settings let `actor` see it."""
        settings = self._settings
        return visible_to(
            actor, project, visible=settings.visible, restrictions=settings.restrictions
        )

    @property
    def is_for_all(self) -> bool:
        """Whether the settings keep nobody from it."""
        return is_for_all(visible=self._settings.visible, restrictions=self._settings.restrictions)

    def catalog(self) -> Catalog:
        """Return what was last read."""
        return self._catalog

    def whole(self, listed: ListedChart) -> Chart:
        """Return the chart with its values and schema, from disk or memory."""
        try:
            values, schema = self._cache.content(listed.digest)
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._cache.drop(listed.digest)
            self._ask()
            raise ChartContentMissingError(
                chart=listed.ref.chart, version=listed.ref.version
            ) from error
        known = {field.name: getattr(listed, field.name) for field in fields(ListedChart)}
        readme = self._cache.readme(listed.digest)
        return Chart(**known, values=values, schema=schema, readme=readme)

    def installed(self, ref: ChartRef) -> Chart | None:
        """Return a chart, also one that left the catalogue."""
        kept = self._charts.get(ref) or self._left.get(ref)
        return None if kept is None else self.whole(self._listed(kept))

    def reload(self) -> None:
        """Have the repository read again soon."""
        self._ask()

    def on_reload(self, ask: Callable[[], None]) -> None:
        """Set what `reload` calls; it may be called from any thread."""
        self._ask = ask

    def digests(self) -> set[str]:
        """Return what of the cache is in use."""
        return {kept.digest for kept in (*self._charts.values(), *self._left.values())}

    async def close(self) -> None:
        """Close the connections."""
        await self._remote.close()

    async def refresh(self) -> None:
        """Read the repository. Never raises for what is wrong there: see `catalog().reading`."""
        problem: Problem | None = None
        try:
            await self._read()
        except RepositoryError as error:
            problem = error.problem
        except (OSError, ValueError) as error:
            problem = of_disk(error).problem
        now = self._clock()
        if problem is None:
            self._reading = Reading(read=now)
            _log.info("catalog_read", catalog=self.id, charts=len(self._charts))
        else:
            since = self._reading.since or now
            self._reading = replace(self._reading, fault=problem, since=since)
            _log.warning("catalog_not_read", catalog=self.id, fault=problem.code)
        self._catalog = self._made()
        try:
            await asyncio.to_thread(self._cache.save_state, self.id, self._state())
        except OSError as error:
            _log.warning("catalog_not_saved", catalog=self.id, reason=str(error.strerror))

    async def _read(self) -> None:
        saved = self._cache.entries(self.id)
        with self._cache.scratch() as work:
            marks = self._marks if saved.is_file() else {}
            found = await self._remote.index(work / "entries.json", marks)
            if found is not None:
                (work / "entries.json").replace(saved)
                self._marks = found
        entries = await asyncio.to_thread(_entries, saved)
        now = self._clock()
        self._unreadable = {k: kept for k, kept in self._unreadable.items() if now < kept[1]}
        await self._gather(selected(entries, self._settings))

    async def _gather(self, wanted: Sequence[IndexEntry]) -> None:
        """Have every wanted chart on disk; those that cannot be had leave older ones in place."""
        known = {kept.source: kept for kept in self._charts.values()}
        known |= {kept.source: kept for kept in self._left.values()}
        first = not self._charts
        places = asyncio.Semaphore(_AT_ONCE)
        charts: dict[ChartRef, _Kept] = {}
        faults: list[ChartFault] = []
        missing: set[str] = set()

        async def had(entry: IndexEntry) -> None:
            async with places:
                ref = ChartRef(self.id, entry.name, entry.version)
                try:
                    charts[ref] = await self._had(entry, known)
                except (RepositoryError, UnreadableChartError) as error:
                    missing.add(entry.name)
                    faults.append(_fault(self.id, entry, error))
                    return
                except OSError as error:
                    missing.add(entry.name)
                    faults.append(_fault(self.id, entry, of_disk(error)))
                    return
            if first:
                # The first time people wait for it: show each chart as soon as it is here.
                self._charts = dict(charts)
                self._catalog = self._made()

        async with asyncio.TaskGroup() as group:
            for entry in wanted:
                group.create_task(had(entry))
        before = self._charts if not first else {}
        for ref, kept in before.items():
            if ref.chart in missing and self._cache.has(kept.digest):
                charts.setdefault(ref, kept)
        left = {**self._left, **{ref: kept for ref, kept in before.items() if ref not in charts}}
        remaining = [(ref, kept) for ref, kept in left.items() if ref not in charts]
        self._charts, self._left = charts, dict(remaining[-_MOST_LEFT:])
        self._faults = tuple(sorted(faults, key=lambda fault: fault.folder))

    async def _had(self, entry: IndexEntry, known: dict[str, _Kept]) -> _Kept:
        entry = await self._remote.pinned(entry)
        source = _source(entry)
        if source in self._unreadable:
            raise self._unreadable[source][0]
        kept = known.get(source)
        if kept is None or not self._cache.has(kept.digest):
            kept = await self._fetched(entry, source)
        if kept.listing["icon"] is None and kept.icon is None:
            kept = replace(kept, icon=await self._icons.kept(entry.icon, self._remote))
        return kept

    async def _fetched(self, entry: IndexEntry, source: str) -> _Kept:
        with self._cache.scratch() as work:
            digest = await self._remote.archive(entry, work / "chart.tgz")
            try:
                listing = await self._reader.chart(
                    work / "chart.tgz", work / "chart", work / "content.json"
                )
            except UnreadableChartError as error:
                wait = min(
                    (_AGAIN.get(p.code, _NOT_SOON) for p in error.problems), default=_NOT_SOON
                )
                self._unreadable[source] = error, self._clock() + wait
                raise
            if (listing["chart"], listing["version"]) != (entry.name, entry.version):
                template = N_("The archive holds {chart} {version}.")
                found = {"chart": str(listing["chart"]), "version": str(listing["version"])}
                raise RepositoryError("archive_other", template, found)
            self._cache.keep(digest, work / "chart", work / "content.json")
        return _Kept(source, digest, listing, None)

    def _listed(self, kept: _Kept) -> ListedChart:
        return listed(
            kept.listing,
            catalog=self.id,
            folder=self._cache.folder(kept.digest),
            digest=kept.digest,
            icon=self._cache.icon(kept.icon) if kept.icon else None,
        )

    def _made(self) -> Catalog:
        charts = in_order([self._listed(kept) for kept in self._charts.values()])
        return catalog_of(self._settings, charts, self._faults, self._reading)

    def _state(self) -> JsonObject:
        reading = self._reading
        return {
            "location": self._settings.location,
            "marks": dict(self._marks),
            "read": _instant(reading.read),
            "since": _instant(reading.since),
            "fault": problem_document(reading.fault) if reading.fault else None,
            "charts": _documents(self._charts.values()),
            "left": _documents(self._left.values()),
            "faults": [
                {"folder": one.folder, "problems": [problem_document(p) for p in one.problems]}
                for one in self._faults
            ],
        }

    def _load(self, state: JsonObject) -> None:
        """Take up what was saved. What is not as expected, or not on disk, is read anew."""
        try:
            charts, left = (self._refs(state[name]) for name in ("charts", "left"))
            faults = tuple(_chart_fault(self.id, one) for one in _items(state["faults"]))
            fault = state["fault"]
            reading = Reading(
                read=_read_instant(state["read"]),
                fault=problem_of(fault) if fault is not None else None,
                since=_read_instant(state["since"]),
            )
        except (KeyError, TypeError, ValueError):
            return
        if state["location"] != self._settings.location:
            # Another repository under the same id: its charts stay for what still runs.
            self._left = {**left, **charts}
            return
        marks = state["marks"]
        self._marks = {k: str(v) for k, v in marks.items()} if isinstance(marks, dict) else {}
        self._charts, self._left, self._faults = charts, left, faults
        self._reading = reading

    def _refs(self, documents: Json) -> dict[ChartRef, _Kept]:
        found = {}
        for document in _items(documents):
            match document:
                case {
                    "source": str(source),
                    "digest": str(digest),
                    "listing": dict(listing),
                    "icon": str(icon) | (None as icon),
                }:
                    kept = _Kept(source, digest, listing, icon)
                    # Raises for a listing that is none.
                    chart = self._listed(kept)
                    if self._cache.has(digest):
                        found[chart.ref] = kept
                case _:
                    raise ValueError("no chart")
        return found


def _documents(charts: Iterable[_Kept]) -> list[Json]:
    return [
        {"source": one.source, "digest": one.digest, "listing": one.listing, "icon": one.icon}
        for one in charts
    ]


def _source(entry: IndexEntry) -> str:
    """Return what tells an archive from another without fetching it."""
    return entry.digest or json.dumps([entry.urls[0], entry.created])


def _fault(
    catalog: str, entry: IndexEntry, error: RepositoryError | UnreadableChartError
) -> ChartFault:
    problems = (error.problem,) if isinstance(error, RepositoryError) else error.problems
    return ChartFault(catalog, f"{entry.name} {entry.version}", problems)


def _chart_fault(catalog: str, document: Json) -> ChartFault:
    match document:
        case {"folder": str(folder), "problems": list(problems)}:
            return ChartFault(catalog, folder, tuple(problem_of(one) for one in problems))
    raise ValueError("no fault")


def _entries(file: Path) -> list[IndexEntry]:
    """Return the entries the worker wrote."""
    return [
        IndexEntry(
            name=str(one["name"]),
            version=str(one["version"]),
            urls=tuple(one["urls"]),
            digest=str(one["digest"]),
            created=str(one["created"]),
            kind=str(one["kind"]),
            icon=str(one["icon"]),
            keywords=tuple(str(word) for word in one["keywords"]),
            annotations={str(key): str(text) for key, text in one["annotations"].items()},
        )
        for one in json.loads(file.read_bytes())
    ]


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _read_instant(text: Json) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
