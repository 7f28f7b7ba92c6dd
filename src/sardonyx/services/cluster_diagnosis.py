"""Judge what was seen of a release on a cluster: why it does not advance. Pure.

Only what still holds is told: an event is of the past once what it was about is gone, or once
what it prevented exists. The most telling finding stands first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sardonyx.services import cluster_messages as messages
from sardonyx.services.cluster_messages import IMAGE_REASONS, Read
from sardonyx.services.evidence import (
    Condition,
    ContainerEvidence,
    ContainerState,
    EventEvidence,
    Evidence,
    PodEvidence,
)
from sardonyx.services.models import Finding, Severity, State
from sardonyx.text import Scalar

NO_POD_AFTER = timedelta(seconds=10)
# Helm's own longest time (settings: helm.timeout): who holds a release longer is gone.
PENDING_LIMIT = timedelta(minutes=10)
_PROBE_PATIENCE = timedelta(seconds=60)
_QUIET = {State.PAUSED, State.PAUSING, State.STOPPING}
_POD_MAKERS = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"}
_NOT_MADE = {
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "StartError",
    "ContainerCannotRun",
    "PostStartHookError",
}
_SIGTERM, _SIGKILL = 143, 137
_NEUTRAL_CLAIM_REASONS = {"WaitForFirstConsumer", "WaitForPodScheduled", "ProvisioningSucceeded"}


def diagnose_cluster(evidence: Evidence, state: State, now: datetime) -> list[Finding]:
    """Return why the release does not advance, the most telling first; empty when all is well.

    now: an aware moment, against which “no pod yet” and “pending too long” are measured.
    """
    if state is State.RUNNING and _is_well(evidence):
        return []  # nearly all of a long list: looked at no further
    found = list(_of_cluster(evidence))
    if state in _QUIET:
        return found
    found += _of_hooks(evidence)  # names the task, which Helm does not always do
    found += _of_helm(evidence, now)
    if state is not State.RUNNING:
        found += _of_creation(evidence)
        found += _of_claims(evidence)
    for pod in evidence.pods:
        if not pod.is_leaving:
            found += _of_pod(evidence, pod, now)
    if state in {State.PREPARING, State.STARTING} and not found:
        found += _of_nothing(evidence, now)
    return _distinct(found)


def _is_well(evidence: Evidence) -> bool:
    """Tell that nothing of the release wants anything."""
    if evidence.api_fault or evidence.helm.error or evidence.helm.status != "deployed":
        return False
    for workload in evidence.workloads:
        if workload.ready < workload.desired or (workload.kind == "Job" and workload.conditions):
            return False
    for pod in evidence.pods:
        if pod.phase != "Running" or pod.reason or not _is_ready(pod):
            return False
        for condition in pod.conditions:
            if condition.type == "DisruptionTarget":
                return False
        for container in pod.containers:
            if not container.ready and not container.is_init:
                return False
    return True


def _of_cluster(evidence: Evidence) -> Iterator[Finding]:
    if evidence.api_fault:
        known = {"unreachable": "api_unreachable", "slow": "api_slow", "forbidden": "api_forbidden"}
        yield _warning(known.get(evidence.api_fault, "api_unreachable"))


def _of_helm(evidence: Evidence, now: datetime) -> Iterator[Finding]:
    helm = evidence.helm
    if helm.operation and helm.queue_position > 0 and not helm.error:
        yield Finding("queued", Severity.INFO, {"position": helm.queue_position})
    elif helm.error:
        yield _finding(messages.helm(helm.error), helm.error)
    elif (
        helm.status.startswith("pending-")
        and not helm.operation
        and helm.since is not None
        and now - helm.since > PENDING_LIMIT
    ):
        minutes = int((now - helm.since).total_seconds() // 60)
        yield _error("operation_stuck", status=helm.status, minutes=minutes)
    elif helm.status == "failed":
        yield _finding(messages.helm(helm.description), helm.description)


def _of_creation(evidence: Evidence) -> Iterator[Finding]:
    """Yield what keeps pods and claims from being made at all."""
    newest = max((pod.created_at for pod in evidence.pods), default=None)
    makers = {(one.kind, one.name): one for one in evidence.workloads if one.kind in _POD_MAKERS}
    for event in _latest(evidence.events):
        if not event.is_warning or event.reason not in {"FailedCreate", "ReplicaSetCreateError"}:
            continue
        maker = makers.get((event.kind, event.name))
        if maker is not None and maker.desired <= maker.ready:
            continue  # what it wanted is there by now
        if newest is not None and newest > event.last:
            continue  # a pod was made since
        yield _finding(messages.refusal(event.message) or _not_made(event), event.message)
    for workload in evidence.workloads:
        failure = _condition(workload.conditions, "ReplicaFailure")
        if failure is not None and failure.is_true and workload.desired > workload.ready:
            read = messages.refusal(failure.message)
            yield _finding(read or Read("pods_refused", {"name": workload.name}), failure.message)


def _not_made(event: EventEvidence) -> Read:
    return Read("pods_refused", {"name": event.name})


def _of_claims(evidence: Evidence) -> Iterator[Finding]:
    for claim in evidence.claims:
        if claim.phase == "Lost":
            yield _error("volume_lost", claim=claim.name)
        if claim.phase != "Pending":
            continue
        storage_class = claim.storage_class or "—"
        values: dict[str, Scalar] = {"claim": claim.name, "storage_class": storage_class}
        told = [
            event
            for event in _latest(evidence.events)
            if (event.kind, event.name) == ("PersistentVolumeClaim", claim.name)
        ]
        for event in told:
            if event.reason == "ProvisioningFailed":
                yield Finding(_not_provisioned(event), Severity.ERROR, values, event.message)
            elif event.reason == "FailedBinding":
                no_class = "no storage class is set" in event.message
                code = "no_storage_class" if no_class else "no_volume"
                yield Finding(code, Severity.ERROR, values, event.message)
            elif event.reason in {"ExternalProvisioning", "Provisioning"}:
                yield Finding("volume_coming", Severity.INFO, values, event.message)
            elif event.is_warning and event.reason not in _NEUTRAL_CLAIM_REASONS:
                yield Finding("provisioning_failed", Severity.ERROR, values, event.message)


def _not_provisioned(event: EventEvidence) -> str:
    if "storageclass" in event.message and "not found" in event.message:
        return "storage_class_missing"
    # Volumes of such a class are made by hand, and none is free.
    by_hand = "no volume plugin matched" in event.message
    return "no_volume" if by_hand else "provisioning_failed"


def _of_pod(evidence: Evidence, pod: PodEvidence, now: datetime) -> list[Finding]:
    events = [one for one in _latest(evidence.events) if (one.kind, one.name) == ("Pod", pod.name)]
    found = [*_of_node(pod, events)]
    if found:
        return found
    found += _of_scheduling(evidence, pod, events)
    for event in events:
        if event.reason in {"FailedMount", "FailedAttachVolume"} and not _has_begun(pod):
            found.append(_finding(messages.volume(event.message), event.message))
        elif event.reason == "FailedCreatePodSandBox" and not _has_begun(pod):
            found.append(_error("network_not_ready", event.message))
    for container in pod.containers:
        found += _of_container(pod, container, events, now)
    return found


def _of_node(pod: PodEvidence, events: list[EventEvidence]) -> Iterator[Finding]:
    """Yield what took the pod from its node, or the node from the pod."""
    disruption = _condition(pod.conditions, "DisruptionTarget")
    why = disruption.reason if disruption is not None and disruption.is_true else ""
    told = pod.message or (disruption.message if disruption is not None else "")
    if pod.reason == "Evicted" or why == "TerminationByKubelet":
        disk = any(word in told for word in ("storage", "EmptyDir", "disk"))
        code = "evicted_disk" if disk else "evicted_memory" if "memory" in told else "evicted"
        yield _error(code, told, node=pod.node or "—")
    elif pod.reason == "DeadlineExceeded":
        yield _error("deadline", told)
    elif (
        pod.reason in {"NodeLost", "NodeShutdown", "Terminated"}
        or pod.phase == "Unknown"
        or why == "DeletionByTaintManager"
    ):
        yield _error("node_lost", told, node=pod.node or "—")
    elif any(event.reason == "NodeNotReady" for event in events) and not _is_ready(pod):
        yield _error("node_lost", events[0].message, node=pod.node or "—")
    elif why == "PreemptionByScheduler" or pod.reason == "Preempting":
        yield _error("preempted", told)


def _of_scheduling(
    evidence: Evidence, pod: PodEvidence, events: list[EventEvidence]
) -> Iterator[Finding]:
    if pod.node or pod.phase not in {"Pending", ""}:
        return
    scheduled = _condition(pod.conditions, "PodScheduled")
    if scheduled is not None and scheduled.reason == "SchedulingGated":
        yield _warning("scheduling_gated", scheduled.message)
        return
    message = scheduled.message if scheduled is not None and not scheduled.is_true else ""
    if not message:
        failed = [event for event in events if event.reason == "FailedScheduling"]
        message = failed[0].message if failed else ""
    if not message:
        return
    growing = any(event.reason == "TriggeredScaleUp" for event in events)
    pending = any(claim.phase == "Pending" for claim in evidence.claims)
    for read in messages.unscheduled(message):
        if read.code == "claim_unbound" and pending and list(_of_claims(evidence)):
            continue  # the claim itself says more
        yield _finding(read, message)
    if growing:
        yield Finding("node_coming", Severity.INFO)


def _of_container(
    pod: PodEvidence, container: ContainerEvidence, events: list[EventEvidence], now: datetime
) -> list[Finding]:
    state, reason = container.state, container.reason
    named: dict[str, Scalar] = {"container": container.name, "image": container.image}
    if state is ContainerState.WAITING and reason in IMAGE_REASONS:
        told = _told_of_image(container, events)
        return [Finding(messages.image(reason, told), Severity.ERROR, named, told)]
    if reason in _NOT_MADE and state is not ContainerState.RUNNING:
        read = messages.configuration(container.message)
        return [_finding(Read(read.code, {**named, **read.values}), container.message)]
    if state is ContainerState.WAITING and reason == "CrashLoopBackOff":
        return _crash(pod, container, container.last_reason, container.last_exit_code)
    if state is ContainerState.TERMINATED and container.exit_code not in {0, None}:
        return _crash(pod, container, reason, container.exit_code)
    if state is ContainerState.RUNNING and not container.ready and not container.is_init:
        return _probes(container, events, now)
    return []


def _told_of_image(container: ContainerEvidence, events: list[EventEvidence]) -> str:
    """Return the sentence that names the cause: “back-off” alone says nothing."""
    causes = [
        event.message
        for event in events
        if event.reason in {"Failed", "InspectFailed", "ErrImageNeverPull"}
        and container.image in event.message
        and event.message not in {"Error: ErrImagePull", "Error: ImagePullBackOff"}
    ]
    said = container.message
    if not said or (said.startswith("Back-off") and "ErrImagePull:" not in said):
        return causes[0] if causes else said
    return said


def _crash(
    pod: PodEvidence, container: ContainerEvidence, reason: str, exit_code: int | None
) -> list[Finding]:
    values: dict[str, Scalar] = {
        "container": container.name,
        "image": container.image,
        "exit_code": exit_code if exit_code is not None else -1,
        "times": max(container.restarts, 1),
    }
    if reason == "OOMKilled":
        code = "pod_out_of_memory"
    elif pod.hook:
        return []  # told once, as the hook's failure
    elif container.is_init:
        code = "init_failed"
    elif exit_code in {126, 127, 128}:
        code = "command_missing"
    elif reason == "Completed" or exit_code == 0:
        code = "ended_too_soon"
    else:
        code = "crash_loop"
    found = [Finding(code, Severity.ERROR, values, container.message)]
    if exit_code in {_SIGTERM, _SIGKILL} and reason != "OOMKilled":
        found[0] = Finding("pod_killed", Severity.ERROR, values, container.message)
    return found


def _probes(
    container: ContainerEvidence, events: list[EventEvidence], now: datetime
) -> list[Finding]:
    """Return the newest probe that failed: startup takes minutes, so it is a note at first."""
    since = container.started_at or now
    for event in events:
        if event.reason != "Unhealthy" or event.last < since:
            continue
        kind, _, _ = event.message.partition(" probe")
        code = {
            "Startup": "probe_startup",
            "Liveness": "probe_liveness",
        }.get(kind, "probe_readiness")
        waited = now - since
        severity = Severity.WARNING if waited > _PROBE_PATIENCE else Severity.INFO
        seconds = int(waited.total_seconds())
        values: dict[str, Scalar] = {"container": container.name, "seconds": seconds}
        return [Finding(code, severity, values, event.message)]
    return []


def _of_hooks(evidence: Evidence) -> Iterator[Finding]:
    for workload in evidence.workloads:
        failed = _condition(workload.conditions, "Failed") if workload.kind == "Job" else None
        if failed is None or not failed.is_true or workload.hook.startswith("test"):
            continue
        hook = workload.hook or "—"
        code = "hook_failed" if workload.hook else "job_failed"
        yield _error(code, f"{failed.reason}: {failed.message}", hook=hook, job=workload.name)
    for workload in evidence.workloads:
        if workload.kind in _POD_MAKERS or workload.desired <= workload.ready:
            continue
        ready = _condition(workload.conditions, "Ready")
        if ready is not None and not ready.is_true and ready.message:
            # An operator's resource: what it says is all that is known.
            yield _warning("operator_says", ready.message, kind=workload.kind, name=workload.name)


def _of_nothing(evidence: Evidence, now: datetime) -> Iterator[Finding]:
    """Yield “no pod yet” when something wants pods, none is there, and nobody says why."""
    if any(not pod.hook for pod in evidence.pods):
        return
    for workload in evidence.workloads:
        wants = workload.kind in _POD_MAKERS and workload.desired > 0 and not workload.hook
        if wants and now - workload.created_at > NO_POD_AFTER:
            seconds = int((now - workload.created_at).total_seconds())
            yield _warning("no_pod", kind=workload.kind, name=workload.name, seconds=seconds)
            return


def _latest(events: tuple[EventEvidence, ...]) -> list[EventEvidence]:
    return sorted(events, key=lambda event: event.last, reverse=True)


def _has_begun(pod: PodEvidence) -> bool:
    return any(one.state is not ContainerState.WAITING for one in pod.containers)


def _is_ready(pod: PodEvidence) -> bool:
    ready = _condition(pod.conditions, "Ready")
    return ready is not None and ready.is_true


def _condition(conditions: tuple[Condition, ...], kind: str) -> Condition | None:
    return next((one for one in conditions if one.type == kind), None)


def _distinct(found: list[Finding]) -> list[Finding]:
    """Return one finding of a code, the first; errors before what is only noted."""
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    kept: dict[str, Finding] = {}
    for finding in sorted(found, key=lambda one: order[one.severity]):
        kept.setdefault(finding.code, finding)
    return list(kept.values())


def _finding(read: Read, evidence: str) -> Finding:
    return Finding(read.code, Severity.ERROR, read.values, evidence.strip())


def _error(code: str, evidence: str = "", **values: Scalar) -> Finding:
    return Finding(code, Severity.ERROR, values, evidence)


def _warning(code: str, evidence: str = "", **values: Scalar) -> Finding:
    return Finding(code, Severity.WARNING, values, evidence)
