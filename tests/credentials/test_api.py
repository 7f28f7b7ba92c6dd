"""What pods ask of the platform with their release's token."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from tests.credentials.world import (
    RENEWING,
    plan,
    s3,
)

from sardonyx.api import problems
from sardonyx.credentials import api
from sardonyx.credentials.service import Credentials


@pytest.fixture
def pods(credentials: Credentials) -> httpx2.AsyncClient:
    """A client as pods are: without a cookie."""

    class Holder:
        pass

    app = FastAPI()
    app.include_router(api.router, prefix="/api/v1")
    app.state.platform = Holder()
    app.state.platform.credentials = credentials
    problems.install(app)
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://sardonyx.svc:8080"
    )


async def test_pods_get_keys_in_the_words_of_the_sdks(
    credentials: Credentials, pods: httpx2.AsyncClient
) -> None:
    values: Any = (await credentials.issue(plan(s3(), RENEWING))).plan.values
    token = {"authorization": f"Bearer {values['renewal']['token']}"}
    async with pods:
        answer = await pods.post("/api/v1/service-credentials/s3", headers=token)
        assert answer.json() == {
            "AccessKeyId": "id-user-ada-ada-1",
            "SecretAccessKey": "secret-user-ada-ada-1",
            "Token": "session-user-ada-ada-1",
            "Expiration": "2026-11-02T01:00:00Z",
        }
        assert answer.headers["cache-control"] == "no-store"
        vault = await pods.post("/api/v1/service-credentials/vault", headers=token)
        assert vault.json() == {"Token": "vault-ada", "Expiration": "2026-11-02T00:30:00Z"}


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer "},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer " + "x" * 5000},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"cookie": "sardonyx=anything"},
    ],
)
async def test_without_its_token_a_pod_gets_nothing(
    pods: httpx2.AsyncClient, header: dict[str, str]
) -> None:
    async with pods:
        for what in ("s3", "vault"):
            answer = await pods.post(f"/api/v1/service-credentials/{what}", headers=header)
            assert answer.status_code == 401
            assert answer.json()["code"] == "release_token_refused"


async def test_a_group_without_a_role_has_no_way_to_the_secret_store(
    credentials: Credentials, pods: httpx2.AsyncClient
) -> None:
    asked = plan(s3(), RENEWING, project="team-soil")
    values: Any = (await credentials.issue(asked)).plan.values
    async with pods:
        answer = await pods.post(
            "/api/v1/service-credentials/vault",
            headers={"authorization": f"Bearer {values['renewal']['token']}"},
        )
    assert (answer.status_code, answer.json()["code"]) == (404, "no_secret_store")
