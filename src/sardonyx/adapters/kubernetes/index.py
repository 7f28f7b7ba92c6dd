"""Hold what was seen in one namespace, and find what belongs to a release.

Objects belong to a release by Helm's annotation, by their controller, or, where neither says,
by the label `app.kubernetes.io/instance`. Watches bring them in any order: threads are followed
when asked, so a pod seen before its ReplicaSet finds its way later.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from sardonyx.adapters.kubernetes.objects import (
    EPOCH,
    Key,
    Seen,
    SeenClaim,
    SeenEvent,
    SeenPod,
    SeenQuota,
    SeenRoute,
    SeenWorkload,
    Threaded,
    Threads,
)
from sardonyx.adapters.kubernetes.operations import Operation
from sardonyx.adapters.kubernetes.releases import OnyxiaRecord, ReleaseRecord
from sardonyx.services.evidence import EventEvidence

_EVENTS_OF_OBJECT = 12
_EVENTS_OF_NAMESPACE = 5_000
_DEEPEST = 8  # pod, ReplicaSet, Deployment, operator's resource; more is a loop
_TOP_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "Ingress", "HTTPRoute")


@dataclass(slots=True)
class ReleaseSeen:
    """All that Secrets say of one release. records: by revision."""

    records: dict[int, ReleaseRecord] = field(default_factory=dict)
    onyxia: OnyxiaRecord | None = None
    operation: Operation | None = None

    @property
    def newest(self) -> ReleaseRecord | None:
        return self.records[max(self.records)] if self.records else None

    @property
    def exists(self) -> bool:
        """Whether people see a release: an Onyxia Secret alone is none."""
        return bool(self.records) or self.operation is not None


@dataclass(frozen=True, slots=True)
class Members:
    """The objects of one release."""

    workloads: tuple[SeenWorkload, ...] = ()
    pods: tuple[SeenPod, ...] = ()
    claims: tuple[SeenClaim, ...] = ()
    routes: tuple[tuple[Key, SeenRoute], ...] = ()
    events: tuple[SeenEvent, ...] = ()


class NamespaceIndex:
    """What was seen in one namespace. Knows no time and no network."""

    def __init__(self) -> None:
        self.releases: dict[str, ReleaseSeen] = {}
        self.quotas: dict[str, SeenQuota] = {}
        self._objects: dict[Key, Threaded] = {}
        self._children: dict[Key, set[Key]] = {}
        self._roots: dict[str, set[Key]] = {}
        self._labelled: dict[str, set[Key]] = {}
        self._orphans: dict[Key, str] = {}
        self._events: dict[Key, dict[str, SeenEvent]] = {}
        self._event_keys: dict[str, Key] = {}
        self._newest: tuple[tuple[EventEvidence, Key], ...] | None = None  # until an event comes

    @property
    def is_empty(self) -> bool:
        return not (self.releases or self.quotas or self._objects or self._event_keys)

    # -- objects

    def put(self, kind: str, name: str, seen: Seen) -> str:
        """Keep an object; return the release it belongs to, empty for none."""
        if isinstance(seen, SeenQuota):
            self.quotas[name] = seen
            return ""
        if isinstance(seen, SeenEvent):
            return self._put_event(name, seen)
        key = (kind, name)
        before = self._objects.get(key)
        if before is not None and before.threads != seen.threads:
            self._unthread(key, before.threads)
            before = None
        self._objects[key] = seen
        if before is None:
            self._thread(key, seen.threads)
        return self.release_of(key)

    def drop(self, kind: str, name: str) -> str:
        """Forget an object; return the release it belonged to."""
        if kind == "ResourceQuota":
            self.quotas.pop(name, None)
            return ""
        if kind == "Event":
            return self._drop_event(name)
        key = (kind, name)
        release = self.release_of(key)
        seen = self._objects.pop(key, None)
        self._orphans.pop(key, None)
        if seen is not None:
            self._unthread(key, seen.threads)
            if release:
                # Owners go before what they own; its last words still belong to the release.
                below = self._reach({key}) - {key}
                self._orphans.update(dict.fromkeys(below, release))
        return release

    def names(self, kind: str) -> Iterator[str]:
        """Yield the names of the objects of `kind` that are kept."""
        if kind == "ResourceQuota":
            yield from self.quotas
        elif kind == "Event":
            yield from self._event_keys
        else:
            yield from [name for known, name in self._objects if known == kind]

    def pod(self, name: str) -> SeenPod | None:
        found = self._objects.get(("Pod", name))
        return found if isinstance(found, SeenPod) else None

    # -- releases

    def release(self, name: str) -> ReleaseSeen:
        """Return what is known of a release, empty if nothing yet."""
        return self.releases.setdefault(name, ReleaseSeen())

    def forget_if_bare(self, name: str) -> None:
        """Forget a release of which nothing is left."""
        seen = self.releases.get(name)
        if seen is not None and not seen.exists and seen.onyxia is None:
            del self.releases[name]

    def members(self, release: str) -> Members:
        """Return the objects of `release`."""
        keys = self._reach(self._roots.get(release, set()))
        for key in self._labelled.get(release, ()):
            if key not in keys and self.release_of(key) == release:
                keys |= self._reach({key})
        for hook in self._hooks(release):
            keys |= self._reach({hook} & self._objects.keys())
        pods = [seen for key in keys if isinstance(seen := self._objects[key], SeenPod)]
        for pod in pods:
            keys |= {("PersistentVolumeClaim", name) for name in pod.claims}
        found = sorted((key, self._objects[key]) for key in keys & self._objects.keys())
        return Members(
            workloads=tuple(seen for _, seen in found if isinstance(seen, SeenWorkload)),
            pods=tuple(sorted(pods, key=lambda pod: (pod.evidence.created_at, pod.evidence.name))),
            claims=tuple(seen for _, seen in found if isinstance(seen, SeenClaim)),
            routes=tuple((key, seen) for key, seen in found if isinstance(seen, SeenRoute)),
            events=self._events_of(keys),
        )

    def release_of(self, key: Key) -> str:
        """Return the release an object belongs to, empty for none."""
        label = self._orphans.get(key, "")
        for _ in range(_DEEPEST):
            seen = self._objects.get(key)
            if seen is None:
                break
            if seen.threads.release:
                return seen.threads.release
            label = seen.threads.instance or label
            if seen.threads.owner is None:
                break
            key = seen.threads.owner
        return label

    # -- inside

    def _thread(self, key: Key, threads: Threads) -> None:
        if threads.owner is not None:
            self._children.setdefault(threads.owner, set()).add(key)
        if threads.release:
            self._roots.setdefault(threads.release, set()).add(key)
        elif threads.instance:
            self._labelled.setdefault(threads.instance, set()).add(key)

    def _unthread(self, key: Key, threads: Threads) -> None:
        _discard(self._children, threads.owner, key)
        _discard(self._roots, threads.release, key)
        _discard(self._labelled, threads.instance, key)

    def _reach(self, roots: set[Key]) -> set[Key]:
        found, waiting = set(roots), list(roots)
        while waiting:
            for child in self._children.get(waiting.pop(), ()):
                if child not in found:
                    found.add(child)
                    waiting.append(child)
        return found

    def _hooks(self, release: str) -> set[Key]:
        seen = self.releases.get(release)
        newest = seen.newest if seen else None
        return {(hook.kind, hook.name) for hook in newest.hooks} if newest else set()

    # -- events

    def _put_event(self, name: str, seen: SeenEvent) -> str:
        self._newest = None
        about = (seen.evidence.kind, seen.evidence.name)
        known = self._events.setdefault(about, {})
        known.pop(name, None)
        known[name] = seen
        self._event_keys.pop(name, None)
        self._event_keys[name] = about
        if len(known) > _EVENTS_OF_OBJECT:
            self._drop_event(min(known, key=lambda one: known[one].evidence.last))
        if len(self._event_keys) > _EVENTS_OF_NAMESPACE:
            self._drop_event(next(iter(self._event_keys)))
        return self._release_of_event(about)

    def _drop_event(self, name: str) -> str:
        about = self._event_keys.pop(name, None)
        if about is None:
            return ""
        self._newest = None
        known = self._events.get(about, {})
        known.pop(name, None)
        if not known:
            self._events.pop(about, None)
        return self._release_of_event(about)

    def _release_of_event(self, about: Key) -> str:
        release = self.release_of(about)
        if not release and about[0] in _TOP_KINDS and about[1] in self.releases:
            return about[1]
        return release

    def events(self) -> Iterator[tuple[EventEvidence, str]]:
        """Yield every event, the newest first, with the release whose object it is about.

        The release is empty where no object that is there says one: a name alone proves nothing,
        another's object may have borne it.
        """
        if self._newest is None:
            kept = [
                (seen.evidence, about)
                for about, known in self._events.items()
                for seen in known.values()
            ]
            kept.sort(key=lambda one: one[0].created or EPOCH, reverse=True)
            self._newest = tuple(kept)
        releases: dict[Key, str] = {}  # an object has several events
        for evidence, about in self._newest:
            release = releases.get(about)
            if release is None:
                release = releases[about] = self.release_of(about)
            yield evidence, release

    def _events_of(self, keys: set[Key]) -> tuple[SeenEvent, ...]:
        found = [seen for key in keys for seen in self._events.get(key, {}).values()]
        return tuple(sorted(found, key=lambda seen: seen.evidence.last))


_Thread = TypeVar("_Thread", bound=Hashable)


def _discard(index: dict[_Thread, set[Key]], thread: _Thread | None, key: Key) -> None:
    known = index.get(thread) if thread is not None else None
    if known is None or thread is None:
        return
    known.discard(key)
    if not known:
        del index[thread]
