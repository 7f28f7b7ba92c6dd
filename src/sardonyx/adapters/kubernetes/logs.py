"""Read what containers print: live, of the run before, and after the pod is gone.

When a main container ends, or its pod is asked to go, its last 256 KB are kept: at once, and once
more with its farewell where it still runs. That is done by every replica that watches; they keep
the same. However many pods of a namespace go, and however slowly, others' lines are kept.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from sardonyx.adapters.kubernetes.cache import ClusterCache, LogSource
from sardonyx.adapters.kubernetes.client import LOG_TAIL, ClusterClient
from sardonyx.adapters.kubernetes.objects import SeenPod
from sardonyx.errors import PlatformError
from sardonyx.services.errors import (
    ClusterObjectNotFoundError,
    ClusterRefusedError,
    ServiceNotFoundError,
)
from sardonyx.services.evidence import TEXT_LENGTH, ContainerEvidence, ContainerState
from sardonyx.services.models import Observation
from sardonyx.text import Scalar

_log = structlog.get_logger(__name__)
_KEPT_LINES = 5_000
_AT_ONCE = 32
_WAITING, _WAITING_EACH = 2_000, 200  # in all, and of one namespace
_FAREWELLS, _FAREWELLS_EACH = 64, 4
_LONGEST_FAREWELL = 300.0  # a pod may take its time to go
_MARGIN = 10.0  # of clocks, and of the kubelet
_RETRY_SECONDS = 1.0
_TAILS = 1_000
_TAIL_LINES = 20


@dataclass(frozen=True, slots=True)
class _Ending:
    """A container whose last lines are to be kept.

    previous: its run before; leaves_at: when its pod is ended, while it still runs.
    """

    namespace: str
    release: str
    source: LogSource
    previous: bool
    leaves_at: datetime | None


class KeptLogs(Protocol):
    """Where last lines are kept."""

    async def keep(self, namespace: str, release: str, text: str, at: datetime) -> None:
        """Keep `text` in place of what was kept of the release."""

    async def kept(self, namespace: str, release: str) -> tuple[str, datetime] | None:
        """Return what was kept last, and when; None when nothing was."""


class ClusterLogs:
    """Reads and keeps logs. Use `run` for as long as they are to be kept.

    client: whose account reads the logs of a namespace. retry: seconds until a log that could
    not be followed is tried again.
    """

    def __init__(
        self,
        cache: ClusterCache,
        client: Callable[[str], ClusterClient],
        kept: KeptLogs,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        retry: float = _RETRY_SECONDS,
    ) -> None:
        self._cache = cache
        self._client = client
        self._kept = kept
        self._clock = clock
        self._retry = retry
        self._tails: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._to_keep: asyncio.Queue[_Ending] = asyncio.Queue(_WAITING)
        self._waiting: Counter[str] = Counter()
        self._farewells = asyncio.Semaphore(_FAREWELLS)
        self._farewells_of: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        cache.on_pods(self._pod_changed)
        cache.with_facts(self._facts)

    async def logs(
        self, namespace: str, release: str, *, lines: int = 200, previous: bool = False
    ) -> str:
        """Return the last lines, also after the pod is gone.

        previous: of the run before the present one, empty when there was none.
        """
        try:
            source = self._cache.log_source(namespace, release)
            since = self._cache.observation(namespace, release).created_at
        except ServiceNotFoundError:
            source, since = None, None
        if source is not None:
            try:
                return await self._client(namespace).logs(
                    namespace,
                    source.pod,
                    container=source.container,
                    lines=lines,
                    previous=previous,
                )
            except ClusterObjectNotFoundError:
                pass  # the pod went meanwhile
            except ClusterRefusedError as error:
                if error.values.get("cause") != "BadRequest":
                    raise
                # It waits to start, or has no run before: nothing was printed.
                if previous:
                    return ""
        kept = await self._kept.kept(namespace, release)
        if kept is None or (since is not None and kept[1] < since):
            return ""  # of an earlier service of that name
        return "".join(kept[0].splitlines(keepends=True)[-lines:])

    async def follow(
        self, namespace: str, release: str, *, lines: int = 0
    ) -> AsyncGenerator[str, None]:
        """Yield the last `lines`, then text as it is written, until the release goes.

        Goes on over restarts and new pods, with all they print, and after an interruption. Begins
        with what was kept where no pod is there now.
        """
        async with aclosing(self._cache.changes(namespace)) as changes:
            change = asyncio.ensure_future(_next_of(changes, release))
            known: LogSource | None = None
            heard: tuple[LogSource, datetime] | None = None
            try:
                if self._source(namespace, release) is None:
                    if lines and (text := await self.logs(namespace, release, lines=lines)):
                        yield text
                    lines = -1  # of what comes next, everything
                while True:
                    source, is_cut = self._source(namespace, release), False
                    if source is not None and source != known:
                        known = source
                        since = heard[1] if heard is not None and heard[0] == source else None
                        try:
                            async with aclosing(
                                self._client(namespace).follow_logs(
                                    namespace,
                                    source.pod,
                                    container=source.container,
                                    lines=lines,
                                    since=since,
                                )
                            ) as texts:
                                async for text in texts:
                                    heard = source, self._clock()
                                    yield text
                            if heard is None or heard[0] != source:
                                # A kubelet ends the log of a container that is about to run.
                                known = None  # so its next change asks again
                        except PlatformError as error:
                            _log.info("log_interrupted", release=release, reason=str(error)[:200])
                            known, is_cut = None, True
                        lines = -1
                    # A container that runs may print long before anything about it changes again.
                    await asyncio.wait({change}, timeout=self._retry if is_cut else None)
                    if not change.done():
                        continue
                    observation = change.result()
                    if observation is None or "deleted" in observation.facts:
                        return
                    change = asyncio.ensure_future(_next_of(changes, release))
            finally:
                change.cancel()
                await asyncio.gather(change, return_exceptions=True)

    async def run(self) -> None:
        """Keep last lines until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(self._keep_all(tasks))

    # -- inside

    def _source(self, namespace: str, release: str) -> LogSource | None:
        try:
            return self._cache.log_source(namespace, release)
        except ServiceNotFoundError:
            return None

    def _facts(self, namespace: str, release: str) -> Mapping[str, Scalar]:
        tail = self._tails.get((namespace, release))
        return {"last_lines": tail} if tail else {}

    def _pod_changed(
        self, namespace: str, release: str, before: SeenPod | None, now: SeenPod | None
    ) -> None:
        if before is None or now is None or not release:
            return
        was, one = _main(before), _main(now)
        if was is None or one is None:
            return
        again = one.restarts > was.restarts
        ended = one.state is ContainerState.TERMINATED and was.state is not one.state
        leaving = now.evidence.is_leaving and not before.evidence.is_leaving
        if not (again or ended or leaving) or now.evidence.hook:
            return
        ending = _Ending(
            namespace,
            release,
            LogSource(now.evidence.name, one.name, one.restarts),
            previous=again and one.state is ContainerState.RUNNING,
            leaves_at=now.leaves_at if one.state is ContainerState.RUNNING else None,
        )
        if self._waiting[namespace] >= _WAITING_EACH or self._to_keep.full():
            _log.warning("logs_not_kept", namespace=namespace, release=release)
            return
        self._waiting[namespace] += 1
        self._to_keep.put_nowait(ending)

    async def _keep_all(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            ending = await self._to_keep.get()
            await self._said(ending, self._tail(ending))
            if ending.leaves_at is None:
                self._is_kept(ending)
            else:
                tasks.create_task(self._in_turn(ending, ending.leaves_at))

    async def _in_turn(self, ending: _Ending, leaves_at: datetime) -> None:
        """Keep a farewell, a few of a namespace at once."""
        each = self._farewells_of.setdefault(ending.namespace, asyncio.Semaphore(_FAREWELLS_EACH))
        async with each, self._farewells:
            await self._said(ending, self._farewell(ending, leaves_at))
        self._is_kept(ending)

    async def _said(self, ending: _Ending, keeping: Coroutine[None, None, None]) -> None:
        try:
            await keeping
        except (PlatformError, TimeoutError) as error:
            _log.info("logs_not_kept", release=ending.release, reason=str(error)[:200])

    def _is_kept(self, ending: _Ending) -> None:
        self._waiting[ending.namespace] -= 1
        if not self._waiting[ending.namespace]:
            del self._waiting[ending.namespace]

    async def _tail(self, ending: _Ending) -> None:
        """Keep what is there now."""
        text = await self._client(ending.namespace).logs(
            ending.namespace,
            ending.source.pod,
            container=ending.source.container,
            lines=_KEPT_LINES,
            previous=ending.previous,
        )
        await self._keep(ending.namespace, ending.release, text)

    async def _farewell(self, ending: _Ending, leaves_at: datetime) -> None:
        """Follow a container to its end, no longer than its pod has to go."""
        left = (leaves_at - self._clock()).total_seconds() + _MARGIN
        client, seconds = self._client(ending.namespace), min(left, _LONGEST_FAREWELL)
        text = await _to_the_end(client, ending.namespace, ending.source, seconds)
        await self._keep(ending.namespace, ending.release, text)

    async def _keep(self, namespace: str, release: str, text: str) -> None:
        if not text:
            return
        await self._kept.keep(namespace, release, text, self._clock())
        tail = "\n".join(text.splitlines()[-_TAIL_LINES:])[-TEXT_LENGTH:]
        self._tails[namespace, release] = tail
        if len(self._tails) > _TAILS:
            self._tails.popitem(last=False)
        self._cache.release_changed(namespace, release)


async def _next_of(changes: AsyncGenerator[Observation, None], release: str) -> Observation | None:
    """Return the release as it is at its next change; None when no more come."""
    async for observation in changes:
        if observation.release == release:
            return observation
    return None


async def _to_the_end(
    client: ClusterClient, namespace: str, source: LogSource, seconds: float
) -> str:
    """Return the last 256 KB a container prints until it ends: farewell lines too."""
    text = ""
    try:
        async with asyncio.timeout(seconds):
            async for part in client.follow_logs(
                namespace, source.pod, container=source.container, lines=_KEPT_LINES
            ):
                text = (text + part)[-LOG_TAIL:]
    except (PlatformError, TimeoutError):
        if not text:
            raise
    return text


def _main(pod: SeenPod) -> ContainerEvidence | None:
    return next((one for one in pod.evidence.containers if one.name == pod.main), None)
