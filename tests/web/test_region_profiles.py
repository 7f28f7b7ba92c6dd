"""The storage profiles of a region as the launcher offers them, from the choice to the keys."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.catalog.folders import chart_folder
from tests.credentials.world import Broker
from tests.web.stub_platform import StubRuntime, stub_platform

from sardonyx.account.configurations.service import Configurations
from sardonyx.account.service import Accounts
from sardonyx.adapters.s3.roles import RegionRoles
from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.grants import SqlReleaseGrants
from sardonyx.catalog.service import CatalogSource
from sardonyx.credentials.service import Credentials
from sardonyx.files.models import Access, S3Credentials
from sardonyx.projects.claims import ClaimNames, ProjectRules, actor_of_claims
from sardonyx.projects.models import Actor, Project
from sardonyx.secrets.errors import SecretNotFoundError
from sardonyx.secrets.models import SecretSet
from sardonyx.services.contexts import ClusterContexts
from sardonyx.services.models import LaunchPlan
from sardonyx.services.service import Services
from sardonyx.testing.configurations import MemoryConfigurations
from sardonyx.testing.storage_probe import MemoryProbe
from sardonyx.values import JsonObject, Secret
from sardonyx.web.portal import create_portal

TEAM: JsonObject = {"profileName": "team-$1", "claimName": "groups", "roleARN": "arn:$1"}
MINE: JsonObject = {"profileName": "mine", "claimName": "preferred_username", "roleARN": "arn:p"}
ALL: JsonObject = {"profileName": "all", "roleARN": "arn:all"}
REGION: JsonObject = {
    "services": {"singleNamespace": False, "groupNamespacePrefix": "team-"},
    "data": {
        "S3": {
            "URL": "https://store.example",
            "sts": {"role": [MINE, TEAM, ALL]},
            "bookmarks": [
                {"s3Uri": "s3://t-$1/", "claimName": "groups", "forProfileName": "team-$1"}
            ],
        }
    },
}
CLAIMS: JsonObject = {"preferred_username": "ada", "groups": ["soil", "tide"]}
PERSON = actor_of_claims(CLAIMS, names=ClaimNames(), rules=ProjectRules.of_region(REGION))


def of(variable: str) -> JsonObject:
    return {"type": "string", "x-onyxia": {"overwriteDefaultWith": f"{{{{s3.{variable}}}}}"}}


# A chart that knows only plain keys, of its own profile and of all.
SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "s3": {
            "type": "object",
            "properties": {
                "key": of("AWS_ACCESS_KEY_ID"),
                "secret": of("AWS_SECRET_ACCESS_KEY"),
                "folder": of("workingDirectoryPath"),
            },
        },
        "stores": {
            "type": "array",
            "x-onyxia": {"overwriteDefaultWith": "s3_array"},
            "items": {
                "type": "object",
                "properties": {
                    "profileName": {"type": "string"},
                    "AWS_ACCESS_KEY_ID": {"type": "string"},
                },
            },
        },
    },
}


class Runtime(StubRuntime):
    """Gives credentials as that of a cluster does; keeps what would be sent."""

    credentials: Credentials

    async def install(self, plan: LaunchPlan) -> None:
        await super().install((await self.credentials.issue(plan)).plan)


class NoSecrets:
    """A secret store that holds nothing and takes passwords, of any project."""

    async def read(self, *, path: str, **more: Any) -> SecretSet:
        raise SecretNotFoundError(path=path)

    async def write(self, *, path: str, entries: dict[str, Secret], **more: Any) -> SecretSet:
        return SecretSet(path, entries, 1)


class SignIn:
    async def actor(self, token: str | None) -> Actor | None:
        return PERSON if token else None

    async def enter(self, token: str) -> Secret:
        return Secret(token)


class Identity:
    async def actor(self, username: str) -> Actor:
        return PERSON

    async def web_identity(self, username: str) -> Secret:
        return Secret("unused")


class RegionBroker(Broker):
    """Gives keys where the region's roles do, which say what a project offers."""

    roles = RegionRoles(region=REGION, identity=Identity())

    async def credentials(
        self,
        *,
        username: str,
        project: Project,
        access: Access = Access.READ_WRITE,
        profile: str | None = None,
    ) -> S3Credentials:
        await self.roles.role(username=username, project=project, access=access, profile=profile)
        return await super().credentials(
            username=username, project=project, access=access, profile=profile
        )


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[SimpleNamespace]:
    chart_folder(tmp_path, "pond", files={"values.schema.json": json.dumps(SCHEMA)})
    made = stub_platform((), [CatalogSource("lab", "Lab", tmp_path)])
    made.accounts = Accounts(
        records=made.accounts._records,
        secret_store=NoSecrets(),  # type: ignore[arg-type]
        probe=MemoryProbe(),
    )
    runtime = made.runtime = Runtime()
    made.services = Services(
        catalog=made.catalog,
        runtime=runtime,
        contexts=ClusterContexts(region=REGION, accounts=made.accounts),
        audit=made.accounts._records,
    )
    made.configurations = Configurations(
        records=MemoryConfigurations(),
        launcher=made.services,
        charts=made.catalog,
        audit=made.accounts._records,
        stores=made.accounts.storage,
    )
    grants = SqlReleaseGrants(sqlite_database(tmp_path / "grants.sqlite"))
    runtime.credentials = Credentials(
        grants=grants,
        identity=Identity(),
        broker=RegionBroker("mine", "team-soil", "team-tide", "all"),
        secret_store=None,
        find_chart=made.catalog.installed,
        address="unused",
    )
    made.sign_in = SignIn()
    yield made
    grants.close()


@pytest.fixture
async def browser(platform: SimpleNamespace) -> AsyncIterator[httpx2.AsyncClient]:
    portal: Any = create_portal(platform)  # type: ignore[arg-type]
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=portal),
        base_url="http://localhost:8000",
        headers={"cookie": "sardonyx=ada", "accept": "text/html", "sec-fetch-site": "same-origin"},
    ) as made:
        yield made


PAGE = "/launch/lab/pond"


def options(page: str) -> list[str]:
    found = re.search(r'<select class="select" id="profile".*?</select>', page, re.DOTALL)
    return [] if found is None else re.findall(r'<option value="([^"]*)"', found[0])


async def launched(browser: httpx2.AsyncClient, project: str, **asked: Any) -> httpx2.Response:
    body = {"chart": "pond", "catalog": "lab", **asked}
    return await browser.post(f"/api/v1/projects/{project}/services", json=body)


async def test_the_second_role_is_chosen_and_its_keys_are_given(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = html.unescape((await browser.get(f"{PAGE}?project=user-ada&s3=team-soil")).text)
    assert options(page) == ["mine", "team-soil", "team-tide", "all"]
    assert '<option value="team-soil" selected' in page
    assert "--storage team-soil" in page and "s3=team-soil" in page
    assert "t-soil/" in page
    posted = {
        name: found[1]
        for name in ("draft", "patch", "stamp", "shown", "shown_version", "shown_s3")
        if (found := re.search(rf'name="{name}" value="([^"]*)"', page))
    }
    done = await browser.post(
        f"{PAGE}?project=user-ada",
        data={**posted, "friendly_name": "p", "s3": "team-soil", "launch": "1"},
    )
    assert done.status_code == 303, done.text
    (plan,) = platform.runtime.installed
    assert plan.s3_profile == "team-soil"
    assert plan.values["s3"] == {
        "key": "id-user-ada-ada-team-soil-3",
        "secret": "secret-user-ada-ada-team-soil-3",
        "folder": "t-soil/",
    }
    # Keys of each profile that the chart has a place for.
    assert [tuple(one.values()) for one in plan.values["stores"]] == [
        ("mine", "id-user-ada-ada-1"),
        ("team-soil", "id-user-ada-ada-team-soil-3"),
        ("team-tide", "id-user-ada-ada-team-tide-4"),
        ("all", "id-user-ada-ada-all-2"),
    ]


async def test_the_usual_one_needs_no_name(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    made = await launched(browser, "user-ada")
    assert made.status_code == 202, made.text
    assert "--storage" not in made.json()["commands"]["platform"]
    assert platform.runtime.installed[0].values["s3"]["key"] == "id-user-ada-ada-1"


@pytest.mark.parametrize("asked", ["mine", "team-tide"])
async def test_a_group_s_project_offers_no_role_of_the_person_or_another_group(
    browser: httpx2.AsyncClient, platform: SimpleNamespace, asked: str
) -> None:
    page = html.unescape((await browser.get(f"{PAGE}?project=team-soil&s3={asked}")).text)
    assert options(page) == ["team-soil", "all"]
    told = f"The storage profile “{asked}” is not there; “team-soil” is used."
    assert told in page
    made = await launched(browser, "team-soil", s3Profile=asked)
    assert made.status_code == 202, made.text
    (plan,) = platform.runtime.installed
    assert (plan.s3_profile, plan.values["s3"]["key"]) == ("team-soil", "id-team-soil-ada-1")
    # Nor by writing what stands for its key.
    written = f"sardonyx-gives-this-at-launch-aws-access-key-id-of-{asked.replace('-', '-2d')}--"
    forged = await launched(browser, "team-soil", values={"s3": {"key": written}})
    assert (forged.status_code, forged.json()["code"]) == (403, "storage_profile_gone")


async def test_it_is_remembered_by_a_saved_configuration_and_found_by_old_ids(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    saved = await browser.post(
        "/api/v1/projects/user-ada/configurations",
        json={"chart": "pond", "catalog": "lab", "friendlyName": "Pond", "s3Profile": "team-tide"},
    )
    assert saved.status_code in (200, 201), saved.text
    kept = saved.json()["configuration"]
    assert kept["s3Profile"] == "team-tide"
    link = kept["link"]
    assert parse_qs(urlsplit(link).query)["s3"] == ["team-tide"]
    begun = await browser.post(
        f"/api/v1/projects/user-ada/configurations/{kept['id']}/launch",
        headers={"idempotency-key": "once"},
    )
    assert begun.status_code == 202, begun.text
    (plan,) = platform.runtime.installed
    assert plan.s3_profile == "team-tide"
    assert plan.values["s3"]["key"].startswith("id-user-ada-ada-team-tide-")
    page = html.unescape((await browser.get(f"{PAGE}?project=user-ada&s3=region-4d3f")).text)
    assert '<option value="mine" selected' in page
    assert "is not there" not in page


async def test_a_change_warns_where_the_profile_of_the_service_is_gone(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    made = await launched(browser, "user-ada", s3Profile="team-tide")
    name = made.json()["name"]
    seen = platform.runtime.kept[name]
    for profile, told in (("team-tide", False), ("team-rock", True)):
        platform.runtime.kept[name] = replace(seen, s3_profile=profile)
        page = html.unescape((await browser.get(f"/services/{name}/edit?project=user-ada")).text)
        assert (f"The storage profile “{profile}” that this service" in page) is told
        assert "To correct before the change" not in page
