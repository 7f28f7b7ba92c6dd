"""Make the Kubernetes objects of a release as an API server writes them, for tests and loads."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sardonyx.values import Json, JsonObject

BEGUN = datetime(2026, 5, 4, 9, 12, 33, tzinfo=UTC)


def moment(at: datetime) -> str:
    """Return a moment as Kubernetes writes it: whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def raw(content: JsonObject) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def helm_secret(
    namespace: str,
    release: str,
    *,
    revision: int = 1,
    status: str = "deployed",
    chart: str = "hello",
    version: str = "1.2.3",
    config: JsonObject | None = None,
    defaults: JsonObject | None = None,
    manifest: str = "",
    notes: str = "",
    hooks: Sequence[JsonObject] = (),
    description: str = "Install complete",
    first: datetime = BEGUN,
    last: datetime | None = None,
    templates: int = 0,
    compress: bool = True,
    payload: bytes | None = None,
) -> JsonObject:
    """Return the Secret in which Helm keeps a revision.

    templates: bytes of chart templates beside it, which no reader needs. payload: in place of
    the record, for what is no record.
    """
    record: JsonObject = {
        "name": release,
        "namespace": namespace,
        "version": revision,
        "info": {
            "first_deployed": first.isoformat().replace("+00:00", ".123456789Z"),
            "last_deployed": (last or first).isoformat().replace("+00:00", ".123456789Z"),
            "deleted": "",
            "description": description,
            "status": status,
            "notes": notes,
        },
        "chart": {
            "metadata": {
                "name": chart,
                "version": version,
                "appVersion": "9",
                "apiVersion": "v2",
                "dependencies": [],
            },
            "lock": None,
            "templates": [{"name": "templates/all.yaml", "data": "eA==" * (templates // 4)}],
            "values": defaults or {},
            "schema": None,
            "files": [],
        },
        "config": config,
        "manifest": manifest,
        "hooks": list(hooks),
    }
    content = json.dumps(record).encode() if payload is None else payload
    if compress:
        content = gzip.compress(content, mtime=0)
    stored = base64.b64encode(base64.b64encode(content)).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            **_metadata(namespace, f"sh.helm.release.v1.{release}.v{revision}", first),
            "labels": {
                "owner": "helm",
                "name": release,
                "status": status,
                "version": str(revision),
            },
        },
        "data": {"release": stored},
    }


def onyxia_secret(
    namespace: str, release: str, data: Mapping[str, str], *, at: datetime = BEGUN
) -> JsonObject:
    """Return the Secret in which Onyxia keeps owner, name, share and catalogue."""
    encoded: JsonObject = {
        key: base64.b64encode(text.encode()).decode() for key, text in data.items()
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "onyxia.sh/release.v1",
        "metadata": _metadata(namespace, f"sh.onyxia.release.v1.{release}", at),
        "data": encoded,
    }


def workload(
    namespace: str,
    release: str,
    *,
    kind: str = "Deployment",
    name: str = "",
    desired: int = 1,
    ready: int = 1,
    owner: tuple[str, str] | None = None,
    at: datetime = BEGUN,
    conditions: Sequence[JsonObject] = (),
    annotations: Mapping[str, str] | None = None,
) -> JsonObject:
    """Return a Deployment, StatefulSet, ReplicaSet or Job made by Helm for `release`."""
    metadata = _metadata(namespace, name or release, at)
    metadata["generation"] = 1
    _thread(metadata, release if owner is None else "", owner, annotations)
    spec: JsonObject = {"completions": desired} if kind == "Job" else {"replicas": desired}
    status: JsonObject = {
        "observedGeneration": 1,
        "replicas": desired,
        "updatedReplicas": desired,
        "readyReplicas": ready,
        "conditions": list(conditions),
    }
    if kind == "Job":
        status = {"succeeded": ready, "conditions": list(conditions)}
    return {"kind": kind, "metadata": metadata, "spec": spec, "status": status}


def pod(
    namespace: str,
    name: str,
    *,
    owner: tuple[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    phase: str = "Running",
    ready: bool = True,
    state: JsonObject | None = None,
    last_state: JsonObject | None = None,
    restarts: int = 0,
    inits: Sequence[JsonObject] = (),
    claims: Sequence[str] = (),
    at: datetime = BEGUN,
    scheduled: bool = True,
    leaving: bool = False,
    annotations: Mapping[str, str] | None = None,
) -> JsonObject:
    """Return a pod with one container `main`.

    state: of that container, running by default; inits: statuses of init containers.
    """
    metadata = _metadata(namespace, name, at)
    _thread(metadata, "", owner, annotations)
    if labels:
        metadata["labels"] = dict(labels)
    if leaving:
        metadata["deletionTimestamp"] = moment(at)
    since = moment(at)
    conditions: list[Json] = [
        _condition("PodScheduled", scheduled, since, "" if scheduled else "Unschedulable"),
        _condition("Initialized", scheduled, since),
        _condition("ContainersReady", ready, since),
        _condition("Ready", ready, since),
    ]
    main: JsonObject = {
        "name": "main",
        "image": "localhost/web:1",
        "ready": ready,
        "restartCount": restarts,
        "state": state or {"running": {"startedAt": since}},
        "lastState": last_state or {},
    }
    volumes: list[Json] = [
        {"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in claims
    ]
    status: JsonObject = {"phase": phase, "conditions": conditions}
    if scheduled:
        status["containerStatuses"] = [main]
        status["initContainerStatuses"] = list(inits)
    return {
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "nodeName": "node-1" if scheduled else "",
            "containers": [
                {"name": "main", "image": "localhost/web:1", "env": [{"name": "A", "value": "b"}]}
            ],
            "initContainers": [
                {"name": one["name"], "image": "init:1", "restartPolicy": one.get("policy")}
                for one in inits
            ],
            "volumes": volumes,
        },
        "status": status,
    }


def event(
    namespace: str,
    name: str,
    about: tuple[str, str],
    reason: str,
    message: str,
    *,
    warning: bool = False,
    at: datetime = BEGUN,
) -> JsonObject:
    """Return an Event about an object (kind, name)."""
    return {
        "kind": "Event",
        "metadata": _metadata(namespace, name, at),
        "involvedObject": {"kind": about[0], "name": about[1], "namespace": namespace},
        "type": "Warning" if warning else "Normal",
        "reason": reason,
        "message": message,
        "count": 1,
        "lastTimestamp": moment(at),
        "eventTime": None,
    }


def _condition(kind: str, is_true: bool, since: str, reason: str = "") -> JsonObject:
    return {
        "type": kind,
        "status": "True" if is_true else "False",
        "reason": reason,
        "lastProbeTime": None,
        "lastTransitionTime": since,
    }


def _metadata(namespace: str, name: str, at: datetime) -> JsonObject:
    return {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{namespace}-{name}",
        "resourceVersion": "7",
        "creationTimestamp": moment(at),
        "managedFields": [{"manager": "helm", "fieldsV1": {"f:metadata": {}}}],
    }


def _thread(
    metadata: JsonObject,
    release: str,
    owner: tuple[str, str] | None,
    annotations: Mapping[str, str] | None,
) -> None:
    noted: JsonObject = dict(annotations or {})
    if release:
        noted["meta.helm.sh/release-name"] = release
        noted["meta.helm.sh/release-namespace"] = str(metadata["namespace"])
    metadata["annotations"] = noted
    if owner is not None:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "controller": True}]
