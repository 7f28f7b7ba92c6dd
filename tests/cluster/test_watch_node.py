"""What the watch cache shows of real pods: logs, crashes, and an address that begins to answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.watching import PACE, Watched, eventually, watched
from tests.runtime.world import until

from sardonyx.adapters.kubernetes.access import ClusterAccess
from sardonyx.adapters.kubernetes.cache import ClusterCache
from sardonyx.adapters.kubernetes.logs import ClusterLogs
from sardonyx.adapters.kubernetes.routes import Exposure
from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.logs import SqlKeptLogs
from sardonyx.services.models import Observation, State, StepStatus
from sardonyx.values import JsonObject

pytestmark = pytest.mark.node
GATEWAY = "10.99.1.2"
TALKS = "trap 'echo farewell; exit 0' TERM; echo hello; while true; do sleep 0.2; done"
CRASHES = "echo about to fail; exit 7"


def deployment(name: str, script: str, *, image: str = "localhost/busybox:1") -> str:
    """Return a Deployment as Helm would have made it for the release `name`."""
    labels = {"app": name}
    container: JsonObject = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
    }
    if script:
        container["command"] = ["/bin/busybox", "sh", "-c", script]
    content: JsonObject = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "annotations": {"meta.helm.sh/release-name": name}},
        "spec": {
            "selector": {"matchLabels": dict(labels)},
            "template": {
                "metadata": {"labels": dict(labels)},
                "spec": {"terminationGracePeriodSeconds": 5, "containers": [container]},
            },
        },
    }
    return json.dumps(content)


@asynccontextmanager
async def with_logs(
    cluster: RunningCluster, namespace: str, folder: Path
) -> AsyncIterator[tuple[Watched, ClusterLogs]]:
    access = ClusterAccess(cluster.kubeconfig)
    kept = SqlKeptLogs(sqlite_database(folder / "kept.sqlite"))
    async with watched(cluster.kubeconfig, namespace, admin=cluster.kubeconfig) as world:
        logs = ClusterLogs(world.cache, lambda _: access.platform(), kept)
        task = asyncio.create_task(logs.run())
        try:
            yield world, logs
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            kept.close()
            await access.aclose()


async def test_logs_outlive_their_pod(
    node_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with with_logs(node_cluster, namespace, tmp_path) as (world, logs):

        async def says(word: str) -> bool:
            return word in await logs.logs(namespace, "one")

        await world.add("one")
        node_cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=deployment("one", TALKS))
        await world.meets("one")
        await world.reaches("one", State.RUNNING)
        found = world.cache.observation(namespace, "one")
        assert found.timeline[-1].step == "answering"
        assert found.started_at is not None
        await eventually(lambda: says("hello"), "hello")
        assert await logs.logs(namespace, "one", previous=True) == ""
        node_cluster.kubectl("delete", "deployment", "one", "-n", namespace, "--wait=false")
        await world.remove("one")
        # The release is gone; its last words are not.
        await eventually(lambda: says("farewell"), "farewell")
        assert not world.knows("one")
        # A later service of that name does not show them as its own: later than all that is kept
        # of the former one, whose container and pod end one after the other.
        await world.add("one", first=datetime.now().astimezone() + timedelta(minutes=5))
        await world.meets("one")
        assert await logs.logs(namespace, "one") == ""


async def test_a_crash_is_seen_with_its_last_lines(
    node_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with with_logs(node_cluster, namespace, tmp_path) as (world, logs):
        await world.add("one")
        node_cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=deployment("one", CRASHES))
        await world.meets("one")

        def seen() -> Observation:
            return world.cache.observation(namespace, "one")

        await world.reaches("one", State.FAILED)
        await until(lambda: "last_lines" in seen().facts, saying=seen)
        assert seen().facts["last_lines"] == "about to fail"
        ended = [one for one in seen().timeline if one.step == "exited"]
        assert (ended[-1].status, ended[-1].detail["exit_code"]) == (StepStatus.FAILED, 7)
        assert "about to fail" in await logs.logs(namespace, "one")


async def test_logs_are_followed_into_the_next_pod(
    node_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with with_logs(node_cluster, namespace, tmp_path) as (world, logs):
        await world.add("one")
        script = "n=0; while true; do n=$((n+1)); echo $HOSTNAME line $n; sleep 0.3; done"
        node_cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=deployment("one", script))
        await world.meets("one")
        pods: set[str] = set()
        async with asyncio.timeout(120), aclosing(logs.follow(namespace, "one")) as texts:
            async for text in texts:
                before = len(pods)
                pods |= {line.split(" ")[0] for line in text.splitlines() if " line " in line}
                if len(pods) == 1 and not before:
                    node_cluster.kubectl("delete", "pod", "-n", namespace, "-l", "app=one",
                                         "--wait=false", "--grace-period=1")  # fmt: skip
                if len(pods) > 1:
                    break
        assert len(pods) == 2


async def test_open_appears_when_the_gateway_lets_through(
    node_cluster: RunningCluster, namespace: str
) -> None:
    host = f"{namespace}.apps.test"
    manifest = f"""---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: one, annotations: {{meta.helm.sh/release-name: one}}}}
spec:
  parentRefs: [{{name: web, namespace: traefik}}]
  hostnames: [{host}]
  rules: [{{backendRefs: [{{name: one, port: 80}}]}}]
---
apiVersion: v1
kind: Service
metadata: {{name: one}}
spec: {{selector: {{app: one}}, ports: [{{name: http, port: 80, targetPort: 80, protocol: TCP}}]}}
"""

    async def ask(url: str) -> bool | None:
        # No name server knows the domain here: the gateway is asked by its address.
        async with httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"http://{GATEWAY}/", headers={"Host": url.split("/")[2]})
            return answer.status_code == 200

    access = ClusterAccess(node_cluster.kubeconfig)
    exposure = Exposure(domain="apps.test", scheme="http")
    cache = ClusterCache(access.platform(), exposure=exposure, ask=ask, pace=PACE)
    task = asyncio.create_task(cache.run())
    try:
        await cache.synced()
        world = Watched(cache, access.platform(), namespace)
        await world.add("one", manifest=manifest)
        apply = ("apply", "-n", namespace, "-f", "-")
        web = deployment("one", "", image="localhost/web:1")
        node_cluster.kubectl(*apply, stdin=web)
        await world.meets("one")

        def seen() -> Observation:
            return cache.observation(namespace, "one")

        def accepted() -> bool:
            evidence = seen().evidence
            assert evidence is not None
            conditions = evidence.routes[0].conditions
            return any(one.type == "Accepted" and one.is_true for one in conditions)

        await world.reaches("one", State.RUNNING)
        assert seen().urls == ()  # it runs, and nothing leads to it yet
        node_cluster.kubectl(*apply, stdin=manifest)
        await until(lambda: seen().urls == (f"http://{host}",), saying=seen)
        found = seen()
        assert found.evidence is not None
        assert found.evidence.routes[0].answers is True
        # The cluster's own view of the route comes in its own time.
        await until(accepted, saying=seen)
        assert found.address == f"http://one.{namespace}.svc:80"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await access.aclose()
