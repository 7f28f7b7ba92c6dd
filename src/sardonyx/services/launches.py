"""Begin services: open a draft, preview it, launch it once.

The half of `Services` that comes before a service runs; `service` has the other. Both share
who may see what, and how an observation is judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.catalog.own_ports import OWN_CATALOG
from sardonyx.done import Commands, Done
from sardonyx.errors import PlatformError, UserError
from sardonyx.launcher.access import notes_with_port, with_port
from sardonyx.launcher.links import ReadLink
from sardonyx.launcher.versions import ChosenVersion
from sardonyx.projects.errors import WorkspaceRefusedError
from sardonyx.projects.models import Actor
from sardonyx.projects.ports import Workspaces
from sardonyx.projects.service import authorised_project
from sardonyx.services.commands import CHART_GONE, launch_command
from sardonyx.services.diagnosis import diagnose
from sardonyx.services.drafts import Drafts, Randomness, SystemRandomness
from sardonyx.services.errors import (
    LaunchRefusedError,
    ServiceExistsError,
    ServiceNotFoundError,
    SharingRefusedError,
)
from sardonyx.services.launching import (
    Audit,
    Charts,
    LaunchContexts,
    LaunchRequest,
    OpenDraft,
    Opening,
    Repeats,
    plan_of,
)
from sardonyx.services.models import LaunchPlan, Observation, PlannedObject, Service
from sardonyx.services.ownership import standing, visible
from sardonyx.services.planning import Planner, Preview, blocking, refusals
from sardonyx.services.ports import Runtime

NO_COMMANDS = Commands(platform="", underneath="")


class Launches:
    """Launches of people in projects, over one runtime."""

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
        """`workspaces`: makes a project's place ready that is gone; None where there is none.

        ingress_port: where browsers reach services, if not at their scheme's own port.
        """
        clock = clock or (lambda: datetime.now(UTC))
        self._catalog = catalog
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
        self._workspaces = workspaces
        self._ingress_port = ingress_port

    async def open_draft(
        self, actor: Actor, *, project: str, opening: Opening, language: str = "en"
    ) -> OpenDraft:
        """Return a draft of the launcher, with the same random items for the same `draft_id`.

        Raises ChartNotFoundError and its kin. Wrong values never raise: see its problems.
        """
        place = authorised_project(actor, project)
        return await self._planner.open(actor, place, opening, language=language)

    async def rehearse(
        self, actor: Actor, *, project: str, chart: Chart
    ) -> Sequence[PlannedObject]:
        """Return what a chart would create in the project; nothing is changed.

        Raises PlanRefusedError.
        """
        return await self._planner.rehearse(actor, authorised_project(actor, project), chart)

    async def open_form(
        self, actor: Actor, *, project: str, opening: Opening, language: str = "en"
    ) -> OpenDraft:
        """Return the draft a page shows: what it asks for and is no longer there is a notice.

        Raises CatalogNotFoundError, ChartNotFoundError.
        """
        place = authorised_project(actor, project)
        chosen = self._planner.chosen_version(
            actor, place, opening.chart, opening.catalog, opening.version
        )
        opening = replace(opening, version=chosen.version)
        opened = await self.open_draft(actor, project=project, opening=opening, language=language)
        if chosen.notice is None:
            return opened
        return replace(opened, problems=(chosen.notice, *opened.problems))

    def read_link(
        self, actor: Actor, *, project: str, chart: str, catalog: str | None, query: str
    ) -> ReadLink:
        """Return what the query of a launcher's link says. Raises as `open_form`."""
        place = authorised_project(actor, project)
        return self._planner.read_link(actor, place, chart, catalog, query)

    async def open_request(
        self,
        actor: Actor,
        *,
        project: str,
        request: LaunchRequest,
        language: str = "en",
        draft_id: str | None = None,
    ) -> OpenDraft:
        """Return the draft of a launch asked by command line or REST. Raises like open_draft."""
        place = authorised_project(actor, project)
        return await self._planner.open_request(
            actor, place, request, language=language, draft_id=draft_id
        )

    def chosen_version(
        self, actor: Actor, *, project: str, chart: str, catalog: str | None, asked: str
    ) -> ChosenVersion:
        """Return the version asked for where it is listed, else the default with a notice."""
        place = authorised_project(actor, project)
        return self._planner.chosen_version(actor, place, chart, catalog, asked)

    def versions(
        self, actor: Actor, *, project: str, chart: str, catalog: str | None = None
    ) -> tuple[str, ...]:
        """Return a chart's versions, newest first. Raises ChartNotFoundError and its kin."""
        place = authorised_project(actor, project)
        return self._catalog.versions(actor, chart, catalog=catalog, project=place)

    def release_name(
        self,
        actor: Actor,
        *,
        project: str,
        draft: OpenDraft,
        friendly_name: str | None = None,
        shared: bool = False,
    ) -> str:
        """Return the name the launch would have. Raises as `preview`; asks no runtime."""
        return self._plan(actor, project, draft, friendly_name, None, shared).release

    async def preview(
        self,
        actor: Actor,
        *,
        project: str,
        draft: OpenDraft,
        friendly_name: str | None = None,
        name: str | None = None,
        shared: bool = False,
        objects: bool = False,
    ) -> Preview:
        """Return what `launch` would do with the same arguments; nothing is changed.

        objects: ask the runtime what would be created, which may take it a second. Raises
        ServiceNameError, FriendlyNameError, ServiceExistsError; other problems are
        listed in the result.
        """
        plan = self._plan(actor, project, draft, friendly_name, name, shared)
        return await self._planner.preview(draft, plan, objects=objects)

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
        await self._launched(actor, project, draft, plan)
        return await self._shown(actor, project, plan.release)

    async def _launched(
        self, actor: Actor, project: str, draft: OpenDraft, plan: LaunchPlan
    ) -> None:
        target = f"{project}/{plan.release}"
        async with self._audited(actor, "service.launch", target):
            problems = blocking((*draft.problems, *draft.draft.problems))
            findings = () if problems else await self._planner.findings(plan)
            problems += refusals(findings)
            if plan.shared and not self._catalog.shareable(plan.chart):
                raise SharingRefusedError(chart=plan.chart.chart)
            if problems:
                raise LaunchRefusedError(problems=problems, count=len(problems))
            async with self._installing:
                self._refuse_taken(plan)
                await self._installed(actor, project, plan)
        self._drafts.forget(actor.username, draft.id)

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
            plan = self._plan(
                actor, project, draft, request.friendly_name, request.name, request.is_shared
            )
            await self._launched(actor, project, draft, plan)
            return plan.release

        if idempotency_key is None:
            name = await act()
        else:
            key = (actor.username, project, idempotency_key)
            name = await self._repeats.once(key, request, act)
        return await self._shown(actor, project, name)

    async def _shown(self, actor: Actor, project: str, name: str) -> Done[Service]:
        service = await self._described(actor, self._seen(actor, project, name))
        return Done(service, service.commands)

    async def _installed(self, actor: Actor, project: str, plan: LaunchPlan) -> None:
        """Install, making the project's place ready first where it went since the sign-in.

        Raises as `Runtime.install`, WorkspaceRefusedError where settings forbid making it.
        """
        try:
            await self._runtime.install(plan)
        except WorkspaceRefusedError:
            if self._workspaces is None:
                raise
            async with self._audited(actor, "project.open", project):
                await self._workspaces.open(actor, authorised_project(actor, project))
            await self._runtime.install(plan)

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
        if not visible(actor, place, seen):
            raise ServiceNotFoundError(name=name, project=project, field="name")
        return seen

    async def _described(self, actor: Actor, seen: Observation) -> Service:
        """Return a service with the commands that run it."""
        platform = launch_command(seen)
        service = self._judged(actor, seen, Commands(platform, await self._script(seen)))
        return replace(service, chart_withdrawn=self._is_withdrawn(seen.chart))

    def _is_withdrawn(self, ref: ChartRef) -> bool:
        """Tell whether the chart's owner took it out of their own catalogue since."""
        if not ref.catalog.startswith(OWN_CATALOG):
            return False
        try:
            return self._catalog.installed(ref).withdrawn
        except PlatformError:
            return False

    async def _script(self, seen: Observation) -> str:
        """Return the script without us; a note where the catalogue has lost the chart."""
        try:
            if seen.evidence is not None:
                # What others launched comes without a list of its secrets.
                return await self._runtime.underneath_plan(plan_of(seen, chart=None, context={}))
            return await self._runtime.underneath(seen.project, seen.release)
        except UserError:
            return CHART_GONE

    def _judged(self, actor: Actor, seen: Observation, commands: Commands) -> Service:
        port = self._ingress_port
        return Service(
            name=seen.release,
            friendly_name=seen.friendly_name,
            chart=seen.chart,
            project=seen.project,
            owner=seen.owner,
            shared=seen.shared,
            state=seen.state,
            urls=tuple(with_port(url, port) for url in seen.urls),
            address=seen.address,
            started_at=seen.started_at,
            created_at=seen.created_at,
            revision=seen.revision,
            notes=notes_with_port(seen.urls, seen.notes, port=port),
            notes_by_language={
                language: notes_with_port(seen.urls, notes, port=port)
                for language, notes in seen.notes_by_language.items()
            },
            findings=tuple(diagnose(seen, self._clock())),
            timeline=seen.timeline,
            commands=commands,
            standing=standing(actor, authorised_project(actor, seen.project), seen),
            suspendable=seen.suspendable,
            events=() if seen.evidence is None else seen.evidence.events,
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
