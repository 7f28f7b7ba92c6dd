"""Serve a person's running services: launch, look, pause, resume, rename, delete.

Every method takes who acts and in which project, and checks it. Another person's service is
visible only when it is shared in the project, and changed by its owner alone. Facts come from
the runtime; judging them is `diagnosis`, wording them the border's.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sardonyx.done import Done
from sardonyx.errors import UserError
from sardonyx.launcher.commands import masked
from sardonyx.projects.models import Actor
from sardonyx.projects.service import authorised_project
from sardonyx.services.commands import (
    PAUSE_UNDERNEATH,
    launched_again,
    on_service,
    removal_script,
)
from sardonyx.services.errors import (
    ServiceBusyError,
    ServiceChangedError,
    ServiceHasNoPageError,
    ServiceNotFoundError,
    ServiceOfAnotherError,
)
from sardonyx.services.launches import NO_COMMANDS, Launches, visible
from sardonyx.services.launching import (
    checked_friendly,
)
from sardonyx.services.models import (
    Loss,
    Observation,
    Service,
    State,
    TimelineEvent,
)
from sardonyx.values import JsonObject, Secret

T = TypeVar("T")
CREDENTIAL_LIFE = timedelta(hours=1)
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


class Services(Launches):
    """Running services of people and projects, over one runtime."""

    async def list(self, actor: Actor, project: str) -> list[Service]:
        """Return one's own services and those shared in the project, newest start first."""
        place = authorised_project(actor, project)
        seen = [o for o in self._runtime.releases(place.id) if visible(actor, o)]
        seen.sort(key=lambda o: o.started_at or o.created_at, reverse=True)
        return [self._judged(o, NO_COMMANDS) for o in seen]

    async def show(self, actor: Actor, project: str, name: str) -> Service:
        """Return one service with the commands that run it. Raises ServiceNotFoundError."""
        return await self._described(self._seen(actor, project, name))

    def may_see(self, actor: Actor, project: str, name: str) -> bool:
        """Tell whether the person may see and use the service; costs no call outside."""
        try:
            self._seen(actor, project, name)
        except UserError:
            return False
        return True

    async def values(self, actor: Actor, project: str, name: str) -> JsonObject:
        """Return the values the service was launched with; secrets stand as `$VAR`."""
        seen = self._seen(actor, project, name)
        return masked(seen.values, seen.secret_paths)

    async def pause(self, actor: Actor, project: str, name: str) -> Done[Service]:
        """Stop the program and keep its files. Raises ServiceOfAnotherError and its kin."""
        seen = self._own(actor, project, name)
        async with self._audited(actor, "service.pause", f"{project}/{name}"):
            await self._runtime.suspend(seen.project, name)
        return self._done(actor, seen, "pause", PAUSE_UNDERNEATH)

    async def resume(self, actor: Actor, project: str, name: str) -> Done[Service]:
        """Start again what is paused, stopped or failed, with fresh credentials."""
        seen = self._own(actor, project, name)
        script = await self._script(seen)
        async with self._audited(actor, "service.resume", f"{project}/{name}"):
            await self._runtime.resume(seen.project, name)
        return self._done(actor, seen, "resume", launched_again(script))

    async def restart(self, actor: Actor, project: str, name: str) -> Done[Service]:
        """Stop and start again."""
        seen = self._own(actor, project, name)
        script = await self._script(seen)
        async with self._audited(actor, "service.restart", f"{project}/{name}"):
            await self._runtime.restart(seen.project, name)
        return self._done(actor, seen, "restart", launched_again(script))

    async def losses(self, actor: Actor, project: str, name: str) -> Sequence[Loss]:
        """Return what deleting the service would lose."""
        seen = self._own(actor, project, name)
        return await self._runtime.losses(seen.project, name)

    async def delete(self, actor: Actor, project: str, name: str) -> Done[None]:
        """Stop the service and remove its files; logs and timeline stay readable."""
        seen = self._own(actor, project, name)
        async with self._audited(actor, "service.delete", f"{project}/{name}"):
            await self._runtime.uninstall(seen.project, name)
        commands = on_service(
            ("delete", "--yes"),
            name,
            project=_elsewhere(actor, seen),
            underneath=removal_script(name),
        )
        return Done(None, commands)

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
            project=_elsewhere(actor, seen),
            underneath="# The words exist on the platform only.\n",
        )
        renamed = self._judged(self._runtime.release(seen.project, name), commands)
        return Done(renamed, commands)

    async def events(self, actor: Actor, project: str, name: str) -> tuple[TimelineEvent, ...]:
        """Return the service's timeline, oldest first."""
        return self._seen(actor, project, name).timeline

    async def observe(self, actor: Actor, project: str) -> AsyncGenerator[Service, None]:
        """Yield a visible service each time something about it changes."""
        place = authorised_project(actor, project)
        async with aclosing(_generator(self._runtime.observe(place.id))) as changes:
            async for seen in changes:
                if visible(actor, seen):
                    yield self._judged(seen, NO_COMMANDS)

    async def watch(self, actor: Actor, project: str, name: str) -> AsyncGenerator[Service, None]:
        """Yield one service now and after each change, until it is gone.

        Raises ServiceNotFoundError before the first.
        """
        async with aclosing(self.observe(actor, project)) as changes:
            following = asyncio.ensure_future(anext(changes, None))
            try:
                await asyncio.sleep(0)  # listening before the first look: no change is missed
                yield self._judged(self._seen(actor, project, name), NO_COMMANDS)
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

    async def logs(self, actor: Actor, project: str, name: str, *, lines: int = 200) -> str:
        """Return the last lines, also after the process is gone.

        Those of a deleted service stay readable in a personal project; in a group nobody can
        say any more who might see it.
        """
        place = authorised_project(actor, project)
        try:
            self._seen(actor, project, name)
        except ServiceNotFoundError:
            if place.group is not None:
                raise
        return await self._runtime.logs(place.id, name, lines=lines)

    async def follow_logs(self, actor: Actor, project: str, name: str) -> AsyncGenerator[str, None]:
        """Yield new log text as it is written."""
        seen = self._seen(actor, project, name)
        async with aclosing(_generator(self._runtime.follow_logs(seen.project, name))) as texts:
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
        header, value = await self._runtime.service_credential(
            seen.project, name, life=CREDENTIAL_LIFE
        )
        until = None if header == OWN_PASSWORD else expires
        return ServiceCredential(seen.address, header, value, until)

    async def place_file(
        self, actor: Actor, project: str, name: str, file: str, content: bytes
    ) -> bool:
        """Put a file into the service's working folder; False when one of that name is there.

        Raises ServiceOfAnotherError and its kin, FileNotPlacedError.
        """
        seen = self._own(actor, project, name)
        return await self._runtime.place_file(seen.project, name, file, content)

    async def page(self, actor: Actor, project: str, name: str) -> str:
        """Return the address of the service's page. Raises ServiceHasNoPageError."""
        seen = self._seen(actor, project, name)
        if not seen.urls:
            raise ServiceHasNoPageError(name=name)
        return seen.urls[0]

    def _own(self, actor: Actor, project: str, name: str) -> Observation:
        seen = self._seen(actor, project, name)
        if seen.owner != actor.username:
            raise ServiceOfAnotherError(name=name, owner=seen.owner)
        return seen

    def _done(self, actor: Actor, seen: Observation, verb: str, script: str) -> Done[Service]:
        commands = on_service(
            (verb,), seen.release, project=_elsewhere(actor, seen), underneath=script
        )
        now = self._runtime.release(seen.project, seen.release)
        return Done(self._judged(now, commands), commands)


def etag(service: Service | Observation) -> str:
    """Return a text that changes when what a person may edit of the service changes."""
    edited = f"{service.revision}\0{service.friendly_name}\0{service.shared}"
    return hashlib.sha256(edited.encode()).hexdigest()[:16]


def _elsewhere(actor: Actor, seen: Observation) -> str | None:
    """Return the project to name in a command: none for one's personal project."""
    return None if seen.project == actor.personal_project.id else seen.project


async def _generator(items: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """Return `items` as a generator that closes its source when it is left early."""
    try:
        async for item in items:
            yield item
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()
