"""Serve a person's running services: launch, look, pause, resume, rename, delete.

Every method takes who acts and in which project, and checks it. Another person's service is
visible only when it is shared in the project, and changed by its owner alone. Facts come from
the runtime; judging them is `diagnosis`, wording them the border's.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sardonyx.catalog.service import CatalogService
from sardonyx.done import Done
from sardonyx.errors import PlatformError
from sardonyx.launcher.models import PatchEntry
from sardonyx.projects.models import Actor
from sardonyx.projects.service import authorised_project
from sardonyx.services.commands import (
    DELETE_UNDERNEATH,
    PAUSE_UNDERNEATH,
    launch_command,
    launched_again,
    on_service,
)
from sardonyx.services.diagnosis import diagnose
from sardonyx.services.errors import (
    LaunchRefusedError,
    ServiceBusyError,
    ServiceChangedError,
    ServiceExistsError,
    ServiceNotFoundError,
    ServiceOfAnotherError,
)
from sardonyx.services.launching import (
    Audit,
    Drafts,
    LaunchContexts,
    LaunchRequest,
    OpenDraft,
    Randomness,
    Repeats,
    SystemRandomness,
    checked_friendly,
    masked,
)
from sardonyx.services.models import (
    Commands,
    LaunchPlan,
    Loss,
    Observation,
    Service,
    TimelineEvent,
)
from sardonyx.services.planning import Planner, Preview, blocking, refusals
from sardonyx.services.ports import Runtime
from sardonyx.values import JsonObject, Secret

T = TypeVar("T")
CREDENTIAL_LIFE = timedelta(hours=1)
_NO_COMMANDS = Commands(platform="", underneath="")


@dataclass(frozen=True, slots=True)
class ServiceCredential:
    """What opens a service's address for a program: send `header: value` until `expires`."""

    address: str
    header: str
    value: Secret
    expires: datetime


class Services:
    """Running services of people and projects, over one runtime."""

    def __init__(
        self,
        *,
        catalog: CatalogService,
        runtime: Runtime,
        contexts: LaunchContexts,
        audit: Audit,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        randomness: Randomness | None = None,
    ) -> None:
        self._runtime = runtime
        self._audit = audit
        self._clock = clock
        self._drafts = Drafts(randomness=randomness or SystemRandomness(), clock=clock)
        self._planner = Planner(
            catalog=catalog,
            runtime=runtime,
            contexts=contexts,
            drafts=self._drafts,
            clock=clock,
        )
        self._repeats = Repeats()
        self._installing = asyncio.Lock()

    async def open_draft(
        self,
        actor: Actor,
        *,
        project: str,
        chart: str,
        catalog: str | None = None,
        version: str | None = None,
        patch: tuple[PatchEntry, ...] = (),
        language: str = "en",
        draft_id: str | None = None,
    ) -> OpenDraft:
        """Return a draft of the launcher, with the same random items for the same `draft_id`.

        Raises ChartNotFoundError and its kin. Wrong values never raise: see its problems.
        """
        return await self._planner.open(
            actor,
            authorised_project(actor, project),
            chart=chart,
            catalog=catalog,
            version=version,
            patch=patch,
            language=language,
            draft_id=draft_id,
        )

    async def open_request(
        self, actor: Actor, *, project: str, request: LaunchRequest, language: str = "en"
    ) -> OpenDraft:
        """Return the draft of a launch asked by command line or REST. Raises like open_draft."""
        place = authorised_project(actor, project)
        return await self._planner.open_request(actor, place, request, language=language)

    async def preview(
        self,
        actor: Actor,
        *,
        project: str,
        draft: OpenDraft,
        friendly_name: str | None = None,
        name: str | None = None,
        shared: bool = False,
    ) -> Preview:
        """Return what `launch` would do with the same arguments; nothing is changed.

        Raises ServiceNameError, FriendlyNameError, ServiceExistsError; other problems are
        listed in the result.
        """
        plan = self._plan(actor, project, draft, friendly_name, name, shared)
        return self._planner.preview(draft, plan, await self._planner.findings(plan))

    async def launch(
        self,
        actor: Actor,
        *,
        project: str,
        draft: OpenDraft,
        friendly_name: str | None = None,
        name: str | None = None,
        shared: bool = False,
    ) -> Done[Service]:
        """Begin to run the draft and return at once; what follows is seen by `observe`.

        Raises LaunchRefusedError with every problem of the values and of the machine;
        ServiceExistsError, ServiceNameError, FriendlyNameError.
        """
        plan = self._plan(actor, project, draft, friendly_name, name, shared)
        target = f"{project}/{plan.release}"
        async with self._audited(actor, "service.launch", target):
            problems = blocking((*draft.problems, *draft.draft.problems))
            findings = () if problems else await self._planner.findings(plan)
            problems += refusals(findings)
            if problems:
                raise LaunchRefusedError(problems=problems, count=len(problems))
            async with self._installing:
                self._refuse_taken(plan)
                await self._runtime.install(plan)
        self._drafts.forget(actor.username, draft.id)
        service = await self.show(actor, project, plan.release)
        return Done(service, service.commands)

    async def launch_once(
        self,
        actor: Actor,
        *,
        project: str,
        request: LaunchRequest,
        language: str = "en",
        idempotency_key: str | None = None,
    ) -> Done[Service]:
        """Launch what `request` asks; the same key with the same request launches once.

        Raises like `launch`, and IdempotencyConflictError.
        """

        async def act() -> str:
            draft = await self.open_request(
                actor, project=project, request=request, language=language
            )
            done = await self.launch(
                actor,
                project=project,
                draft=draft,
                friendly_name=request.friendly_name,
                name=request.name,
                shared=request.shared,
            )
            return done.result.name

        if idempotency_key is None:
            name = await act()
        else:
            key = (actor.username, project, idempotency_key)
            name = await self._repeats.once(key, request, act)
        service = await self.show(actor, project, name)
        return Done(service, service.commands)

    async def list(self, actor: Actor, project: str) -> list[Service]:
        """Return one's own services and those shared in the project, newest start first."""
        place = authorised_project(actor, project)
        seen = [o for o in self._runtime.releases(place.id) if _visible(actor, o)]
        seen.sort(key=lambda o: o.started_at or o.created_at, reverse=True)
        return [self._judged(o, _NO_COMMANDS) for o in seen]

    async def show(self, actor: Actor, project: str, name: str) -> Service:
        """Return one service with the commands that run it. Raises ServiceNotFoundError."""
        seen = self._seen(actor, project, name)
        script = await self._runtime.underneath(seen.project, seen.release)
        commands = Commands(
            platform=launch_command(seen.chart, seen.release, seen.values, seen.secret_paths),
            underneath=script,
        )
        return self._judged(seen, commands)

    async def values(self, actor: Actor, project: str, name: str) -> JsonObject:
        """Return the values the service was launched with; secrets stand as `$VAR`."""
        seen = self._seen(actor, project, name)
        return {
            key: masked(value, seen.secret_paths, at=(key,)) for key, value in seen.values.items()
        }

    async def pause(self, actor: Actor, project: str, name: str) -> Done[Service]:
        """Stop the program and keep its files. Raises ServiceOfAnotherError and its kin."""
        seen = self._own(actor, project, name)
        async with self._audited(actor, "service.pause", f"{project}/{name}"):
            await self._runtime.suspend(seen.project, name)
        return self._done(actor, seen, "pause", PAUSE_UNDERNEATH)

    async def resume(self, actor: Actor, project: str, name: str) -> Done[Service]:
        """Start again what is paused, stopped or failed, with fresh credentials."""
        seen = self._own(actor, project, name)
        script = await self._runtime.underneath(seen.project, name)
        async with self._audited(actor, "service.resume", f"{project}/{name}"):
            await self._runtime.resume(seen.project, name)
        return self._done(actor, seen, "resume", launched_again(script))

    async def restart(self, actor: Actor, project: str, name: str) -> Done[Service]:
        """Stop and start again."""
        seen = self._own(actor, project, name)
        script = await self._runtime.underneath(seen.project, name)
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
            ("delete", "--yes"), name, project=_elsewhere(actor, seen), underneath=DELETE_UNDERNEATH
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

    async def observe(self, actor: Actor, project: str) -> AsyncIterator[Service]:
        """Yield a visible service each time something about it changes."""
        place = authorised_project(actor, project)
        async with aclosing(_generator(self._runtime.observe(place.id))) as changes:
            async for seen in changes:
                if _visible(actor, seen):
                    yield self._judged(seen, _NO_COMMANDS)

    async def logs(self, actor: Actor, project: str, name: str, *, lines: int = 200) -> str:
        """Return the last lines, also after the process is gone."""
        seen = self._seen(actor, project, name)
        return await self._runtime.logs(seen.project, name, lines=lines)

    async def follow_logs(self, actor: Actor, project: str, name: str) -> AsyncIterator[str]:
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
        return ServiceCredential(seen.address, header, value, expires)

    def _plan(
        self,
        actor: Actor,
        project: str,
        draft: OpenDraft,
        friendly_name: str | None,
        name: str | None,
        shared: bool,
    ) -> LaunchPlan:
        place = authorised_project(actor, project)
        if draft.project != place.id:  # its context and credentials are of the other project
            raise ServiceNotFoundError(name=draft.id, project=project)
        plan = self._planner.plan(
            actor, draft, friendly_name=friendly_name, name=name, shared=shared
        )
        self._refuse_taken(plan)
        return plan

    def _refuse_taken(self, plan: LaunchPlan) -> None:
        if self._planner.taken(plan.project, plan.release):
            raise ServiceExistsError(name=plan.release, project=plan.project, field="name")

    def _seen(self, actor: Actor, project: str, name: str) -> Observation:
        """Return a release the person may see; another's unshared one does not exist."""
        place = authorised_project(actor, project)
        seen = self._runtime.release(place.id, name)
        if not _visible(actor, seen):
            raise ServiceNotFoundError(name=name, project=project, field="name")
        return seen

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

    def _judged(self, seen: Observation, commands: Commands) -> Service:
        return Service(
            name=seen.release,
            friendly_name=seen.friendly_name,
            chart=seen.chart,
            project=seen.project,
            owner=seen.owner,
            shared=seen.shared,
            state=seen.state,
            urls=seen.urls,
            address=seen.address,
            started_at=seen.started_at,
            created_at=seen.created_at,
            revision=seen.revision,
            notes=seen.notes,
            findings=tuple(diagnose(seen)),
            timeline=seen.timeline,
            commands=commands,
        )

    @asynccontextmanager
    async def _audited(self, actor: Actor, action: str, target: str) -> AsyncIterator[None]:
        """Record the action's result, also when it was refused or failed."""
        try:
            yield
        except PlatformError as error:
            await self._audit.record(actor.username, action, target, error.code)
            raise
        await self._audit.record(actor.username, action, target, "done")


def etag(service: Service | Observation) -> str:
    """Return a text that changes when what a person may edit of the service changes."""
    edited = f"{service.revision}\0{service.friendly_name}\0{service.shared}"
    return hashlib.sha256(edited.encode()).hexdigest()[:16]


def _visible(actor: Actor, seen: Observation) -> bool:
    return seen.shared or seen.owner == actor.username


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
