"""Each way a launch is refused, provoked on a real API server: what people read of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cluster import waiting
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_charts import write_chart
from tests.cluster.helm_world import Site, site, until
from tests.cluster.provoking import as_list
from tests.cluster.refusing import BEFORE, BY_HELM, Refused, objects_before

from sardonyx.catalog.models import Chart
from sardonyx.services.diagnosis import diagnose
from sardonyx.services.errors import ServiceNotFoundError
from sardonyx.services.findings import worded
from sardonyx.services.models import Finding, State
from sardonyx.services.preflight import judge_preflight

pytestmark = pytest.mark.cluster


async def test_what_helm_is_refused_is_explained(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    for refused in BY_HELM.values():
        _make(light_cluster, refused, namespace)
    counted = ("get", "resourcequota", "-n", namespace, "-o", "jsonpath={.items[*].status.used}")
    # Before its use is counted, an allowance refuses everything with other words.
    waiting.until(lambda: bool(light_cluster.kubectl(*counted)), "the allowances are counted")
    async with site(light_cluster.kubeconfig, namespace, tmp_path) as here:
        charts = {_name(way): _chart(tmp_path, way, one) for way, one in BY_HELM.items()}
        for way, refused in BY_HELM.items():
            release = _name(way)
            if refused.rerun:
                assert (await here.launch(charts[release], release)).state is State.RUNNING
                await here.runtime.upgrade(here.plan(charts[release], release, **refused.rerun))
            else:
                here.offer(charts[release])
                await here.runtime.install(here.plan(charts[release], release))
        await until(lambda: not _untold(here), lambda: _untold(here))


async def test_what_is_in_the_way_is_told_before_a_launch(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    for refused in BEFORE.values():
        _make(light_cluster, refused, namespace)
    async with site(light_cluster.kubeconfig, namespace, tmp_path, working=False) as here:
        await until(lambda: bool(here.cache.quota(namespace)))
        missed = {}
        for way, refused in BEFORE.items():
            chart = _chart(tmp_path, way, refused)
            here.offer(chart)
            facts = await here.runtime.preflight(here.plan(chart, _name(way)))
            found = judge_preflight(facts)
            if not _tells(found, refused):
                missed[way] = (found, facts)
        assert missed == {}


def _name(way: str) -> str:
    return way.replace(" ", "-").replace("'", "").lower()


def _chart(folder: Path, way: str, refused: Refused) -> Chart:
    name = _name(way)
    chart = write_chart(folder, name, extra=refused.extra)
    for file, content in refused.files.items():
        (chart.folder / file).write_text(content.replace("{name}", name))
    return chart


def _make(cluster: RunningCluster, refused: Refused, namespace: str) -> None:
    if refused.before:
        made = as_list(objects_before(refused, namespace))
        cluster.kubectl("create", "-f", "-", stdin=made)


def _found(here: Site, release: str) -> list[Finding]:
    try:
        return diagnose(here.seen(release), datetime.now(UTC))
    except ServiceNotFoundError:
        return []


def _untold(here: Site) -> dict[str, list[Finding]]:
    told = {way: _found(here, _name(way)) for way in BY_HELM}
    return {way: found for way, found in told.items() if not _tells(found, BY_HELM[way])}


def _tells(found: list[Finding], refused: Refused) -> bool:
    for one in found:
        if one.code == refused.code and all(
            one.values.get(key) == value for key, value in refused.values.items()
        ):
            assert "{" not in worded(one).explanation.in_language("fr")
            return True
    return False
