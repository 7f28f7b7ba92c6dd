"""Turn a change of a running service into a draft, a plan, and what it would make different.

Reads the catalogue, the runtime's cache and what it says would be created; changes nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.done import Commands
from sardonyx.errors import PlatformError, Problem, UserError
from sardonyx.launcher.commands import here_document
from sardonyx.launcher.context import launch_context
from sardonyx.launcher.draft import Draft
from sardonyx.launcher.masking import Unmasking
from sardonyx.launcher.models import PatchEntry, Unset, path_text, warning
from sardonyx.launcher.overlays import laid_over, overlay
from sardonyx.launcher.patch import apply, apply_with_problems, diff, parse_set
from sardonyx.launcher.plan import make_plan
from sardonyx.launcher.s3_choice import choose_profile
from sardonyx.projects.models import Actor, Project
from sardonyx.services.commands import command, on_service
from sardonyx.services.comparing import (
    ObjectChange,
    ValueChange,
    compare_objects,
    compare_values,
    hidden_paths,
    shown_values,
)
from sardonyx.services.drafts import Drafts
from sardonyx.services.launching import (
    ChangeRequest,
    Charts,
    LaunchContexts,
    OpenDraft,
    plan_of,
    secrets_in_open,
)
from sardonyx.services.models import Finding, LaunchPlan, Observation, Revision
from sardonyx.services.planning import Drafting, Planner, stands_in_the_way
from sardonyx.services.ports import Runtime
from sardonyx.text import N_
from sardonyx.values import JsonObject, Path

NEWEST = "newest"  # stands for the newest version of a chart


@dataclass(frozen=True, slots=True)
class OpenChange:
    """A change of a running service that is being prepared.

    seen: the service as it was when this was opened. base: its values, over the defaults of the
    version chosen. edits: what was changed since, over `base`.
    """

    seen: Observation
    opened: OpenDraft
    base: JsonObject
    edits: tuple[PatchEntry, ...]

    @property
    def draft(self) -> Draft:
        return self.opened.draft

    @property
    def plan(self) -> LaunchPlan:
        """What the runtime would be asked to run."""
        return make_plan(
            self.draft,
            release=self.seen.release,
            project=self.seen.project,
            owner=self.seen.owner,
            friendly_name=self.seen.friendly_name,
            shared=self.seen.shared,
            s3_profile=self.seen.s3_profile,
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        same_chart = self.draft.chart.ref.version == self.seen.chart.version
        return same_chart and not diff(self.seen.values, self.draft.values)


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change would make different; secrets never stand in it.

    before, after: the charts. objects: None where nobody was asked, or could tell.
    """

    release: str
    revision: int
    etag: str
    before: ChartRef
    after: ChartRef
    values: tuple[ValueChange, ...]
    objects: tuple[ObjectChange, ...] | None
    sent: JsonObject
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    commands: Commands

    @property
    def refused(self) -> bool:
        """Whether the change would be refused as it stands."""
        return stands_in_the_way(self.problems, self.findings)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.values and not self.objects and self.before == self.after


class ChangePlanner:
    """Makes drafts and comparisons of changes for `Services`."""

    def __init__(
        self,
        *,
        catalog: Charts,
        runtime: Runtime,
        contexts: LaunchContexts,
        drafts: Drafts,
        planner: Planner,
    ) -> None:
        self._catalog = catalog
        self._runtime = runtime
        self._contexts = contexts
        self._drafts = drafts
        self._planner = planner

    async def open(
        self,
        actor: Actor,
        project: Project,
        seen: Observation,
        *,
        version: str | None,
        edits: tuple[PatchEntry, ...],
        language: str,
    ) -> OpenChange:
        """Return a draft of the service as it runs, with `edits` over its values.

        version: of the chart; None for the one that runs, NEWEST for the newest. Raises
        ChartNotFoundError and its kin.
        """
        running = self.running_chart(actor, project, seen)
        chart = self._asked(actor, project, seen, running, version)
        suffix = seen.release.rpartition("-")[2]
        key = f"{seen.project}/{seen.release}"
        seeds = self._drafts.seeds_of(actor.username, key, suffix if suffix.isdecimal() else "0")
        drafting = await self._planner.drafting(
            actor, project, seeds, language=language, s3_profile=seen.s3_profile
        )
        defaults = drafting.made(chart).defaults
        base = _carried(drafting, seen, running, chart, defaults)
        applied = apply_with_problems(base, edits)
        draft = drafting.made(chart, tuple(diff(defaults, applied.values)))
        opened = OpenDraft(
            id=key,
            project=project.id,
            seeds=seeds,
            language=language,
            draft=draft,
            problems=applied.problems + _storage_gone(drafting, draft, seen),
            s3_profile=drafting.storage.name,
        )
        return OpenChange(seen, opened, base, tuple(diff(base, draft.values)))

    async def open_request(
        self,
        actor: Actor,
        project: Project,
        seen: Observation,
        request: ChangeRequest,
        *,
        language: str,
    ) -> OpenChange:
        """Return the draft of a change asked by command line or REST, with its own problems."""
        start = await self.open(
            actor, project, seen, version=request.version, edits=(), language=language
        )
        parsed = [parse_set(setting) for setting in request.settings]
        misread = tuple(item for item in parsed if isinstance(item, Problem))
        settings = tuple(item for item in parsed if isinstance(item, PatchEntry))
        edits = settings + request.patch
        if request.values:
            hidden = hidden_paths(start.base, start.draft.secret_paths)
            given = laid_over(start.base, _put_back(request.values, start.base, hidden))
            assert isinstance(given, dict)  # noqa: S101 - both sides are objects
            edits = tuple(diff(start.base, given)) + edits
        change = await self.open(
            actor, project, seen, version=request.version, edits=edits, language=language
        )
        problems = misread + secrets_in_open(settings, change.draft.secret_paths)
        opened = replace(change.opened, problems=problems + change.opened.problems)
        return replace(change, opened=opened)

    async def preview(
        self, actor: Actor, project: Project, change: OpenChange, *, etag: str, objects: bool
    ) -> ChangePreview:
        """Return what `change` makes different. objects: also ask what would be created."""
        seen, plan, draft = change.seen, change.plan, change.draft
        running = self.running_chart(actor, project, seen)
        before = plan_of(seen, chart=running, context=draft.context)
        problems = change.opened.problems + draft.problems
        compared, refusal = None, None
        blocked = any(problem.level == "error" for problem in problems)
        if objects and not blocked:
            compared, refusal = await self._objects(before, plan)
        hidden = hidden_paths(plan.values, plan.secret_paths | seen.secret_paths)
        return ChangePreview(
            release=seen.release,
            revision=seen.revision,
            etag=etag,
            before=seen.chart,
            after=plan.chart,
            values=compare_values(seen.values, plan.values, hidden),
            objects=compared,
            sent=shown_values(plan.values, hidden),
            problems=problems + ((refusal,) if refusal is not None else ()),
            findings=await self._planner.findings(plan, running=before.merged),
            commands=await self.commands(actor, change),
        )

    async def compare(
        self, actor: Actor, project: Project, seen: Observation, revision: Revision, *, etag: str
    ) -> ChangePreview:
        """Return what a roll back to `revision` makes different."""
        inputs = await self._contexts.inputs(actor, project)
        context = launch_context(choose_profile(inputs, seen.s3_profile).inputs)
        running = self.running_chart(actor, project, seen)
        before = plan_of(seen, chart=running, context=context)
        earlier = replace(
            seen,
            chart=revision.chart,
            values=revision.values,
            secret_paths=revision.secret_paths,
        )
        chart = self.running_chart(actor, project, earlier)
        after = plan_of(earlier, chart=chart, context=context)
        compared, refusal = None, None
        findings: tuple[Finding, ...] = ()
        if running is not None and chart is not None:  # else there is no chart to ask about
            compared, refusal = await self._objects(before, after)
            findings = await self._planner.findings(after, running=before.merged)
        hidden = hidden_paths(seen.values, seen.secret_paths | revision.secret_paths)
        return ChangePreview(
            release=seen.release,
            revision=revision.number,
            etag=etag,
            before=seen.chart,
            after=revision.chart,
            values=compare_values(seen.values, revision.values, hidden),
            objects=compared,
            sent=shown_values(revision.values, hidden),
            problems=(refusal,) if refusal is not None else (),
            findings=findings,
            commands=on_service(
                ("rollback", str(revision.number)),
                seen.release,
                project=elsewhere(actor, seen),
                underneath=self._runtime.underneath_action(
                    "roll_back", seen.project, seen.release, revision=revision.number
                ),
            ),
        )

    async def commands(self, actor: Actor, change: OpenChange) -> Commands:
        """Return the commands of a change; a secret stands in them as `$VAR`."""
        seen, plan = change.seen, change.plan
        words = ["services", "edit", seen.release]
        if change.draft.chart.ref.version != seen.chart.version:
            words += ["--version", change.draft.chart.ref.version]
        where = elsewhere(actor, seen)
        if where is not None:
            words += ["--project", where]
        for entry in diff(seen.values, plan.values):
            if isinstance(entry.value, Unset) and not any(isinstance(p, int) for p in entry.path):
                words += ["--set", f"{path_text(entry.path)}-"]
        given = overlay(seen.values, plan.values)
        platform = command(*words)
        if given:
            hidden = hidden_paths(plan.values, plan.secret_paths)
            document = here_document(given, hidden).replace(" > ./values.yaml", "", 1)
            platform = f"{platform.rstrip()} -f - {document}"
        return Commands(platform, await self._runtime.underneath_plan(plan))

    def running_chart(self, actor: Actor, project: Project, seen: Observation) -> Chart | None:
        """Return the chart a release runs, None where no catalogue of theirs has it any more."""
        try:
            return self._catalog.running(actor, seen.chart, project=project)
        except PlatformError:
            pass
        try:
            return self._chart(actor, project, seen, seen.chart.version)
        except PlatformError:
            return None

    def versions(self, actor: Actor, project: Project, chart: ChartRef) -> tuple[str, ...]:
        """Return the chart's versions, newest first; none where it left the catalogue."""
        try:
            return self._catalog.versions(
                actor, chart.chart, catalog=chart.catalog or None, project=project
            )
        except PlatformError:
            return ()

    def _asked(
        self,
        actor: Actor,
        project: Project,
        seen: Observation,
        running: Chart | None,
        version: str | None,
    ) -> Chart:
        """Return the chart in the version asked for. Raises ChartNotFoundError and its kin."""
        if version == NEWEST:
            return self._chart(actor, project, seen, None)
        if running is not None and version in (None, running.ref.version):
            return running
        return self._chart(actor, project, seen, version or seen.chart.version)

    def _chart(
        self, actor: Actor, project: Project, seen: Observation, version: str | None
    ) -> Chart:
        return self._catalog.chart(
            actor,
            seen.chart.chart,
            catalog=seen.chart.catalog or None,
            version=version,
            project=project,
        )

    async def _objects(
        self, before: LaunchPlan, after: LaunchPlan
    ) -> tuple[tuple[ObjectChange, ...] | None, Problem | None]:
        """Return how the objects differ, and why `after` cannot be made, if it cannot."""
        results = await asyncio.gather(
            self._runtime.planned(before), self._runtime.planned(after), return_exceptions=True
        )
        old, new = results
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, PlatformError):
                raise result
        if isinstance(new, UserError):
            return None, Problem("", new.code, "error", new.detail_text())
        if isinstance(old, BaseException) or isinstance(new, BaseException):
            return None, None  # what runs, or the cluster, cannot be asked: values alone are told
        return compare_objects(old, new), None


def elsewhere(actor: Actor, seen: Observation) -> str | None:
    """Return the project to name in a command: none for the one that is meant without."""
    return None if seen.project == actor.default_project.id else seen.project


def _storage_gone(drafting: Drafting, draft: Draft, seen: Observation) -> tuple[Problem, ...]:
    """Return what to say where the storage that the service was launched with is not there."""
    if drafting.storage.notice is None or not draft.uses_s3 or seen.s3_profile is None:
        return ()
    text = N_(
        "The storage profile “{name}” that this service was launched with is not there any more. "
        "If it loses its storage, launch it anew with another one."
    )
    return (warning((), "s3_profile_gone", text, name=seen.s3_profile[:80]),)


def _carried(
    drafting: Drafting, seen: Observation, running: Chart | None, chart: Chart, defaults: JsonObject
) -> JsonObject:
    """Return the values that runs carries over to `chart`, whose defaults are `defaults`.

    What differs from the defaults it was launched from is the person's own and is kept; the
    other defaults of another version are taken as they are.
    """
    known = defaults
    if running is not None and running.ref != chart.ref:
        known = drafting.made(running).defaults
    return apply(defaults, diff(known, seen.values))


def _put_back(given: JsonObject, base: JsonObject, hidden: frozenset[Path]) -> JsonObject:
    """Return `given` with what runs in place of each `$VAR` that stood for its secret."""
    made = Unmasking(base, hidden)(given)
    return made if isinstance(made, dict) else {}
