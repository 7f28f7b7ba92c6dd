"""Serve what the cluster says of a project's objects, to those who may see the object's service.

An event of a service exists for whoever the service exists for (`ownership`). One that is about
no service, or of one that is gone, is shown in a personal project alone: in a group nobody can say
any more who might see it, as with the log of a deleted service. Onyxia shows a group's members all.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Protocol
from weakref import WeakSet

from sardonyx.done import ON_PLATFORM_ONLY, Commands, Done
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.service import authorised_project
from sardonyx.services.cluster_events import (
    FRESH,
    ClusterEvent,
    EventList,
    Looked,
    VisibleEvent,
    event_list,
    fresh,
)
from sardonyx.services.commands import command
from sardonyx.services.models import Observation
from sardonyx.services.ownership import is_personal, visible
from sardonyx.services.ports import EventMarks, EventSource

SHOWN = 200
LONGEST_LIST = 1_000
# Clocks differ: an event that is older than its release by more than this is of one of the same
# name that was there before.
_CLOCKS = timedelta(seconds=10)
# Each change of an open page asks. A look counts here at once; another replica of the platform
# knows it this much later.
_KEPT_SECONDS = 15.0
_KEPT = 1_000  # people in projects


class Releases(Protocol):
    """Knows a project's releases: what is needed of `Runtime`."""

    def releases(self, project: str) -> Sequence[Observation]: ...


class ProjectEvents:
    """The events of projects. Nothing here asks the cluster; one look in SQL now and then."""

    def __init__(
        self,
        *,
        source: EventSource,
        releases: Releases,
        marks: EventMarks,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._releases = releases
        self._marks = marks
        self._clock = clock
        self._monotonic = monotonic
        self._kept: OrderedDict[tuple[str, str], tuple[float, Looked]] = OrderedDict()
        self._waiting: dict[str, WeakSet[asyncio.Event]] = {}

    async def list(
        self, actor: Actor, project: str, *, limit: int = SHOWN, looked: Looked | None = None
    ) -> Done[EventList]:
        """Return the newest events the person may see, and how many of all are unread.

        limit: 0 only counts. looked: what counts as read, None for what does. Raises
        EventsForbiddenError.
        """
        place = authorised_project(actor, project)
        marks = looked or await self._looked(actor, place)
        since = None if limit else marks.earliest
        found = event_list(self._seen(actor, place, marks, since=since), marks, limit=limit)
        return Done(found, self._commands(actor, place))

    async def unread(self, actor: Actor, project: str) -> int:
        """Return how many events are unread, COUNTED at most. Raises EventsForbiddenError."""
        return (await self.list(actor, project, limit=0)).result.unread

    async def looked(self, actor: Actor, project: str) -> Looked:
        """Return until when the project's events were looked at."""
        return await self._looked(actor, authorised_project(actor, project))

    async def look(self, actor: Actor, project: str, until: datetime | None = None) -> Done[int]:
        """Count as read what was there `until` then, or is there now; return what is unread yet.

        Who looked at what is no change that is recorded.
        """
        place = authorised_project(actor, project)
        now = self._clock()
        await self._marks.look(place.id, actor.username, min(until or now, now))
        self._kept.clear()
        for waiting in self._waiting.get(place.id, ()):
            waiting.set()
        unread = await self.unread(actor, project)
        where = () if place == actor.default_project else ("--project", place.id)
        ours = command("projects", "events", "--mark-read", *where)
        return Done(unread, Commands(platform=ours, underneath=ON_PLATFORM_ONLY))

    def fresh(self, actor: Actor, project: str) -> tuple[ClusterEvent, ...]:
        """Return the warnings that came just now, the newest first. Raises EventsForbiddenError."""
        place = authorised_project(actor, project)
        now = self._clock()
        return fresh(self._seen(actor, place, Looked(), since=now - FRESH), now=now)

    async def observe(self, actor: Actor, project: str) -> AsyncGenerator[None, None]:
        """Yield at once, then each time events, quotas, or what is read of them may be others.

        Whatever changes after the first is told. Ends, or raises, where its source does.
        """
        place = authorised_project(actor, project)
        changed = asyncio.Event()
        changed.set()
        self._waiting.setdefault(place.id, WeakSet()).add(changed)
        told = self._source.changes(place.id)

        async def watch() -> None:
            async with aclosing(told) as changes:
                async for _ in changes:
                    changed.set()

        watching = asyncio.create_task(watch())
        watching.add_done_callback(lambda _: changed.set())
        try:
            while True:
                await changed.wait()
                changed.clear()
                if watching.done():
                    watching.result()
                    return
                yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def _seen(
        self, actor: Actor, place: Project, looked: Looked, *, since: datetime | None = None
    ) -> Iterator[VisibleEvent]:
        """Yield the events that `actor` may see, the newest first; since: none that is older."""
        personal, listed = is_personal(place), dict[str, Observation]()
        by_all, by_owner = looked.at(by_all=True), looked.at(by_all=False)
        for number, event in enumerate(self._source.events(place.id)):
            evidence = event.evidence
            created = evidence.created or evidence.last
            if since is not None and created <= since:
                return
            if number == 0:  # most looks end before this
                seen = self._releases.releases(place.id)
                listed = {one.release: one for one in seen if visible(actor, place, one)}
            service = listed.get(event.release) if event.release else None
            if service is not None and created >= service.created_at - _CLOCKS:
                mark = by_all if personal or service.shared else by_owner
                yield VisibleEvent(evidence, mark, service.release, service.friendly_name)
            elif personal:
                yield VisibleEvent(evidence, by_all)

    async def _looked(self, actor: Actor, place: Project) -> Looked:
        key = (place.id, actor.username)
        kept = self._kept.get(key)
        if kept is None or self._monotonic() >= kept[0] + _KEPT_SECONDS:
            kept = (self._monotonic(), await self._marks.looked(*key))
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return kept[1]

    def _commands(self, actor: Actor, place: Project) -> Commands:
        where = () if place == actor.default_project else ("--project", place.id)
        return Commands(
            platform=command("projects", "events", *where),
            underneath=self._source.underneath(place.id),
        )
