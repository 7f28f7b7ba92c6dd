"""A Runtime in memory: releases advance by themselves, or fail as their plan says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sardonyx.services.errors import (
    FileNotPlacedError,
    RevisionNotFoundError,
    ServiceBusyError,
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
from sardonyx.text import Scalar
from sardonyx.values import Secret

Facts = Mapping[str, Scalar]
_LEAVING = {State.PAUSING, State.STOPPING}
_ALIVE = {State.PREPARING, State.STARTING, State.RUNNING}


def all_is_well(plan: LaunchPlan) -> Facts:
    """Let every release run."""
    return {}


@dataclass(slots=True)
class _Release:
    plan: LaunchPlan
    seen: Observation
    work: dict[str, int] = field(default_factory=dict)
    revisions: dict[int, tuple[datetime, str, LaunchPlan]] = field(default_factory=dict)


@dataclass(slots=True)
class MemoryRuntime:
    """Releases in a dictionary.

    fault: facts for which a release fails instead of running, empty when it runs.
    facts: what pre-flight finds. log: what each service prints when it starts.
    limits: the quota of every project.
    """

    fault: Callable[[LaunchPlan], Facts] = all_is_well
    facts: dict[str, Scalar] = field(default_factory=lambda: {"disk_free": 10**12})
    log: str = "hello from the service\n"
    limits: tuple[QuotaUse, ...] = ()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _held: dict[str, _Release] = field(default_factory=dict)
    _logs: dict[tuple[str, str], str] = field(default_factory=dict)
    _watchers: set[asyncio.Queue[Observation]] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def close(self) -> None:
        """End what still advances."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def put_file(self, release: str, name: str, size: int) -> None:
        """Let the service have written a file of `size` bytes to its working folder."""
        self._held[release].work[name] = size

    async def install(self, plan: LaunchPlan) -> None:
        if plan.release in self._held:
            raise ServiceExistsError(name=plan.release, project=plan.project, field="name")
        seen = Observation(
            release=plan.release,
            project=plan.project,
            owner=plan.owner,
            friendly_name=plan.friendly_name,
            shared=plan.shared,
            chart=plan.chart,
            revision=1,
            state=State.PREPARING,
            started_at=None,
            created_at=self.clock(),
            urls=(f"http://{plan.release}.localhost:8000",),
            address="http://127.0.0.1:8899",
            notes="",
            timeline=tuple(self._event(step) for step in ("asked", "checked", "values")),
            values=plan.values,
            secret_paths=plan.secret_paths,
            s3_profile=plan.s3_profile,
        )
        kept = {1: (seen.created_at, "Launched", plan)}
        self._held[plan.release] = _Release(plan, seen, revisions=kept)
        self._put(seen)
        self._spawn(self._advance(plan))

    async def upgrade(self, plan: LaunchPlan) -> None:
        self._change(plan, "edited", "Edited")

    async def rollback(self, project: str, release: str, revision: int) -> None:
        seen = self._known(project, release)
        kept = self._held[release].revisions.get(revision)
        if kept is None or revision == seen.revision:
            raise RevisionNotFoundError(name=release, revision=revision)
        plan = replace(kept[2], friendly_name=seen.friendly_name, shared=seen.shared)
        self._change(plan, "rolled_back", f"Rollback to {revision}")

    async def history(self, project: str, release: str) -> Sequence[Revision]:
        seen = self._known(project, release)
        return [
            Revision(
                number=number,
                at=at,
                status="deployed" if number == seen.revision else "superseded",
                chart=plan.chart,
                description=description,
                values=plan.values,
                secret_paths=plan.secret_paths,
            )
            for number, (at, description, plan) in reversed(self._held[release].revisions.items())
        ]

    async def suspend(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        if seen.state in {State.PAUSED, State.PAUSING}:
            return
        self._not_leaving(seen)
        self._put(replace(seen, state=State.PAUSING))
        self._spawn(self._settle(release, State.PAUSED, "paused"))

    async def resume(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        if seen.state in _ALIVE:
            return
        self._not_leaving(seen)
        self._begin_again(seen, "resumed")

    async def restart(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        self._not_leaving(seen)
        self._begin_again(seen, "restarted")

    async def uninstall(self, project: str, release: str) -> None:
        self._put(replace(self._known(project, release), state=State.STOPPING))
        self._spawn(self._forget(release))

    async def rename(self, project: str, release: str, friendly_name: str) -> None:
        self._put(replace(self._known(project, release), friendly_name=friendly_name))

    async def share(self, project: str, release: str, *, shared: bool) -> None:
        self._put(replace(self._known(project, release), shared=shared))

    async def adopt(self, project: str, release: str, owner: str) -> None:
        seen = self._known(project, release)
        if not seen.owner:
            self._put(replace(seen, owner=owner))

    def releases(self, project: str) -> Sequence[Observation]:
        found = [one.seen for one in self._held.values() if one.seen.project == project]
        return sorted(found, key=lambda one: one.created_at, reverse=True)

    def release(self, project: str, release: str) -> Observation:
        return self._known(project, release)

    async def observe(self, project: str) -> AsyncIterator[Observation]:
        queue: asyncio.Queue[Observation] = asyncio.Queue()
        self._watchers.add(queue)
        try:
            while True:
                seen = await queue.get()
                if seen.project == project:
                    yield seen
        finally:
            self._watchers.discard(queue)

    async def logs(
        self, project: str, release: str, *, lines: int = 200, previous: bool = False
    ) -> str:
        if previous:
            return ""
        return "".join(self._log(project, release).splitlines(keepends=True)[-lines:])

    async def follow_logs(
        self, project: str, release: str, *, lines: int = 0
    ) -> AsyncIterator[str]:
        before = self._log(project, release)
        shown = len(before)
        if lines and before:
            yield "".join(before.splitlines(keepends=True)[-lines:])
        while True:
            text = self._log(project, release)
            if len(text) > shown:
                yield text[shown:]
                shown = len(text)
            await asyncio.sleep(0.01)

    async def losses(self, project: str, release: str) -> Sequence[Loss]:
        self._known(project, release)
        return [Loss("file", name, size) for name, size in self._held[release].work.items()]

    async def place_file(self, project: str, release: str, name: str, content: bytes) -> bool:
        self._known(project, release)
        if name in {"", ".", ".."} or "/" in name:
            raise FileNotPlacedError(file=name, name=release, reason="no file name")
        if name in self._held[release].work:
            return False
        self.put_file(release, name, len(content))
        return True

    async def service_credential(
        self, project: str, release: str, *, life: timedelta
    ) -> tuple[str, Secret]:
        self._known(project, release)
        return "Authorization", Secret(f"Bearer of-{release}")

    async def underneath(self, project: str, release: str) -> str:
        self._known(project, release)
        return await self.underneath_plan(self._held[release].plan)

    async def underneath_plan(self, plan: LaunchPlan) -> str:
        return f"(\nset -eu\nexec run {plan.release}\n)\n"

    def underneath_action(self, verb: str, project: str, release: str, *, revision: int = 0) -> str:
        self._known(project, release)
        return f"{verb} {release} {revision}\n"

    def underneath_look(self, project: str, release: str | None = None) -> str:
        return f"look {release or project}\n"

    async def preflight(self, plan: LaunchPlan) -> dict[str, Scalar]:
        return dict(self.facts)

    async def planned(self, plan: LaunchPlan) -> Sequence[PlannedObject]:
        return (PlannedObject("Process", plan.release, await self.underneath_plan(plan)),)

    def quota(self, project: str) -> Sequence[QuotaUse]:
        return self.limits

    # How releases advance

    async def _advance(self, plan: LaunchPlan) -> None:
        for state, step in ((State.STARTING, "environment"), (State.RUNNING, "answering")):
            await asyncio.sleep(0)
            seen = self._held[plan.release].seen
            fault = self.fault(plan)
            if fault and (state is State.RUNNING or "package_error" in fault):
                failed = self._event(step, StepStatus.FAILED, fault)
                timeline = (*seen.timeline, failed)
                self._put(replace(seen, state=State.FAILED, facts=fault, timeline=timeline))
                return
            if state is State.RUNNING:
                key = (seen.project, seen.release)
                self._logs[key] = self._logs.get(key, "") + self.log
                seen = replace(seen, started_at=self.clock())
            self._put(replace(seen, state=state, timeline=(*seen.timeline, self._event(step))))

    async def _settle(self, release: str, state: State, step: str) -> None:
        await asyncio.sleep(0)
        seen = self._held[release].seen
        self._put(replace(seen, state=state, timeline=(*seen.timeline, self._event(step))))

    async def _forget(self, release: str) -> None:
        await asyncio.sleep(0)
        gone = self._held.pop(release).seen
        for queue in self._watchers:
            queue.put_nowait(replace(gone, state=State.STOPPED, facts={"deleted": 1}))

    def _change(self, plan: LaunchPlan, step: str, description: str) -> None:
        seen = self._known(plan.project, plan.release)
        self._not_leaving(seen)
        held, number = self._held[plan.release], max(self._held[plan.release].revisions) + 1
        held.plan = plan
        held.revisions[number] = (self.clock(), description, plan)
        changed = replace(
            seen,
            chart=plan.chart,
            values=plan.values,
            secret_paths=plan.secret_paths,
            friendly_name=plan.friendly_name,
            revision=number,
        )
        if seen.state is State.PAUSED:
            self._put(replace(changed, timeline=(*seen.timeline, self._event(step))))
        else:
            self._begin_again(changed, step)

    def _begin_again(self, seen: Observation, step: str) -> None:
        self._put(
            replace(
                seen,
                state=State.PREPARING,
                facts={},
                timeline=(*seen.timeline, self._event(step)),
            )
        )
        self._spawn(self._advance(self._held[seen.release].plan))

    def _event(
        self, step: str, status: StepStatus = StepStatus.DONE, detail: Facts | None = None
    ) -> TimelineEvent:
        return TimelineEvent(self.clock(), step, status, detail or {})

    def _put(self, seen: Observation) -> None:
        self._held[seen.release].seen = seen
        for queue in self._watchers:
            queue.put_nowait(seen)

    def _known(self, project: str, release: str) -> Observation:
        held = self._held.get(release)
        if held is None or held.seen.project != project:
            raise ServiceNotFoundError(name=release, project=project)
        return held.seen

    def _log(self, project: str, release: str) -> str:
        with suppress(KeyError):
            return self._logs[project, release]
        self._known(project, release)
        return ""

    def _not_leaving(self, seen: Observation) -> None:
        if seen.state in _LEAVING:
            raise ServiceBusyError(name=seen.friendly_name, state=seen.state.value)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
