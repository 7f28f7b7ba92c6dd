"""Tell a release's story from what the cluster keeps: Secrets' times, pod conditions, events.

Pure. Kubernetes keeps whole seconds and forgets pods and old events, so the story is told anew
each time: what the revisions say, and the present pod's life among them, in logical order; a
step is never earlier than the one before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sardonyx.adapters.kubernetes.index import Members, ReleaseSeen
from sardonyx.adapters.kubernetes.objects import SeenPod
from sardonyx.adapters.kubernetes.operations import Operation, OperationStatus, Verb
from sardonyx.adapters.kubernetes.releases import ReleaseRecord
from sardonyx.services.evidence import Condition, ContainerEvidence, ContainerState
from sardonyx.services.models import State, StepStatus, TimelineEvent
from sardonyx.text import Scalar

_SECOND = timedelta(seconds=1)
_DONE, _GOING, _FAILED = StepStatus.DONE, StepStatus.STARTED, StepStatus.FAILED
_PULL_FAULTS = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
_LATER_STEPS: Mapping[Verb, str] = {
    Verb.SUSPEND: "paused",
    Verb.RESUME: "resumed",
    Verb.UPGRADE: "edited",
    Verb.ROLLBACK: "rolled_back",
    Verb.UNINSTALL: "stopped",
}


def story(
    seen: ReleaseSeen,
    members: Members,
    state: State,
    asked: datetime,
    answered: datetime | None,
) -> tuple[TimelineEvent, ...]:
    """Return the steps of a release, oldest first.

    asked: when its launch was asked; answered: since when its address answers, None for unknown.
    """
    steps = list(_launch(seen, members, asked))
    pod = _present_pod(members)
    life = list(_life(pod, members, answered)) if pod is not None else []
    born = pod.evidence.created_at + _SECOND if pod is not None else None
    for step in _changes(seen, state):
        if life and born is not None and step.at > born:
            steps += life
            life = []
        steps.append(step)
    steps += life
    return _in_order(steps)


def _in_order(steps: list[TimelineEvent]) -> tuple[TimelineEvent, ...]:
    ordered: list[TimelineEvent] = []
    for step in steps:
        before = ordered[-1].at if ordered else step.at
        ordered.append(replace(step, at=before) if step.at < before else step)
    return tuple(ordered)


def _launch(seen: ReleaseSeen, members: Members, asked: datetime) -> Iterator[TimelineEvent]:
    for step in ("asked", "checked", "values"):
        yield TimelineEvent(asked, step, _DONE)
    operation = seen.operation
    first = seen.records[min(seen.records)] if seen.records else None
    if first is None and operation is not None and operation.verb is Verb.INSTALL:
        yield from _queued(operation)
        if operation.begun_at is None and operation.status is not OperationStatus.FAILED:
            return
    elif first is not None and (seen.onyxia is not None or operation is not None):
        yield TimelineEvent(first.first_deployed, "queued", _DONE)
    workloads = [one.evidence.created_at for one in members.workloads if not one.evidence.hook]
    if workloads:
        yield TimelineEvent(min(workloads), "created", _DONE)
    elif first is not None and not (first.suspended and len(seen.records) == 1):
        yield _created(first)
    elif first is None and operation is not None:
        at = operation.begun_at or operation.asked_at
        failed = operation.status is OperationStatus.FAILED
        yield TimelineEvent(at, "created", _FAILED if failed else _GOING)


def _created(first: ReleaseRecord) -> TimelineEvent:
    status = {"pending-install": _GOING, "failed": _FAILED}.get(first.status, _DONE)
    return TimelineEvent(first.first_deployed, "created", status)


def _queued(operation: Operation) -> Iterator[TimelineEvent]:
    if operation.begun_at is not None:
        yield TimelineEvent(operation.begun_at, "queued", _DONE)
    elif operation.status is OperationStatus.QUEUED:
        yield TimelineEvent(operation.asked_at, "queued", _GOING)


def _changes(seen: ReleaseSeen, state: State) -> Iterator[TimelineEvent]:
    """Yield what was done to the release after its launch."""
    before: ReleaseRecord | None = None
    for number in sorted(seen.records):
        record = seen.records[number]
        if before is not None:
            yield _change(before, record, state if record is seen.newest else None)
        before = record
    operation = seen.operation
    if operation is not None and operation.verb is not Verb.INSTALL:
        failed = operation.status is OperationStatus.FAILED
        detail: dict[str, Scalar] = {"by": operation.by} if operation.by else {}
        at = operation.begun_at or operation.asked_at
        newest = seen.newest
        if newest is None or newest.last_deployed < operation.asked_at or failed:
            status = _FAILED if failed else _GOING
            yield TimelineEvent(at, _LATER_STEPS[operation.verb], status, detail)


def _change(before: ReleaseRecord, record: ReleaseRecord, state: State | None) -> TimelineEvent:
    if record.suspended != before.suspended:
        step = "paused" if record.suspended else "resumed"
    elif record.description.startswith("Rollback to "):
        step = "rolled_back"
    else:
        step = "edited"
    status = _DONE
    if record.status.startswith("pending-") or state is State.PAUSING:
        status = _GOING
    elif record.status == "failed":
        status = _FAILED
    return TimelineEvent(record.last_deployed, step, status, {"revision": record.revision})


def _present_pod(members: Members) -> SeenPod | None:
    pods = [pod for pod in members.pods if not pod.evidence.hook]
    staying = [pod for pod in pods if not pod.evidence.is_leaving]
    return max(staying or pods, key=lambda pod: pod.evidence.created_at, default=None)


def _life(pod: SeenPod, members: Members, answered: datetime | None) -> Iterator[TimelineEvent]:
    evidence = pod.evidence
    conditions = {one.type: one for one in evidence.conditions}
    scheduled = conditions.get("PodScheduled")
    born = evidence.created_at
    if scheduled is None or not scheduled.is_true:
        detail: dict[str, Scalar] = {"reason": scheduled.reason} if scheduled else {}
        yield TimelineEvent(born, "scheduled", _GOING, detail)
        return
    placed = scheduled.since or born
    node: dict[str, Scalar] = {"node": evidence.node} if evidence.node else {}
    yield TimelineEvent(placed, "scheduled", _DONE, node)
    if pod.claims:
        yield _volume(pod, members, conditions, placed)
    first = next((one for one in evidence.containers if one.name), None)
    main = next((one for one in evidence.containers if one.name == pod.main), None)
    if first is None or main is None:
        return
    yield _image(pod, first, members, placed)
    for container in evidence.containers:
        if container.is_init:
            yield from _init(container, placed)
    yield from _main(main, conditions, answered, placed)


def _volume(
    pod: SeenPod, members: Members, conditions: Mapping[str, Condition], placed: datetime
) -> TimelineEvent:
    ready = conditions.get("PodReadyToStartContainers")
    attached = [
        event.evidence.last
        for event in members.events
        if event.evidence.reason in ("SuccessfulAttachVolume", "ProvisioningSucceeded")
    ]
    if ready is not None and ready.is_true:
        at = max((one for one in attached if ready.since and one <= ready.since), default=None)
        return TimelineEvent(at or ready.since or placed, "volume", _DONE)
    if any(one.state is not ContainerState.WAITING for one in pod.evidence.containers):
        return TimelineEvent(placed, "volume", _DONE)  # containers start after their volumes
    return TimelineEvent(placed, "volume", _GOING)


def _image(
    pod: SeenPod, first: ContainerEvidence, members: Members, placed: datetime
) -> TimelineEvent:
    """Return how the images come: those of all containers are one step."""
    faulty = next((one for one in pod.evidence.containers if one.reason in _PULL_FAULTS), None)
    if faulty is not None:
        detail: dict[str, Scalar] = {"image": faulty.image, "reason": faulty.reason}
        return TimelineEvent(placed, "image", _FAILED, detail)
    pulled = [
        event.evidence.last
        for event in members.events
        if event.evidence.name == pod.evidence.name and event.evidence.reason == "Pulled"
    ]
    started = [one.started_at for one in pod.evidence.containers if one.started_at is not None]
    shown: dict[str, Scalar] = {"image": first.image}
    if started:
        before = [one for one in pulled if one <= min(started)]
        return TimelineEvent(max(before, default=min(started)), "image", _DONE, shown)
    return TimelineEvent(placed, "image", _GOING, shown)


def _init(container: ContainerEvidence, placed: datetime) -> Iterator[TimelineEvent]:
    step = f"init.{container.name}"
    if container.state is ContainerState.TERMINATED:
        failed = container.exit_code != 0
        detail: dict[str, Scalar] = {"exit_code": container.exit_code or 0} if failed else {}
        at = container.finished_at or container.started_at or placed
        yield TimelineEvent(at, step, _FAILED if failed else _DONE, detail)
    elif container.last_exit_code:
        detail = {"exit_code": container.last_exit_code, "attempt": container.restarts + 1}
        yield TimelineEvent(container.started_at or placed, step, _FAILED, detail)
    elif container.state is ContainerState.RUNNING:
        ready = _DONE if container.ready else _GOING  # a sidecar is ready and goes on
        yield TimelineEvent(container.started_at or placed, step, ready)


def _main(
    main: ContainerEvidence,
    conditions: Mapping[str, Condition],
    answered: datetime | None,
    placed: datetime,
) -> Iterator[TimelineEvent]:
    if main.restarts:
        detail: dict[str, Scalar] = {"attempt": main.restarts}
        if main.last_exit_code is not None:
            detail["exit_code"] = main.last_exit_code
        yield TimelineEvent(
            main.started_at or main.finished_at or placed, "exited", _FAILED, detail
        )
    if main.state is ContainerState.TERMINATED:
        failed = bool(main.exit_code)
        if main.started_at is not None:
            yield TimelineEvent(main.started_at, "started", _DONE)
        yield TimelineEvent(
            main.finished_at or placed,
            "exited",
            _FAILED if failed else _DONE,
            {"exit_code": main.exit_code or 0},
        )
        return
    if main.state is not ContainerState.RUNNING or main.started_at is None:
        return
    yield TimelineEvent(main.started_at, "started", _DONE)
    ready = conditions.get("Ready")
    if ready is not None and ready.is_true:
        at = ready.since or main.started_at
        yield TimelineEvent(max(at, answered) if answered else at, "answering", _DONE)
    else:
        yield TimelineEvent(main.started_at, "answering", _GOING)
