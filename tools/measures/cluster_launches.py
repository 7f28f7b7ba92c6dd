"""Measure launches on the light cluster: acknowledged, done beside `helm install` by hand, many.

Needs `make cluster-light`. Launches and installs by hand take turns, so that both meet the same
machine; the chart is our JupyterLab, whose pods the simulated nodes run at once.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cluster.helm_charts import write_chart
from tests.cluster.helm_world import Site, site
from tools.measures.table import Asked, Measure, Table, percentile

from sardonyx.catalog.models import Chart, ChartRef

ROOT = Path(__file__).resolve().parents[2]
KUBECONFIG = ROOT / "build/cluster/light/run/admin.kubeconfig"
PROGRAMS = ROOT / "build/cluster/bin"
JUPYTER = ROOT / "catalog" / "jupyter-python"
_PER_SECOND = 3.0


def measure(asked: Asked) -> Table:
    """Return the table of launches; empty where the light cluster is not up."""
    about = [f"{_PER_SECOND:g} operations begun a second, 2 side by side, as set by default."]
    if not KUBECONFIG.exists():
        about = ["Not measured: the light cluster is not up (`make cluster-light`)."]
        return Table("cluster_launches", "Launches on a cluster", (), about)
    measures = asyncio.run(_measured(asked.size(10, least=3), asked.size(100, least=5)))
    return Table("cluster_launches", "Launches on a cluster", measures, about)


async def _measured(turns: int, many: int) -> list[Measure]:
    namespace, hand = (f"bench-{secrets.token_hex(3)}" for _ in range(2))
    for name in (namespace, hand):
        _kubectl("create", "namespace", name)
    try:
        with TemporaryDirectory() as scratch:
            folder = Path(scratch)
            small = write_chart(folder)
            chart = replace(
                small, ref=ChartRef("sardonyx", "jupyter-python", "0"), folder=JUPYTER, values={}
            )
            async with site(
                KUBECONFIG, namespace, folder, per_second=_PER_SECOND, at_once=2
            ) as here:
                for one in (small, chart):
                    here.offer(one)
                alone = await _alone(here, chart, hand, turns)
                return [*alone, *await _previews(here, chart, turns), *await _many(here, many)]
    finally:
        for name in (namespace, hand):
            _kubectl("delete", "namespace", name, "--wait=false")


async def _alone(here: Site, chart: Chart, hand: str, turns: int) -> list[Measure]:
    acknowledged, done, by_hand = [], [], []
    for turn in range(turns):
        name = f"jupyter-{turn}"
        plan = here.plan(chart, name)
        begun = time.perf_counter()
        await here.runtime.preflight(plan)  # as every launch does
        await here.runtime.install(plan)
        acknowledged.append(time.perf_counter() - begun)
        while await here.operation(name) is not None:  # noqa: ASYNC110 - asks the cluster
            await asyncio.sleep(0.01)
        done.append(time.perf_counter() - begun)
        by_hand.append(await _timed(lambda name=name: _helm("install", name, hand)))  # type: ignore[misc]
    return [
        Measure(
            "launch acknowledged, pre-flight included, p95",
            percentile(acknowledged, 95) * 1000, "ms", at_most=200,
        ),
        Measure(
            "launch done; peer: helm install by hand",
            statistics.median(done), "s", peer=statistics.median(by_hand), ratio_at_most=1.1,
        ),
    ]  # fmt: skip


async def _previews(here: Site, chart: Chart, turns: int) -> list[Measure]:
    client, server, helms = [], [], []
    for turn in range(turns):
        plan = here.plan(chart, f"preview-{turn}")
        client.append(await _timed(lambda plan=plan: here.runtime.preflight(plan)))  # type: ignore[misc]
        server.append(await _timed(lambda plan=plan: here.runtime.planned(plan)))  # type: ignore[misc]
        words = ("install", f"preview-{turn}", here.namespace, "--dry-run=server")
        helms.append(await _timed(lambda words=words: _helm(*words)))  # type: ignore[misc]
    return [
        Measure("preview without the cluster", statistics.median(client) * 1000, "ms", at_most=150),
        Measure(
            "preview by the server; peer: Helm's own dry run",
            statistics.median(server), "s", peer=statistics.median(helms), ratio_at_most=1.1,
        ),
    ]  # fmt: skip


async def _many(here: Site, many: int) -> list[Measure]:
    chart = next(one for one in here.charts.values() if one.ref.chart == "hello")
    acknowledged: list[float] = []

    async def one(number: int) -> None:
        plan = here.plan(chart, f"many-{number}")
        acknowledged.append(await _timed(lambda: here.runtime.install(plan)))

    begun = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(many)))
    places = set()
    for number in range(many):
        evidence = here.seen(f"many-{number}").evidence
        places.add(evidence.helm.queue_position if evidence is not None else 0)
    failed = 0
    for number in range(many):
        seen = await here.settled(f"many-{number}")
        failed += seen.evidence is None or seen.evidence.helm.status != "deployed"
    lasted = time.perf_counter() - begun
    note = f"{failed} failed; places up to {max(places)} were told"
    return [
        Measure(f"{many} at once: acknowledged, p95", percentile(acknowledged, 95) * 1000, "ms"),
        Measure(f"{many} at once: done", lasted, "s", peer=many / _PER_SECOND, note=note),
    ]


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


async def _helm(verb: str, name: str, namespace: str, *more: str) -> None:
    words = [verb, name, str(JUPYTER), "--namespace", namespace, *more]
    process = await asyncio.create_subprocess_exec(
        str(PROGRAMS / "helm"), *words, "--kubeconfig", str(KUBECONFIG),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    if await process.wait() != 0:
        raise RuntimeError(f"helm {verb} {name} failed")


def _kubectl(*words: str) -> None:
    command = [str(PROGRAMS / "kubectl"), "--kubeconfig", str(KUBECONFIG), *words]
    subprocess.run(command, check=True, capture_output=True)
