"""Own the form of an operation that waits in the cluster: a Secret in the release's namespace.

Writing it is the acknowledgement of a launch, a pause, a deletion: whoever holds the queue's
Lease carries it out, also after a crash. One Secret per release, so that no release ever has
two operations. Source: wire-api.md 6 (we add only new kinds of Secrets), charts.md 9.

Namespace administrators can write such a Secret themselves: only those with the platform's seal
(`sealed.py`) are carried out.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from sardonyx.catalog.models import ChartRef
from sardonyx.values import Json, JsonObject, Path

PREFIX = "sardonyx.operation."
SECRET_TYPE = "sardonyx.dev/operation.v1"  # noqa: S105 - a kind of Secret, no secret
OPERATION_LABEL = "sardonyx.dev/operation"
STATUS_LABEL = "sardonyx.dev/operation-status"
ERROR_LENGTH = 4_000
# A Secret may hold 1 MiB; Helm keeps the same values once more, compressed, in its own.
VALUES_BYTES = 700_000
MANAGED_BY: Mapping[str, str] = {"app.kubernetes.io/managed-by": "sardonyx"}


class Verb(StrEnum):
    """What is to be done to the release."""

    INSTALL = "install"
    UPGRADE = "upgrade"
    ROLLBACK = "rollback"
    SUSPEND = "suspend"
    RESUME = "resume"
    UNINSTALL = "uninstall"


class OperationStatus(StrEnum):
    """queued: waits its turn; running: Helm is at it; failed: kept, with what Helm said."""

    QUEUED = "queued"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on one release.

    id: drawn for each one, so that a replaced operation is told from the one before.
    by: user name of who asked; owner: of whose release it is. values: whole for install and
    upgrade; for resume and roll back what is laid over the release's own; else empty.
    keys_until: when keys among the values end (ISO 8601), empty for none. revision: what a
    roll back returns to. expected: the release's revision when it was asked; 0 for any.
    attempt: how often it was begun. error: what Helm said, secrets as `$VAR`. digest: sha256
    of the chart's archive where the catalogue knows it.
    version: the Secret's resourceVersion, empty before it is written. project: id of the
    project, which is the namespace's name but for a region of one namespace. checked: what it
    renders was looked at before it was asked. s3_profile: the name of the storage profile among
    the values, empty where there is none.
    """

    id: str
    namespace: str
    release: str
    verb: Verb
    asked_at: datetime
    by: str
    owner: str
    friendly_name: str
    shared: bool
    chart: ChartRef
    digest: str = ""
    values: JsonObject = field(default_factory=dict, repr=False)
    secret_paths: frozenset[Path] = frozenset()
    keys_until: str = ""
    revision: int = 0
    expected: int = 0
    status: OperationStatus = OperationStatus.QUEUED
    attempt: int = 0
    begun_at: datetime | None = None
    error: str = ""
    version: str = ""
    project: str = ""
    checked: bool = False
    s3_profile: str = ""


def secret_name(release: str) -> str:
    """Return the name of the Secret that holds the operation of `release`."""
    return PREFIX + release


def operation_secret(operation: Operation) -> JsonObject:
    """Return the Secret (v1, raw JSON) of `operation`; with its version when it has one."""
    chart = operation.chart
    told: JsonObject = {
        "id": operation.id,
        "project": operation.project or operation.namespace,
        "operation": operation.verb.value,
        "status": operation.status.value,
        "askedAt": operation.asked_at.isoformat(),
        "by": operation.by,
        "owner": operation.owner,
        "friendlyName": operation.friendly_name,
        "share": operation.shared,
        "chart": {
            "catalog": chart.catalog,
            "chart": chart.chart,
            "version": chart.version,
            "digest": operation.digest,
        },
        "keysUntil": operation.keys_until,
        "checked": operation.checked,
        "s3Profile": operation.s3_profile,
        "revision": operation.revision,
        "expected": operation.expected,
        "attempt": operation.attempt,
        "begunAt": operation.begun_at.isoformat() if operation.begun_at else None,
        "error": operation.error[:ERROR_LENGTH],
    }
    paths: Json = [list(path) for path in sorted(operation.secret_paths, key=str)]
    metadata: JsonObject = {
        "name": secret_name(operation.release),
        "namespace": operation.namespace,
        "labels": {
            **MANAGED_BY,
            OPERATION_LABEL: operation.verb.value,
            STATUS_LABEL: operation.status.value,
        },
    }
    if operation.version:
        metadata["resourceVersion"] = operation.version
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": SECRET_TYPE,
        "metadata": metadata,
        "data": {
            "operation": _encoded(told),
            "values.yaml": _encoded(operation.values),
            "secret-paths": _encoded(paths),
        },
    }


def read_operation(secret: JsonObject, *, with_values: bool = True) -> Operation | None:
    """Return the operation a Secret holds; None when it is none, or not one we could have made.

    with_values: read the values too (a cache needs them not).
    """
    metadata = _object(secret.get("metadata"))
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if secret.get("type") != SECRET_TYPE or not isinstance(name, str):
        return None
    if not name.startswith(PREFIX) or not isinstance(namespace, str):
        return None
    data = _object(secret.get("data"))
    try:
        told = _object(_decoded(data["operation"]))
        values = _object(_decoded(data["values.yaml"])) if with_values else {}
        chart = _object(told["chart"])
        return Operation(
            id=_text(told["id"]),
            namespace=namespace,
            release=name.removeprefix(PREFIX),
            verb=Verb(_text(told["operation"])),
            asked_at=_moment(told["askedAt"]),
            by=_text(told["by"]),
            owner=_text(told["owner"]),
            friendly_name=_text(told["friendlyName"]),
            shared=told["share"] is True,
            chart=ChartRef(_text(chart["catalog"]), _text(chart["chart"]), _text(chart["version"])),
            digest=_text(chart.get("digest", "")),
            values=values,
            secret_paths=read_paths(_decoded(data["secret-paths"])),
            keys_until=_text(told.get("keysUntil", "")),
            revision=_number(told["revision"]),
            expected=_number(told["expected"]),
            status=OperationStatus(_text(told["status"])),
            attempt=_number(told["attempt"]),
            begun_at=_moment(told["begunAt"]) if told.get("begunAt") else None,
            error=_text(told["error"])[:ERROR_LENGTH],
            version=str(metadata.get("resourceVersion", "")),
            project=_text(told.get("project", namespace)),
            checked=told.get("checked") is True,
            s3_profile=_text(told.get("s3Profile", "")),
        )
    except (KeyError, ValueError, TypeError, RecursionError):
        return None


def values_size(operation: Operation) -> int:
    """Return the bytes of an operation's values as they are kept."""
    return len(json.dumps(operation.values, ensure_ascii=False).encode())


def read_paths(told: Json) -> frozenset[Path]:
    """Return paths from their JSON (a list of lists of keys); what is none is left out."""
    return frozenset(
        tuple(part for part in path if isinstance(part, str | int))
        for path in (told if isinstance(told, list) else [])
        if isinstance(path, list) and path
    )


def in_order(operations: Mapping[tuple[str, str], Operation]) -> list[Operation]:
    """Return those that wait for their turn, the next one first."""
    waiting = [one for one in operations.values() if one.status is OperationStatus.QUEUED]
    return sorted(waiting, key=lambda one: (one.asked_at, one.namespace, one.release))


def encoded(text: str) -> str:
    """Return a text as the `data` of a Secret holds it."""
    return base64.b64encode(text.encode()).decode()


def plain(data: str) -> str:
    """Return a text of the `data` of a Secret. Raises ValueError when it is none."""
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as fault:
        raise ValueError(str(fault)) from fault


def _encoded(value: Json) -> str:
    return encoded(json.dumps(value, ensure_ascii=False))


def _decoded(text: Json) -> Json:
    decoded: Json = json.loads(plain(_text(text)))
    return decoded


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is wanted")
    return value


def _number(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a number is wanted")
    return value


def _moment(value: Json) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
