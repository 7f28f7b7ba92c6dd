"""Measure launches on the light cluster: acknowledged, done beside `helm install` by hand, many.

A light cluster of its own. Launches and installs by hand take turns, so that both meet the same
machine; the chart is our JupyterLab, whose pods the simulated nodes run at once.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cluster.helm_charts import write_chart
from tests.cluster.helm_world import Site, site
from tools.measures.light_cluster import HELM, cluster, kubectl
from tools.measures.table import Asked, Measure, Table, percentile

from sardonyx.adapters.kubernetes.kinds import PODS
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.services.evidence import PodEvidence
from sardonyx.services.models import State
from sardonyx.values import JsonObject

ROOT = Path(__file__).resolve().parents[2]
JUPYTER = ROOT / "catalog" / "jupyter-python"
_PER_SECOND = 3.0


def measure(asked: Asked) -> Table:
    """Return the table of launches; empty where no light cluster can run."""
    about = [
        f"{_PER_SECOND:g} operations begun a second, 2 side by side, as set by default. A launch"
        " is done when Helm has ended and what was asked is off the queue.",
        "Looked at: its preview was seen before, as on the page; else by one call, as the command"
        " line does.",
    ]
    measures: list[Measure] = []
    with cluster() as kubeconfig:
        if kubeconfig is None:
            about = ["Not measured: this machine cannot run a light cluster."]
        else:
            turns, many = asked.size(10, least=3), asked.size(100, least=5)
            measures = asyncio.run(_measured(kubeconfig, turns, many))
    return Table("cluster_launches", "Launches on a cluster", measures, about)


async def _measured(kubeconfig: Path, turns: int, many: int) -> list[Measure]:
    namespace, hand = (f"bench-{secrets.token_hex(3)}" for _ in range(2))
    for name in (namespace, hand):
        kubectl(kubeconfig, "create", "namespace", name)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        small = write_chart(folder)
        chart = replace(
            small, ref=ChartRef("sardonyx", "jupyter-python", "0"), folder=JUPYTER, values={}
        )
        async with site(kubeconfig, namespace, folder, per_second=_PER_SECOND, at_once=2) as here:
            for one in (small, chart):
                here.offer(one)
            by_hand = _Hand(kubeconfig, hand)
            return [
                *await _alone(here, chart, by_hand, turns),
                *await _previews(here, chart, by_hand, turns),
                await _pod_change(here, turns),
                *await _many(here, many),
            ]


@dataclass(frozen=True, slots=True)
class _Hand:
    """Helm as an administrator runs it, in a namespace of its own."""

    kubeconfig: Path
    namespace: str

    async def helm(self, verb: str, name: str, *more: str) -> None:
        process = await asyncio.create_subprocess_exec(
            str(HELM), verb, name, str(JUPYTER), "--namespace", self.namespace, *more,
            "--kubeconfig", str(self.kubeconfig), stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        if await process.wait() != 0:
            raise RuntimeError(f"helm {verb} {name} failed")


async def _alone(here: Site, chart: Chart, by_hand: _Hand, turns: int) -> list[Measure]:
    acknowledged: dict[bool, list[float]] = {True: [], False: []}
    done: dict[bool, list[float]] = {True: [], False: []}
    hands = []
    for turn in range(turns):
        for seen in (True, False):
            name = f"jupyter-{turn}-{'seen' if seen else 'new'}"
            plan = here.plan(chart, name)
            if seen:
                await here.runtime.preflight(plan)
            begun = time.perf_counter()
            await here.runtime.preflight(plan)  # as every launch does
            await here.runtime.install(plan)
            acknowledged[seen].append(time.perf_counter() - begun)
            while await here.operation(name) is not None:  # noqa: ASYNC110 - asks the cluster
                await asyncio.sleep(0.01)
            done[seen].append(time.perf_counter() - begun)
            hands.append(await _timed(lambda name=name: by_hand.helm("install", name)))  # type: ignore[misc]
    peer = statistics.median(hands)
    found = []
    for seen, words in ((True, "looked at"), (False, "by one call")):
        found += [
            Measure(
                f"launch {words}: acknowledged, p95",
                percentile(acknowledged[seen], 95) * 1000, "ms", at_most=200,
            ),
            Measure(
                f"launch {words}: done; peer: helm install by hand",
                statistics.median(done[seen]), "s", peer=peer, ratio_at_most=1.1,
            ),
        ]  # fmt: skip
    return found


async def _pod_change(here: Site, turns: int) -> Measure:
    """Let something about a pod change, and wait until those who watch its project are told."""
    pods = [pod.name for pod in _pods(here, "jupyter-0-seen")]
    if not pods:
        await here.reach("jupyter-0-seen", State.STARTING, State.RUNNING)
        pods = [pod.name for pod in _pods(here, "jupyter-0-seen")]
    delays = []
    changes = here.runtime.observe(here.namespace)
    told = asyncio.ensure_future(anext(changes))
    for turn in range(turns):
        await asyncio.sleep(0.3)
        begun = time.perf_counter()
        mark: JsonObject = {"metadata": {"annotations": {"bench": str(turn)}}}
        await here.access.platform().patch(PODS, pods[0], mark, namespace=here.namespace)
        await told
        delays.append((time.perf_counter() - begun) * 1000)
        told = asyncio.ensure_future(anext(changes))
    told.cancel()
    await asyncio.gather(told, return_exceptions=True)
    return Measure("a pod's change told to pages, p95", percentile(delays, 95), "ms", at_most=1000)


def _pods(here: Site, release: str) -> tuple[PodEvidence, ...]:
    evidence = here.seen(release).evidence
    return evidence.pods if evidence is not None else ()


async def _previews(here: Site, chart: Chart, by_hand: _Hand, turns: int) -> list[Measure]:
    client, server, helms = [], [], []
    for turn in range(turns):
        plan = here.plan(chart, f"preview-{turn}")
        client.append(await _timed(lambda plan=plan: here.runtime.preflight(plan)))  # type: ignore[misc]
        server.append(await _timed(lambda plan=plan: here.runtime.planned(plan)))  # type: ignore[misc]
        words = ("install", f"preview-{turn}", "--dry-run=server")
        helms.append(await _timed(lambda words=words: by_hand.helm(*words)))  # type: ignore[misc]
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
    note = f"{failed} failed; {len(places - {0})} places in the queue were told"
    return [
        Measure(f"{many} at once: acknowledged, p95", percentile(acknowledged, 95) * 1000, "ms"),
        Measure(f"{many} at once: done", lasted, "s", peer=many / _PER_SECOND, note=note),
        Measure(f"{many} at once: failed", failed, "", at_most=0),
    ]


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun
