"""Hold what was seen of one release on a cluster: facts, trimmed, with nothing judged.

A runtime fills it from its watch caches; `diagnosis` judges it. Texts are the cluster's own
(English), cut to `TEXT_LENGTH` characters; moments are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

TEXT_LENGTH = 2_000


class ContainerState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a pod, workload, claim or route (Kubernetes' `status.conditions`)."""

    type: str
    is_true: bool
    reason: str = ""
    message: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContainerEvidence:
    """One container as the kubelet reports it.

    reason, message, exit_code: of the present state. last_*: of the run before it. is_sidecar:
    an init container that goes on beside the others (`restartPolicy: Always`).
    """

    name: str
    image: str
    state: ContainerState
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    ready: bool = False
    restarts: int = 0
    is_init: bool = False
    is_sidecar: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    last_reason: str = ""
    last_exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class PodEvidence:
    """One pod of the release. `phase` is Kubernetes' own; hook: the kind of Helm hook, if any."""

    name: str
    phase: str
    created_at: datetime
    reason: str = ""
    message: str = ""
    node: str = ""
    is_leaving: bool = False
    hook: str = ""
    conditions: tuple[Condition, ...] = ()
    containers: tuple[ContainerEvidence, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkloadEvidence:
    """A Deployment, StatefulSet, DaemonSet, ReplicaSet or Job, or an operator's resource."""

    kind: str
    name: str
    desired: int
    ready: int
    created_at: datetime
    hook: str = ""
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimEvidence:
    """A PersistentVolumeClaim. size in bytes, 0 when unknown."""

    name: str
    phase: str
    storage_class: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class EventEvidence:
    """A Kubernetes Event about an object.

    count, last: how often it was seen, and when last. created: when the first time, None where
    nobody said.
    """

    kind: str
    name: str
    is_warning: bool
    reason: str
    message: str
    count: int
    last: datetime
    is_error: bool = False
    uid: str = ""
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProjectEvent:
    """An event of a project's namespace. release: whose object it is about, empty for none."""

    evidence: EventEvidence
    release: str


@dataclass(frozen=True, slots=True)
class HelmEvidence:
    """What Helm says of the release.

    status: Helm's own (`deployed`, `failed`, `pending-install`, …), empty before the first
    record. operation: ours that goes on (`install`, `upgrade`, …), empty for none; since: when
    that, or the pending record, began. queue_position: 1 is next, 0 is not queued.
    error: Helm's stderr of the last failed operation.
    """

    status: str
    description: str = ""
    operation: str = ""
    since: datetime | None = None
    queue_position: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class RouteEvidence:
    """A way from outside. kind: `HTTPRoute`, `Ingress`, `Route`, `VirtualService`.

    answers: None when nobody has asked its address yet.
    """

    kind: str
    url: str
    answers: bool | None = None
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one release on a cluster.

    api_fault: why the cluster's own view is stale (`unreachable`, `slow`, `forbidden`), empty
    when the watch is live; api_since: since when.
    """

    helm: HelmEvidence
    workloads: tuple[WorkloadEvidence, ...] = ()
    pods: tuple[PodEvidence, ...] = ()
    claims: tuple[ClaimEvidence, ...] = ()
    events: tuple[EventEvidence, ...] = ()
    routes: tuple[RouteEvidence, ...] = ()
    api_fault: str = ""
    api_since: datetime | None = None
