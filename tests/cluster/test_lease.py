"""One replica of several works, another takes over, and no clock need agree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_world import until

from sardonyx.adapters.kubernetes.access import ClusterAccess
from sardonyx.adapters.kubernetes.kinds import LEASES
from sardonyx.adapters.kubernetes.lease import HeldLease
from sardonyx.values import JsonObject

pytestmark = pytest.mark.cluster


@pytest.fixture
async def access(light_cluster: RunningCluster) -> AsyncIterator[ClusterAccess]:
    made = ClusterAccess(light_cluster.kubeconfig)
    yield made
    await made.aclose()


class Replica:
    """Counts how often it began to work, and whether it works now."""

    def __init__(self, access: ClusterAccess, namespace: str, name: str) -> None:
        self.lease = HeldLease(
            access.platform(),
            namespace=namespace,
            name="sardonyx-queue",
            holder=name,
            life=timedelta(seconds=2),
            renewal=timedelta(seconds=0.2),
        )
        self.begun = 0
        self.works = False
        self.fault: Callable[[], None] = lambda: None
        self.held_back = asyncio.Event()  # cleared: work that ends is not over yet
        self.held_back.set()
        self.task = asyncio.create_task(self.lease.hold(self._work))

    async def _work(self) -> None:
        self.begun += 1
        self.works = True
        try:
            self.fault()
            await asyncio.Event().wait()
        finally:
            self.works = False
            await self.held_back.wait()

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def test_one_works_and_another_takes_over(access: ClusterAccess, namespace: str) -> None:
    one, two = Replica(access, namespace, "one"), Replica(access, namespace, "two")
    try:
        await until(lambda: one.works or two.works)
        assert not (one.works and two.works)
        first, second = (one, two) if one.works else (two, one)
        await first.end()  # it lets go, so the other need not wait for the end of the Lease
        await until(lambda: second.works)
        assert not first.works
    finally:
        await one.end()
        await two.end()


async def test_one_that_vanished_is_followed(access: ClusterAccess, namespace: str) -> None:
    gone: JsonObject = {
        "apiVersion": LEASES.api, "kind": LEASES.kind, "metadata": {"name": "sardonyx-queue"},
        "spec": {"holderIdentity": "gone", "leaseDurationSeconds": 1, "leaseTransitions": 3,
                 "renewTime": "2099-01-01T00:00:00.000000Z"},
    }  # fmt: skip
    await access.platform().create(LEASES, gone, namespace=namespace)
    one = Replica(access, namespace, "one")
    try:
        await until(lambda: one.works)
        lease = await access.platform().get(LEASES, "sardonyx-queue", namespace=namespace)
        spec = lease["spec"]
        assert isinstance(spec, dict)
        assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("one", 4)
    finally:
        await one.end()


async def test_a_lost_lease_ends_the_work(access: ClusterAccess, namespace: str) -> None:
    one = Replica(access, namespace, "one")
    try:
        await until(lambda: one.works)
        taken: JsonObject = {"spec": {"holderIdentity": "other", "leaseDurationSeconds": 3600}}
        await access.platform().patch(LEASES, "sardonyx-queue", taken, namespace=namespace)
        await until(lambda: not one.works)
        assert not one.lease.is_held
    finally:
        await one.end()


async def test_an_end_is_heard_while_the_work_of_a_lost_lease_ends(
    access: ClusterAccess, namespace: str
) -> None:
    one = Replica(access, namespace, "one")
    one.held_back.clear()
    await until(lambda: one.works)
    taken: JsonObject = {"spec": {"holderIdentity": "other", "leaseDurationSeconds": 3600}}
    await access.platform().patch(LEASES, "sardonyx-queue", taken, namespace=namespace)
    await until(lambda: not one.works)
    one.task.cancel()
    one.held_back.set()
    await until(one.task.done)
    assert one.task.cancelled()


async def test_work_that_fails_is_begun_again(access: ClusterAccess, namespace: str) -> None:
    one = Replica(access, namespace, "one")

    def fail_once() -> None:
        one.fault = lambda: None
        raise ValueError("once")

    one.fault = fail_once
    try:
        await until(lambda: one.begun >= 2 and one.works)
    finally:
        await one.end()
