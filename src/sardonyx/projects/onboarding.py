"""Make the places of a person's projects ready when they sign in, and keep what went wrong.

A place that cannot be made ready is no reason to keep somebody out: pages say what is missing.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

import structlog

from sardonyx.errors import PlatformError
from sardonyx.projects.audit import Audit
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.ports import Workspaces

_PEOPLE_KEPT = 2_000
_AT_ONCE = 4

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Unopened:
    """A project whose place is not ready, and why."""

    project: Project
    error: PlatformError


class Onboarding:
    """Opens the workspaces of people who sign in, behind their first page."""

    def __init__(self, *, workspaces: Workspaces, audit: Audit) -> None:
        self._workspaces = workspaces
        self._audit = audit
        self._unopened: OrderedDict[str, tuple[Unopened, ...]] = OrderedDict()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def begin(self, actor: Actor) -> None:
        """Begin to open every project of the person; nobody waits for it."""
        if actor.username in self._tasks:
            return
        task = asyncio.create_task(self._all(actor))
        self._tasks[actor.username] = task
        task.add_done_callback(lambda _: self._tasks.pop(actor.username, None))

    async def settled(self, actor: Actor, *, within: timedelta) -> None:
        """Return when the places are ready or could not be made so, or when the time is over."""
        task = self._tasks.get(actor.username)
        if task is not None:
            await asyncio.wait({task}, timeout=within.total_seconds())

    async def again(self, actor: Actor) -> tuple[Unopened, ...]:
        """Open every project of the person; return those that are still not ready."""
        self.begin(actor)
        await asyncio.shield(self._tasks[actor.username])
        return self.unopened(actor)

    def unopened(self, actor: Actor) -> tuple[Unopened, ...]:
        """Return the projects whose place could not be made ready the last time."""
        mine = {project.id for project in actor.projects}
        kept = self._unopened.get(actor.username, ())
        return tuple(one for one in kept if one.project.id in mine)

    async def close(self) -> None:
        """End what goes on."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _all(self, actor: Actor) -> None:
        async with asyncio.TaskGroup() as group:
            opened = [group.create_task(self._one(actor, place)) for place in actor.projects]
        found = tuple(one for task in opened if (one := task.result()) is not None)
        self._unopened.pop(actor.username, None)
        if found:
            self._unopened[actor.username] = found
            while len(self._unopened) > _PEOPLE_KEPT:
                self._unopened.popitem(last=False)

    async def _one(self, actor: Actor, project: Project) -> Unopened | None:
        async with self._turns:
            try:
                await self._workspaces.open(actor, project)
            except PlatformError as error:
                _log.warning(
                    "project_not_opened",
                    user=actor.username,
                    project=project.id,
                    reason=error.code,
                )
                await self._audit.record(actor.username, "project.open", project.id, error.code)
                return Unopened(project, error)
        await self._audit.record(actor.username, "project.open", project.id, "done")
        return None
