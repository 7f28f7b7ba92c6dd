"""Read Kubernetes objects from the wire into what the cache keeps: trimmed, texts cut, no more.

Only the fields named here are ever decoded: `managedFields`, environment variables and
everything else cost no memory. What is kept is evidence (`services/evidence.py`) and the threads
by which objects hang together: Helm's annotation, owner references, labels.
Over 400 lines: of each kind what is read and how stand side by side, and none is long.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

from msgspec import Meta, Struct, field
from msgspec.json import Decoder

from sardonyx.services.evidence import (
    TEXT_LENGTH,
    ClaimEvidence,
    Condition,
    ContainerEvidence,
    ContainerState,
    EventEvidence,
    PodEvidence,
    RouteEvidence,
    WorkloadEvidence,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANCE = "app.kubernetes.io/instance"
_RELEASE = "meta.helm.sh/release-name"
_HOOK = "helm.sh/hook"
_MAIN_CONTAINER = "kubectl.kubernetes.io/default-container"
_LONGEST_NAME = 253  # of any object (Kubernetes, “Object Names and IDs”)

Moment = Annotated[datetime, Meta(tz=True)]
Key = tuple[str, str]  # kind, name


class _Wire(Struct, rename="camel", gc=False):
    """Base of what is decoded: unknown fields are skipped without being read."""


class _Owner(_Wire):
    kind: str = ""
    name: str = ""
    controller: bool | None = False


class Metadata(_Wire):
    """What every object says of itself."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: Moment | None = None
    deletion_timestamp: Moment | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: tuple[_Owner, ...] | None = None


class AnyObject(_Wire):
    metadata: Metadata = field(default_factory=Metadata)


@dataclass(frozen=True, slots=True)
class Threads:
    """How an object hangs together with others.

    release: Helm's own annotation; instance: the label, which anybody may set; owner: kind and
    name of the controller.
    """

    release: str = ""
    instance: str = ""
    owner: Key | None = None


@dataclass(frozen=True, slots=True)
class SeenPod:
    """main: name of the container people mean. claims: names of the volumes it mounts.

    leaves_at: when it is ended that was asked to go, None for one that was not.
    """

    threads: Threads
    evidence: PodEvidence
    main: str
    claims: tuple[str, ...]
    leaves_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SeenWorkload:
    """current: whether the controller has acted on the newest template, and no old pod serves."""

    threads: Threads
    evidence: WorkloadEvidence
    current: bool


@dataclass(frozen=True, slots=True)
class SeenClaim:
    threads: Threads
    evidence: ClaimEvidence


@dataclass(frozen=True, slots=True)
class SeenRoute:
    """evidence: its url is empty here; addresses are read from Helm's manifest."""

    threads: Threads
    evidence: RouteEvidence


@dataclass(frozen=True, slots=True)
class SeenEvent:
    evidence: EventEvidence


@dataclass(frozen=True, slots=True)
class SeenQuota:
    """hard, used: quantities as written, by resource."""

    hard: tuple[tuple[str, str], ...]
    used: tuple[tuple[str, str], ...]


Threaded = SeenPod | SeenWorkload | SeenClaim | SeenRoute
Seen = Threaded | SeenEvent | SeenQuota


# -- conditions


class _Condition(_Wire):
    type: str = ""
    status: str = ""
    reason: str | None = None
    message: str | None = None
    last_transition_time: Moment | None = None


def _conditions(wire: tuple[_Condition, ...] | None) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            sys.intern(one.type),
            one.status == "True",
            sys.intern(one.reason or ""),
            cut(one.message),
            one.last_transition_time,
        )
        for one in wire or ()
    )


def cut(text: str | None) -> str:
    """Return a text of the cluster, bounded."""
    return (text or "")[:TEXT_LENGTH]


# -- pods


class _Waiting(_Wire):
    reason: str | None = None
    message: str | None = None


class _Running(_Wire):
    started_at: Moment | None = None


class _Terminated(_Wire):
    exit_code: int = 0
    reason: str | None = None
    message: str | None = None
    started_at: Moment | None = None
    finished_at: Moment | None = None


class _State(_Wire):
    waiting: _Waiting | None = None
    running: _Running | None = None
    terminated: _Terminated | None = None


class _ContainerStatus(_Wire):
    name: str = ""
    image: str = ""
    ready: bool = False
    restart_count: int = 0
    state: _State | None = None
    last_state: _State | None = None


class _Container(_Wire):
    name: str = ""
    image: str = ""
    restart_policy: str | None = None


class _ClaimSource(_Wire):
    claim_name: str = ""


class _Volume(_Wire):
    persistent_volume_claim: _ClaimSource | None = None


class _PodSpec(_Wire):
    node_name: str | None = None
    containers: tuple[_Container, ...] = ()
    init_containers: tuple[_Container, ...] | None = None
    volumes: tuple[_Volume, ...] | None = None


class _PodStatus(_Wire):
    phase: str = "Pending"
    reason: str | None = None
    message: str | None = None
    conditions: tuple[_Condition, ...] | None = None
    container_statuses: tuple[_ContainerStatus, ...] | None = None
    init_container_statuses: tuple[_ContainerStatus, ...] | None = None


class _Pod(_Wire):
    metadata: Metadata
    spec: _PodSpec = field(default_factory=_PodSpec)
    status: _PodStatus = field(default_factory=_PodStatus)


def read_pod(raw: bytes) -> tuple[Metadata, SeenPod]:
    """Return a pod. Raises msgspec.MsgspecError when it is none."""
    pod = _POD.decode(raw)
    metadata, spec, status = pod.metadata, pod.spec, pod.status
    inits = spec.init_containers or ()
    containers = (
        *_containers(inits, status.init_container_statuses, is_init=True),
        *_containers(spec.containers, status.container_statuses, is_init=False),
    )
    annotations = metadata.annotations or {}
    evidence = PodEvidence(
        name=metadata.name,
        phase=sys.intern(status.phase),
        created_at=metadata.creation_timestamp or EPOCH,
        reason=status.reason or "",
        message=cut(status.message),
        node=sys.intern(spec.node_name or ""),
        is_leaving=metadata.deletion_timestamp is not None,
        hook=annotations.get(_HOOK, ""),
        conditions=_conditions(status.conditions),
        containers=containers,
    )
    names = [container.name for container in spec.containers]
    asked = annotations.get(_MAIN_CONTAINER, "")
    main = asked if asked in names else (names[0] if names else "")
    claims = tuple(
        volume.persistent_volume_claim.claim_name
        for volume in spec.volumes or ()
        if volume.persistent_volume_claim is not None
    )
    leaves_at = metadata.deletion_timestamp  # Kubernetes has added the pod's grace to it
    return metadata, SeenPod(threads(metadata), evidence, sys.intern(main), claims, leaves_at)


def _containers(
    wanted: tuple[_Container, ...], told: tuple[_ContainerStatus, ...] | None, *, is_init: bool
) -> list[ContainerEvidence]:
    statuses = {status.name: status for status in told or ()}
    return [
        _container(one, statuses.get(one.name) or _ContainerStatus(), is_init=is_init)
        for one in wanted
    ]


def _container(wanted: _Container, told: _ContainerStatus, *, is_init: bool) -> ContainerEvidence:
    now, before = told.state or _State(), told.last_state or _State()
    state, reason, message = ContainerState.WAITING, "", ""
    exit_code, started, finished = None, None, None
    if now.running is not None:
        state, started = ContainerState.RUNNING, now.running.started_at
    elif now.terminated is not None:
        ended = now.terminated
        state, reason, message = ContainerState.TERMINATED, ended.reason or "", cut(ended.message)
        exit_code, started, finished = ended.exit_code, ended.started_at, ended.finished_at
    elif now.waiting is not None:
        reason, message = now.waiting.reason or "", cut(now.waiting.message)
    last = before.terminated
    return ContainerEvidence(
        name=sys.intern(wanted.name),
        image=sys.intern(wanted.image or told.image),
        state=state,
        reason=sys.intern(reason),
        message=message,
        exit_code=exit_code,
        ready=told.ready,
        restarts=told.restart_count,
        is_init=is_init,
        is_sidecar=is_init and wanted.restart_policy == "Always",
        started_at=started,
        finished_at=finished,
        last_reason=sys.intern(last.reason or "") if last else "",
        last_exit_code=last.exit_code if last else None,
    )


# -- workloads


class _WorkloadSpec(_Wire):
    replicas: int | None = None
    completions: int | None = None


class _WorkloadStatus(_Wire):
    observed_generation: int | None = None
    replicas: int | None = None
    ready_replicas: int | None = None
    updated_replicas: int | None = None
    desired_number_scheduled: int | None = None
    number_ready: int | None = None
    updated_number_scheduled: int | None = None
    succeeded: int | None = None
    conditions: tuple[_Condition, ...] | None = None


class _WorkloadMetadata(Metadata):
    generation: int = 0


class _Workload(_Wire):
    metadata: _WorkloadMetadata
    spec: _WorkloadSpec = field(default_factory=_WorkloadSpec)
    status: _WorkloadStatus = field(default_factory=_WorkloadStatus)


def read_workload(kind: str, raw: bytes) -> tuple[Metadata, SeenWorkload]:
    """Return a Deployment, StatefulSet, DaemonSet, ReplicaSet or Job.

    Of a Job, desired and ready are its completions. Raises msgspec.MsgspecError.
    """
    wire = _WORKLOAD.decode(raw)
    metadata, spec, status = wire.metadata, wire.spec, wire.status
    if kind == "Job":
        desired = spec.completions if spec.completions is not None else 1
        ready, current = status.succeeded or 0, True
    elif kind == "DaemonSet":
        desired, ready = status.desired_number_scheduled or 0, status.number_ready or 0
        current = (status.updated_number_scheduled or 0) >= desired
    else:
        desired = 1 if spec.replicas is None else spec.replicas
        ready = status.ready_replicas or 0
        current = kind == "ReplicaSet" or (status.updated_replicas or 0) >= min(
            desired, status.replicas or 0
        )
    if kind != "Job" and metadata.generation > (status.observed_generation or 0):
        current = False
    evidence = WorkloadEvidence(
        kind=sys.intern(kind),
        name=metadata.name,
        desired=desired,
        ready=ready,
        created_at=metadata.creation_timestamp or EPOCH,
        hook=(metadata.annotations or {}).get(_HOOK, ""),
        conditions=_conditions(status.conditions),
    )
    return metadata, SeenWorkload(threads(metadata), evidence, current)


# -- claims, routes, events, quotas


class _ClaimSpec(_Wire):
    storage_class_name: str | None = None
    resources: _Requests | None = None


class _Requests(_Wire):
    requests: dict[str, str] | None = None


class _ClaimStatus(_Wire):
    phase: str = "Pending"
    capacity: dict[str, str] | None = None


class _Claim(_Wire):
    metadata: Metadata
    spec: _ClaimSpec = field(default_factory=_ClaimSpec)
    status: _ClaimStatus = field(default_factory=_ClaimStatus)


def read_claim(raw: bytes) -> tuple[Metadata, SeenClaim]:
    """Return a PersistentVolumeClaim. Raises msgspec.MsgspecError."""
    claim = _CLAIM.decode(raw)
    asked = (claim.spec.resources.requests if claim.spec.resources else None) or {}
    size = (claim.status.capacity or {}).get("storage") or asked.get("storage") or ""
    evidence = ClaimEvidence(
        name=claim.metadata.name,
        phase=sys.intern(claim.status.phase),
        storage_class=sys.intern(claim.spec.storage_class_name or ""),
        size=bytes_of(size),
    )
    return claim.metadata, SeenClaim(threads(claim.metadata), evidence)


class _ParentStatus(_Wire):
    conditions: tuple[_Condition, ...] | None = None


class _RouteStatus(_Wire):
    parents: tuple[_ParentStatus, ...] | None = None


class _Route(_Wire):
    metadata: Metadata
    status: _RouteStatus = field(default_factory=_RouteStatus)


def read_route(kind: str, raw: bytes) -> tuple[Metadata, SeenRoute]:
    """Return an Ingress or HTTPRoute: its conditions at every gateway. Raises MsgspecError."""
    route = _ROUTE.decode(raw)
    conditions: tuple[Condition, ...] = ()
    for parent in route.status.parents or ():
        conditions += _conditions(parent.conditions)
    evidence = RouteEvidence(kind=sys.intern(kind), url="", conditions=conditions)
    return route.metadata, SeenRoute(threads(route.metadata), evidence)


class _Involved(_Wire):
    kind: str = ""
    name: str = ""


class _Series(_Wire):
    count: int = 0
    last_observed_time: Moment | None = None


class _Event(_Wire):
    metadata: Metadata
    involved_object: _Involved = field(default_factory=_Involved)
    type: str | None = None
    reason: str | None = None
    message: str | None = None
    count: int | None = None
    last_timestamp: Moment | None = None
    event_time: Moment | None = None
    series: _Series | None = None


def read_event(raw: bytes) -> tuple[Metadata, SeenEvent]:
    """Return an Event of core/v1. Raises msgspec.MsgspecError."""
    event = _EVENT.decode(raw)
    series = event.series or _Series()
    last = (
        series.last_observed_time
        or event.last_timestamp
        or event.event_time
        or event.metadata.creation_timestamp
        or EPOCH
    )
    # The server checks none of what an event says: anybody may write one.
    evidence = EventEvidence(
        kind=sys.intern(event.involved_object.kind[:_LONGEST_NAME]),
        name=event.involved_object.name[:_LONGEST_NAME],
        is_warning=event.type == "Warning",
        is_error=event.type == "Error",
        reason=sys.intern((event.reason or "")[:_LONGEST_NAME]),
        message=cut(event.message),
        count=max(series.count, event.count or 1),
        last=last,
        uid=event.metadata.uid,
        created=event.metadata.creation_timestamp,
    )
    return event.metadata, SeenEvent(evidence)


class _QuotaSpec(_Wire):
    hard: dict[str, str] | None = None


class _QuotaStatus(_Wire):
    hard: dict[str, str] | None = None
    used: dict[str, str] | None = None


class _Quota(_Wire):
    metadata: Metadata
    spec: _QuotaSpec = field(default_factory=_QuotaSpec)
    status: _QuotaStatus = field(default_factory=_QuotaStatus)


def read_quota(raw: bytes) -> tuple[Metadata, SeenQuota]:
    """Return a ResourceQuota; `spec.hard` where there is no status yet (D17)."""
    quota = _QUOTA.decode(raw)
    hard = quota.status.hard or quota.spec.hard or {}
    used = quota.status.used or {}
    return quota.metadata, SeenQuota(tuple(hard.items()), tuple(used.items()))


# -- all


def threads(metadata: Metadata) -> Threads:
    """Return how an object hangs together with others."""
    annotations, labels = metadata.annotations or {}, metadata.labels or {}
    owners = metadata.owner_references or ()
    owner = next((one for one in owners if one.controller), None)
    return Threads(
        release=sys.intern(annotations.get(_RELEASE, "")),
        instance=sys.intern(labels.get(_INSTANCE, "")),
        owner=(sys.intern(owner.kind), sys.intern(owner.name)) if owner else None,
    )


_LARGEST = 25  # digits; more is nobody's disk
_UNITS = {
    "": 1,
    "m": Decimal("0.001"),
    **{unit: 1000**power for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
    **{f"{unit}i": 1024**power for power, unit in enumerate(("K", "M", "G", "T", "P", "E"), 1)},
}


def bytes_of(quantity: str) -> int:
    """Return a Kubernetes quantity (`10Gi`, `1e9`) in bytes; 0 when it is none."""
    number = quantity.rstrip("kKMGTPEim") if not quantity[-1:].isdigit() else quantity
    try:
        value = Decimal(number) * _UNITS[quantity[len(number) :]]
        return int(value) if value.is_finite() and value.adjusted() < _LARGEST else 0
    except (InvalidOperation, KeyError, ValueError, OverflowError):
        return 0


_POD = Decoder(_Pod)
_WORKLOAD = Decoder(_Workload)
_CLAIM = Decoder(_Claim)
_ROUTE = Decoder(_Route)
_EVENT = Decoder(_Event)
_QUOTA = Decoder(_Quota)
METADATA = Decoder(AnyObject)
