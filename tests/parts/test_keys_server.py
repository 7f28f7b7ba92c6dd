"""The endpoint that renews S3 keys for services: who gets which, and for how long."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from sardonyx.adapters.oidc.identity import person_label
from sardonyx.adapters.oidc.server import keys_application
from sardonyx.adapters.oidc.service_credentials import (
    register_service_credentials,
    remove_service_credentials,
    service_of_token,
)
from sardonyx.adapters.processes.home import Home
from sardonyx.testing.identity import People
from sardonyx.testing.object_store import MemoryBroker, MemoryStorage


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    home.prepare()
    return home


@pytest.fixture
async def client(home: Home) -> AsyncIterator[httpx2.AsyncClient]:
    people = People()
    broker = MemoryBroker(MemoryStorage(), people, people.issuer)
    transport = httpx2.ASGITransport(app=keys_application(home, people.issuer, broker))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
        yield client


def _register(home: Home, release: str = "jupyter-1", name: str = "ada") -> str:
    path = register_service_credentials(
        home, release=release, username=name, project=f"user-{name}"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text()


async def test_a_service_gets_keys_in_the_form_that_sdks_read(
    home: Home, client: httpx2.AsyncClient
) -> None:
    answer = await client.get("/creds", headers={"Authorization": _register(home)})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    keys = answer.json()
    assert keys["AccessKeyId"].startswith("ASIA")
    assert keys["SecretAccessKey"]
    assert keys["Token"]
    expiration = datetime.strptime(keys["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert expiration - datetime.now(UTC) > timedelta(minutes=25)


async def test_a_removed_service_gets_no_keys(home: Home, client: httpx2.AsyncClient) -> None:
    token = _register(home)
    kept = _register(home, "jupyter-2")
    remove_service_credentials(home, release="jupyter-1")
    remove_service_credentials(home, release="jupyter-1")
    assert (await client.get("/creds", headers={"Authorization": token})).status_code == 401
    assert (await client.get("/creds", headers={"Authorization": kept})).status_code == 200


async def test_a_token_drawn_anew_replaces_the_old_one(
    home: Home, client: httpx2.AsyncClient
) -> None:
    old, new = _register(home), _register(home)
    assert (await client.get("/creds", headers={"Authorization": old})).status_code == 401
    assert (await client.get("/creds", headers={"Authorization": new})).status_code == 200


async def test_the_record_of_a_service_holds_no_token(home: Home) -> None:
    token = _register(home)
    record = home.service("jupyter-1") / "creds.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert token not in record.read_text()
    found = service_of_token(home, token)
    assert found is not None
    assert (found.username, found.project, found.release) == ("ada", "user-ada", "jupyter-1")


async def test_a_spoiled_record_costs_only_its_own_service(
    home: Home, client: httpx2.AsyncClient
) -> None:
    token = _register(home)
    for release, content in (("bad-1", "{"), ("bad-2", "[]"), ("bad-3", json.dumps({"a": 1}))):
        home.service(release).mkdir()
        (home.service(release) / "creds.json").write_text(content)
    assert (await client.get("/creds", headers={"Authorization": token})).status_code == 200


async def test_a_store_that_refuses_the_person_is_told_without_keys(
    home: Home, client: httpx2.AsyncClient
) -> None:
    token = _register(home, name="nobody-here")
    answer = await client.get("/creds", headers={"Authorization": token})
    assert answer.status_code == 401
    assert answer.json()["code"] == "sign_in_required"


async def test_documents_are_public_and_name_our_address(client: httpx2.AsyncClient) -> None:
    found = (await client.get("/.well-known/openid-configuration")).json()
    assert found["jwks_uri"] == f"{found['issuer']}/jwks"
    assert [key["alg"] for key in (await client.get("/jwks")).json()["keys"]] == ["ES256"]
    assert "d" not in (await client.get("/jwks")).json()["keys"][0]


@pytest.mark.parametrize(
    ("login", "label"),
    [
        ("ada", "ada"),
        ("Ada.Lovelace", "ada-lovelace"),
        ("DOMAIN\\ada", "domain-ada"),
        ("_apt", "apt"),
        ("ada_l", "ada-l"),
        ("x" * 80, "x" * 58),
        ("-" * 5, "person"),
        ("é", "person"),
    ],
)
def test_a_login_name_becomes_a_label(login: str, label: str) -> None:
    assert person_label(login) == label
