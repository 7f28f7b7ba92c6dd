"""Decide when each operation of a cluster begins: in order, so many a second, so many at once.

What waits is in the cluster, not here: this holds nothing that a crash could lose. One install
is some 70 requests to the API server, which is why there is a rate. Source: charts.md 9,
parts.md 16.8.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from sardonyx.adapters.kubernetes.operations import Operation, OperationStatus

_LOOK_SECONDS = 0.2
_AFTER_FAULT_SECONDS = 20.0
Key = tuple[str, str]

_log = structlog.get_logger(__name__)


class LaterError(Exception):
    """The operation cannot go on now; it is tried again after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"again in {seconds:g} s")


class OperationQueue:
    """Begins operations. asked: what the cluster holds now, read from memory.

    carry_out: does one whole, also marks it failed or removes it; raises LaterError. It is
    cancelled when its operation was replaced by another, and when the queue ends.
    """

    def __init__(
        self,
        *,
        asked: Callable[[], Sequence[Operation]],
        carry_out: Callable[[Operation], Awaitable[None]],
        per_second: float,
        at_once: int,
    ) -> None:
        self._asked = asked
        self._carry_out = carry_out
        self._gap = 1 / per_second
        self._at_once = at_once
        self._woken = asyncio.Event()
        self._running: dict[Key, tuple[str, asyncio.Task[None]]] = {}
        self._leaving: set[Key] = set()
        self._ended: dict[Key, str] = {}
        self._not_before: dict[Key, float] = {}
        self._next_start = 0.0

    def wake(self) -> None:
        """Look at once: something was asked here."""
        self._woken.set()

    async def run(self) -> None:
        """Begin operations until cancelled; those under way are then told to end."""
        try:
            while True:
                self._woken.clear()
                wait = self._look()
                try:
                    async with asyncio.timeout(wait):
                        await self._woken.wait()
                except TimeoutError:
                    continue
        finally:
            tasks = [task for _, task in self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _look(self) -> float:
        """Begin what can begin; return the seconds until the next look."""
        asked = {(one.namespace, one.release): one for one in self._asked()}
        for key, (known, task) in self._running.items():
            if key in asked and asked[key].id != known and key not in self._leaving:
                self._leaving.add(key)  # once: it needs its time to finish
                task.cancel()  # replaced: the person wants something else
        for kept in (self._ended, self._not_before):
            for key in [key for key in kept if key not in asked]:
                del kept[key]
        now = time.monotonic()
        for one in sorted(asked.values(), key=lambda one: (one.asked_at, one.release)):
            key = (one.namespace, one.release)
            if one.status is OperationStatus.FAILED or key in self._running:
                continue
            # What was just carried out may still stand in a cache that lags a little.
            if self._ended.get(key) == one.id or self._not_before.get(key, 0.0) > now:
                continue
            if len(self._running) >= self._at_once:
                break
            if now < self._next_start:
                return self._next_start - now
            self._next_start = now + self._gap
            self._begin(key, one)
        return _LOOK_SECONDS

    def _begin(self, key: Key, operation: Operation) -> None:
        task = asyncio.create_task(self._carried(key, operation))
        self._running[key] = (operation.id, task)

    async def _carried(self, key: Key, operation: Operation) -> None:
        try:
            await self._carry_out(operation)
            self._ended[key] = operation.id
        except LaterError as later:
            self._not_before[key] = time.monotonic() + later.seconds
        except Exception as fault:  # noqa: BLE001 - one operation must not end the others
            _log.error(
                "operation_fault",
                namespace=operation.namespace,
                release=operation.release,
                fault=type(fault).__name__,
            )
            self._not_before[key] = time.monotonic() + _AFTER_FAULT_SECONDS
        finally:
            del self._running[key]
            self._leaving.discard(key)
            self._woken.set()
