"""A hundred launches at once: each says its place on the page, over REST, and as it moves up."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from fastapi import FastAPI
from tests.web.stub_platform import ADA, PROJECT, Contexts, Records, stub_platform, stub_portal

from sardonyx.adapters.kubernetes.cache import ClusterCache
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.operations import (
    Operation,
    OperationStatus,
    Verb,
    operation_secret,
)
from sardonyx.adapters.kubernetes.store import OPERATIONS
from sardonyx.catalog.models import ChartRef
from sardonyx.services import api as services_api
from sardonyx.services.models import Observation
from sardonyx.services.service import Services
from sardonyx.testing import cluster_objects as made
from sardonyx.testing.runtime import MemoryRuntime

ASKED = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANY = 100
SERVICES = f"/api/v1/projects/{PROJECT.id}/services"


class ReadingRuntime(MemoryRuntime):
    """Reads from a watch cache."""

    def __init__(self, cache: ClusterCache) -> None:
        super().__init__()
        self._cache = cache

    def releases(self, project: str) -> Sequence[Observation]:
        return self._cache.observations(project)


def launch(number: int, status: OperationStatus = OperationStatus.QUEUED) -> Operation:
    return Operation(
        id=str(number),
        namespace=PROJECT.id,
        release=f"many-{number}",
        verb=Verb.INSTALL,
        asked_at=ASKED + timedelta(milliseconds=number),
        by=ADA.username,
        owner=ADA.username,
        friendly_name=f"Many {number}",
        shared=False,
        chart=ChartRef("sardonyx", "postgresql", "0.1.0"),
        status=status,
    )


def put(cache: ClusterCache, operation: Operation) -> None:
    cache.store.put(OPERATIONS, made.raw(operation_secret(operation)))


@pytest.fixture
async def cache() -> AsyncIterator[ClusterCache]:
    async with httpx2.AsyncClient(base_url="http://127.0.0.1:9") as nobody:
        yield ClusterCache(ClusterClient(nobody))


def portal(cache: ClusterCache) -> FastAPI:
    platform = stub_platform()
    platform.services = Services(
        catalog=platform.catalog,
        runtime=ReadingRuntime(cache),
        contexts=Contexts(),
        audit=Records(),
    )
    app = stub_portal(platform)
    app.include_router(services_api.router, prefix="/api/v1")
    return app


async def places(client: httpx2.AsyncClient) -> dict[str, str]:
    """Return what REST and the page say of each one's place; both say the same."""
    rest = {
        one["name"]: finding["detail"]
        for one in (await client.get(SERVICES)).json()["services"]
        for finding in one["findings"]
        if finding["code"] == "queued"
    }
    page = (await client.get("/services", headers={"accept": "text/html"})).text
    shown = {
        found[1]: found[2]
        for found in re.finditer(
            r'id="row-(many-\d+)"(?:(?!</li>).)*?(It is number \d+ in the queue\.)', page, re.S
        )
    }
    assert shown == rest
    return rest


async def test_each_of_a_hundred_launches_knows_its_place(cache: ClusterCache) -> None:
    for number in reversed(range(MANY)):  # whatever the order in which they are seen
        put(cache, launch(number))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=portal(cache)),
        base_url="http://localhost:8000",
        headers={"cookie": "sardonyx=ada"},
    ) as client:
        told = await places(client)
        assert told == {
            f"many-{number}": f"It is number {number + 1} in the queue." for number in range(MANY)
        }
        put(cache, launch(0, OperationStatus.RUNNING))
        cache.store.drop(OPERATIONS, made.raw(operation_secret(launch(1))))
        moved = await places(client)
    assert len(moved) == MANY - 2
    assert moved["many-2"] == "It is number 1 in the queue."
    assert moved[f"many-{MANY - 1}"] == f"It is number {MANY - 2} in the queue."


async def test_one_that_failed_holds_no_place(cache: ClusterCache) -> None:
    put(cache, replace(launch(0), status=OperationStatus.FAILED, error="refused"))
    put(cache, launch(1))
    assert cache.store.positions == {(PROJECT.id, "many-1"): 1}
