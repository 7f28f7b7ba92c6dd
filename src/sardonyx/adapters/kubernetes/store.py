"""Keep what watches bring, by namespace, and say which release each change is about.

It decides nothing and asks nobody: `watch.py` feeds it, `cache.py` reads it.

What the platform itself writes is put here before its watch tells it, and the watch then still
tells what the object was before. So a version older than the one that is kept is passed over;
versions of one kind can be compared as numbers (Kubernetes API concepts, “Resource versions”).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import structlog
from msgspec import MsgspecError

from sardonyx.adapters.kubernetes import kinds
from sardonyx.adapters.kubernetes.index import NamespaceIndex
from sardonyx.adapters.kubernetes.kinds import ResourceKind
from sardonyx.adapters.kubernetes.objects import (
    METADATA,
    Metadata,
    Seen,
    SeenPod,
    read_claim,
    read_event,
    read_pod,
    read_quota,
    read_route,
    read_workload,
)
from sardonyx.adapters.kubernetes.operations import PREFIX as OPERATION_PREFIX
from sardonyx.adapters.kubernetes.operations import SECRET_TYPE as OPERATION_TYPE
from sardonyx.adapters.kubernetes.operations import Operation, in_order, read_operation
from sardonyx.adapters.kubernetes.releases import (
    ONYXIA_PREFIX,
    ONYXIA_TYPE,
    OnyxiaRecord,
    named_record,
    read_onyxia,
    read_release,
    record_name,
)
from sardonyx.adapters.kubernetes.routes import Exposure

_log = structlog.get_logger(__name__)
Name = tuple[str, str]  # namespace, name


@dataclass(frozen=True, slots=True)
class Followed:
    """One thing that is watched. essential: without it states cannot be told."""

    id: str
    kind: ResourceKind
    selector: Mapping[str, str]
    essential: bool = False


HELM, ONYXIA, OPERATIONS = "helm", "onyxia", "operations"


def _plain(kind: ResourceKind, *, essential: bool = False) -> Followed:
    return Followed(kind.kind, kind, {}, essential)


FOLLOWED: tuple[Followed, ...] = (
    # By its label, not its type: a record of a form to come is to be listed too.
    Followed(HELM, kinds.SECRETS, {"labelSelector": "owner=helm"}, essential=True),
    Followed(ONYXIA, kinds.SECRETS, {"fieldSelector": f"type={ONYXIA_TYPE}"}, essential=True),
    Followed(OPERATIONS, kinds.SECRETS, {"fieldSelector": f"type={OPERATION_TYPE}"}),
    _plain(kinds.DEPLOYMENTS, essential=True),
    _plain(kinds.STATEFUL_SETS, essential=True),
    _plain(kinds.DAEMON_SETS),
    _plain(kinds.REPLICA_SETS),
    _plain(kinds.JOBS),
    _plain(kinds.PODS, essential=True),
    _plain(kinds.EVENTS),
    _plain(kinds.CLAIMS),
    _plain(kinds.QUOTAS),
    _plain(kinds.INGRESSES),
    _plain(kinds.HTTP_ROUTES),
)
_WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"}
_ROUTES = {"Ingress", "HTTPRoute"}
_SURROUNDINGS = {kinds.EVENTS.kind, kinds.QUOTAS.kind}


class Listener(Protocol):
    """Who is told of changes; all are called between two reads of a watch: quick, no waiting."""

    def release_changed(self, namespace: str, release: str) -> None: ...

    def release_leaving(self, namespace: str, release: str) -> None:
        """Learn that nothing will be left of a release, while all of it is still there."""

    def pod_changed(
        self, namespace: str, release: str, before: SeenPod | None, now: SeenPod | None
    ) -> None: ...

    def surroundings_changed(self, namespace: str) -> None:
        """Learn that an event or a quota of a namespace came, changed or went."""


class Store:
    """What is known, by namespace. unread: objects that could not be read so far."""

    def __init__(self, exposure: Exposure, listener: Listener) -> None:
        self.namespaces: dict[str, NamespaceIndex] = {}
        self.operations: dict[Name, Operation] = {}
        self.positions: Mapping[Name, int] = {}
        self.unread = 0
        self._exposure = exposure
        self._listener = listener
        self._readers: Mapping[str, Callable[[bytes], Name]] = {
            HELM: self._put_helm,
            ONYXIA: self._put_onyxia,
            OPERATIONS: self._put_operation,
        }
        self._droppers: Mapping[str, Callable[[str, str, str], None]] = {
            HELM: self._drop_helm,
            ONYXIA: self._drop_onyxia,
            OPERATIONS: self._drop_operation,
        }

    def put(self, what: str, raw: bytes) -> Name | None:
        """Keep an object of a `Followed.id`; return its name, None when it cannot be read."""
        try:
            reader = self._readers.get(what)
            return reader(raw) if reader is not None else self._put_object(what, raw)
        except (MsgspecError, ValueError, RecursionError) as error:
            self.unread += 1
            _log.warning("object_unread", kind=what, reason=str(error)[:200])
            return None

    def drop(self, what: str, raw: bytes) -> None:
        """Forget an object."""
        try:
            metadata = METADATA.decode(raw).metadata
        except MsgspecError:
            return
        self._forget(what, metadata.namespace, metadata.name, metadata.resource_version)

    def keep_only(self, what: str, namespace: str, names: set[Name], version: str = "") -> None:
        """Forget the objects of one namespace (empty: of all) that are not among `names`.

        version: of the list they are from; what was written after it stays.
        """
        for where in [namespace] if namespace else list(self.namespaces):
            index = self.namespaces.get(where)
            if index is None:
                continue
            for name in self._names(what, index):
                if (where, name) not in names:
                    self._forget(what, where, name, version)

    # -- inside

    def _forget(self, what: str, namespace: str, name: str, version: str) -> None:
        index = self.namespaces.get(namespace)
        if index is None:
            return
        dropper = self._droppers.get(what)
        if dropper is not None:
            dropper(namespace, name, version)
        else:
            before = index.pod(name) if what == "Pod" else None
            release = index.drop(what, name)
            if before is not None:
                self._listener.pod_changed(namespace, release, before, None)
            if release:
                self._listener.release_changed(namespace, release)
            if what in _SURROUNDINGS:
                self._listener.surroundings_changed(namespace)
        if index.is_empty:
            self.namespaces.pop(namespace, None)

    def _names(self, what: str, index: NamespaceIndex) -> list[str]:
        if what == HELM:
            return [
                record_name(release, revision)
                for release, seen in index.releases.items()
                for revision in seen.records
            ]
        if what == ONYXIA:
            return [ONYXIA_PREFIX + name for name, seen in index.releases.items() if seen.onyxia]
        if what == OPERATIONS:
            return [
                OPERATION_PREFIX + name for name, seen in index.releases.items() if seen.operation
            ]
        return list(index.names(what))

    def _index(self, namespace: str) -> NamespaceIndex:
        return self.namespaces.setdefault(namespace, NamespaceIndex())

    def _put_object(self, what: str, raw: bytes) -> Name:
        metadata, seen = _read(what, raw)
        namespace, name = metadata.namespace, metadata.name
        index = self._index(namespace)
        before = index.pod(name) if what == "Pod" else None
        release = index.put(what, name, seen)
        if isinstance(seen, SeenPod):
            self._listener.pod_changed(namespace, release, before, seen)
        if release:
            self._listener.release_changed(namespace, release)
        if what in _SURROUNDINGS:
            self._listener.surroundings_changed(namespace)
        return namespace, name

    def _put_helm(self, raw: bytes) -> Name:
        metadata, record = read_release(raw, self._exposure)
        namespace, release = metadata.namespace, record.release
        records = self._index(namespace).release(release).records
        if records and record.revision < max(records):
            record = record.lean()
        records[record.revision] = record
        newest = max(records)
        for revision, older in records.items():
            if revision < newest:
                records[revision] = older.lean()
        self._listener.release_changed(namespace, release)
        return namespace, record_name(release, record.revision)

    def _drop_helm(self, namespace: str, name: str, _version: str) -> None:
        named = named_record(name)
        index = self.namespaces[namespace]
        seen = index.releases.get(named[0]) if named else None
        if named is None or seen is None:
            return
        release, revision = named
        if seen.records.keys() == {revision} and seen.operation is None:
            self._listener.release_leaving(namespace, release)
        seen.records.pop(revision, None)
        index.forget_if_bare(release)
        self._listener.release_changed(namespace, release)

    def _put_onyxia(self, raw: bytes) -> Name:
        metadata, record = read_onyxia(raw)
        seen = self._index(metadata.namespace).release(record.release)
        if _is_older(record.version, seen.onyxia):
            return metadata.namespace, metadata.name
        seen.onyxia = record
        self._listener.release_changed(metadata.namespace, record.release)
        return metadata.namespace, metadata.name

    def _drop_onyxia(self, namespace: str, name: str, version: str) -> None:
        release = name.removeprefix(ONYXIA_PREFIX)
        index = self.namespaces[namespace]
        seen = index.releases.get(release)
        if seen is not None and not _is_older(version, seen.onyxia):
            seen.onyxia = None
            index.forget_if_bare(release)
            self._listener.release_changed(namespace, release)

    def _put_operation(self, raw: bytes) -> Name:
        operation = read_operation(json.loads(raw), with_values=True)
        if operation is None:
            raise ValueError("no operation of ours")
        namespace, release = operation.namespace, operation.release
        seen = self._index(namespace).release(release)
        if _is_older(operation.version, seen.operation):
            return namespace, OPERATION_PREFIX + release
        # Values are shown until Helm has a record of its own; later they are only ballast.
        seen.operation = replace(operation, values={}) if seen.records else operation
        self.operations[namespace, release] = replace(operation, values={})
        self._listener.release_changed(namespace, release)
        self._place()
        return namespace, OPERATION_PREFIX + release

    def _drop_operation(self, namespace: str, name: str, version: str) -> None:
        release = name.removeprefix(OPERATION_PREFIX)
        index = self.namespaces[namespace]
        seen = index.releases.get(release)
        if seen is None or _is_older(version, seen.operation):
            return
        if not seen.records:
            self._listener.release_leaving(namespace, release)
        seen.operation = None
        self.operations.pop((namespace, release), None)
        index.forget_if_bare(release)
        self._listener.release_changed(namespace, release)
        self._place()

    def _place(self) -> None:
        """Count the queue anew and tell those whose place has changed."""
        before = self.positions
        waiting = in_order(self.operations)
        self.positions = {
            (one.namespace, one.release): place for place, one in enumerate(waiting, 1)
        }
        for name in before.keys() | self.positions.keys():
            if before.get(name) != self.positions.get(name):
                self._listener.release_changed(*name)


def _is_older(version: str, kept: OnyxiaRecord | Operation | None) -> bool:
    """Tell whether `version` comes before what is kept; one that is no number does not."""
    if kept is None or not (version.isdecimal() and kept.version.isdecimal()):
        return False
    return int(version) < int(kept.version)


def _read(what: str, raw: bytes) -> tuple[Metadata, Seen]:
    if what in _WORKLOADS:
        return read_workload(what, raw)
    if what in _ROUTES:
        return read_route(what, raw)
    readers: Mapping[str, Callable[[bytes], tuple[Metadata, Seen]]] = {
        "Pod": read_pod,
        "Event": read_event,
        "PersistentVolumeClaim": read_claim,
        "ResourceQuota": read_quota,
    }
    return readers[what](raw)
