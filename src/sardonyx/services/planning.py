"""Turn a launch somebody asks for into a draft, a plan, and what stands in its way.

Reads the catalogue and the runtime's pre-flight facts; starts nothing, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sardonyx.catalog.models import Chart
from sardonyx.catalog.registry import Overrides
from sardonyx.done import Commands
from sardonyx.errors import PlatformError, Problem
from sardonyx.launcher.commands import platform_command
from sardonyx.launcher.context import launch_context
from sardonyx.launcher.draft import Draft, make_draft, patched
from sardonyx.launcher.links import ReadLink, read_query
from sardonyx.launcher.masking import masked
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.overlays import laid_over
from sardonyx.launcher.patch import apply, diff, parse_set
from sardonyx.launcher.plan import make_plan, release_name
from sardonyx.launcher.s3_choice import ChosenProfile, choose_profile
from sardonyx.launcher.versions import ChosenVersion, choose_version
from sardonyx.projects.models import Actor, Project
from sardonyx.services.diagnosis import diagnose
from sardonyx.services.drafts import Drafts, Seeds
from sardonyx.services.errors import PlanRefusedError, ServiceNotFoundError
from sardonyx.services.findings import worded
from sardonyx.services.launching import (
    Charts,
    LaunchContexts,
    LaunchRequest,
    OpenDraft,
    Opening,
    checked_friendly,
    checked_release,
    secrets_in_open,
)
from sardonyx.services.models import (
    Finding,
    LaunchPlan,
    Observation,
    PlannedObject,
    Severity,
    State,
)
from sardonyx.services.ports import Runtime
from sardonyx.services.preflight import judge_preflight, tells_quota
from sardonyx.services.quotas import would_exceed
from sardonyx.values import JsonObject


@dataclass(frozen=True, slots=True)
class Preview:
    """What a launch would do: its name, values with secrets as `$VAR`, and what is wrong.

    objects: what would be created; None where nobody asked, or the runtime refuses it (then a
    finding says why).
    """

    release: str
    friendly_name: str
    values: JsonObject
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    commands: Commands
    objects: tuple[PlannedObject, ...] | None = None

    @property
    def refused(self) -> bool:
        """Whether the launch would be refused as it stands."""
        return stands_in_the_way(self.problems, self.findings)


@dataclass(frozen=True, slots=True)
class Drafting:
    """What drafts for one person in one project are made of, beside the chart and the patch."""

    storage: ChosenProfile
    overrides: Overrides
    context: JsonObject = field(repr=False)
    language: str

    def made(
        self,
        chart: Chart,
        patch: tuple[PatchEntry, ...] = (),
        *,
        all_defaults: bool = False,
        suggested: JsonObject | None = None,
    ) -> Draft:
        return make_draft(
            chart=chart,
            context=self.context,
            patch=patch,
            language=self.language,
            registry=self.overrides.registry,
            roles=self.overrides.roles,
            region_sliders=self.overrides.region_sliders,
            all_defaults=all_defaults,
            suggested=suggested,
        )


class Planner:
    """Makes drafts and plans for `Services`."""

    def __init__(
        self,
        *,
        catalog: Charts,
        runtime: Runtime,
        contexts: LaunchContexts,
        drafts: Drafts,
        clock: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._runtime = runtime
        self._contexts = contexts
        self._drafts = drafts
        self._clock = clock

    async def open(
        self, actor: Actor, project: Project, opening: Opening, *, language: str
    ) -> OpenDraft:
        """Return a draft. Raises ChartNotFoundError and its kin for an unknown chart."""
        found = self._catalog.chart(
            actor,
            opening.chart,
            catalog=opening.catalog,
            version=opening.version,
            project=project,
        )
        return await self._opened(actor, project, found, opening, language=language)

    async def rehearse(
        self, actor: Actor, project: Project, chart: Chart
    ) -> Sequence[PlannedObject]:
        """Return what a chart would create with its defaults, also one that is in no catalogue.

        Raises PlanRefusedError.
        """
        opening = Opening(chart.ref.chart)
        opened = await self._opened(actor, project, chart, opening, language="en")
        plan = self.plan(actor, opened, friendly_name=None, name=None, shared=False)
        return await self._runtime.planned(plan)

    async def _opened(
        self, actor: Actor, project: Project, chart: Chart, opening: Opening, *, language: str
    ) -> OpenDraft:
        name = chart.ref.chart
        draft_id, seeds = self._drafts.seeds(
            actor.username,
            opening.draft_id,
            taken=lambda suffix: self.taken(project.id, release_name(name, suffix)),
        )
        drafting = await self.drafting(
            actor, project, seeds, language=language, s3_profile=opening.s3_profile
        )
        storage, inputs = drafting.storage, drafting.storage.inputs
        draft = drafting.made(
            chart,
            opening.patch,
            all_defaults=opening.all_defaults,
            suggested=inputs.profile_suggested if inputs.personal_injection else None,
        )
        # A chart that reads no storage has no profile to speak of.
        notice = storage.notice if draft.uses_s3 else None
        return OpenDraft(
            id=draft_id,
            project=project.id,
            seeds=seeds,
            language=language,
            draft=draft,
            problems=() if notice is None else (notice,),
            all_defaults=opening.all_defaults,
            s3_profile=storage.name,
            s3_profiles=storage.names,
            s3_chosen=storage.name if draft.uses_s3 and not storage.is_usual else None,
        )

    async def drafting(
        self,
        actor: Actor,
        project: Project,
        seeds: Seeds,
        *,
        language: str,
        s3_profile: str | None,
    ) -> Drafting:
        """Return what the person's drafts are made of, with the storage asked for where it is."""
        storage = choose_profile(await self._contexts.inputs(actor, project), s3_profile)
        context = launch_context(
            replace(
                storage.inputs,
                random_subdomain=seeds.suffix,
                one_time_password=seeds.one_time_password,
                language=language,
            )
        )
        return Drafting(storage, self._catalog.overrides(actor), context, language)

    async def project_password(self, actor: Actor, project: Project) -> str:
        """Return the password of the project's services, empty where it cannot be had now."""
        try:
            inputs = await self._contexts.inputs(actor, project)
        except PlatformError:
            return ""
        return inputs.project_password.reveal()

    def read_link(
        self, actor: Actor, project: Project, chart: str, catalog: str | None, query: str
    ) -> ReadLink:
        """Return what a link says of a chart. Raises ChartNotFoundError when it is not there."""
        asked = read_query(query).link.version
        version = self.chosen_version(actor, project, chart, catalog, asked).version
        found = self._catalog.chart(actor, chart, catalog=catalog, version=version, project=project)
        properties = (found.schema or {}).get("properties")
        known = properties if isinstance(properties, dict) else {}
        return read_query(query, known={*known, *found.values})

    def chosen_version(
        self, actor: Actor, project: Project, chart: str, catalog: str | None, asked: str | None
    ) -> ChosenVersion:
        """Return the version asked for where it is listed, else the default with a notice."""
        listed = self._catalog.versions(actor, chart, catalog=catalog, project=project)
        return choose_version(asked, listed)

    async def open_request(
        self,
        actor: Actor,
        project: Project,
        request: LaunchRequest,
        *,
        language: str,
        draft_id: str | None = None,
    ) -> OpenDraft:
        """Return the draft of a launch asked by command line or REST, with its own problems."""
        opening = Opening(
            chart=request.chart,
            catalog=request.catalog,
            version=request.version,
            s3_profile=request.s3_profile,
            all_defaults=request.all_defaults,
            draft_id=draft_id,
        )
        opened = await self.open(actor, project, opening, language=language)
        parsed = [parse_set(setting) for setting in request.settings]
        misread = request.problems + opened.problems
        misread += tuple(item for item in parsed if isinstance(item, Problem))
        settings = tuple(item for item in parsed if isinstance(item, PatchEntry))
        patch = settings + request.patch
        if request.values:
            below = apply(opened.draft.defaults, request.linked)
            current = laid_over(below, request.values)
            assert isinstance(current, dict)  # noqa: S101 - both sides are objects
            patch = tuple(diff(opened.draft.defaults, current)) + patch
        else:
            patch = request.linked + patch
        if not patch:
            return replace(opened, problems=misread)
        draft = patched(opened.draft, patch)
        problems = misread + secrets_in_open(settings, draft.secret_paths)
        return replace(opened, draft=draft, problems=problems)

    def plan(
        self,
        actor: Actor,
        opened: OpenDraft,
        *,
        friendly_name: str | None,
        name: str | None,
        shared: bool,
    ) -> LaunchPlan:
        """Return the plan of a draft. Raises ServiceNameError or FriendlyNameError."""
        chart = opened.draft.chart.ref.chart
        return make_plan(
            opened.draft,
            release=checked_release(name) if name else release_name(chart, opened.seeds.suffix),
            project=opened.project,
            owner=actor.username,
            friendly_name=checked_friendly(friendly_name or chart),
            shared=shared,
            s3_profile=opened.s3_profile,
        )

    async def findings(
        self, plan: LaunchPlan, *, running: JsonObject | None = None
    ) -> tuple[Finding, ...]:
        """Return what the machine has against `plan`: the same judgement as after a launch.

        running: the merged values of the release as it runs, where `plan` changes it.
        """
        facts = await self._runtime.preflight(plan)
        now = self._clock()
        quota: tuple[Finding, ...] = ()
        if running is not None or not tells_quota(facts):
            quota = would_exceed(self._runtime.quota(plan.project), plan.merged, running=running)
        judged = judge_preflight(facts, changes=running is not None)
        return (
            *judged,
            *quota,
            *diagnose(
                Observation(
                    release=plan.release,
                    project=plan.project,
                    owner=plan.owner,
                    friendly_name=plan.friendly_name,
                    shared=plan.shared,
                    chart=plan.chart,
                    revision=0,
                    state=State.PREPARING,
                    started_at=None,
                    created_at=now,
                    urls=(),
                    address=None,
                    notes="",
                    timeline=(),
                    facts=facts,
                )
            ),
        )

    async def preview(
        self, opened: OpenDraft, plan: LaunchPlan, *, objects: bool = False
    ) -> Preview:
        """Return what launching `plan` would do, with nothing secret in it."""
        return Preview(
            release=plan.release,
            friendly_name=plan.friendly_name,
            values=masked(plan.values, plan.secret_paths),
            problems=opened.problems + opened.draft.problems,
            findings=await self.findings(plan),
            commands=Commands(
                platform=platform_command(
                    plan, defaults=opened.draft.defaults, s3_profile=opened.s3_chosen
                ),
                underneath=await self._runtime.underneath_plan(plan),
            ),
            objects=await self._planned(plan) if objects else None,
        )

    async def _planned(self, plan: LaunchPlan) -> tuple[PlannedObject, ...] | None:
        try:
            return tuple(await self._runtime.planned(plan))
        except PlanRefusedError:
            return None

    def taken(self, project: str, release: str) -> bool:
        """Return whether a release of that name exists, whoever owns it."""
        try:
            self._runtime.release(project, release)
        except ServiceNotFoundError:
            return False
        return True


def stands_in_the_way(problems: Sequence[Problem], findings: Sequence[Finding]) -> bool:
    """Tell whether any of it forbids a launch or a change."""
    return bool(blocking(problems)) or any(one.severity is Severity.ERROR for one in findings)


def blocking(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return the problems that forbid a launch."""
    return tuple(problem for problem in problems if problem.level == "error")


def refusals(findings: Sequence[Finding]) -> tuple[Problem, ...]:
    """Return the findings that forbid a launch, as problems of no field in particular."""
    return tuple(
        Problem(pointer="", code=finding.code, level="error", message=worded(finding).explanation)
        for finding in findings
        if finding.severity is Severity.ERROR
    )
