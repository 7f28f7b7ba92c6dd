"""What a real API server says reaches pages: counted, listed, read, told at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.fault_proxy import FaultProxy
from tests.cluster.watching import Watched, watched
from tests.runtime.world import until
from tests.web.stub_platform import ADA, Contexts, Records, stub_platform, stub_portal
from tests.web.test_events import counted, until_told

from sardonyx.adapters.kubernetes.event_source import ClusterEventSource
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.projects.models import Project
from sardonyx.services.live import list_changes
from sardonyx.services.project_events import ProjectEvents
from sardonyx.services.service import Services
from sardonyx.testing.runtime import MemoryRuntime
from sardonyx.web.views import Viewer

pytestmark = pytest.mark.cluster


class Reading(MemoryRuntime):
    """Reads from a watch cache."""

    def __init__(self, world: Watched) -> None:
        super().__init__()
        self._cache = world.cache

    def releases(self, project: str) -> Any:
        return self._cache.observations(project)

    def observe(self, project: str) -> Any:
        return self._cache.changes(project)

    def quota(self, project: str) -> Any:
        return self._cache.quota(project)


def event(namespace: str, name: str, message: str) -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "name": "data",
                "namespace": namespace,
            },
            "type": "Warning",
            "reason": "Rejected",
            "message": message,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": "test"},
        }
    )


def ingress(namespace: str, release: str) -> str:
    """Return an object of the release of which no controller says anything."""
    return json.dumps(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": "data",
                "namespace": namespace,
                "annotations": {"meta.helm.sh/release-name": release},
            },
            "spec": {"defaultBackend": {"service": {"name": "data", "port": {"number": 80}}}},
        }
    )


async def test_an_event_is_counted_read_and_told(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    records = SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))
    project = Project(namespace, "ada", namespace, namespace)
    person = replace(ADA, projects=(project,))
    async with (
        FaultProxy(light_cluster.kubeconfig).running() as proxy,
        watched(proxy.kubeconfig_for(tmp_path), namespace, admin=light_cluster.kubeconfig) as world,
    ):

        def create(text: str) -> None:
            light_cluster.kubectl("create", "-f", "-", stdin=text)

        platform = stub_platform()
        runtime = Reading(world)
        platform.services = Services(
            catalog=platform.catalog, runtime=runtime, contexts=Contexts(), audit=Records()
        )
        platform.events = ProjectEvents(
            source=ClusterEventSource(world.cache, str), releases=runtime, marks=records
        )
        platform.sign_in = SimpleNamespace(actor=lambda _: _found(person))
        await world.add("one")
        await world.meets("one")
        create(ingress(namespace, "one"))
        create(event(namespace, "early", "no certificate <b>matched</b>"))
        await until(lambda: len(list(world.cache.events(namespace))) == 1)
        asked = len([one for one in proxy.asked if "/version" not in one])
        async with (
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=stub_portal(platform)),
                base_url="http://localhost:8000",
                headers={"cookie": "sardonyx=ada", "accept": "text/html"},
            ) as browser,
            aclosing(opened(platform, person)) as changes,
        ):
            await until_told(changes, "events")
            assert counted((await browser.get("/services")).text) == "1"
            page = (await browser.get("/events")).text
            assert "no certificate &lt;b&gt;matched" in page
            assert 'href="/services/one"' in page
            until_then = page.split('name="until" value="')[1].split('"')[0]
            headers = {"hx-request": "true", "sec-fetch-site": "same-origin"}
            read = await browser.post("/events/read", data={"until": until_then}, headers=headers)
            assert read.status_code == 204
            assert counted((await browser.get("/services")).text) == ""
            assert len([one for one in proxy.asked if "/version" not in one]) == asked
            # The API server's moments are whole seconds; one of the same second would be read.
            await until(lambda: datetime.now(UTC).isoformat(timespec="seconds") > until_then)
            await asyncio.to_thread(create, event(namespace, "late", "waiting for a certificate"))
            toast, _ = await until_told(changes, "toast", "waiting for a certificate")
            assert 'href="/services/one"' in toast
            assert counted((await browser.get("/services")).text) == "1"
    records.close()


def opened(platform: SimpleNamespace, person: Any) -> AsyncGenerator[dict[str, str], None]:
    viewer = Viewer(
        request=cast("Any", None),
        platform=cast("Any", platform),
        actor=person,
        project=person.projects[0],
        language="en",
        preferences=cast("Any", None),
    )
    return list_changes(viewer, cursor=None, limit=100)


async def _found(person: Any) -> Any:
    return person
