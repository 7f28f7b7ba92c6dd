"""Change services that run: edit, upgrade, return to an earlier state, share, copy, adopt.

The middle third of `Services`: `launches` comes before it, `service` has the rest.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from weakref import WeakValueDictionary

from sardonyx.done import ON_PLATFORM_ONLY, Done
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.patch import diff
from sardonyx.launcher.s3_choice import storage_lists, storage_places
from sardonyx.projects.models import Actor
from sardonyx.projects.ports import Workspaces
from sardonyx.projects.service import authorised_project
from sardonyx.services.change_planning import (
    ChangePlanner,
    ChangePreview,
    OpenChange,
    elsewhere,
)
from sardonyx.services.commands import on_service
from sardonyx.services.comparing import hidden_paths, shown_values
from sardonyx.services.drafts import Randomness
from sardonyx.services.errors import (
    LaunchRefusedError,
    NothingToChangeError,
    RevisionNotFoundError,
    ServiceChangedError,
    ServiceOfAnotherError,
    ServiceOwnerlessError,
    SharingRefusedError,
)
from sardonyx.services.launches import Launches
from sardonyx.services.launching import Audit, ChangeRequest, Charts, LaunchContexts, LaunchRequest
from sardonyx.services.models import (
    Observation,
    QuotaUse,
    Revision,
    Service,
    Standing,
    State,
)
from sardonyx.services.ownership import standing
from sardonyx.services.planning import blocking, refusals
from sardonyx.services.ports import Runtime
from sardonyx.values import JsonObject

# Whether it is paused, and whose it is, is the service's own.
_NOT_COPIED = frozenset({("global", "suspend"), ("onyxia",)})


class Changes(Launches):
    """Changes of running services."""

    def __init__(
        self,
        *,
        catalog: Charts,
        runtime: Runtime,
        contexts: LaunchContexts,
        audit: Audit,
        clock: Callable[[], datetime] | None = None,
        randomness: Randomness | None = None,
        workspaces: Workspaces | None = None,
        ingress_port: int | None = None,
    ) -> None:
        super().__init__(
            catalog=catalog,
            runtime=runtime,
            contexts=contexts,
            audit=audit,
            clock=clock,
            randomness=randomness,
            workspaces=workspaces,
            ingress_port=ingress_port,
        )
        # A lock is gone once nobody holds it or waits for it.
        self._changing: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._changes = ChangePlanner(
            catalog=catalog,
            runtime=runtime,
            contexts=contexts,
            drafts=self._drafts,
            planner=self._planner,
        )

    # Edit and upgrade

    async def open_change(
        self,
        actor: Actor,
        project: str,
        name: str,
        *,
        version: str | None = None,
        edits: tuple[PatchEntry, ...] = (),
        language: str = "en",
    ) -> OpenChange:
        """Return a draft of the service with the values it runs with, and `edits` over them.

        version: of the chart, None for the one that runs. Raises ServiceOfAnotherError and its
        kin, ChartVersionNotFoundError. Wrong values never raise: see the draft's problems.
        """
        seen = self._own(actor, project, name)
        place = authorised_project(actor, project)
        return await self._changes.open(
            actor, place, seen, version=version, edits=edits, language=language
        )

    async def open_change_request(
        self, actor: Actor, project: str, name: str, request: ChangeRequest, *, language: str = "en"
    ) -> OpenChange:
        """Return the draft of a change asked by command line or REST. Raises like open_change."""
        seen = self._own(actor, project, name)
        place = authorised_project(actor, project)
        return await self._changes.open_request(actor, place, seen, request, language=language)

    async def preview_change(
        self, actor: Actor, change: OpenChange, *, objects: bool = True
    ) -> ChangePreview:
        """Return what `change` would make different. objects: also what would be created."""
        place = authorised_project(actor, change.seen.project)
        return await self._changes.preview(
            actor, place, change, etag=etag(change.seen), objects=objects
        )

    async def change(
        self, actor: Actor, change: OpenChange, *, expected_etag: str | None = None
    ) -> Done[Service]:
        """Begin to run the service with its changed values; what follows is seen by `observe`.

        Raises ServiceChangedError when somebody else changed it since, NothingToChangeError,
        LaunchRefusedError with every problem, ServiceBusyError.
        """
        project, name = change.seen.project, change.seen.release
        expected = expected_etag or etag(change.seen)
        async with (
            self._audited(actor, "service.edit", f"{project}/{name}"),
            self._alone(actor, project, name, expected) as seen,
        ):
            if change.is_empty and seen.state in {State.RUNNING, State.STARTING, State.PAUSED}:
                raise NothingToChangeError(name=seen.friendly_name)
            plan = replace(change.plan, friendly_name=seen.friendly_name, shared=seen.shared)
            problems = blocking((*change.opened.problems, *change.draft.problems))
            if not problems:
                problems = refusals(await self._planner.findings(plan, running=plan.merged))
            if problems:
                raise LaunchRefusedError(problems=problems, count=len(problems))
            commands = await self._changes.commands(actor, change)
            await self._runtime.upgrade(plan)
        now = self._judged(actor, self._runtime.release(project, name), commands)
        return Done(now, commands)

    # Earlier states

    async def history(self, actor: Actor, project: str, name: str) -> Sequence[Revision]:
        """Return what the service was, newest first; secrets stand as `$VAR` in the values."""
        seen = self._seen(actor, project, name)
        return [
            replace(
                one, values=shown_values(one.values, one.secret_paths), secret_paths=frozenset()
            )
            for one in await self._runtime.history(seen.project, name)
        ]

    async def preview_roll_back(
        self, actor: Actor, project: str, name: str, revision: int
    ) -> ChangePreview:
        """Return what a roll back would make different. Raises RevisionNotFoundError."""
        seen = self._own(actor, project, name)
        wanted = await self._revision(seen, revision)
        place = authorised_project(actor, project)
        return await self._changes.compare(actor, place, seen, wanted, etag=etag(seen))

    async def roll_back(
        self,
        actor: Actor,
        project: str,
        name: str,
        revision: int,
        *,
        expected_etag: str | None = None,
    ) -> Done[Service]:
        """Begin to run again what `revision` was. Raises RevisionNotFoundError and as `change`."""
        seen = self._own(actor, project, name)
        await self._revision(seen, revision)
        commands = on_service(
            ("rollback", str(revision)),
            name,
            project=elsewhere(actor, seen),
            underneath=self._runtime.underneath_action(
                "roll_back", seen.project, name, revision=revision
            ),
        )
        async with (
            self._audited(actor, "service.roll_back", f"{project}/{name}"),
            self._alone(actor, project, name, expected_etag),
        ):
            await self._runtime.rollback(seen.project, name, revision)
        now = self._judged(actor, self._runtime.release(seen.project, name), commands)
        return Done(now, commands)

    async def _revision(self, seen: Observation, number: int) -> Revision:
        for one in await self._runtime.history(seen.project, seen.release):
            if one.number == number and number != seen.revision:
                return one
        raise RevisionNotFoundError(name=seen.release, revision=number, field="revision")

    # Who sees it, and copies

    async def share(
        self,
        actor: Actor,
        project: str,
        name: str,
        *,
        shared: bool,
        expected_etag: str | None = None,
    ) -> Done[Service]:
        """Let the group see the service, or its owner alone. Raises SharingRefusedError."""
        seen = self._own(actor, project, name)
        if shared and not self._catalog.shareable(seen.chart):
            raise SharingRefusedError(chart=seen.chart.chart)
        async with (
            self._audited(actor, "service.share", f"{project}/{name}"),
            self._alone(actor, project, name, expected_etag),
        ):
            await self._runtime.share(seen.project, name, shared=shared)
        words = ("share",) if shared else ("share", "--off")
        commands = on_service(
            words, name, project=elsewhere(actor, seen), underneath=ON_PLATFORM_ONLY
        )
        now = replace(self._runtime.release(seen.project, name), shared=shared)
        return Done(self._judged(actor, now, commands), commands)

    async def adopt(self, actor: Actor, project: str, name: str) -> Done[Service]:
        """Make an administrator the owner of a service that has none."""
        seen = self._seen(actor, project, name)
        place = authorised_project(actor, project)
        if standing(actor, place, seen) is not Standing.ADMINISTRATOR:
            raise ServiceOfAnotherError(name=name, owner=seen.owner)
        async with self._audited(actor, "service.adopt", f"{project}/{name}"):
            await self._runtime.adopt(seen.project, name, actor.username)
        commands = on_service(
            ("adopt",), name, project=elsewhere(actor, seen), underneath=ON_PLATFORM_ONLY
        )
        now = replace(self._runtime.release(seen.project, name), owner=actor.username)
        return Done(self._judged(actor, now, commands), commands)

    async def copied(
        self, actor: Actor, project: str, name: str, *, language: str = "en"
    ) -> LaunchRequest:
        """Return the request that launches a service like this one; no secret is in it.

        Its storage is asked by the profile's name. Where that is not the person's to ask, or the
        service reads another store than the profile's, the copy gets the usual storage: a store's
        address never goes without its own keys.
        """
        seen = self._seen(actor, project, name)
        place = authorised_project(actor, project)
        # Over the defaults it was launched from: its host name and passwords are not copied.
        change = await self._changes.open(
            actor, place, seen, version=None, edits=(), language=language
        )
        entries = diff(change.draft.defaults, change.base)
        left_out = hidden_paths(change.base, change.draft.secret_paths | seen.secret_paths)
        # Lists of stores are the copier's own too: theirs may be others, or in another order.
        left_out |= _NOT_COPIED | storage_lists(change.draft.schema.root)
        storage = storage_places(change.draft.schema.root)
        has_profile = seen.s3_profile is not None and change.opened.s3_profile == seen.s3_profile
        if not has_profile or any(storage.get(entry.path) for entry in entries):
            left_out |= storage.keys()
        chart = change.draft.chart.ref
        return LaunchRequest(
            chart=chart.chart,
            catalog=chart.catalog,
            version=chart.version,
            friendly_name=seen.friendly_name,
            s3_profile=seen.s3_profile if has_profile else None,
            patch=tuple(
                entry
                for entry in entries
                if not any(entry.path[: len(path)] == path for path in left_out)
            ),
        )

    async def duplicate(
        self,
        actor: Actor,
        project: str,
        name: str,
        *,
        friendly_name: str | None = None,
        language: str = "en",
        idempotency_key: str | None = None,
    ) -> Done[Service]:
        """Launch a service like this one, with secrets of its own. Raises as `launch_once`."""
        request = await self.copied(actor, project, name, language=language)
        if friendly_name:
            request = replace(request, friendly_name=friendly_name)
        return await self.launch_once(
            actor,
            project=project,
            request=request,
            language=language,
            idempotency_key=idempotency_key,
        )

    def quota(self, actor: Actor, project: str) -> tuple[QuotaUse, ...]:
        """Return the project's allowances and what is used of them; empty without limits."""
        return tuple(self._runtime.quota(authorised_project(actor, project).id))

    def version_choices(self, actor: Actor, service: Service) -> tuple[str, ...]:
        """Return the versions of the service's chart one may change to, newest first."""
        place = authorised_project(actor, service.project)
        return self._changes.versions(actor, place, service.chart)

    async def values(self, actor: Actor, project: str, name: str) -> JsonObject:
        """Return the values the service was launched with; secrets stand as `$VAR`."""
        seen = self._seen(actor, project, name)
        return shown_values(seen.values, seen.secret_paths)

    # What they share

    def _own(self, actor: Actor, project: str, name: str) -> Observation:
        """Return a release the person may change. Raises ServiceOfAnotherError and its kin."""
        seen = self._seen(actor, project, name)
        return self._allowed(actor, seen, Standing.OWNER)

    def _allowed(self, actor: Actor, seen: Observation, *who: Standing) -> Observation:
        is_what = standing(actor, authorised_project(actor, seen.project), seen)
        if is_what in who:
            return seen
        if is_what is Standing.ADMINISTRATOR:
            raise ServiceOwnerlessError(name=seen.release)
        raise ServiceOfAnotherError(name=seen.release, owner=seen.owner)

    @asynccontextmanager
    async def _alone(
        self, actor: Actor, project: str, name: str, expected: str | None
    ) -> AsyncIterator[Observation]:
        """Hold a release against other changes, if it is still as `expected` says."""
        lock = self._changing.setdefault((project, name), asyncio.Lock())
        async with lock:
            seen = self._own(actor, project, name)
            if expected is not None and etag(seen) != expected:
                raise ServiceChangedError(name=name)
            yield seen


def etag(service: Service | Observation) -> str:
    """Return a text that changes when what a person may edit of the service changes."""
    edited = f"{service.revision}\0{service.friendly_name}\0{service.shared}"
    return hashlib.sha256(edited.encode()).hexdigest()[:16]
