"""Operations begin in order, at a rate, so many at once, and never twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sardonyx.adapters.helm.queue import LaterError, OperationQueue
from sardonyx.adapters.kubernetes.operations import (
    Operation,
    OperationStatus,
    Verb,
    operation_secret,
    read_operation,
)
from sardonyx.catalog.models import ChartRef

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def make_operation(release: str, number: int = 0, *, verb: Verb = Verb.INSTALL) -> Operation:
    return Operation(
        id=f"{release}-{number}-{verb}",
        namespace="user-ada",
        release=release,
        verb=verb,
        asked_at=START + timedelta(seconds=number),
        by="ada",
        owner="ada",
        friendly_name="A “b”",
        shared=False,
        chart=ChartRef("tests", "hello", "1.0.0"),
        values={"a": [1, "é", None]},
        secret_paths=frozenset({("a", 1)}),
        keys_until="2030-01-01T00:00:00Z",
        expected=3,
        project="user-ada",
    )


@dataclass
class Desk:
    """What the cluster holds, and what was begun."""

    asked: dict[str, Operation] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    most: int = 0
    going: int = 0
    ended: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    later: set[str] = field(default_factory=set)

    def ask(self, *operations: Operation) -> None:
        self.asked |= {one.release: one for one in operations}

    async def carry_out(self, operation: Operation) -> None:
        self.begun.append(operation.id)
        if operation.id in self.later:
            self.later.discard(operation.id)
            raise LaterError(0.05)
        if operation.release == "broken":
            raise OSError("no space")
        self.going += 1
        self.most = max(self.most, self.going)
        try:
            await self.gate.wait()
        finally:
            self.going -= 1
            self.ended.append(operation.id)
        if self.asked.get(operation.release) is operation:
            del self.asked[operation.release]


@asynccontextmanager
async def running(
    desk: Desk, *, per_second: float = 1_000, at_once: int = 2
) -> AsyncIterator[OperationQueue]:
    queue = OperationQueue(
        asked=lambda: list(desk.asked.values()),
        carry_out=desk.carry_out,
        per_second=per_second,
        at_once=at_once,
    )
    task = asyncio.create_task(queue.run())
    try:
        yield queue
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool], saying: object = "") -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, saying
        await asyncio.sleep(0.005)


async def test_what_was_asked_first_is_begun_first() -> None:
    desk = Desk()
    desk.gate.set()
    desk.ask(*(make_operation(f"r{number}", 9 - number) for number in range(10)))
    async with running(desk, at_once=1):
        await until(lambda: len(desk.ended) == 10)
    assert desk.begun == [f"r{number}-{9 - number}-install" for number in reversed(range(10))]


async def test_so_many_run_side_by_side() -> None:
    desk = Desk()
    desk.ask(*(make_operation(f"r{number}", number) for number in range(9)))
    async with running(desk, at_once=3) as queue:
        await until(lambda: desk.going == 3)
        queue.wake()
        desk.gate.set()
        await until(lambda: len(desk.ended) == 9)
    assert desk.most == 3


async def test_the_rate_is_kept() -> None:
    desk = Desk()
    desk.gate.set()
    desk.ask(*(make_operation(f"r{number}", number) for number in range(6)))
    before = time.monotonic()
    async with running(desk, per_second=20, at_once=6):
        await until(lambda: len(desk.ended) == 6)
    # A bound from below: a busy machine is only slower.
    assert time.monotonic() - before >= 5 / 20


async def test_a_replaced_operation_is_ended_and_the_new_one_begun() -> None:
    desk = Desk()
    desk.ask(make_operation("a"))
    async with running(desk) as queue:
        await until(lambda: desk.going == 1)
        desk.ask(make_operation("a", 1, verb=Verb.UNINSTALL))
        queue.wake()
        await until(lambda: len(desk.begun) == 2)
        assert desk.ended == ["a-0-install"]
        assert desk.begun[-1] == "a-1-uninstall"


async def test_what_cannot_go_on_is_tried_later_and_holds_up_nobody() -> None:
    desk = Desk(later={"a-0-install"})
    desk.gate.set()
    desk.ask(make_operation("a"), make_operation("b", 1))
    async with running(desk, at_once=1):
        await until(lambda: len(desk.ended) == 2)
    assert desk.begun == ["a-0-install", "b-1-install", "a-0-install"]


async def test_a_fault_of_one_does_not_end_the_others() -> None:
    desk = Desk()
    desk.gate.set()
    desk.ask(make_operation("broken"), make_operation("b", 1))
    async with running(desk, at_once=1):
        await until(lambda: desk.ended == ["b-1-install"])


async def test_what_failed_waits_for_people() -> None:
    desk = Desk()
    desk.gate.set()
    desk.ask(replace(make_operation("a"), status=OperationStatus.FAILED), make_operation("b", 1))
    async with running(desk):
        await until(lambda: desk.ended == ["b-1-install"])
    assert desk.begun == ["b-1-install"]


async def test_what_a_lagging_cache_still_shows_is_not_done_again() -> None:
    desk = Desk()
    desk.gate.set()
    done = make_operation("a")
    desk.asked["shown-still"] = done
    async with running(desk) as queue:
        await until(lambda: desk.ended == ["a-0-install"])
        desk.ask(make_operation("b", 1))
        queue.wake()
        await until(lambda: len(desk.ended) == 2)
    assert desk.begun == ["a-0-install", "b-1-install"]


async def test_the_end_of_the_queue_ends_what_it_does() -> None:
    desk = Desk()
    desk.ask(make_operation("a"))
    async with running(desk):
        await until(lambda: desk.going == 1)
    assert desk.ended == ["a-0-install"]
    assert desk.going == 0


def test_an_operation_is_read_as_it_was_written() -> None:
    operation = make_operation("a")
    stored = operation_secret(replace(operation, version="7"))
    assert read_operation(stored) == replace(operation, version="7")
    lean = read_operation(stored, with_values=False)
    assert lean is not None
    assert lean.values == {}


def test_what_is_no_operation_of_ours_is_none() -> None:
    good = operation_secret(make_operation("a"))
    assert read_operation({**good, "type": "Opaque"}) is None
    assert read_operation({**good, "metadata": {"name": "else", "namespace": "x"}}) is None
    assert read_operation({**good, "data": {}}) is None
    for broken in ("!", "bm8=", "e30=", "W10="):
        assert read_operation({**good, "data": {**good["data"], "operation": broken}}) is None  # type: ignore[dict-item]
