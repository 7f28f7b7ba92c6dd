"""The smallest stand-ins for what services need: a runtime in memory, contexts, an audit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sardonyx.launcher.context import ContextInputs, S3ProfileInputs
from sardonyx.projects.errors import WorkspaceRefusedError
from sardonyx.projects.models import Actor, Project
from sardonyx.services.errors import (
    RevisionNotFoundError,
    ServiceExistsError,
    ServiceNotFoundError,
)
from sardonyx.services.models import (
    LaunchPlan,
    Loss,
    Observation,
    PlannedObject,
    QuotaUse,
    Revision,
    State,
    StepStatus,
    TimelineEvent,
)
from sardonyx.values import Secret

MINE = Project(id="user-ada", name="ada", bucket="user-ada", secrets_folder="user-ada")
HERS = Project(id="user-eve", name="eve", bucket="user-eve", secrets_folder="user-eve")
GROUP = Project(id="soil", name="Soil", bucket="soil", secrets_folder="soil", group="soil")
ADA = Actor(username="ada", full_name="Ada L", email="ada@example.org", projects=(MINE, GROUP))
EVE = Actor(username="eve", full_name="Eve M", email="eve@example.org", projects=(HERS, GROUP))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROJECT_PASSWORD = "project-password-of-ada"


@dataclass
class MemoryRuntime:
    """Releases in a dictionary. `facts` is what pre-flight finds; `losses_of` what is there."""

    plans: dict[str, LaunchPlan] = field(default_factory=dict)
    revisions: dict[str, dict[int, LaunchPlan]] = field(default_factory=dict)
    limits: list[QuotaUse] = field(default_factory=list)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    seen: dict[str, Observation] = field(default_factory=dict)
    facts: dict[str, str | int | float] = field(default_factory=dict)
    losses_of: list[Loss] = field(default_factory=list)
    log: str = "one\ntwo\n"
    installs: int = 0
    placeless: set[str] = field(default_factory=set)
    state_at_install: State = State.PREPARING
    archived: set[str] = field(default_factory=set)
    watchers: list[asyncio.Queue[Observation]] = field(default_factory=list)
    _plays: list[Callable[[], None]] = field(default_factory=list)
    watched: asyncio.Event = field(default_factory=asyncio.Event)

    async def install(self, plan: LaunchPlan) -> None:
        await asyncio.sleep(0)  # as a real one lets others run meanwhile
        if plan.project in self.placeless:
            raise WorkspaceRefusedError(namespace=plan.project, reason="it does not exist")
        if plan.release in self.seen:
            raise ServiceExistsError(name=plan.release, project=plan.project)
        self.installs += 1
        self.plans[plan.release] = plan
        self.revisions[plan.release] = {1: plan}
        steps = ("asked", "checked", "values")
        self.put(
            Observation(
                release=plan.release,
                project=plan.project,
                owner=plan.owner,
                friendly_name=plan.friendly_name,
                shared=plan.shared,
                chart=plan.chart,
                revision=1,
                state=self.state_at_install,
                started_at=None,
                created_at=NOW + timedelta(seconds=self.installs),
                urls=(f"http://{plan.release}.localhost:8000",),
                address="http://127.0.0.1:21000",
                notes="Use it.",
                notes_by_language={"en": "Use it.", "fr": "Utilisez-le."},
                timeline=tuple(TimelineEvent(NOW, step, StepStatus.DONE) for step in steps),
                values=plan.values,
                secret_paths=plan.secret_paths,
                s3_profile=plan.s3_profile,
            )
        )

    def put(self, seen: Observation) -> None:
        """Let the release be as `seen`, and tell those who watch."""
        self.seen[seen.release] = seen
        for watcher in self.watchers:
            watcher.put_nowait(seen)

    def change(self, release: str, state: State, *steps: str) -> None:
        """Let a release change its state, after `steps`."""
        seen = self.seen[release]
        told = tuple(TimelineEvent(NOW, step, StepStatus.DONE) for step in steps)
        self.put(replace(seen, state=state, timeline=seen.timeline + told))

    def note(self, release: str, **facts: str | int | float) -> None:
        """Let something be found about a release."""
        self.put(replace(self.seen[release], facts=facts))

    def make_database(self, release: str) -> None:
        """Let a release be one that programs alone use."""
        self.put(replace(self.seen[release], urls=(), address="postgresql://127.0.0.1:1/x"))

    def step(
        self, release: str, step: str, status: StepStatus, progress: float | None = None
    ) -> None:
        """Let a step begin, or the one that goes on end."""
        seen = self.seen[release]
        events = tuple(event for event in seen.timeline if event.step != step)
        new = TimelineEvent(NOW, step, status, progress=progress)
        self.put(replace(seen, timeline=(*events, new)))

    def remove(self, release: str) -> None:
        """Let a release be gone."""
        gone = self.seen.pop(release)
        self.archived.add(release)
        for watcher in self.watchers:
            watcher.put_nowait(replace(gone, state=State.STOPPED))

    def when_watched(self, play: Callable[[], None]) -> None:
        """Play once somebody watches."""
        self._plays.append(play)
        if self.watchers:
            self._play()

    def _play(self) -> None:
        while self._plays:
            self._plays.pop(0)()

    async def upgrade(self, plan: LaunchPlan) -> None:
        await asyncio.sleep(0)
        self._revise(plan, "edited")

    async def rollback(self, project: str, release: str, revision: int) -> None:
        seen = self.release(project, release)
        kept = self.revisions[release].get(revision)
        if kept is None or revision == seen.revision:
            raise RevisionNotFoundError(name=release, revision=revision)
        self._revise(kept, "rolled_back")

    def _revise(self, plan: LaunchPlan, step: str) -> None:
        seen = self.release(plan.project, plan.release)
        self.plans[plan.release] = plan
        number = max(self.revisions[plan.release]) + 1
        self.revisions[plan.release][number] = plan
        changed = replace(
            seen,
            revision=number,
            chart=plan.chart,
            values=plan.values,
            secret_paths=plan.secret_paths,
        )
        self.seen[plan.release] = changed
        self.change(plan.release, State.STARTING, step)

    async def history(self, project: str, release: str) -> Sequence[Revision]:
        seen = self.release(project, release)
        return [
            Revision(
                number=number,
                at=NOW,
                status="deployed" if number == seen.revision else "superseded",
                chart=plan.chart,
                values=plan.values,
                secret_paths=plan.secret_paths,
            )
            for number, plan in reversed(self.revisions[release].items())
        ]

    async def share(self, project: str, release: str, *, shared: bool) -> None:
        self.put(replace(self.release(project, release), shared=shared))

    async def adopt(self, project: str, release: str, owner: str) -> None:
        self.put(replace(self.release(project, release), owner=owner))

    async def planned(self, plan: LaunchPlan) -> Sequence[PlannedObject]:
        return (PlannedObject("Process", plan.release, await self.underneath_plan(plan)),)

    def quota(self, project: str) -> Sequence[QuotaUse]:
        return self.limits

    async def suspend(self, project: str, release: str) -> None:
        self.change(self.release(project, release).release, State.PAUSED, "paused")

    async def resume(self, project: str, release: str) -> None:
        self.change(self.release(project, release).release, State.STARTING, "resumed")

    async def restart(self, project: str, release: str) -> None:
        self.change(self.release(project, release).release, State.STARTING, "restarted")

    async def uninstall(self, project: str, release: str) -> None:
        self.remove(self.release(project, release).release)

    async def rename(self, project: str, release: str, friendly_name: str) -> None:
        self.put(replace(self.release(project, release), friendly_name=friendly_name))

    def releases(self, project: str) -> Sequence[Observation]:
        return [seen for seen in self.seen.values() if seen.project == project]

    def release(self, project: str, release: str) -> Observation:
        seen = self.seen.get(release)
        if seen is None or seen.project != project:
            raise ServiceNotFoundError(name=release, project=project)
        return seen

    async def observe(self, project: str) -> AsyncGenerator[Observation, None]:
        watcher: asyncio.Queue[Observation] = asyncio.Queue()
        self.watchers.append(watcher)
        self.watched.set()
        asyncio.get_running_loop().call_soon(self._play)
        try:
            while True:
                seen = await watcher.get()
                if seen.project == project:
                    yield seen
        finally:
            self.watchers.remove(watcher)

    async def logs(
        self, project: str, release: str, *, lines: int = 200, previous: bool = False
    ) -> str:
        if previous:
            return "the run before\n"
        if release not in self.archived:
            self.release(project, release)
        return "".join(line + "\n" for line in self.log.splitlines()[-lines:])

    async def follow_logs(
        self, project: str, release: str, *, lines: int = 0
    ) -> AsyncGenerator[str, None]:
        if lines:
            yield await self.logs(project, release, lines=lines)
        yield "three\n"

    async def losses(self, project: str, release: str) -> Sequence[Loss]:
        return self.losses_of

    async def service_credential(
        self, project: str, release: str, *, life: timedelta
    ) -> tuple[str, Secret]:
        if not self.release(project, release).urls:
            return "password", Secret("hers")
        return "Authorization", Secret(f"Bearer for-{release}")

    async def place_file(self, project: str, release: str, name: str, content: bytes) -> bool:
        self.release(project, release)
        placed = self.files.setdefault((release, name), content)
        return placed is content

    async def underneath(self, project: str, release: str) -> str:
        return f"uv venv {self.release(project, release).release}\n"

    async def underneath_plan(self, plan: LaunchPlan) -> str:
        return f"uv venv {plan.release}\n"

    def underneath_action(self, verb: str, project: str, release: str, *, revision: int = 0) -> str:
        return f"{verb} {self.release(project, release).release} {revision}\n"

    def underneath_look(self, project: str, release: str | None = None) -> str:
        return ""

    async def preflight(self, plan: LaunchPlan) -> dict[str, str | int | float]:
        return self.facts


@dataclass
class Contexts:
    """Inputs of a launch without a secret store; with storage where a test gives some.

    own: storage profiles of one person each, by user name.
    """

    s3: S3ProfileInputs | None = None
    own: dict[str, S3ProfileInputs] = field(default_factory=dict)

    async def inputs(self, actor: Actor, project: Project) -> ContextInputs:
        return ContextInputs(
            username=actor.username,
            email=actor.email,
            project_id=project.id,
            project_password=Secret(PROJECT_PASSWORD),
            domain="localhost:8000",
            s3=self.s3,
            of_group=project.group is not None,
            s3_profiles=tuple(
                one for one in (self.s3, self.own.get(actor.username)) if one is not None
            ),
        )


class AuditList:
    """Keeps what was recorded."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str, str]] = []

    async def record(self, username: str, action: str, target: str, result: str) -> None:
        self.lines.append((username, action, target, result))


class Counted:
    """Draws 1, 2, 3, … where a suffix of an earlier draw can be asked for again."""

    def __init__(self, *suffixes: str) -> None:
        self._suffixes = list(suffixes)
        self._number = 0

    def draft_id(self) -> str:
        self._number += 1
        return f"draft-{self._number}"

    def suffix(self) -> str:
        self._number += 1
        return self._suffixes.pop(0) if self._suffixes else str(self._number)

    def password(self) -> Secret:
        self._number += 1
        return Secret(f"one-time-{self._number}")
