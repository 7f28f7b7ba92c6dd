"""Last lines are kept at once and with the farewell, whatever others' pods do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx2

from sardonyx.adapters.kubernetes.cache import ClusterCache
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.logs import ClusterLogs
from sardonyx.services.errors import ClusterUnavailableError
from sardonyx.testing import cluster_objects as made

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLOW, QUICK = "user-eve", "user-ada"


class Kubelet:
    """Pods of `SLOW` take their time; those of others end once they were asked to."""

    def __init__(self) -> None:
        self.following = 0
        self.most = 0

    async def logs(
        self, namespace: str, pod: str, *, container: str, lines: int, previous: bool
    ) -> str:
        if pod.endswith("-mute"):
            raise ClusterUnavailableError(verb="get", resource="pods/log", reason="refused")
        return f"{pod} before\n" if previous else f"{pod} works\n"

    async def follow_logs(
        self, namespace: str, pod: str, *, container: str, lines: int
    ) -> AsyncGenerator[str, None]:
        yield f"{pod} works\n"
        if namespace == SLOW:
            self.following += 1
            self.most = max(self.most, self.following)
            await asyncio.Event().wait()
        yield f"{pod} says farewell\n"


class Kept:
    """The KeptLogs of this process; tells when one of a release was kept."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], list[str]] = {}
        self.changed = asyncio.Event()

    async def keep(self, namespace: str, release: str, text: str, at: datetime) -> None:
        self.texts.setdefault((namespace, release), []).append(text)
        self.changed.set()

    async def kept(self, namespace: str, release: str) -> tuple[str, datetime] | None:
        return None

    async def until(self, namespace: str, release: str, count: int) -> list[str]:
        async with asyncio.timeout(20):
            while len(self.texts.get((namespace, release), ())) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.texts[namespace, release]


@asynccontextmanager
async def keeping(kubelet: Kubelet) -> AsyncIterator[tuple[ClusterCache, Kept]]:
    kept = Kept()
    async with httpx2.AsyncClient(base_url="http://127.0.0.1:9") as nobody:
        cache = ClusterCache(ClusterClient(nobody))
        logs = ClusterLogs(
            cache,
            lambda _namespace: kubelet,  # type: ignore[arg-type,return-value]
            kept,
            clock=lambda: NOW,
        )
        running = asyncio.create_task(logs.run())
        try:
            yield cache, kept
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def goes(cache: ClusterCache, namespace: str, release: str, pod: str) -> None:
    """Have a pod of a release run, then be asked to go."""
    cache.store.put("helm", made.raw(made.helm_secret(namespace, release)))
    cache.store.put("Deployment", made.raw(made.workload(namespace, release)))
    owner = ("Deployment", release)
    cache.store.put("Pod", made.raw(made.pod(namespace, pod, owner=owner)))
    leaving = made.pod(namespace, pod, owner=owner, leaving=True, at=NOW + timedelta(seconds=30))
    cache.store.put("Pod", made.raw(leaving))


async def test_last_lines_are_kept_at_once_and_with_the_farewell() -> None:
    async with keeping(Kubelet()) as (cache, kept):
        goes(cache, QUICK, "talk", "talk-0")
        assert await kept.until(QUICK, "talk", 2) == [
            "talk-0 works\n",
            "talk-0 works\ntalk-0 says farewell\n",
        ]


async def test_pods_that_go_slowly_cost_others_nothing() -> None:
    kubelet = Kubelet()
    async with keeping(kubelet) as (cache, kept):
        for number in range(100):
            goes(cache, SLOW, "many", f"many-{number}")
        goes(cache, QUICK, "talk", "talk-0")
        assert len(await kept.until(QUICK, "talk", 2)) == 2
        assert len(await kept.until(SLOW, "many", 100)) == 100
    assert kubelet.most <= 4


async def test_a_log_that_cannot_be_read_now_is_followed_all_the_same() -> None:
    async with keeping(Kubelet()) as (cache, kept):
        goes(cache, QUICK, "talk", "talk-mute")
        assert await kept.until(QUICK, "talk", 1) == ["talk-mute works\ntalk-mute says farewell\n"]
