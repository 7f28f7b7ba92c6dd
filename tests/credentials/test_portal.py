"""The portal answers pods on a cluster, by whatever name they reach it, and only there."""

from __future__ import annotations

from pathlib import Path

import httpx2
from tests.credentials.world import RENEWING, Broker, People, Vault, find_chart, plan, s3
from tests.web.stub_platform import stub_platform

from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.grants import SqlReleaseGrants
from sardonyx.credentials.service import Credentials
from sardonyx.web.portal import create_portal

ADDRESS = "/api/v1/service-credentials/s3"


async def test_a_pod_reaches_the_portal_by_its_service(tmp_path: Path) -> None:
    grants = SqlReleaseGrants(sqlite_database(tmp_path / "portal.sqlite"))
    platform = stub_platform()
    platform.credentials = Credentials(
        grants=grants,
        identity=People(),
        broker=Broker(),
        secret_store=Vault(),
        find_chart=find_chart,
        address="http://sardonyx.sardonyx.svc:8080",
    )
    values = (await platform.credentials.issue(plan(s3(), RENEWING))).plan.values
    transport = httpx2.ASGITransport(app=create_portal(platform))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://sardonyx.sardonyx.svc:8080"
    ) as pod:
        token = {"authorization": f"Bearer {values['renewal']['token']}"}
        assert (await pod.post(ADDRESS, headers=token)).json()["AccessKeyId"] == "id-user-ada-ada-1"
        assert (await pod.post(ADDRESS, headers={"authorization": "Bearer x"})).status_code == 401
        # A browser that a foreign page steers has no token to send.
        assert (await pod.post(ADDRESS)).status_code in (401, 403, 421)
        assert (await pod.get(ADDRESS, headers=token)).status_code == 405
    grants.close()


async def test_one_machine_has_no_such_address() -> None:
    transport = httpx2.ASGITransport(app=create_portal(stub_platform()))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as pod:
        answer = await pod.post(ADDRESS, headers={"authorization": "Bearer x"})
    assert answer.status_code == 404
