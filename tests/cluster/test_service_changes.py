"""What people do with services, on a real cluster: edit with a difference, return, share, copy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_charts import write_chart
from tests.cluster.helm_world import Site, site
from tests.runtime.world import until
from tests.services.fakes import AuditList, Contexts

from sardonyx.catalog.errors import ChartNotFoundError, ChartVersionNotFoundError
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.catalog.registry import Overrides
from sardonyx.projects.models import Actor, Project
from sardonyx.services.errors import (
    ServiceBusyError,
    ServiceChangedError,
    ServiceNotFoundError,
    ServiceOfAnotherError,
)
from sardonyx.services.launching import ChangeRequest, LaunchRequest
from sardonyx.services.models import Service, Standing, State
from sardonyx.services.service import Services

pytestmark = pytest.mark.cluster
QUOTA = """apiVersion: v1
kind: ResourceQuota
metadata: {name: onyxia-quota}
spec: {hard: {requests.memory: 64Mi, count/pods: "9"}}
"""


@dataclass
class Shelf:
    """A catalogue of a few charts."""

    charts: dict[ChartRef, Chart] = field(default_factory=dict)

    def add(self, chart: Chart) -> None:
        self.charts[chart.ref] = chart

    def chart(
        self,
        actor: Actor,
        chart: str,
        *,
        catalog: str | None = None,
        version: str | None = None,
        project: Project | None = None,
    ) -> Chart:
        known = self.versions(actor, chart)
        if version is not None and version not in known:
            raise ChartVersionNotFoundError(chart=chart, version=version, known=", ".join(known))
        return self.installed(ChartRef("tests", chart, version or known[0]))

    def versions(
        self,
        actor: Actor,
        chart: str,
        *,
        catalog: str | None = None,
        project: Project | None = None,
    ) -> tuple[str, ...]:
        return tuple(sorted((r.version for r in self.charts if r.chart == chart), reverse=True))

    def installed(self, ref: ChartRef) -> Chart:
        if ref not in self.charts:
            raise ChartNotFoundError(chart=ref.chart, catalog=ref.catalog)
        return self.charts[ref]

    def running(self, actor: Actor, ref: ChartRef, *, project: Project | None = None) -> Chart:
        return self.installed(ref)

    def overrides(self, actor: Actor) -> Overrides:
        return Overrides({})

    def shareable(self, ref: ChartRef) -> bool:
        return True


@dataclass
class Desk:
    """Two people of a group, and the services they see."""

    site: Site
    services: Services
    ada: Actor
    eve: Actor
    project: str

    def state(self, name: str) -> State:
        return self.site.runtime.release(self.project, name).state

    async def rests(self, name: str, revision: int) -> Service:
        """Wait until a revision runs and nothing is under way."""

        def there() -> bool:
            seen = self.site.runtime.release(self.project, name)
            busy = seen.evidence is not None and seen.evidence.helm.operation
            return seen.revision >= revision and seen.state is State.RUNNING and not busy

        await until(there, saying=lambda: self.site.runtime.release(self.project, name))
        return await self.services.show(self.ada, self.project, name)

    async def launch(self, *settings: str) -> Service:
        request = LaunchRequest("hello", settings=settings, values={"security": {"password": "w0"}})
        done = await self.services.launch_once(self.ada, project=self.project, request=request)
        return await self.rests(done.result.name, 1)

    async def edit(self, name: str, *settings: str, version: str | None = None) -> Service:
        request = ChangeRequest(version, settings=settings)
        change = await self.services.open_change_request(self.ada, self.project, name, request)
        return (await self.services.change(self.ada, change)).result


@asynccontextmanager
async def desk(cluster: RunningCluster, namespace: str, folder: Path) -> AsyncIterator[Desk]:
    group = Project(namespace, "Soil", "soil", "soil", group="soil")
    ada = Actor("ada", "Ada", "ada@example.org", (group,))
    eve = Actor("eve", "Eve", "eve@example.org", (group,))
    shelf = Shelf()
    async with site(cluster.kubeconfig, namespace, folder) as here:
        for version, greeting in (("1.0.0", "good morning"), ("1.1.0", "good day")):
            chart = write_chart(folder, version=version, values={"greeting": greeting})
            shelf.add(chart)
            here.offer(chart)
        services = Services(
            catalog=shelf, runtime=here.runtime, contexts=Contexts(), audit=AuditList()
        )
        yield Desk(here, services, ada, eve, namespace)


async def test_an_edit_with_its_difference_then_back(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    light_cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=QUOTA)
    async with desk(light_cluster, namespace, tmp_path) as at:
        name = (await at.launch()).name
        request = ChangeRequest(settings=("memory=32Mi",))
        change = await at.services.open_change_request(at.ada, namespace, name, request)
        preview = await at.services.preview_change(at.ada, change)
        assert [(one.path, one.after) for one in preview.values] == [("memory", "32Mi")]
        assert preview.objects is not None
        assert [(one.kind, one.change) for one in preview.objects] == [("Deployment", "changed")]
        assert "w0" not in str(preview)
        await at.services.change(at.ada, change)
        with pytest.raises((ServiceChangedError, ServiceBusyError)):
            await at.services.change(at.ada, change)  # from the same look, a moment later
        await at.rests(name, 2)
        asked = ("get", "deployment", name, "-n", namespace, "-o")
        path = "jsonpath={.spec.template.spec.containers[0].resources.requests.memory}"
        assert light_cluster.kubectl(*asked, path) == "32Mi"
        used = {one.resource: one.used for one in at.services.quota(at.ada, namespace)}
        assert used["requests.memory"] in {"32Mi", "48Mi"}  # the old pod may be leaving
        back = await at.services.preview_roll_back(at.ada, namespace, name, 1)
        assert [(one.before, one.after) for one in back.values] == [("32Mi", "16Mi")]
        await at.services.roll_back(at.ada, namespace, name, 1, expected_etag=back.etag)
        await at.rests(name, 3)
        assert light_cluster.kubectl(*asked, path) == "16Mi"
        numbers = [one.number for one in await at.services.history(at.ada, namespace, name)]
        assert numbers == [3, 2, 1]
        beyond = ChangeRequest(settings=("memory=1Gi",))
        change = await at.services.open_change_request(at.ada, namespace, name, beyond)
        preview = await at.services.preview_change(at.ada, change, objects=False)
        assert not preview.refused


async def test_an_upgrade_keeps_ones_own_settings(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with desk(light_cluster, namespace, tmp_path) as at:
        request = LaunchRequest("hello", version="1.0.0", settings=("memory=24Mi",))
        done = await at.services.launch_once(at.ada, project=namespace, request=request)
        name = (await at.rests(done.result.name, 1)).name
        after = await at.edit(name, version="1.1.0")
        assert after.name == name
        service = await at.rests(name, 2)
        assert service.chart.version == "1.1.0"
        values = await at.services.values(at.ada, namespace, name)
        assert values["memory"] == "24Mi"
        env = ("get", "deployment", name, "-n", namespace, "-o")
        path = "jsonpath={.spec.template.spec.containers[0].env[0].value}"
        assert light_cluster.kubectl(*env, path) == "good day"


async def test_others_of_the_group_do_only_what_sharing_allows(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with desk(light_cluster, namespace, tmp_path) as at:
        name = (await at.launch()).name
        with pytest.raises(ServiceNotFoundError):
            await at.services.show(at.eve, namespace, name)
        await at.services.share(at.ada, namespace, name, shared=True)
        await until(lambda: at.site.runtime.release(namespace, name).shared)
        seen = await at.services.show(at.eve, namespace, name)
        assert seen.standing is Standing.MEMBER
        assert "w0" not in str(await at.services.values(at.eve, namespace, name))
        for refused in (
            at.services.open_change(at.eve, namespace, name),
            at.services.roll_back(at.eve, namespace, name, 1),
            at.services.delete(at.eve, namespace, name),
            at.services.share(at.eve, namespace, name, shared=False),
        ):
            with pytest.raises(ServiceOfAnotherError):
                await refused
        await at.services.pause(at.eve, namespace, name)
        await until(lambda: at.state(name) is State.PAUSED)
        copy = await at.services.duplicate(at.eve, namespace, name)
        await until(lambda: at.state(copy.result.name) is State.RUNNING)
        assert at.site.runtime.release(namespace, copy.result.name).owner == "eve"


async def test_of_two_who_edit_at_once_one_wins(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with desk(light_cluster, namespace, tmp_path) as at:
        name = (await at.launch()).name
        again = replace(at.ada)
        changes = [
            await at.services.open_change_request(
                who, namespace, name, ChangeRequest(settings=(f"memory={size}",))
            )
            for who, size in ((at.ada, "20Mi"), (again, "40Mi"))
        ]
        results = await asyncio.gather(
            *(at.services.change(at.ada, one) for one in changes), return_exceptions=True
        )
        lost = [one for one in results if isinstance(one, Exception)]
        assert len(lost) == 1
        assert isinstance(lost[0], ServiceChangedError | ServiceBusyError)
        await at.rests(name, 2)
        assert (await at.services.history(at.ada, namespace, name))[0].number == 2
