"""Serve a person's running services: launch, look, pause, resume, rename, delete.

Every method takes who acts and in which project, and checks it. Another person's service is
visible only when it is shared in the project, and changed by its owner alone. Facts come from
the runtime; judging them is `diagnosis`, wording them the border's.

Over 400 lines: one class has every verb of a running service, each of a few lines.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sardonyx.catalog.own_ports import LaunchedFrom
from sardonyx.done import ON_PLATFORM_ONLY, Commands, Done
from sardonyx.errors import UserError
from sardonyx.launcher.access import find_address, find_password
from sardonyx.projects.models import Actor
from sardonyx.projects.service import authorised_project
from sardonyx.services.change_planning import elsewhere
from sardonyx.services.changes import Changes, etag
from sardonyx.services.commands import command, on_service
from sardonyx.services.errors import (
    ServiceBusyError,
    ServiceChangedError,
    ServiceHasNoPageError,
    ServiceNotFoundError,
)
from sardonyx.services.launches import NO_COMMANDS
from sardonyx.services.launching import (
    checked_friendly,
)
from sardonyx.services.listing import PAGE, Listing, cut, in_order
from sardonyx.services.models import Loss, Observation, Service, Standing, State, TimelineEvent
from sardonyx.services.ownership import is_personal, standing, visible
from sardonyx.values import Secret

__all__ = ["OWN_PASSWORD", "ServiceCredential", "Services", "etag"]

T = TypeVar("T")
CREDENTIAL_LIFE = timedelta(hours=1)
_MOVING = {State.PREPARING, State.STARTING, State.PAUSING, State.STOPPING}
OWN_PASSWORD = "password"  # noqa: S105 - what a runtime calls it


@dataclass(frozen=True, slots=True)
class ServiceCredential:
    """What opens a service's address for a program: send `header: value` until `expires`.

    Where `header` is `password` it is no header but the service's own password (a database's),
    which lasts as long as the service: `expires` is None.
    """

    address: str
    header: str
    value: Secret
    expires: datetime | None


class Services(Changes):
    """Running services of people and projects, over one runtime."""

    async def list(self, actor: Actor, project: str, *, chart: str | None = None) -> list[Service]:
        """Return one's own services and those shared in the project, newest start first.

        chart: only those of the charts of that name. Each is judged: for a long list see `listing`.
        """
        seen = self._listed(actor, project)
        return [
            self._judged(actor, one, NO_COMMANDS)
            for one in seen
            if chart is None or one.chart.chart == chart
        ]

    async def listing(
        self, actor: Actor, project: str, *, cursor: str | None = None, limit: int = PAGE
    ) -> Listing:
        """Return a page of `list`: the first, or the one after `cursor`. Only it is judged.

        Raises ListCursorError.
        """
        seen = self._listed(actor, project)
        page, following = cut(seen, cursor=cursor, limit=limit)
        shown = tuple(self._judged(actor, one, NO_COMMANDS) for one in page)
        return Listing(shown, total=len(seen), next=following)

    def is_moving(self, actor: Actor, project: str, name: str | None = None) -> bool:
        """Tell whether a service, or any of the project, changes with time alone (durations)."""
        seen = self._listed(actor, project)
        return any(one.state in _MOVING for one in seen if name in (None, one.release))

    async def show(self, actor: Actor, project: str, name: str) -> Service:
        """Return one service with the commands that run it. Raises ServiceNotFoundError."""
        return await self._described(actor, self._seen(actor, project, name))

    def may_see(self, actor: Actor, project: str, name: str) -> bool:
        """Tell whether the person may see and use the service; costs no call outside."""
        try:
            self._seen(actor, project, name)
        except UserError:
            return False
        return True

    async def pause(self, actor: Actor, project: str, name: str) -> Done[Service]:
        """Stop the program and keep its files. Also for those with whom it is shared.

        Raises ServiceOfAnotherError and its kin.
        """
        seen = self._used(actor, project, name)
        return await self._act(actor, seen, "pause", self._runtime.suspend)

    async def resume(self, actor: Actor, project: str, name: str) -> Done[Service]:
        """Start again what is paused, stopped or failed, with fresh credentials."""
        seen = self._used(actor, project, name)
        return await self._act(actor, seen, "resume", self._runtime.resume)

    async def restart(self, actor: Actor, project: str, name: str) -> Done[Service]:
        """Stop and start again."""
        seen = self._own(actor, project, name)
        return await self._act(actor, seen, "restart", self._runtime.restart)

    async def losses(self, actor: Actor, project: str, name: str) -> Sequence[Loss]:
        """Return what deleting the service would lose."""
        seen = self._removable(actor, project, name)
        return await self._runtime.losses(seen.project, name)

    async def delete(self, actor: Actor, project: str, name: str) -> Done[None]:
        """Stop the service and remove its files; logs and timeline stay readable."""
        seen = self._removable(actor, project, name)
        script = self._runtime.underneath_action("delete", seen.project, name)
        async with self._audited(actor, "service.delete", f"{project}/{name}"):
            await self._runtime.uninstall(seen.project, name)
        commands = on_service(
            ("delete", "--yes"),
            name,
            project=elsewhere(actor, seen),
            underneath=script,
        )
        return Done(None, commands)

    def own(self, actor: Actor, project: str) -> Sequence[Service]:
        """Return one's own services of a project, newest start first; not those that leave."""
        return [self._judged(actor, one, NO_COMMANDS) for one in self._owned(actor, project)]

    def count_own(self, actor: Actor, project: str) -> int:
        """Return how many services `own` would return; none is judged for it."""
        return len(self._owned(actor, project))

    async def delete_own(
        self, actor: Actor, project: str, names: Sequence[str]
    ) -> Done[tuple[str, ...]]:
        """Delete those of one's own services that have these names; return which.

        Others' services, and those that are gone, are passed over. One that cannot be deleted
        keeps none of the others: its error is raised when all were tried, the first of several.
        """
        wanted = [one.name for one in self.own(actor, project) if one.name in names]
        done: dict[str, Commands] = {}
        refused: list[UserError] = []
        for name in wanted:
            try:
                done[name] = (await self.delete(actor, project, name)).commands
            except ServiceNotFoundError:
                continue
            except UserError as error:
                refused.append(error)
        if refused:
            raise refused[0]
        commands = Commands(
            platform="".join(one.platform for one in done.values()),
            underneath="".join(one.underneath for one in done.values()),
        )
        return Done(tuple(done), commands)

    async def rename(
        self,
        actor: Actor,
        project: str,
        name: str,
        friendly_name: str,
        *,
        expected_etag: str | None = None,
    ) -> Done[Service]:
        """Give the service other words. Raises FriendlyNameError, ServiceChangedError."""
        words = checked_friendly(friendly_name)
        seen = self._own(actor, project, name)
        if expected_etag is not None and etag(seen) != expected_etag:
            raise ServiceChangedError(name=name)
        async with self._audited(actor, "service.rename", f"{project}/{name}"):
            await self._runtime.rename(seen.project, name, words)
        commands = on_service(
            ("rename", words),
            name,
            project=elsewhere(actor, seen),
            underneath=ON_PLATFORM_ONLY,
        )
        renamed = self._judged(actor, self._runtime.release(seen.project, name), commands)
        return Done(renamed, commands)

    async def events(self, actor: Actor, project: str, name: str) -> tuple[TimelineEvent, ...]:
        """Return the service's timeline, oldest first."""
        return self._seen(actor, project, name).timeline

    async def observe(self, actor: Actor, project: str) -> AsyncGenerator[Service, None]:
        """Yield a visible service each time something about it changes."""
        place = authorised_project(actor, project)
        async with aclosing(_generator(self._runtime.observe(place.id))) as changes:
            async for seen in changes:
                if visible(actor, place, seen):
                    yield self._judged(actor, seen, NO_COMMANDS)

    async def follow(self, actor: Actor, project: str) -> AsyncGenerator[tuple[Service, ...], None]:
        """Yield all services of the project, a page at a time, then each one that changes."""
        async with aclosing(self.observe(actor, project)) as changes:
            following = asyncio.ensure_future(anext(changes, None))
            try:
                await asyncio.sleep(0)  # listening before the first look: no change is missed
                cursor: str | None = None
                while True:
                    page = await self.listing(actor, project, cursor=cursor)
                    yield page.services
                    await asyncio.sleep(0)  # others have their turn between two pages
                    if (cursor := page.next) is None:
                        break
                while (changed := await following) is not None:
                    following = asyncio.ensure_future(anext(changes, None))
                    yield (changed,)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def watch(self, actor: Actor, project: str, name: str) -> AsyncGenerator[Service, None]:
        """Yield one service now and after each change, until it is gone.

        Raises ServiceNotFoundError before the first.
        """
        async with aclosing(self.observe(actor, project)) as changes:
            following = asyncio.ensure_future(anext(changes, None))
            try:
                await asyncio.sleep(0)  # listening before the first look: no change is missed
                yield self._judged(actor, self._seen(actor, project, name), NO_COMMANDS)
                while (changed := await following) is not None:
                    following = asyncio.ensure_future(anext(changes, None))
                    if changed.name != name:
                        continue
                    # Earlier changes may come after it is gone: the last one says “stopped”.
                    is_last = changed.state is State.STOPPED and not self._planner.taken(
                        changed.project, name
                    )
                    yield changed
                    if is_last:
                        return
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def logs(
        self,
        actor: Actor,
        project: str,
        name: str,
        *,
        lines: int = 200,
        previous: bool = False,
    ) -> str:
        """Return the last lines, also after the process is gone.

        previous: of the run before the present one; empty where one log holds all. Those of a
        deleted service stay readable in a personal project; elsewhere nobody can say any more
        who might see it.
        """
        place = authorised_project(actor, project)
        try:
            self._seen(actor, project, name)
        except ServiceNotFoundError:
            if not is_personal(place):
                raise
        return await self._runtime.logs(place.id, name, lines=lines, previous=previous)

    async def follow_logs(
        self, actor: Actor, project: str, name: str, *, lines: int = 0
    ) -> AsyncGenerator[str, None]:
        """Yield the last `lines`, then new log text as it is written."""
        seen = self._seen(actor, project, name)
        following = self._runtime.follow_logs(seen.project, name, lines=lines)
        async with aclosing(_generator(following)) as texts:
            async for text in texts:
                yield text

    async def credential(self, actor: Actor, project: str, name: str) -> ServiceCredential:
        """Return a short-lived credential for the service's address.

        Raises ServiceBusyError while the service has no address.
        """
        seen = self._seen(actor, project, name)
        if seen.address is None:
            raise ServiceBusyError(name=name, state=seen.state.value)
        expires = self._clock() + CREDENTIAL_LIFE
        try:
            header, value = await self._runtime.service_credential(
                seen.project, name, life=CREDENTIAL_LIFE
            )
        except ServiceBusyError:  # a chart that does not say where its own is
            found = await self.password(actor, project, name)
            if found is None:
                raise
            header, value = OWN_PASSWORD, found
        until = None if header == OWN_PASSWORD else expires
        return ServiceCredential(seen.address, header, value, until)

    async def password(self, actor: Actor, project: str, name: str) -> Secret | None:
        """Return the password that a service's own page asks for (launcher.md 16).

        None where none is found: then there is no such step. Those with whom it is shared get
        what its notes say and the project's own, not what the owner set for themselves.
        """
        seen = self._used(actor, project, name)
        place = authorised_project(actor, project)
        shared = await self._planner.project_password(actor, place)
        found = find_password(seen.notes, seen.values, project_password=shared)
        if found != shared and standing(actor, place, seen) is not Standing.OWNER:
            found = find_password(seen.notes, {}, project_password=shared)
        return None if found is None else Secret(found)

    def look_commands(self, actor: Actor, project: str, name: str | None = None) -> Commands:
        """Return the commands that show the services of a project, or one of them."""
        place = authorised_project(actor, project)
        if name is not None:
            self._seen(actor, project, name)
        words = ("list",) if name is None else ("show", name)
        where = () if place.id == actor.default_project.id else ("--project", place.id)
        return Commands(
            platform=command("services", *words, *where),
            underneath=self._runtime.underneath_look(place.id, name) or ON_PLATFORM_ONLY,
        )

    async def place_file(
        self, actor: Actor, project: str, name: str, file: str, content: bytes
    ) -> bool:
        """Put a file into the service's working folder; False when one of that name is there.

        Raises ServiceOfAnotherError and its kin, FileNotPlacedError.
        """
        seen = self._own(actor, project, name)
        return await self._runtime.place_file(seen.project, name, file, content)

    async def page(self, actor: Actor, project: str, name: str) -> str:
        """Return the address of the service's page, as its notes have it (launcher.md 16).

        Raises ServiceHasNoPageError.
        """
        seen = self._seen(actor, project, name)
        found = find_address(seen.urls, seen.notes, port=self._ingress_port)
        if found is None:
            raise ServiceHasNoPageError(name=name)
        return found

    def launched_from(self, actor: Actor, catalog: str) -> tuple[LaunchedFrom, ...]:
        """Return the services that a person launched from a catalogue, in all their projects."""
        return tuple(
            LaunchedFrom(one.chart, one.project, one.release, one.friendly_name)
            for project in actor.projects
            for one in self._runtime.releases(project.id)
            if one.owner == actor.username and one.chart.catalog == catalog
        )

    def _listed(self, actor: Actor, project: str) -> Sequence[Observation]:
        """Return the releases the person may see, newest start first."""
        place = authorised_project(actor, project)
        return in_order(o for o in self._runtime.releases(place.id) if visible(actor, place, o))

    def _owned(self, actor: Actor, project: str) -> Sequence[Observation]:
        place = authorised_project(actor, project)
        return [
            one
            for one in self._listed(actor, project)
            if standing(actor, place, one) is Standing.OWNER and one.state is not State.STOPPING
        ]

    def _used(self, actor: Actor, project: str, name: str) -> Observation:
        """Return a release one may pause and resume: one's own, or one that is shared."""
        seen = self._seen(actor, project, name)
        return self._allowed(actor, seen, Standing.OWNER, Standing.MEMBER)

    def _removable(self, actor: Actor, project: str, name: str) -> Observation:
        seen = self._seen(actor, project, name)
        return self._allowed(actor, seen, Standing.OWNER, Standing.ADMINISTRATOR)

    async def _act(
        self,
        actor: Actor,
        seen: Observation,
        verb: str,
        act: Callable[[str, str], Awaitable[None]],
    ) -> Done[Service]:
        project, name = seen.project, seen.release
        script = self._runtime.underneath_action(verb, project, name)
        async with self._audited(actor, f"service.{verb}", f"{project}/{name}"):
            await act(project, name)
        commands = on_service((verb,), name, project=elsewhere(actor, seen), underneath=script)
        now = self._runtime.release(project, name)
        return Done(self._judged(actor, now, commands), commands)


async def _generator(items: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """Return `items` as a generator that closes its source when it is left early."""
    try:
        async for item in items:
            yield item
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()
