"""Hold what a cluster says of releases, kept current by watches; answer without asking it.

Over 400 lines: what is read and what is told are two sides of one state, and none is long.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import starmap
from weakref import WeakSet

from sardonyx.adapters.kubernetes.answers import Answers, Ask
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.index import NamespaceIndex, ReleaseSeen
from sardonyx.adapters.kubernetes.kinds import EVENTS
from sardonyx.adapters.kubernetes.objects import SeenPod
from sardonyx.adapters.kubernetes.observation import Surroundings, chart_of, observe, state_of
from sardonyx.adapters.kubernetes.operations import Operation
from sardonyx.adapters.kubernetes.routes import USUAL_EXPOSURE, Exposure
from sardonyx.adapters.kubernetes.scopes import Scopes, Standing
from sardonyx.adapters.kubernetes.store import Store
from sardonyx.adapters.kubernetes.watch import USUAL_PACE, Pace
from sardonyx.services.errors import EventsForbiddenError, ServiceNotFoundError
from sardonyx.services.evidence import ContainerEvidence, ContainerState, ProjectEvent
from sardonyx.services.models import Observation, QuotaUse, Revision, State
from sardonyx.text import Scalar
from sardonyx.values import JsonObject

# Observations that are ready to be shown; others are put together when asked for.
_READY = 2_048
_ONYXIA_QUOTA = "onyxia-quota"

PodListener = Callable[[str, str, SeenPod | None, SeenPod | None], None]


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """The newest record Helm keeps of a release. manifest, notes: texts; config: user's values.

    first, uid: revision and uid of the oldest Secret that is kept (revision 1 is what an Onyxia
    Secret's owner reference names).
    """

    namespace: str
    release: str
    revision: int
    status: str
    manifest: str
    notes: str
    config: JsonObject
    first: int
    uid: str


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where a release's logs are: a container of its newest pod. restarts: how often begun."""

    pod: str
    container: str
    restarts: int


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """How much is held, for `/metrics`: releases, namespaces, watches, and so on.

    behind: seconds since which the view is not current, 0 while it is.
    """

    namespaces: int
    releases: int
    ready: int
    watches: int
    lists: int
    unread: int
    behind: float


@dataclass(slots=True, eq=False, weakref_slot=True)
class _Subscriber:
    """What one reader has not taken yet: names only, so a slow one costs no more than those."""

    changed: dict[str, Observation | None] = field(default_factory=dict)
    some: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, release: str, last: Observation | None = None) -> None:
        self.changed[release] = last or self.changed.get(release)
        self.some.set()


class ClusterCache:
    """What is known of the releases of a cluster, of some namespaces, or of one.

    Nothing here asks the API server but `run`. client: whose account the watches run with.
    namespaces: those to watch where the account may not watch the whole cluster; more come by
    `follow`. project: id of the project of a namespace. exposure: of the region. catalog: of a
    chart by name and version, for releases that say none. ask: asks an address (`answers.py`).
    """

    def __init__(
        self,
        client: ClusterClient,
        *,
        namespaces: Iterable[str] = (),
        project: Callable[[str], str] = str,
        exposure: Exposure = USUAL_EXPOSURE,
        catalog: Callable[[str, str], str] = lambda _chart, _version: "",
        ask: Ask | None = None,
        pace: Pace = USUAL_PACE,
    ) -> None:
        self._project = project
        self._catalog = catalog
        self._store = Store(exposure, self)
        self._scopes = Scopes(
            client, self._store, namespaces=namespaces, changed=self._all_changed, pace=pace
        )
        self._answers = Answers(exposure.domain, self.release_changed, ask=ask)
        self._ready: OrderedDict[tuple[str, str], Observation] = OrderedDict()
        self._subscribers: dict[str, WeakSet[_Subscriber]] = {}
        self._lookers: dict[str, WeakSet[asyncio.Event]] = {}
        self._pod_listeners: list[PodListener] = []
        self._facts: Callable[[str, str], Mapping[str, Scalar]] = lambda _namespace, _release: {}
        self._unsettled: dict[tuple[str, str], None] = {}
        self._some_unsettled = asyncio.Event()

    # -- keeping current

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._scopes.run())
            tasks.create_task(self._answers.run())
            tasks.create_task(self._settle())

    async def synced(self) -> None:
        """Return when the first lists have been read."""
        await self._scopes.synced()

    def follow(self, namespace: str, client: ClusterClient | None = None) -> None:
        """Watch a namespace too, unless it is seen already; client: with that account."""
        self._scopes.follow(namespace, client)

    def on_pods(self, listener: PodListener) -> None:
        """Tell `listener` of each pod: namespace, release, as it was, as it is (None: gone)."""
        self._pod_listeners.append(listener)

    def with_facts(self, facts: Callable[[str, str], Mapping[str, Scalar]]) -> None:
        """Add `facts(namespace, release)` to each observation."""
        self._facts = facts

    @property
    def store(self) -> Store:
        """What watches feed; a measurement or a test feeds it too."""
        return self._store

    # -- reading

    def observation(self, namespace: str, release: str) -> Observation:
        """Raises ServiceNotFoundError."""
        key = (namespace, release)
        ready = self._ready.get(key)
        if ready is not None:
            self._ready.move_to_end(key)
            return ready
        index, seen = self._found(namespace, release)
        made = observe(
            release, seen, index.members(release), self._surroundings(namespace, release)
        )
        self._ready[key] = made
        if len(self._ready) > _READY:
            self._ready.popitem(last=False)
        return made

    def observations(self, namespace: str) -> Sequence[Observation]:
        """Return a namespace's releases, newest first."""
        index = self._store.namespaces.get(namespace)
        if index is None:
            return ()
        found = [
            self.observation(namespace, name)
            for name, seen in index.releases.items()
            if seen.exists
        ]
        return sorted(found, key=lambda one: (one.created_at, one.release), reverse=True)

    def changes(self, namespace: str) -> AsyncGenerator[Observation, None]:
        """Yield a release each time it changed; a deleted one last with fact `deleted`.

        Whatever changes after this call is told, even if the first is taken later.
        """
        subscriber = _Subscriber()
        self._subscribers.setdefault(namespace, WeakSet()).add(subscriber)
        return self._changes(namespace, subscriber)

    async def _changes(
        self, namespace: str, subscriber: _Subscriber
    ) -> AsyncGenerator[Observation, None]:
        while True:
            await subscriber.some.wait()
            subscriber.some.clear()
            while subscriber.changed:
                release = next(iter(subscriber.changed))
                last = subscriber.changed.pop(release)
                observation = self._now(namespace, release, last)
                if observation is not None:
                    yield observation

    def revisions(self, namespace: str, release: str) -> Sequence[Revision]:
        """Return the kept revisions, newest first, with values. Raises ServiceNotFoundError."""
        _, seen = self._found(namespace, release)
        around = self._surroundings(namespace, release)
        paths = seen.onyxia.secret_paths if seen.onyxia else frozenset()
        return [
            Revision(
                number=number,
                at=record.last_deployed,
                status="pending" if record.status.startswith("pending-") else record.status,
                chart=chart_of(replace(seen, records={number: record}), around),
                description=record.description,
                values=record.config(),
                secret_paths=paths,
            )
            for number, record in sorted(seen.records.items(), reverse=True)
        ]

    def stored(self, namespace: str, release: str) -> StoredRelease:
        """Return Helm's newest record. Raises ServiceNotFoundError when there is none."""
        _, seen = self._found(namespace, release)
        record = seen.newest
        if record is None:
            raise ServiceNotFoundError(name=release, project=self._project(namespace))
        oldest = seen.records[min(seen.records)]
        return StoredRelease(
            namespace=namespace,
            release=release,
            revision=record.revision,
            status=record.status,
            manifest=record.manifest(),
            notes=record.notes(),
            config=record.config(),
            first=oldest.revision,
            uid=oldest.uid,
        )

    def operations(self) -> Sequence[Operation]:
        """Return all operations asked for and not done, oldest first, without their values."""
        return sorted(self._store.operations.values(), key=lambda one: one.asked_at)

    def quota(self, namespace: str) -> Sequence[QuotaUse]:
        """Return the namespace's limits and what is used of them; empty where there are none.

        Where several objects limit the same, the platform's own is shown.
        """
        index = self._store.namespaces.get(namespace)
        if index is None:
            return ()
        shown: dict[str, QuotaUse] = {}
        for _, quota in sorted(index.quotas.items(), key=lambda one: one[0] != _ONYXIA_QUOTA):
            used = dict(quota.used)
            for resource, hard in quota.hard:
                shown.setdefault(resource, QuotaUse(resource, used.get(resource, "0"), hard))
        return tuple(shown.values())

    def events(self, namespace: str) -> Iterator[ProjectEvent]:
        """Return what was said of a namespace's objects, the newest first; 5,000 at most are kept.

        Raises EventsForbiddenError.
        """
        if self._scopes.is_refused(EVENTS.kind, namespace):
            raise EventsForbiddenError(namespace=namespace)
        index = self._store.namespaces.get(namespace)
        return iter(()) if index is None else starmap(ProjectEvent, index.events())

    def surroundings(self, namespace: str) -> AsyncGenerator[None, None]:
        """Yield after events or quotas of a namespace changed; several changes may count as one.

        Whatever changes after this call is told, even if the first is taken later.
        """
        changed = asyncio.Event()
        self._lookers.setdefault(namespace, WeakSet()).add(changed)
        return _each_time(changed)

    def log_source(self, namespace: str, release: str) -> LogSource | None:
        """Return where the release's logs are now, None without a pod.

        That is the main container, or the init container that stands in its way. Raises
        ServiceNotFoundError.
        """
        index, _ = self._found(namespace, release)
        pods = [pod for pod in index.members(release).pods if not pod.evidence.hook]
        staying = [pod for pod in pods if not pod.evidence.is_leaving] or pods
        if not staying:
            return None
        pod = max(staying, key=lambda one: one.evidence.created_at)
        containers = pod.evidence.containers
        found = next((one for one in containers if one.is_init and _stands_in_the_way(one)), None)
        found = found or next((one for one in containers if one.name == pod.main), None)
        if found is None:
            return None
        return LogSource(pod.evidence.name, found.name, found.restarts)

    def standing(self, namespace: str) -> Standing:
        """Return how current what is known of a namespace is."""
        return self._scopes.standing(namespace)

    def figures(self) -> CacheFigures:
        """Return how much is held."""
        indexes = self._store.namespaces.values()
        return CacheFigures(
            namespaces=len(indexes),
            releases=sum(len(index.releases) for index in indexes),
            ready=len(self._ready),
            watches=self._scopes.watches,
            lists=self._scopes.lists,
            unread=self._store.unread,
            behind=self._scopes.behind,
        )

    # -- told by the store

    def release_changed(self, namespace: str, release: str) -> None:
        """Let the release be put together anew, and tell those who observe its namespace."""
        self._ready.pop((namespace, release), None)
        self._unsettled[namespace, release] = None
        self._some_unsettled.set()
        for subscriber in self._subscribers.get(namespace, ()):
            subscriber.put(release)

    def release_leaving(self, namespace: str, release: str) -> None:
        """Keep what was last seen for those who observe its namespace."""
        subscribers = self._subscribers.get(namespace, ())
        if subscribers:
            last = self.observation(namespace, release)
            for subscriber in subscribers:
                subscriber.put(release, last)

    def pod_changed(
        self, namespace: str, release: str, before: SeenPod | None, now: SeenPod | None
    ) -> None:
        for listener in self._pod_listeners:
            listener(namespace, release, before, now)

    def surroundings_changed(self, namespace: str) -> None:
        for looker in self._lookers.get(namespace, ()):
            looker.set()

    # -- inside

    def _all_changed(self) -> None:
        self._ready.clear()
        for namespace, lookers in list(self._lookers.items()):
            if not lookers:
                del self._lookers[namespace]
            self.surroundings_changed(namespace)
        for namespace, subscribers in list(self._subscribers.items()):
            if not subscribers:
                del self._subscribers[namespace]
                continue
            index = self._store.namespaces.get(namespace)
            for release in index.releases if index else ():
                for subscriber in subscribers:
                    subscriber.put(release)

    def _now(self, namespace: str, release: str, last: Observation | None) -> Observation | None:
        try:
            return self.observation(namespace, release)
        except ServiceNotFoundError:
            if last is None:
                return None
            facts = {**last.facts, "deleted": 1}
            return replace(last, state=State.STOPPED, facts=facts)

    def _found(self, namespace: str, release: str) -> tuple[NamespaceIndex, ReleaseSeen]:
        index = self._store.namespaces.get(namespace)
        seen = index.releases.get(release) if index else None
        if index is None or seen is None or not seen.exists:
            raise ServiceNotFoundError(name=release, project=self._project(namespace))
        return index, seen

    def _surroundings(self, namespace: str, release: str) -> Surroundings:
        standing = self._scopes.standing(namespace)
        return Surroundings(
            project=self._project(namespace),
            position=self._store.positions.get((namespace, release), 0),
            api_fault=standing.fault,
            api_since=standing.since,
            answered=self._answers.of,
            catalog=self._catalog,
            facts=self._facts(namespace, release),
        )

    async def _settle(self) -> None:
        """Have the addresses of those releases asked whose pods are ready."""
        while True:
            await self._some_unsettled.wait()
            self._some_unsettled.clear()
            for count, (namespace, release) in enumerate(list(self._unsettled)):
                del self._unsettled[namespace, release]
                self._expect_answers(namespace, release)
                if count % 50 == 49:
                    await asyncio.sleep(0)

    def _expect_answers(self, namespace: str, release: str) -> None:
        index = self._store.namespaces.get(namespace)
        seen = index.releases.get(release) if index else None
        record = seen.newest if seen else None
        if index is None or seen is None or record is None or not record.targets:
            self._answers.forget(namespace, release)
            return
        ready = state_of(seen, index.members(release)) is State.RUNNING
        urls = [target.url for target in record.targets]
        self._answers.expect(namespace, release, urls, ready=ready)


async def _each_time(changed: asyncio.Event) -> AsyncGenerator[None, None]:
    while True:
        await changed.wait()
        changed.clear()
        yield


def _stands_in_the_way(init: ContainerEvidence) -> bool:
    if init.state is ContainerState.TERMINATED:
        return init.exit_code != 0
    if init.state is ContainerState.RUNNING:
        return not init.is_sidecar
    return init.restarts > 0
