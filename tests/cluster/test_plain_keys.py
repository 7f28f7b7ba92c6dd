"""Plain keys in a release on a cluster: given at launch, anew at resume, shown until when."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_charts import write_chart
from tests.cluster.helm_world import SECONDS, FixedCredentials, site
from tests.cluster.test_catalog_charts import helm
from tests.credentials.world import Broker, Vault

from sardonyx.adapters.kubernetes.kept_releases import KeptReleases
from sardonyx.adapters.kubernetes.kinds import SECRETS
from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.grants import SqlReleaseGrants
from sardonyx.catalog.errors import ChartNotFoundError
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.credentials.models import Issued, Reissued
from sardonyx.credentials.service import Credentials
from sardonyx.credentials.stand_ins import stand_in
from sardonyx.projects.models import Actor, Project
from sardonyx.services.models import LaunchPlan, State
from sardonyx.values import JsonObject, Secret

pytestmark = pytest.mark.cluster


@dataclass
class Given(FixedCredentials):
    """What gives releases their credentials: the platform's own."""

    real: Credentials | None = None

    async def issue(self, plan: LaunchPlan) -> Issued:
        assert self.real is not None
        return await self.real.issue(plan)

    async def reissue(
        self, *, project: str, release: str, owner: str, values: JsonObject, s3_profile: str = ""
    ) -> Reissued:
        assert self.real is not None
        return await self.real.reissue(
            project=project, release=release, owner=owner, values=values, s3_profile=s3_profile
        )

    async def revoke(self, *, project: str, release: str) -> None:
        assert self.real is not None
        await self.real.revoke(project=project, release=release)


@dataclass
class Member:
    """Ada, whose personal project is the test's namespace."""

    project: str

    async def actor(self, username: str) -> Actor:
        return Actor(username, username, "", (Project(self.project, "", "user-ada", "ada"),))

    async def web_identity(self, username: str) -> Secret:
        return Secret("unused")


async def test_they_are_given_at_launch_and_anew_at_resume(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    chart = write_chart(tmp_path)
    grants = SqlReleaseGrants(sqlite_database(tmp_path / "portal.sqlite"))

    def find_chart(ref: ChartRef) -> Chart:
        if ref != chart.ref:
            raise ChartNotFoundError(chart=ref.chart, catalog=ref.catalog)
        return chart

    given = Given(
        real=Credentials(
            grants=grants,
            identity=Member(namespace),
            broker=Broker(),
            secret_store=Vault(),
            find_chart=find_chart,
            address="https://sardonyx.example",
        )
    )
    async with site(light_cluster.kubeconfig, namespace, tmp_path, given=given) as here:

        async def key() -> str:
            found: Any = await here.access.platform().get(
                SECRETS, "keyed-secrettoken", namespace=namespace
            )
            return base64.b64decode(found["data"]["PASSWORD"]).decode()

        wanted: JsonObject = {"password": stand_in("AWS_SECRET_ACCESS_KEY")}
        seen = await here.launch(chart, "keyed", security=wanted)
        assert seen.state is State.RUNNING, seen
        assert await key() == f"secret-{namespace}-ada-1"
        assert seen.facts["keys_until"] == "2026-11-02T01:00:00Z"
        assert ("security", "password") in seen.secret_paths
        await here.runtime.suspend(namespace, "keyed")
        await here.reach("keyed", State.PAUSED)
        await here.settled("keyed")
        await here.runtime.resume(namespace, "keyed")
        await here.reach("keyed", State.RUNNING)
        await here.settled("keyed")
        assert await key() == f"secret-{namespace}-ada-2"
        # An edit starts from the values of the release, where the former key stands.
        values = here.seen("keyed").values
        await here.runtime.upgrade(here.plan(chart, "keyed", **{**values, "memory": "20Mi"}))
        seen = await here.settled("keyed")
        assert await key() == f"secret-{namespace}-ada-3"
        assert seen.values["memory"] == "20Mi"
        # With a password of one's own in its place nothing ends any more.
        await here.runtime.upgrade(here.plan(chart, "keyed", security={"password": "mine"}))
        seen = await here.settled("keyed")
        assert await key() == "mine"
        assert "keys_until" not in seen.facts
        await here.runtime.uninstall(namespace, "keyed")
        await here.gone("keyed")
        assert await grants.of_release(namespace, "keyed") is None
    grants.close()


async def test_a_release_removed_by_hand_is_known_to_be_gone(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with site(light_cluster.kubeconfig, namespace, tmp_path) as here:
        known = KeptReleases(here.access.platform(), lambda project: project)
        await here.launch(write_chart(tmp_path), "byhand")
        assert await known.exists(namespace, "byhand")
        helm(light_cluster, tmp_path, "uninstall", "byhand", "-n", namespace)
        async with asyncio.timeout(SECONDS):
            while await known.exists(namespace, "byhand"):  # noqa: ASYNC110 - asks a cluster
                await asyncio.sleep(0.2)
        assert not await known.exists("no-such-namespace", "byhand")
