"""Turn what was seen of one release into an `Observation`: its state, evidence, addresses.

Pure. Nothing is judged here beyond the state; why a release does not advance is for
`services/cluster_diagnosis.py`, from the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sardonyx.adapters.kubernetes.index import Members, ReleaseSeen
from sardonyx.adapters.kubernetes.objects import EPOCH, SeenPod, SeenWorkload
from sardonyx.adapters.kubernetes.operations import Operation, OperationStatus, Verb
from sardonyx.adapters.kubernetes.releases import ReleaseRecord
from sardonyx.adapters.kubernetes.story import story
from sardonyx.catalog.models import ChartRef
from sardonyx.services.evidence import (
    ContainerState,
    Evidence,
    HelmEvidence,
    PodEvidence,
    RouteEvidence,
)
from sardonyx.services.models import Observation, State
from sardonyx.text import Scalar
from sardonyx.values import Json, JsonObject

_PENDING = {"pending-install", "pending-upgrade", "pending-rollback"}
# A container that comes to this gets no further by waiting.
_HOPELESS = {"CrashLoopBackOff", "InvalidImageName", "ErrImageNeverPull"}
_ENDED = {"Succeeded", "Failed"}
_MAIN_KINDS = {"Deployment", "StatefulSet", "DaemonSet"}


@dataclass(frozen=True, slots=True)
class Answered:
    """Whether an address answers, and since when. None: nobody can tell from here."""

    answers: bool | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known beside the release itself.

    project: its id. position: place in the queue, 1 is next, 0 is not queued. api_fault,
    api_since: as in `Evidence`. answered: of an address. catalog: of a chart by name and
    version, for releases older than the Onyxia Secret. last_lines: of a container that ended.
    """

    project: str
    position: int = 0
    api_fault: str = ""
    api_since: datetime | None = None
    answered: Callable[[str], Answered] = lambda _: Answered(None)
    catalog: Callable[[str, str], str] = lambda _chart, _version: ""
    facts: Mapping[str, Scalar] = field(default_factory=dict)


def observe(release: str, seen: ReleaseSeen, members: Members, around: Surroundings) -> Observation:
    """Return what is seen of a release that `exists`; values and notes are unpacked for it."""
    record, operation, onyxia = seen.newest, seen.operation, seen.onyxia
    config = operation.values if record is None and operation else _config(record)
    legacy = _object(config.get("onyxia"))
    state = state_of(seen, members)
    evidence = _evidence(seen, members, around)
    asked = _asked(seen)
    owner = (onyxia.owner if onyxia else "") or _text(legacy.get("owner"))
    friendly = (onyxia.friendly_name if onyxia else "") or _text(legacy.get("friendlyName"))
    if onyxia is None and operation is not None and operation.verb is Verb.INSTALL:
        owner, friendly = operation.owner, operation.friendly_name
    facts = dict(around.facts)
    if record is not None and record.fault:
        facts["record_fault"] = record.fault
    if onyxia is not None and onyxia.keys_until:
        facts["keys_until"] = onyxia.keys_until
    urls = tuple(dict.fromkeys(r.url for r in evidence.routes if r.url and r.answers is not False))
    answering = [around.answered(route.url).since for route in evidence.routes if route.url]
    return Observation(
        release=release,
        project=around.project,
        owner=owner,
        friendly_name=friendly or release,
        shared=_shared(seen, legacy),
        chart=chart_of(seen, around),
        revision=record.revision if record else 0,
        state=state,
        started_at=_started(members) if state in _ALIVE else None,
        created_at=record.first_deployed if record else asked,
        urls=urls,
        address=record.address if record and state in _ALIVE else None,
        notes=record.notes() if record else "",
        timeline=story(seen, members, state, asked, min(filter(None, answering), default=None)),
        facts=facts,
        values=config,
        secret_paths=_secret_paths(seen),
        suspendable=record.suspendable if record else False,
        evidence=evidence,
        s3_profile=_s3_profile(seen),
    )


_ALIVE = {State.STARTING, State.RUNNING}


def state_of(seen: ReleaseSeen, members: Members) -> State:  # noqa: PLR0911 - a list of cases
    """Return the state of a release: what was asked of it, then what Helm says, then its pods."""
    asked = _asked_state(seen.operation, members)
    if asked is not None:
        return asked
    record, operation = seen.newest, seen.operation
    failed = operation is not None and operation.status is OperationStatus.FAILED
    if record is None:
        return State.FAILED if failed else State.PREPARING
    if record.status in ("uninstalling", "uninstalled"):
        return State.STOPPING if record.status == "uninstalling" else State.STOPPED
    pods = [pod for pod in members.pods if not pod.evidence.hook]
    workloads = [one for one in members.workloads if not one.evidence.hook]
    if record.fault and not pods and not workloads:
        return State.FAILED
    state = _running_state(record, workloads, pods)
    if record.status in _PENDING and state is not State.FAILED:
        if failed:  # Helm is gone: what stands, stands
            return state if state is State.RUNNING and record.revision > 1 else State.FAILED
        return State.STARTING if workloads or pods else State.PREPARING
    if record.status == "failed" and (state is not State.RUNNING or record.revision == 1):
        return State.FAILED
    return state


def _asked_state(operation: Operation | None, members: Members) -> State | None:
    if operation is None or operation.status is OperationStatus.FAILED:
        return None
    if operation.verb is Verb.UNINSTALL:
        return State.STOPPING
    if operation.verb is Verb.SUSPEND:
        return State.PAUSING
    begun = operation.status is OperationStatus.RUNNING
    if operation.verb in (Verb.INSTALL, Verb.RESUME):
        return State.STARTING if begun and members.workloads else State.PREPARING
    return State.STARTING if begun else None


def _running_state(  # noqa: PLR0911 - a list of cases
    record: ReleaseRecord, workloads: list[SeenWorkload], pods: list[SeenPod]
) -> State:
    living = [pod for pod in pods if pod.evidence.phase not in _ENDED]
    if record.suspended:
        return State.PAUSING if living else State.PAUSED
    standing = [one for one in workloads if one.evidence.kind in _MAIN_KINDS]
    jobs = [one for one in workloads if one.evidence.kind == "Job"]
    if not standing and jobs:
        if any(_holds(job, "Failed") for job in jobs):
            return State.FAILED
        if all(_holds(job, "Complete") for job in jobs):
            return State.FINISHED
    if not standing and not jobs and pods and not living:
        failed = any(pod.evidence.phase == "Failed" for pod in pods)
        return State.FAILED if failed else State.FINISHED
    serving = [pod for pod in living if not pod.evidence.is_leaving]
    if any(_is_hopeless(pod.evidence) for pod in serving):
        return State.FAILED
    wanted = [one for one in standing if one.evidence.desired > 0]
    if standing and not wanted and not living:
        return State.STOPPED  # scaled down by hand
    ready = all(one.current and one.evidence.ready >= one.evidence.desired for one in wanted)
    if ready and serving and all(_is_ready(pod, standing, jobs) for pod in serving):
        return State.RUNNING
    return State.STARTING


def _is_ready(pod: SeenPod, standing: list[SeenWorkload], jobs: list[SeenWorkload]) -> bool:
    """Return whether all containers are ready; a pod of a Job beside a server need only run."""
    of_job = pod.threads.owner in {("Job", one.evidence.name) for one in jobs}
    containers = [one for one in pod.evidence.containers if not one.is_init or one.is_sidecar]
    if of_job:
        return standing != [] or any(one.state is ContainerState.RUNNING for one in containers)
    return bool(containers) and all(one.ready for one in containers)


def _is_hopeless(pod: PodEvidence) -> bool:
    return any(
        one.state is ContainerState.WAITING and one.reason in _HOPELESS for one in pod.containers
    )


def _holds(workload: SeenWorkload, condition: str) -> bool:
    return any(one.type == condition and one.is_true for one in workload.evidence.conditions)


def _evidence(seen: ReleaseSeen, members: Members, around: Surroundings) -> Evidence:
    record, operation = seen.newest, seen.operation
    going = operation if operation and operation.status is not OperationStatus.FAILED else None
    since = None
    if going is not None:
        since = going.begun_at or going.asked_at
    elif record is not None and record.status in {*_PENDING, "uninstalling"}:
        since = record.last_deployed
    helm = HelmEvidence(
        status=record.status if record else "",
        description=record.description if record else "",
        operation=going.verb.value if going else "",
        since=since,
        queue_position=around.position,
        error=operation.error if operation else "",
    )
    jobs = {one.evidence.name: one.evidence.hook for one in members.workloads if one.evidence.hook}
    conditions = {key: route.evidence.conditions for key, route in members.routes}
    routes = [
        RouteEvidence(
            kind=target.kind,
            url=target.url,
            answers=around.answered(target.url).answers,
            conditions=conditions.get((target.kind, target.name), ()),
        )
        for target in (record.targets if record else ())
    ]
    return Evidence(
        helm=helm,
        # A Deployment keeps the ReplicaSets of its past.
        workloads=tuple(
            one.evidence
            for one in members.workloads
            if one.evidence.kind != "ReplicaSet" or one.evidence.desired or one.evidence.ready
        ),
        pods=tuple(_with_hook(pod, jobs) for pod in members.pods),
        claims=tuple(one.evidence for one in members.claims),
        events=tuple(one.evidence for one in members.events),
        routes=tuple(routes),
        api_fault=around.api_fault,
        api_since=around.api_since,
    )


def _with_hook(pod: SeenPod, jobs: Mapping[str, str]) -> PodEvidence:
    owner = pod.threads.owner
    hook = jobs.get(owner[1], "") if owner and owner[0] == "Job" else ""
    return replace(pod.evidence, hook=hook) if hook and not pod.evidence.hook else pod.evidence


def chart_of(seen: ReleaseSeen, around: Surroundings) -> ChartRef:
    """Return the chart: name and version from Helm's record (D12), catalogue from Onyxia's."""
    record, operation = seen.newest, seen.operation
    if record is None or not record.chart:
        return operation.chart if operation else ChartRef("", "", "")
    catalog = seen.onyxia.catalog if seen.onyxia else ""
    if not catalog:
        catalog = around.catalog(record.chart, record.chart_version)
    return ChartRef(catalog, record.chart, record.chart_version)


def _asked(seen: ReleaseSeen) -> datetime:
    """Return when the release was asked for, as near as can be known."""
    moments = []
    if seen.onyxia is not None:
        moments.append(seen.onyxia.asked_at)
    if seen.records:
        moments.append(seen.records[min(seen.records)].first_deployed)
    if seen.operation is not None:
        moments.append(seen.operation.asked_at)
    return min((one for one in moments if one > EPOCH), default=EPOCH)


def _started(members: Members) -> datetime | None:
    moments = [
        container.started_at
        for pod in members.pods
        if not pod.evidence.hook and not pod.evidence.is_leaving
        for container in pod.evidence.containers
        if container.name == pod.main and container.started_at is not None
    ]
    return max(moments, default=None)


def _shared(seen: ReleaseSeen, legacy: JsonObject) -> bool:
    if seen.onyxia is not None:
        return seen.onyxia.shared
    if seen.operation is not None and seen.operation.verb is Verb.INSTALL:
        return seen.operation.shared
    return legacy.get("share") is True or legacy.get("shared") is True


def _secret_paths(seen: ReleaseSeen) -> frozenset[tuple[str | int, ...]]:
    paths = seen.onyxia.secret_paths if seen.onyxia else frozenset()
    return paths | seen.operation.secret_paths if seen.operation else paths


def _s3_profile(seen: ReleaseSeen) -> str | None:
    kept = seen.onyxia.s3_profile if seen.onyxia else ""
    if not kept and seen.operation is not None:
        kept = seen.operation.s3_profile
    return kept or None


def _config(record: ReleaseRecord | None) -> JsonObject:
    return record.config() if record else {}


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Json | None) -> str:
    return value if isinstance(value, str) else ""
