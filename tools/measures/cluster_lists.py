"""Measure the lists of a platform on a cluster: speed and memory, with watch events replayed.

Each load runs in a process of its own, which reads as a watch does and answers over REST as the
portal does. On a light cluster of its own the first reading of 1,000 releases is measured too,
beside a plain list that is decoded, and `helm list`.
"""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

from tools.measures.light_cluster import HELM, cluster
from tools.measures.table import Asked, Measure, Table, percentile

from sardonyx.services.models import Observation
from sardonyx.testing import cluster_objects as made
from sardonyx.testing.runtime import MemoryRuntime
from sardonyx.values import JsonObject

ROOT = Path(__file__).resolve().parents[2]
OWN = "user-ada"
_MB = 1e6
# What a chart of the catalogue renders, in bytes, and what Helm keeps beside it.
_MANIFEST, _TEMPLATES = 7_500, 60_000
_FIELDS = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n",
    "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: main}\nspec: # \n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: main}\nspec: {ports: [{port: 80}]}\n",
    "kind: Ingress\nmetadata: {name: main}\nspec: {rules: [{host: one.apps.test}]}\n",
)


@dataclass(frozen=True, slots=True)
class Load:
    """What a process of a load found. Milliseconds; resident in bytes.

    list: JSON of the first hundred; whole: of all in one answer; first: after all have changed;
    page: of the first hundred in HTML, and the very first one; cpu: their processor time, median;
    stream: all, as the events of a project begin.
    """

    list_ms: float
    whole_ms: float
    first_ms: float
    page_ms: float
    first_page_ms: float
    list_cpu: float
    page_cpu: float
    stream_ms: float
    resident: float
    empty: float
    replayed: float
    shown: int


def measure(asked: Asked) -> Table:
    """Measure both loads, and the first reading where a cluster is up."""
    small = _load(asked.size(1_000), 1, asked.runs)
    large = _load(asked.size(10_000), asked.size(500), asked.runs)
    measures = [
        Measure("list of 1,000 in one project, JSON of the first 100, p95", small.list_ms, "ms",
                at_most=30, note=f"{small.list_cpu:.0f} ms of CPU;"
                f" after a change of all {small.first_ms:.0f} ms"),
        Measure("all 1,000 in one answer, JSON p95", small.whole_ms, "ms",
                note=f"{small.shown} shown"),
        Measure("its page of the first 100, p95", small.page_ms, "ms", at_most=50,
                note=f"{small.page_cpu:.0f} ms of CPU;"
                f" the first since the start {small.first_page_ms:.0f} ms"),
        Measure("beginning of its event stream, all 1,000", small.stream_ms, "ms"),
        Measure("list of one of 500 projects of 10,000, JSON p95", large.list_ms, "ms", at_most=30,
                note=f"{large.shown} shown"),
        Measure("memory at 10,000 releases", large.resident / _MB, "MB", at_most=300,
                note=f"empty {large.empty / _MB:.0f} MB"),
        Measure("reading one release's objects", large.replayed, "ms"),
    ]  # fmt: skip
    about = [
        "Each release: a Helm record of 60 kB of templates and 7.5 kB of manifest, an Onyxia"
        " Secret, a StatefulSet, a ready pod, four events.",
    ]
    with cluster() as kubeconfig:
        if kubeconfig is not None:
            measures += asyncio.run(_first_reading(kubeconfig, asked.size(1_000)))
        else:
            about.append("No light cluster can run here: the first reading is left out.")
    return Table("cluster_lists", "Lists on a cluster", measures, about)


def _load(releases: int, namespaces: int, runs: int) -> Load:
    command = [sys.executable, "-m", __name__, str(releases), str(namespaces), str(runs)]
    ended = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, env=_environment()
    )
    return Load(**json.loads(ended.stdout.splitlines()[-1]))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}


def objects(namespace: str, release: str, payload: bytes) -> Iterator[tuple[str, JsonObject]]:
    """Yield the objects of a release as watches bring them."""
    yield "helm", made.helm_secret(namespace, release, payload=payload, compress=False)
    about = {"owner": "ada", "friendlyName": f"My {release}", "share": "true", "catalog": "ide"}
    yield "onyxia", made.onyxia_secret(namespace, release, about)
    yield "StatefulSet", made.workload(namespace, release, kind="StatefulSet")
    pod = f"{release}-0"
    yield "Pod", made.pod(namespace, pod, owner=("StatefulSet", release), claims=[release])
    for reason in ("Scheduled", "Pulled", "Created", "Started"):
        yield "Event", made.event(namespace, f"{pod}.{reason}", ("Pod", pod), reason, "x" * 60)


def payload(seed: int) -> bytes:
    """Return the packed record of a release."""
    filler = secrets.token_hex(_TEMPLATES // 3)
    manifest = "".join(
        f"---\n{part}" + f"# {seed} and what a template renders\n" * 48 for part in _FIELDS
    )[:_MANIFEST]
    values: JsonObject = {
        "global": {"suspend": False},
        "service": {"image": {"version": f"image:{seed}"}, "password": secrets.token_hex(10)},
        "user": {"name": "Ada", "email": "ada@example.org"},
        "resources": {"requests": {"cpu": "100m", "memory": "2Gi"}},
        "s3": {"endpoint": "https://s3.example.org", "key": secrets.token_hex(40)},
        "more": [{"name": f"key{number}", "value": "v" * 20} for number in range(20)],
    }
    record: JsonObject = {
        "name": "x",
        "version": 1,
        "info": {"status": "deployed", "first_deployed": "2026-05-04T09:12:33.1Z",
                 "last_deployed": "2026-05-04T09:12:33.1Z", "notes": "Open it\n" * 60},
        "chart": {"metadata": {"name": "jupyter-python", "version": "1.0.0"},
                  "templates": [{"data": filler}], "values": {"global": {"suspend": False}}},
        "config": values,
        "manifest": manifest,
    }  # fmt: skip
    return gzip.compress(json.dumps(record).encode(), 5)


class CachedRuntime(MemoryRuntime):
    """Reads from the watch cache; everything else in memory."""

    def __init__(self, observations: object) -> None:
        super().__init__()
        self._observations = observations

    def releases(self, project: str) -> Sequence[Observation]:
        return cast("Sequence[Observation]", self._observations(project))  # type: ignore[operator]


async def _replay(releases: int, namespaces: int, runs: int) -> Load:
    import httpx2
    from sse_starlette import ServerSentEvent
    from tests.web.stub_platform import ADA, Contexts, Records, stub_platform, stub_portal

    from sardonyx.adapters.kubernetes.cache import ClusterCache
    from sardonyx.adapters.kubernetes.client import ClusterClient
    from sardonyx.services import api as services_api
    from sardonyx.services.service import Services
    from sardonyx.services.view import summary

    nobody = ClusterClient(httpx2.AsyncClient(base_url="http://127.0.0.1:9"))
    cache = ClusterCache(nobody)
    platform = stub_platform()
    platform.services = Services(
        catalog=platform.catalog,
        runtime=CachedRuntime(cache.observations),
        contexts=Contexts(),
        audit=Records(),
    )
    portal = stub_portal(platform)
    portal.include_router(services_api.router, prefix="/api/v1")
    transport = httpx2.ASGITransport(app=portal)
    http = httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000")
    http.headers["Cookie"] = "sardonyx=ada"
    address = f"/api/v1/projects/{OWN}/services"
    (await http.get(address)).raise_for_status()
    gc.collect()
    empty = resident()
    payloads = [payload(seed) for seed in range(20)]
    spent = 0.0
    for number in range(releases):
        where = number % namespaces
        namespace = OWN if where == 0 else f"user-{where}"
        for what, content in objects(namespace, f"jupyter-{number}", payloads[number % 20]):
            raw = made.raw(content)
            began = time.perf_counter()
            cache.store.put(what, raw)
            spent += time.perf_counter() - began
    del payloads
    gc.collect()
    first = await _timed(http, address)
    lists = [await _timed(http, address) for _ in range(max(20, runs * 10))]
    whole = f"{address}?limit=1000"
    shown = len((await http.get(whole)).json()["services"])
    wholes = [await _timed(http, whole) for _ in range(20)]
    pages = [await _timed(http, "/services") for _ in range(61)]  # the first compiles templates
    list_cpu = await _processor(http, address)
    page_cpu = await _processor(http, "/services")
    began = time.perf_counter()
    told, following = 0, platform.services.follow(ADA, OWN)
    while told < shown:
        page = await anext(following)
        told += len(page)
        for one in page:
            text = summary(one, "en").model_dump_json(by_alias=True)
            ServerSentEvent(text, event="service").encode()
    stream = time.perf_counter() - began
    await following.aclose()
    for number in range(min(namespaces, 100)):  # others look too
        cache.observations(f"user-{number}")
    gc.collect()
    return Load(
        list_ms=percentile(lists, 95),
        whole_ms=percentile(wholes, 95),
        first_ms=first,
        page_ms=percentile(pages[1:], 95),
        first_page_ms=pages[0],
        list_cpu=list_cpu,
        page_cpu=page_cpu,
        stream_ms=stream * 1e3,
        resident=resident(),
        empty=empty,
        replayed=spent / releases * 1e3,
        shown=shown,
    )


async def _timed(http: object, address: str) -> float:
    import httpx2

    began = time.perf_counter()
    answer = await cast(httpx2.AsyncClient, http).get(address)
    answer.raise_for_status()
    return (time.perf_counter() - began) * 1e3


async def _processor(http: object, address: str) -> float:
    """Return the milliseconds of processor one answer costs: they depend less on what else runs."""
    spent = []
    for _ in range(10):
        began = time.process_time()
        await _timed(http, address)
        spent.append((time.process_time() - began) * 1e3)
    return percentile(spent, 50)


def resident() -> float:
    """Return this process's resident memory in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096.0


async def _first_reading(kubeconfig: Path, count: int) -> list[Measure]:
    """Store `count` records on the cluster, read them in three ways, remove them."""
    from sardonyx.adapters.kubernetes.access import ClusterAccess
    from sardonyx.adapters.kubernetes.cache import ClusterCache
    from sardonyx.adapters.kubernetes.kinds import NAMESPACES, SECRETS
    from sardonyx.adapters.kubernetes.releases import read_release
    from sardonyx.adapters.kubernetes.routes import USUAL_EXPOSURE

    access = ClusterAccess(kubeconfig, timeout=timedelta(seconds=60))
    client = access.platform()
    namespace = f"bench-{secrets.token_hex(3)}"
    await client.create(NAMESPACES, {"metadata": {"name": namespace}})
    try:
        payloads = [payload(seed) for seed in range(20)]
        for number in range(count):
            content = made.helm_secret(
                namespace, f"r{number}", payload=payloads[number % 20], compress=False
            )
            labels = cast(JsonObject, content["metadata"])["labels"]
            name = f"sh.helm.release.v1.r{number}.v1"
            content["metadata"] = {"name": name, "labels": labels}
            await client.create(SECRETS, content, namespace=namespace)
        began = time.perf_counter()
        cache = ClusterCache(client)
        task = asyncio.create_task(cache.run())
        await cache.synced()
        synced = time.perf_counter() - began
        assert len(cache.observations(namespace)) == count
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        began = time.perf_counter()
        for one in await client.list(SECRETS, namespace=namespace, labels="owner=helm"):
            read_release(made.raw(one), USUAL_EXPOSURE)
        plain = time.perf_counter() - began
        began = time.perf_counter()
        lister = await asyncio.create_subprocess_exec(
            *(HELM, "list", "-n", namespace, "--max", "0", "-o", "json"),
            stdout=asyncio.subprocess.DEVNULL,
            env={**_environment(), "KUBECONFIG": str(kubeconfig)},
        )
        assert await lister.wait() == 0
        by_helm = time.perf_counter() - began
    finally:
        await client.delete(NAMESPACES, namespace)
        await access.aclose()
    return [
        Measure("first reading of 1,000", synced, "s", peer=plain, at_most=5,
                note="peer: plain LIST, decoded"),
        Measure("helm list of 1,000, each time", by_helm, "s"),
    ]  # fmt: skip


if __name__ == "__main__":
    found = asyncio.run(_replay(*map(int, sys.argv[1:4])))
    print(json.dumps({name: getattr(found, name) for name in Load.__slots__}))
