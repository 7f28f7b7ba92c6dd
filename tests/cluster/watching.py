"""A watch cache on a real API server, perhaps behind faults, and the records it is to see."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.runtime.world import until

from sardonyx.adapters.kubernetes.access import ClusterAccess
from sardonyx.adapters.kubernetes.cache import ClusterCache
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import SECRETS
from sardonyx.adapters.kubernetes.watch import Pace
from sardonyx.services.diagnosis import diagnose
from sardonyx.services.errors import ServiceNotFoundError
from sardonyx.services.models import Observation, State
from sardonyx.testing.cluster_objects import helm_secret
from sardonyx.values import JsonObject

# What is done to the API server: as the cache stands then, what must be told.
FAULTS: Mapping[str, str] = {
    "unreachable": "api_unreachable",
    "slow": "api_slow",
    "forbidden": "api_forbidden",
}
_GENEROUS = 120.0
# Impatient, so that faults are over soon.
PACE = Pace(first=0.05, longest=0.5, absent=5.0, life=30.0)


@dataclass(slots=True)
class Watched:
    """A cache that runs, and the administrator who changes what it sees."""

    cache: ClusterCache
    admin: ClusterClient
    namespace: str
    seen: list[Observation] = field(default_factory=list)

    async def add(self, release: str, **about: object) -> None:
        """Store a record as Helm does."""
        secret = storable(helm_secret(self.namespace, release, **about))  # type: ignore[arg-type]
        await self.admin.create(SECRETS, secret, namespace=self.namespace)

    async def remove(self, release: str, revision: int = 1) -> None:
        name = f"sh.helm.release.v1.{release}.v{revision}"
        await self.admin.delete(SECRETS, name, namespace=self.namespace)

    def knows(self, release: str) -> bool:
        try:
            self.cache.observation(self.namespace, release)
        except ServiceNotFoundError:
            return False
        return True

    def names(self) -> set[str]:
        return {one.release for one in self.cache.observations(self.namespace)}

    def fault(self) -> str:
        return self.cache.standing(self.namespace).fault

    async def meets(self, release: str) -> None:
        await until(lambda: self.knows(release), saying=lambda: (release, self.names()))

    async def reaches(self, release: str, state: State) -> None:
        def seen() -> Observation:
            return self.cache.observation(self.namespace, release)

        await until(lambda: seen().state is state, saying=seen)

    async def stands(self, fault: str) -> None:
        await until(lambda: self.fault() == fault, saying=lambda: (fault, self.fault()))

    async def tells(self, fault: str, release: str) -> None:
        """Wait for a fault, then see that people read of it beside a release."""
        await self.stands(fault)
        found = diagnose(self.cache.observation(self.namespace, release), datetime.now(UTC))
        assert FAULTS[fault] in {one.code for one in found}, found

    async def collect(self) -> None:
        """Take what changes, until cancelled."""
        async for observation in self.cache.changes(self.namespace):
            self.seen.append(observation)


def storable(content: JsonObject) -> JsonObject:
    """Return an object without what only the server writes."""
    metadata = content["metadata"]
    assert isinstance(metadata, dict)
    ours = {"uid", "resourceVersion", "creationTimestamp", "managedFields"}
    kept = {key: value for key, value in metadata.items() if key not in ours}
    return {**content, "metadata": kept}


@asynccontextmanager
async def watched(
    kubeconfig: Path,
    namespace: str,
    *,
    admin: Path,
    client: ClusterClient | None = None,
    namespaces: Iterable[str] = (),
    sync: bool = True,
    pace: Pace = PACE,
) -> AsyncIterator[Watched]:
    """Run a cache on `kubeconfig` (or as `client`) for a test; sync: wait for its first lists."""
    access, direct = ClusterAccess(kubeconfig), ClusterAccess(admin)
    cache = ClusterCache(client or access.platform(), namespaces=namespaces, pace=pace)
    world = Watched(cache, direct.platform(), namespace)
    tasks = [asyncio.create_task(cache.run()), asyncio.create_task(world.collect())]
    try:
        if sync:
            async with asyncio.timeout(120):
                await cache.synced()
        yield world
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        await access.aclose()
        await direct.aclose()
        # Now, not while the interpreter compiles something: CPython 3.11 fails then (gh-106905).
        gc.collect()


async def eventually(ask: Callable[[], Awaitable[bool]], what: str) -> None:
    """Return once `ask()` says yes; fail naming what was waited for."""
    deadline = time.monotonic() + _GENEROUS
    while not await ask():
        assert time.monotonic() < deadline, f"in vain: {what}"
        await asyncio.sleep(0.1)
