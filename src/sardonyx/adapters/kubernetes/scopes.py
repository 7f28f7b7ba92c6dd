"""Own which watches run: one for the whole cluster where the rights allow, else by namespace.

Rights are asked for each kind, and again when they seem to have changed. How the watches stand
is added up here: what is shown of a namespace is only as fresh as the worst of its watches.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.store import FOLLOWED, Followed, Name, Store
from sardonyx.adapters.kubernetes.watch import Pace, Watch
from sardonyx.errors import PlatformError
from sardonyx.services.errors import ClusterUnavailableError

_log = structlog.get_logger(__name__)
_PROBE_EVERY = 10.0
_SLOW = 3.0
_TRY_AGAIN = 1.0
_TOGETHER = 0.2  # several watches are refused at once
_RIGHTS_EVERY = 300.0
_RIGHTS_SOON = 15.0
_WORST = ("unreachable", "slow", "forbidden")

Scope = tuple[str, str]  # Followed.id, namespace (empty: all)


@dataclass(frozen=True, slots=True)
class Standing:
    """How current a view is. fault: empty, `unreachable`, `slow`, `forbidden`; since when."""

    fault: str = ""
    since: datetime | None = None


class _KindSink:
    """Feeds one watch's objects to the store, and its standing to the scopes."""

    def __init__(self, scopes: Scopes, store: Store, followed: Followed, namespace: str) -> None:
        self._scopes, self._store = scopes, store
        self._followed, self._namespace = followed, namespace

    def put(self, raw: bytes) -> Name | None:
        return self._store.put(self._followed.id, raw)

    def drop(self, raw: bytes) -> None:
        self._store.drop(self._followed.id, raw)

    def keep_only(self, names: set[Name], version: str) -> None:
        self._store.keep_only(self._followed.id, self._namespace, names, version)

    def standing(self, fault: str) -> None:
        self._scopes.stands((self._followed.id, self._namespace), fault)


class Scopes:
    """Runs the watches. client: the platform's account; changed: told when a standing changes."""

    def __init__(
        self,
        client: ClusterClient,
        store: Store,
        *,
        namespaces: Iterable[str],
        changed: Callable[[], None],
        pace: Pace,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._store = store
        self._changed = changed
        self._pace = pace
        self._clock = clock
        self._namespaces: dict[str, ClusterClient] = dict.fromkeys(namespaces, client)
        self._whole: set[str] = set()
        self._running: dict[Scope, tuple[Watch, asyncio.Task[None]]] = {}
        self._standings: dict[Scope, Standing] = {}
        self._probed = Standing()
        self._look_again = asyncio.Event()
        self._decided = asyncio.Event()

    def follow(self, namespace: str, client: ClusterClient | None = None) -> None:
        """Watch a namespace too where the whole cluster may not be watched. Costs no call.

        client: with whose account; a new one replaces the one before at the next call.
        """
        known = self._namespaces.get(namespace)
        if client is not None or known is None:
            self._namespaces[namespace] = client or self._client
        if known is None and len(self._whole) < len(FOLLOWED):
            self._look_again.set()

    def standing(self, namespace: str) -> Standing:
        """Return how current what is known of a namespace is."""
        found = [self._probed]
        for followed in FOLLOWED:
            if followed.essential:
                where = "" if followed.id in self._whole else namespace
                found.append(self._standings.get((followed.id, where), Standing()))
        faults = [one for one in found if one.fault]
        return min(faults, key=lambda one: _WORST.index(one.fault), default=Standing())

    def is_refused(self, what: str, namespace: str) -> bool:
        """Tell whether the account may not watch a `Followed.id` in a namespace."""
        where = "" if what in self._whole else namespace
        return self._standings.get((what, where), Standing()).fault == "forbidden"

    def stands(self, scope: Scope, fault: str) -> None:
        """Note how a watch stands."""
        if fault == "absent":
            fault = ""
        before = self._standings.get(scope, Standing())
        if before.fault == fault:
            return
        self._standings[scope] = Standing(fault, self._clock() if fault else None)
        if fault == "forbidden":
            self._look_again.set()
        self._changed()

    @property
    def watches(self) -> int:
        return len(self._running)

    @property
    def lists(self) -> int:
        """How many full lists were read so far."""
        return sum(watch.lists for watch, _ in self._running.values())

    @property
    def behind(self) -> float:
        """Seconds for which the longest faulty view has been so; 0 while all are current."""
        moments = [one.since for one in (self._probed, *self._standings.values()) if one.since]
        return (self._clock() - min(moments)).total_seconds() if moments else 0.0

    async def synced(self) -> None:
        """Return when every watch has read its first list, or was refused it."""
        await self._decided.wait()
        for watch, _ in list(self._running.values()):
            await watch.listed.wait()

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._probe())
            while True:
                try:
                    self._whole = await self._rights()
                except PlatformError as error:
                    self._set_probed(_fault_of(error), error)
                    await asyncio.sleep(_TRY_AGAIN)
                    continue
                self._decided.set()
                await self._while_rights_hold(tasks)

    async def _while_rights_hold(self, tasks: asyncio.TaskGroup) -> None:
        """Watch what is to be watched; return when the rights may have changed."""
        refused = self._refused()
        end = time.monotonic() + (_RIGHTS_SOON if refused else _RIGHTS_EVERY)
        while self._refused() <= refused:
            self._look_again.clear()
            self._arrange(tasks)
            try:
                async with asyncio.timeout(max(end - time.monotonic(), 0)):
                    await self._look_again.wait()
            except TimeoutError:
                return
        await asyncio.sleep(_TOGETHER)

    def _refused(self) -> set[Scope]:
        return {scope for scope, one in self._standings.items() if one.fault == "forbidden"}

    async def _rights(self) -> set[str]:
        """Return what may be watched in the whole cluster."""
        kinds = {followed.kind for followed in FOLLOWED}
        allowed = {}
        for kind in sorted(kinds, key=str):
            may_list = await self._client.self_subject_access("list", kind)
            allowed[kind] = may_list and await self._client.self_subject_access("watch", kind)
        return {followed.id for followed in FOLLOWED if allowed[followed.kind]}

    def _arrange(self, tasks: asyncio.TaskGroup) -> None:
        wanted: dict[Scope, Followed] = {}
        for followed in FOLLOWED:
            if followed.id in self._whole:
                wanted[followed.id, ""] = followed
            else:
                for namespace in self._namespaces:
                    wanted[followed.id, namespace] = followed
        for scope in self._running.keys() - wanted.keys():
            _, task = self._running.pop(scope)
            task.cancel()
            self._standings.pop(scope, None)
        for scope, followed in wanted.items():
            if scope not in self._running:
                watch = self._watch(followed, scope[1])
                self._running[scope] = (watch, tasks.create_task(watch.run()))

    def _watch(self, followed: Followed, namespace: str) -> Watch:
        def client() -> ClusterClient:
            return self._namespaces.get(namespace, self._client) if namespace else self._client

        sink = _KindSink(self, self._store, followed, namespace)
        return Watch(
            client,
            followed.kind,
            sink,
            namespace=namespace,
            selectors=followed.selector,
            pace=self._pace,
        )

    async def _probe(self) -> None:
        """Ask for the server's version now and then: a frozen server cuts no watch."""
        while True:
            began = time.monotonic()
            try:
                await self._client.version()
            except PlatformError as error:
                self._set_probed(_fault_of(error), error)
                await asyncio.sleep(_TRY_AGAIN)
                continue
            self._set_probed("slow" if time.monotonic() - began > _SLOW else "")
            await asyncio.sleep(_PROBE_EVERY)

    def _set_probed(self, fault: str, error: PlatformError | None = None) -> None:
        if fault != self._probed.fault:
            _log.info("cluster_standing", fault=fault, reason=str(error or "")[:300])
            self._probed = Standing(fault, self._clock() if fault else None)
            self._changed()


def _fault_of(error: PlatformError) -> str:
    if isinstance(error, ClusterUnavailableError):
        return "slow" if "cause" in error.values else "unreachable"
    return "forbidden"
