"""Turn the files of a release into an `Observation`; hold the watch cache fed by their changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import monotonic

from sardonyx.adapters.processes.plan_file import read_plan
from sardonyx.adapters.processes.release_folder import Record, ReleaseFolder, RunnerState
from sardonyx.services.models import LaunchPlan, Observation, State, StepStatus, TimelineEvent

_EVERY = 0.2
# A runner that was killed is started again within this time, else it is gone for good.
_RUNNER_SECONDS = 20.0
_ALIVE = {State.PREPARING, State.STARTING, State.RUNNING}
_LEAVING = {State.PAUSING: State.PAUSED, State.STOPPING: State.STOPPED}


@dataclass(frozen=True, slots=True)
class Seen:
    """A release as read from its files. stamp: what changes when a file does."""

    stamp: tuple[object, ...]
    plan: LaunchPlan
    record: Record
    observation: Observation


class Watch:
    """The releases of one home, in memory; one task looks at their files."""

    def __init__(
        self, services: Path, *, boot: Callable[[], str], alive: Callable[[], bool], domain: str
    ) -> None:
        self._services = services
        self._boot = boot
        self._alive = alive
        self._domain = domain
        self._seen: dict[str, Seen] = {}
        self._plans: dict[str, tuple[object, LaunchPlan]] = {}
        self._lost_since: dict[str, float] = {}
        self._changed: set[_Subscriber] = set()

    async def run(self) -> None:
        """Look at the files until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_EVERY)

    def look(self) -> None:
        """Bring the cache up to date; a few `stat` calls for each release."""
        present = set()
        for root in self._services.iterdir() if self._services.exists() else ():
            if (root / "record.json").exists():
                present.add(root.name)
                self.look_at(root.name)
        for release in self._seen.keys() - present:
            gone = self._seen.pop(release)
            self._plans.pop(release, None)
            facts = {**gone.observation.facts, "deleted": 1}
            self._tell(replace(gone.observation, state=State.STOPPED, facts=facts))

    def begun(self, release: str) -> None:
        """Look at a release whose runner was just asked for: it is not missing yet."""
        self._lost_since.pop(release, None)
        self.look_at(release)

    def look_at(self, release: str) -> None:
        """Bring one release up to date and tell those who observe."""
        folder = ReleaseFolder(self._services / release)
        lives = folder.runner_lives()
        planned = _stamp(folder.plan)
        told = map(_stamp, (folder.record, folder.state, folder.timeline))
        stamp = (planned, *told, lives, self._boot())
        lost = self._runner_lost(release, lives)
        known = self._seen.get(release)
        if known is not None and known.stamp == (*stamp, lost):
            return
        try:
            known_plan = self._plans.get(release)
            if known_plan is None or known_plan[0] != planned:
                known_plan = (planned, read_plan(folder.plan))
            record, state = folder.read_record(), folder.read_state()
        except (OSError, ValueError, TypeError, KeyError):
            return  # being written or removed: seen at the next look
        self._plans[release] = known_plan
        plan = known_plan[1]
        observation = self._observation(plan, record, state, folder, lives=lives, lost=lost)
        self._seen[release] = Seen((*stamp, lost), plan, record, observation)
        if known is None or known.observation != observation:
            self._tell(observation)

    def all(self) -> Mapping[str, Seen]:
        return self._seen

    async def observe(self, project: str) -> AsyncIterator[Observation]:
        """Yield releases of `project` as they change; the newest state only, if one is slow."""
        subscriber = _Subscriber()
        self._changed.add(subscriber)
        try:
            while True:
                for observation in await subscriber.take():
                    if observation.project == project:
                        yield observation
        finally:
            self._changed.discard(subscriber)

    def _tell(self, observation: Observation) -> None:
        for subscriber in self._changed:
            subscriber.put(observation)

    def _runner_lost(self, release: str, lives: bool) -> bool:
        if lives:
            self._lost_since.pop(release, None)
            return False
        since = self._lost_since.setdefault(release, monotonic())
        return monotonic() - since > _RUNNER_SECONDS

    def _observation(
        self,
        plan: LaunchPlan,
        record: Record,
        told: RunnerState,
        folder: ReleaseFolder,
        *,
        lives: bool,
        lost: bool,
    ) -> Observation:
        state, facts = State(told.state), dict(told.facts)
        if not lives and (told.boot != self._boot() or not self._alive()):
            if state in _ALIVE:
                state, facts = State.STOPPED, {"supervisor_gone": 1}
            state = _LEAVING.get(state, state)
        elif lost and state in _ALIVE:
            state, facts = State.STOPPED, {"runner_gone": 1}
        if record.desired == "deleted":
            state = State.STOPPING
        url = f"http://{plan.release}.{self._domain}"
        return Observation(
            release=plan.release,
            project=plan.project,
            owner=plan.owner,
            friendly_name=record.friendly_name,
            shared=plan.shared,
            chart=plan.chart,
            revision=record.revision,
            state=state,
            started_at=datetime.fromisoformat(told.started_at) if told.started_at else None,
            created_at=datetime.fromisoformat(record.created_at),
            urls=(url,) if record.web else (),
            address=record.address or None,
            notes=record.notes.get("en") or next(iter(record.notes.values()), ""),
            notes_by_language=record.notes,
            timeline=read_timeline(folder.timeline),
            facts=facts,
            values=plan.values,
            secret_paths=plan.secret_paths,
            s3_profile=plan.s3_profile,
        )


def read_timeline(path: Path) -> tuple[TimelineEvent, ...]:
    """Return the events in `path`; of a step that goes on only the newest progress."""
    events: list[TimelineEvent] = []
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return ()
    for line in lines:
        try:
            raw = json.loads(line)
            event = TimelineEvent(
                at=datetime.fromisoformat(raw["at"]),
                step=raw["step"],
                status=StepStatus(raw["status"]),
                detail=raw["detail"],
                progress=raw["progress"],
            )
        except (ValueError, KeyError):
            continue  # cut by a crash of the machine
        last = events[-1] if events else None
        if last is not None and last.step == event.step and last.status is StepStatus.STARTED:
            # The step began when it was first told.
            began = last.at if event.status is StepStatus.STARTED else event.at
            events[-1] = replace(event, at=began)
        else:
            events.append(event)
    return tuple(events)


class _Subscriber:
    """What one observer has not taken yet: the newest of each release."""

    def __init__(self) -> None:
        self._waiting: dict[str, Observation] = {}
        self._some = asyncio.Event()

    def put(self, observation: Observation) -> None:
        self._waiting[observation.release] = observation
        self._some.set()

    async def take(self) -> list[Observation]:
        await self._some.wait()
        self._some.clear()
        taken, self._waiting = list(self._waiting.values()), {}
        return taken


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)
