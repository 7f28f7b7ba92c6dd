"""What a release is given: keys in values, or a token of its own; and when that ends."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from sardonyx.adapters.sql.database import sqlite_engine
from sardonyx.adapters.sql.grants import SqlReleaseGrants
from sardonyx.api import problems
from sardonyx.catalog.errors import ChartNotFoundError
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.credentials import api
from sardonyx.credentials.errors import OwnerAwayError, OwnerLeftError, ReleaseTokenError
from sardonyx.credentials.models import SecretsToken
from sardonyx.credentials.service import Credentials
from sardonyx.credentials.stand_ins import stand_in
from sardonyx.files.models import Access, S3Credentials
from sardonyx.projects.errors import SignInRequiredError
from sardonyx.projects.models import Actor, Project
from sardonyx.services.models import LaunchPlan
from sardonyx.values import Secret

NOW = datetime(2026, 11, 2, tzinfo=UTC)
PLAIN, RENEWING = ChartRef("c", "plain", "1.0.0"), ChartRef("c", "renewing", "1.0.0")
KEY, SECRET, SESSION = (
    stand_in(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
)


class People:
    def __init__(self) -> None:
        self.groups = {"ada": ["soil"], "bob": ["soil"]}

    async def actor(self, username: str) -> Actor:
        if username not in self.groups:
            raise SignInRequiredError
        places = [Project(f"user-{username}", "", f"user-{username}", username)]
        places += [Project(f"team-{g}", "", f"team-{g}", g, group=g) for g in self.groups[username]]
        return Actor(username, username, "", tuple(places))

    async def web_identity(self, username: str) -> Secret:
        return Secret("unused")


class Broker:
    """Each call gives other keys, that say for whom they are."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    async def credentials(
        self, *, username: str, project: Project, access: Access = Access.READ_WRITE
    ) -> S3Credentials:
        self.calls.append((username, project.id))
        mark = f"{project.id}-{username}-{len(self.calls)}"
        return S3Credentials(
            f"id-{mark}",
            Secret(f"secret-{mark}"),
            Secret(f"session-{mark}"),
            NOW + timedelta(hours=1),
            "https://store.example",
            "us-east-1",
        )


class Vault:
    async def secrets_token(self, *, username: str, project: Project) -> SecretsToken | None:
        if project.group is not None:
            return None
        return SecretsToken(Secret(f"vault-{username}"), NOW + timedelta(minutes=30))


@pytest.fixture
def grants(tmp_path: Path) -> Iterator[SqlReleaseGrants]:
    made = SqlReleaseGrants(sqlite_engine(tmp_path / "portal.sqlite"))
    yield made
    made.close()


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def credentials(grants: SqlReleaseGrants, people: People, broker: Broker) -> Credentials:
    return Credentials(
        grants=grants,
        identity=people,
        broker=broker,
        secret_store=Vault(),
        find_chart=find_chart,
        address="https://sardonyx.example",
    )


def find_chart(ref: ChartRef) -> Chart:
    if ref not in (PLAIN, RENEWING):
        raise ChartNotFoundError(chart=ref.chart, catalog=ref.catalog)
    return Chart(
        ref=ref,
        folder=Path("/nowhere"),
        title="",
        description="",
        keywords=(),
        app_version="",
        home=None,
        sources=(),
        icon=None,
        dependencies=(),
        local=None,
        values={},
        schema=None,
        readme="",
        renewing=ref == RENEWING,
    )


def plan(values: dict[str, Any], chart: ChartRef = PLAIN, **more: Any) -> LaunchPlan:
    given: dict[str, Any] = {
        "release": "lab",
        "project": "user-ada",
        "owner": "ada",
        "friendly_name": "lab",
        "shared": False,
        "chart": chart,
        "values": values,
        "merged": {"unset": 1, **values},
        "context": {},
        "secret_paths": frozenset({("other",)}),
    }
    return LaunchPlan(**(given | more))


def s3(*, key: str = KEY, secret: str = SECRET, session: str = SESSION) -> dict[str, Any]:
    return {
        "s3": {
            "enabled": True,
            "accessKeyId": key,
            "secretAccessKey": secret,
            "sessionToken": session,
        }
    }


async def test_a_chart_of_plain_keys_gets_them_where_it_wants_them(
    credentials: Credentials, broker: Broker
) -> None:
    asked = plan({**s3(), "env": ["x", f"s3://{KEY}:{SECRET}@h"], "vault": stand_in("VAULT_TOKEN")})
    issued = await credentials.issue(asked)
    keys = {
        "enabled": True,
        "accessKeyId": "id-user-ada-ada-1",
        "secretAccessKey": "secret-user-ada-ada-1",
        "sessionToken": "session-user-ada-ada-1",
    }
    embedded = "s3://id-user-ada-ada-1:secret-user-ada-ada-1@h"
    assert issued.plan.values == {"s3": keys, "env": ["x", embedded], "vault": "vault-ada"}
    assert issued.plan.merged == {"unset": 1, **issued.plan.values}
    assert issued.keys_until == NOW + timedelta(minutes=30)
    assert issued.plan.secret_paths == {
        ("other",),
        ("s3", "accessKeyId"),
        ("s3", "secretAccessKey"),
        ("s3", "sessionToken"),
        ("env", 1),
        ("vault",),
    }
    assert asked.values["s3"] == s3()["s3"]
    assert "secret-user" not in repr(issued)


async def test_a_chart_that_reads_no_storage_asks_none(
    credentials: Credentials, broker: Broker, grants: SqlReleaseGrants
) -> None:
    asked = plan({"auth": {"password": "x"}})
    assert (await credentials.issue(asked)).plan is asked
    assert broker.calls == []
    assert await grants.of_release("user-ada", "lab") is None


async def test_keys_are_given_anew_when_it_is_resumed_or_upgraded(
    credentials: Credentials,
) -> None:
    first = (await credentials.issue(plan({**s3(), "kept": {"n": 1}}))).plan.values
    resumed = await credentials.reissue(
        project="user-ada", release="lab", owner="ada", values=first
    )
    assert resumed.values == s3(
        key="id-user-ada-ada-2", secret="secret-user-ada-ada-2", session="session-user-ada-ada-2"
    )
    assert resumed.keys_until == NOW + timedelta(hours=1)
    assert ("s3", "secretAccessKey") in resumed.secret_paths
    # An edit starts from the values it has, the old keys among them.
    upgraded = await credentials.issue(plan(first))
    assert upgraded.plan.values == {
        **s3(
            key="id-user-ada-ada-3",
            secret="secret-user-ada-ada-3",
            session="session-user-ada-ada-3",
        ),
        "kept": {"n": 1},
    }


async def test_what_a_person_wrote_in_a_keys_place_is_left_alone(credentials: Credentials) -> None:
    first: Any = (
        await credentials.issue(plan({**s3(), "vault": {"token": "", "x": 1}}))
    ).plan.values
    mine: Any = s3(key="AKMINE", secret="SKMINE", session="")
    edited = await credentials.issue(plan({**first, **mine}))
    assert edited.plan.values["s3"] == mine["s3"]
    assert edited.keys_until is None
    resumed = await credentials.reissue(
        project="user-ada", release="lab", owner="ada", values=edited.plan.values
    )
    assert not resumed.values
    # Rolled back to the revision of before, its keys are known and given anew.
    back: Any = await credentials.reissue(
        project="user-ada", release="lab", owner="ada", values=first
    )
    assert back.values["s3"]["secretAccessKey"] == "secret-user-ada-ada-2"


async def test_a_release_made_elsewhere_gets_fresh_keys_in_the_usual_places(
    credentials: Credentials, broker: Broker
) -> None:
    made = s3(key="AK", secret="SK", session="ST")
    again = await credentials.reissue(project="user-ada", release="old", owner="ada", values=made)
    assert again.values["s3"]["accessKeyId"] == "id-user-ada-ada-1"  # type: ignore[index, call-overload]
    # Keys without a session token are somebody's own, and do not end.
    own = s3(key="AK", secret="SK", session="")
    assert not (
        await credentials.reissue(project="user-ada", release="own", owner="ada", values=own)
    ).values
    assert len(broker.calls) == 1


async def test_rolled_back_to_a_chart_of_plain_keys_it_gets_fresh_ones_and_loses_its_token(
    credentials: Credentials,
) -> None:
    plain = (await credentials.issue(plan(s3()))).plan.values
    renewing: Any = (await credentials.issue(plan(s3(), RENEWING))).plan.values
    back = await credentials.reissue(project="user-ada", release="lab", owner="ada", values=plain)
    assert back.values == s3(
        key="id-user-ada-ada-2", secret="secret-user-ada-ada-2", session="session-user-ada-ada-2"
    )
    with pytest.raises(ReleaseTokenError):
        await credentials.s3_keys(renewing["renewal"]["token"])


async def test_a_chart_that_renews_gets_a_token_and_no_key(
    credentials: Credentials, broker: Broker, grants: SqlReleaseGrants
) -> None:
    issued = await credentials.issue(plan({**s3(), "renewal": {"port": 1}}, RENEWING))
    values: Any = issued.plan.values
    token = values["renewal"]["token"]
    assert values["s3"] == s3(key="", secret="", session="")["s3"]
    assert values["renewal"] == {
        "port": 1,
        "enabled": True,
        "url": "https://sardonyx.example",
        "token": token,
        "authorities": "",
    }
    assert ("renewal", "token") in issued.plan.secret_paths
    assert issued.keys_until is None
    assert broker.calls == []
    kept = await grants.of_release("user-ada", "lab")
    assert kept is not None
    assert kept.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert token not in repr(kept)
    # Upgraded, resumed: the same token, as its pod may be running with it.
    again: Any = (await credentials.issue(plan(values, RENEWING))).plan.values
    assert again["renewal"]["token"] == token
    asked = {"project": "user-ada", "release": "lab", "owner": "ada"}
    assert not (await credentials.reissue(**asked, values=values)).values
    # A token that is not the release's own is not taken up, whoever wrote it there.
    foreign = {**values, "renewal": {**values["renewal"], "token": "drawn-by-me"}}
    other: Any = (await credentials.issue(plan(foreign, RENEWING))).plan.values
    assert other["renewal"]["token"] not in (token, "drawn-by-me")
    with pytest.raises(ReleaseTokenError):
        await credentials.s3_keys(token)


async def test_a_renewing_chart_with_both_blocks_off_gets_nothing(
    credentials: Credentials, grants: SqlReleaseGrants
) -> None:
    off: Any = s3()
    off["s3"]["enabled"] = False
    issued = await credentials.issue(plan(off, RENEWING))
    assert "renewal" not in issued.plan.values
    assert await grants.of_release("user-ada", "lab") is None


async def test_a_token_gives_the_owners_keys_to_its_project_and_dies_with_the_release(
    credentials: Credentials, broker: Broker
) -> None:
    asked = plan(s3(), RENEWING, project="team-soil")
    values: Any = (await credentials.issue(asked)).plan.values
    token = values["renewal"]["token"]
    keys = await credentials.s3_keys(token)
    assert keys.access_key_id == "id-team-soil-ada-1"
    await credentials.revoke(project="team-soil", release="lab")
    with pytest.raises(ReleaseTokenError):
        await credentials.s3_keys(token)
    await credentials.revoke(project="team-soil", release="lab")


async def test_a_token_dies_with_a_release_that_was_removed_without_us(
    credentials: Credentials, grants: SqlReleaseGrants, people: People, broker: Broker
) -> None:
    gone: set[str] = set()

    class Releases:
        async def exists(self, project: str, release: str) -> bool:
            return release not in gone

    values: Any = (await credentials.issue(plan(s3(), RENEWING))).plan.values
    token = values["renewal"]["token"]
    asked = Credentials(
        grants=grants,
        identity=people,
        broker=broker,
        secret_store=None,
        find_chart=find_chart,
        address="unused",
        releases=Releases(),
    )
    assert (await asked.s3_keys(token)).access_key_id == "id-user-ada-ada-1"
    gone.add("lab")
    with pytest.raises(ReleaseTokenError):
        await asked.s3_keys(token)
    # Nor does it come back with another release of that name.
    gone.clear()
    with pytest.raises(ReleaseTokenError):
        await asked.s3_keys(token)


@pytest.mark.parametrize("groups", [None, []])
async def test_a_token_of_who_left_or_was_forgotten_gives_nothing(
    credentials: Credentials, people: People, groups: list[str] | None
) -> None:
    values: Any = (await credentials.issue(plan(s3(), RENEWING, project="team-soil"))).plan.values
    if groups is None:
        del people.groups["ada"]
    else:
        people.groups["ada"] = groups
    expected = OwnerAwayError if groups is None else OwnerLeftError
    with pytest.raises(expected):
        await credentials.s3_keys(values["renewal"]["token"])
    with pytest.raises(expected):
        await credentials.issue(plan(s3(), project="team-soil"))


async def test_a_chart_that_left_the_catalogue_is_told_by_its_values(
    credentials: Credentials,
) -> None:
    gone = ChartRef("c", "gone", "1.0.0")
    values: Any = (await credentials.issue(plan({**s3(), "renewal": {}}, gone))).plan.values
    assert values["renewal"]["enabled"] is True
    plain: Any = (await credentials.issue(plan(s3(), gone, release="lab2"))).plan.values
    assert plain["s3"]["accessKeyId"].startswith("id-")


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


async def test_the_grant_of_a_digest_is_found_and_none_for_an_empty_one(
    grants: SqlReleaseGrants, credentials: Credentials
) -> None:
    await credentials.issue(plan(s3()))  # plain keys: no token
    assert await grants.of_token("") is None
    kept = await grants.of_release("user-ada", "lab")
    assert kept is not None
    assert (kept.key_places[0].path, kept.key_places[0].variable) == (
        ("s3", "accessKeyId"),
        "AWS_ACCESS_KEY_ID",
    )
    assert "secret-user" not in repr(kept)
    await grants.save(dataclasses.replace(kept, owner="bob", token_sha256="d"))
    assert await grants.of_token("d") == await grants.of_release("user-ada", "lab")
