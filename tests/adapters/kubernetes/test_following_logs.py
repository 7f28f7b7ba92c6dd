"""A log is followed from its first line, however late it is written, and over interruptions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx2

from sardonyx.adapters.kubernetes.cache import ClusterCache
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.logs import ClusterLogs
from sardonyx.services.errors import ClusterRefusedError, ClusterUnavailableError
from sardonyx.testing import cluster_objects as made

NAMESPACE, RELEASE = "user-ada", "talk"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Fault = Callable[[], Exception] | None


def waiting() -> Exception:
    return ClusterRefusedError(
        verb="get", resource="pods/log", cause="BadRequest", reason="waiting to start"
    )


def away() -> Exception:
    return ClusterUnavailableError(
        verb="get", resource="pods/log", cause="unreachable", reason="connection refused"
    )


def over() -> Exception:
    raise AssertionError("the container ended: no fault")


@dataclass
class Kubelet:
    """Answers each request to follow a log with the next of `answers`: texts, then a fault."""

    answers: list[tuple[list[str], Fault]]
    asked: list[tuple[str, int, datetime | None]] = field(default_factory=list)
    served: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow_logs(
        self, namespace: str, pod: str, *, container: str, lines: int, since: datetime | None
    ) -> AsyncGenerator[str, None]:
        self.asked.append((pod, lines, since))
        texts, fault = self.answers.pop(0)
        for text in texts:
            yield text
        if fault is over:
            return
        if fault is not None:
            raise fault()
        self.served.set()
        await asyncio.Event().wait()


@dataclass
class Kept:
    """What was kept of the release, empty for nothing."""

    text: str = ""

    async def keep(self, namespace: str, release: str, text: str, at: datetime) -> None: ...

    async def kept(self, namespace: str, release: str) -> tuple[str, datetime] | None:
        return (self.text, datetime(2030, 1, 1, tzinfo=UTC)) if self.text else None


@asynccontextmanager
async def running() -> AsyncIterator[ClusterCache]:
    async with httpx2.AsyncClient(base_url="http://127.0.0.1:9") as nobody:
        cache = ClusterCache(ClusterClient(nobody))
        cache.store.put("helm", made.raw(made.helm_secret(NAMESPACE, RELEASE)))
        cache.store.put("Deployment", made.raw(made.workload(NAMESPACE, RELEASE)))
        owner = ("Deployment", RELEASE)
        cache.store.put("Pod", made.raw(made.pod(NAMESPACE, f"{RELEASE}-0", owner=owner)))
        yield cache


def followed(cache: ClusterCache, kubelet: Kubelet, kept: str = "") -> AsyncGenerator[str, None]:
    logs = ClusterLogs(
        cache,
        lambda _namespace: kubelet,  # type: ignore[arg-type,return-value]
        Kept(kept),
        clock=lambda: NOW,
        retry=0.0,
    )
    return logs.follow(NAMESPACE, RELEASE, lines=200)


async def heard(texts: AsyncGenerator[str, None], count: int) -> list[str]:
    async with asyncio.timeout(20), aclosing(texts):
        return [await anext(texts) for _ in range(count)]


async def test_a_log_begins_though_nothing_about_the_pod_changes_any_more() -> None:
    kubelet = Kubelet([([], waiting), ([], away), (["hello\n"], None)])
    async with running() as cache:
        assert await heard(followed(cache, kubelet), 1) == ["hello\n"]
    assert [lines for _, lines, _ in kubelet.asked] == [200, -1, -1]


async def test_a_cut_log_goes_on_where_it_was() -> None:
    kubelet = Kubelet([(["one\n"], away), ([], away), (["two\n"], None)])
    async with running() as cache:
        assert await heard(followed(cache, kubelet), 2) == ["one\n", "two\n"]
    assert [since for _, _, since in kubelet.asked] == [None, NOW, NOW]


async def test_a_log_that_ended_before_its_container_ran_is_asked_for_again() -> None:
    """A kubelet ends it at once while the container is made and does not run yet."""
    kubelet = Kubelet([([], over), (["hello\n"], None)])
    async with running() as cache:
        texts = followed(cache, kubelet)
        async with asyncio.timeout(20), aclosing(texts):
            first = asyncio.ensure_future(anext(texts))
            while not kubelet.asked:  # noqa: ASYNC110 - one round of the loop each
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            cache.release_changed(NAMESPACE, RELEASE)
            assert await first == "hello\n"
    assert [pod for pod, _, _ in kubelet.asked] == [f"{RELEASE}-0"] * 2


async def test_a_new_pod_is_read_from_its_beginning() -> None:
    kubelet = Kubelet([(["one\n"], over), (["two\n"], None)])
    async with running() as cache:
        texts = followed(cache, kubelet)
        async with asyncio.timeout(20), aclosing(texts):
            assert await anext(texts) == "one\n"
            later = datetime(2030, 1, 1, tzinfo=UTC)
            owner = ("Deployment", RELEASE)
            late = made.pod(NAMESPACE, f"{RELEASE}-1", owner=owner, at=later)
            cache.store.put("Pod", made.raw(late))
            assert await anext(texts) == "two\n"
    assert kubelet.asked == [(f"{RELEASE}-0", 200, None), (f"{RELEASE}-1", -1, None)]


async def test_a_log_without_a_pod_begins_with_what_was_kept() -> None:
    kubelet = Kubelet([(["two\n"], None)])
    async with running() as cache:
        cache.store.drop("Pod", made.raw(made.pod(NAMESPACE, f"{RELEASE}-0")))
        texts = followed(cache, kubelet, "zero\none\n")
        async with asyncio.timeout(20), aclosing(texts):
            assert await anext(texts) == "zero\none\n"
            again = made.pod(NAMESPACE, f"{RELEASE}-1", owner=("Deployment", RELEASE))
            cache.store.put("Pod", made.raw(again))
            assert await anext(texts) == "two\n"
    assert kubelet.asked == [(f"{RELEASE}-1", -1, None)]


async def test_the_end_of_a_release_ends_its_log() -> None:
    kubelet = Kubelet([([], waiting)] * 10_000)
    async with running() as cache:
        texts = followed(cache, kubelet)
        reading = asyncio.ensure_future(anext(texts, "over"))
        async with asyncio.timeout(20):
            while not kubelet.asked:  # noqa: ASYNC110 - the reader has no other sign
                await asyncio.sleep(0)
            cache.store.drop("Pod", made.raw(made.pod(NAMESPACE, f"{RELEASE}-0")))
            cache.store.drop("helm", made.raw(made.helm_secret(NAMESPACE, RELEASE)))
            assert await reading == "over"


class Silent(httpx2.AsyncBaseTransport):
    """Answers once something is printed: until then the kubelet sends not even headers."""

    def __init__(self) -> None:
        self.asked, self.printed = asyncio.Event(), asyncio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.set()
        await self.printed.wait()
        return httpx2.Response(200, content=b"hello\n", headers={"content-type": "text/plain"})


async def test_a_container_that_has_printed_nothing_is_waited_for() -> None:
    kubelet = Silent()
    async with httpx2.AsyncClient(base_url="http://cluster.test", transport=kubelet) as http:
        client = ClusterClient(http, timeout=timedelta(milliseconds=1))
        reading = asyncio.ensure_future(anext(client.follow_logs("user-ada", "talk-0")))
        async with asyncio.timeout(20):
            await kubelet.asked.wait()
            await asyncio.wait({reading}, timeout=0.02)  # far longer than a call may take
            kubelet.printed.set()
            assert await reading == "hello\n"
