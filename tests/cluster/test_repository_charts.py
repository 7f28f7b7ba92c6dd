"""Charts of a Helm repository on a cluster: launched, and run on when the repository moves on."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.adapters.charts.archives import HelmServer
from tests.catalog.folders import ADA
from tests.charts.servers import serving
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_charts import write_chart
from tests.cluster.helm_world import Site, site

from sardonyx.adapters.charts.catalogs import ChartCatalogs
from sardonyx.catalog.models import ChartRef
from sardonyx.catalog.service import CatalogService
from sardonyx.services.models import State

pytestmark = pytest.mark.cluster


@pytest.fixture
async def here(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> AsyncIterator[Site]:
    async with site(light_cluster.kubeconfig, namespace, tmp_path) as made:
        yield made


def _publish(cluster: RunningCluster, tmp_path: Path, server: HelmServer, version: str) -> None:
    """Pack a version by Helm itself and serve it with all before."""
    packages = tmp_path / "packages"
    packages.mkdir(exist_ok=True)
    source = write_chart(tmp_path / "sources", version=version).folder
    helm = str(cluster.programs / "helm")
    for command in (
        ["package", str(source), "-d", str(packages)],
        ["repo", "index", str(packages)],
    ):
        environment = {"PATH": "", "HOME": str(tmp_path / "helm-home")}
        subprocess.run([helm, *command], check=True, capture_output=True, env=environment)
    server.archives = {one.name: one.read_bytes() for one in packages.glob("*.tgz")}
    server.index = (packages / "index.yaml").read_bytes()


async def _read(tmp_path: Path, location: str) -> CatalogService:
    """Return the catalogue of a platform that starts, after one reading."""
    written = {
        "id": "lab",
        "location": location,
        "username": "ada",
        "password": "hunter2",
        "timeout": "30s",
    }
    catalogs = ChartCatalogs([written], data=tmp_path / "catalogs")  # type: ignore[list-item]
    await catalogs.read_once()
    return CatalogService(catalogs.sources, processes=False)


async def test_a_service_outlives_its_version_and_its_repository(
    here: Site, light_cluster: RunningCluster, tmp_path: Path
) -> None:
    server = HelmServer(basic="Basic " + base64.b64encode(b"ada:hunter2").decode())
    _publish(light_cluster, tmp_path, server, "1.0.0")
    with serving(server.answer) as location:
        service = await _read(tmp_path, location)
        chart = service.chart(ADA, "hello", catalog="lab")
        seen = await here.launch(chart, "tide")
        assert (seen.state, seen.chart) == (State.RUNNING, ChartRef("lab", "hello", "1.0.0"))

        _publish(light_cluster, tmp_path, server, "1.1.0")
        service = await _read(tmp_path, location)
        assert service.versions(ADA, "hello") == ("1.1.0",)
        here.offer(service.installed(seen.chart))
        await here.runtime.suspend(here.namespace, "tide")
        paused = await here.settled("tide")
        assert (paused.state, paused.chart.version) == (State.PAUSED, "1.0.0")

    # The repository is gone, and the platform starts anew.
    service = await _read(tmp_path, location)
    (catalog,) = service.catalogs(ADA)
    assert catalog.reading is not None
    assert catalog.reading.fault is not None
    here.charts.clear()
    here.offer(service.installed(seen.chart))
    await here.runtime.resume(here.namespace, "tide")
    assert (await here.settled("tide")).state is State.RUNNING

    newer = service.chart(ADA, "hello", catalog="lab")
    here.offer(newer)
    await here.runtime.upgrade(here.plan(newer, "tide"))
    upgraded = await here.settled("tide")
    assert (upgraded.state, upgraded.chart.version) == (State.RUNNING, "1.1.0")
