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


async def test_a_service_whose_chart_no_catalogue_has_is_paused_resumed_and_returned(
    here: Site, tmp_path: Path
) -> None:
    """An upgrade of the platform brings other versions of its own charts, in a folder."""
    chart = write_chart(tmp_path, "hello", extra='# {{ .Files.Get "files/note.txt" }}\n')
    (chart.folder / "files").mkdir()
    (chart.folder / "files/note.txt").write_text("kept")
    seen = await here.launch(chart, "tide")
    assert seen.state is State.RUNNING
    here.charts.clear()
    here.credentials.fresh = {"security": {"password": "new"}}
    for verb, state in (("suspend", State.PAUSED), ("resume", State.RUNNING)):
        await getattr(here.runtime, verb)(here.namespace, "tide")
        seen = await here.settled("tide")
        assert (seen.state, seen.chart.version) == (state, "1.0.0"), verb
    await here.runtime.rollback(here.namespace, "tide", 1)
    seen = await here.settled("tide")
    assert seen.state is State.RUNNING
    assert seen.values["security"] == {"password": "new"}


async def test_a_chart_with_parts_of_others_is_not_taken_from_the_record(
    here: Site, tmp_path: Path
) -> None:
    """Helm's record holds no sub-charts: half a chart would remove half a service."""
    chart = write_chart(tmp_path, "hello")
    part = write_chart(chart.folder / "charts", "part", suspendable=False)
    part.folder.rename(chart.folder / "charts" / "part")
    with (chart.folder / "Chart.yaml").open("a") as file:
        file.write("dependencies: [{name: part, version: 1.0.0}]\n")
    (chart.folder / "charts/part/templates/workload.yaml").unlink()
    for name in ("service", "secret"):
        (chart.folder / f"charts/part/templates/{name}.yaml").unlink()
    assert (await here.launch(chart, "tide")).state is State.RUNNING
    here.charts.clear()
    await here.runtime.suspend(here.namespace, "tide")
    seen = await here.settled("tide")
    assert seen.state is not State.PAUSED
    assert seen.evidence is not None
    assert "hello" in seen.evidence.helm.error


MARKED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-of-the-catalogue"}
data: {a: b}
"""


@pytest.mark.parametrize("for_all", [True, False])
async def test_a_release_gets_a_chart_that_is_not_for_everybody_only_if_made_from_it(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path, for_all: bool
) -> None:
    """Whoever writes a release by hand names the chart; Helm's record says what it was made of."""
    async with site(light_cluster.kubeconfig, namespace, tmp_path, for_all=for_all) as here:
        chart = write_chart(tmp_path / "by-hand")
        await here.launch(chart, "byhand")
        other = write_chart(tmp_path / "catalogue", extra=MARKED)
        assert other.ref == chart.ref
        here.offer(other)
        await here.runtime.suspend(namespace, "byhand")
        await here.reach("byhand", State.PAUSED)
        await here.settled("byhand")
        found = light_cluster.kubectl("get", "configmaps", "-n", namespace, "-o", "name")
        assert ("byhand-of-the-catalogue" in found) is for_all
