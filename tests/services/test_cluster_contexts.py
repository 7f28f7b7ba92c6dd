"""What a cluster's region, a person and a project put into a launch."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sardonyx.account.service import Accounts
from sardonyx.account.storage import STORAGE_KEY, STORAGE_PATH
from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.repositories import SqlRecords
from sardonyx.credentials.stand_ins import stand_in
from sardonyx.launcher.context import launch_context
from sardonyx.launcher.own_profiles import OwnProfile, write_profiles
from sardonyx.launcher.s3_choice import choose_profile
from sardonyx.projects.claims import ClaimNames, ProjectRules, actor_of_claims
from sardonyx.projects.models import Actor, Project
from sardonyx.secrets.errors import SecretNotFoundError
from sardonyx.secrets.models import SecretSet
from sardonyx.services.contexts import ClusterContexts, Region, RegionContexts
from sardonyx.testing.storage_probe import MemoryProbe
from sardonyx.values import JsonObject, Secret

REGION: JsonObject = {
    "services": {
        "singleNamespace": False,
        "groupNamespacePrefix": "team-",
        "expose": {
            "domain": "lab.example",
            "scheme": "http",
            "httpRoute": {"enabled": True, "parentRefs": [{"name": "g", "namespace": "edge"}]},
        },
    },
    "data": {
        "S3": {
            "URL": "http://store.example:9000",
            "region": "eu",
            "sts": {
                "role": [
                    {"roleARN": "arn:person"},
                    {"roleARN": "arn:$1", "claimName": "groups", "profileName": "team-$1"},
                ]
            },
            "workingDirectory": {
                "bucketMode": "shared",
                "bucketName": "pool",
                "prefix": "home-",
                "prefixGroup": "team/",
            },
        }
    },
    "vault": {"URL": "https://vault.example", "kvEngine": "onyxia-kv", "prefix": "user-"},
}
CLAIMS: JsonObject = {
    "preferred_username": "Ada.L@example.org",
    "given_name": "Ada",
    "family_name": "Lovelace",
    "email": "ada@example.org",
    "groups": ["soil"],
}


class Kept:
    """A secret store that holds a Git token and own stores, and takes passwords."""

    def __init__(self, *own: OwnProfile) -> None:
        self.own = own

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet:
        if path == ".sardonyx/git":
            return SecretSet(path, {"GIT_TOKEN": Secret("git-token")}, 1)
        if path == STORAGE_PATH and self.own:
            text = json.dumps(write_profiles(self.own))
            return SecretSet(path, {STORAGE_KEY: Secret(text)}, 1)
        raise SecretNotFoundError(path=path)

    async def write(self, *, path: str, entries: dict[str, Secret], **more: Any) -> SecretSet:
        return SecretSet(path, entries, 1)


@pytest.fixture
async def accounts(tmp_path: Path) -> AsyncIterator[Accounts]:
    records = SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))
    yield Accounts(records=records, secret_store=Kept(), probe=MemoryProbe())  # type: ignore[arg-type]
    records.close()


def actor(region: JsonObject) -> Actor:
    return actor_of_claims(CLAIMS, names=ClaimNames(), rules=ProjectRules.of_region(region))


async def context(
    accounts: Accounts, group: str | None = None, region: JsonObject = REGION, **settings: Any
) -> dict[str, Any]:
    person = actor(region)
    place = next(project for project in person.projects if project.group == group)
    contexts = ClusterContexts(region=region, accounts=accounts, **settings)
    return launch_context(await contexts.inputs(person, place))


async def test_a_personal_project(accounts: Accounts) -> None:
    made = await context(accounts)
    assert made["user"]["idep"] == "Ada.L@example.org"
    assert made["user"]["name"] == "Lovelace Ada"
    assert made["user"]["decodedIdToken"]["groups"] == ["soil"]
    assert "accessToken" not in made["user"]
    assert made["git"]["token"] == "git-token"
    place = actor(REGION).personal_project
    assert made["s3"] == {
        "isEnabled": True,
        "profileName": "default",
        "AWS_ACCESS_KEY_ID": stand_in("AWS_ACCESS_KEY_ID"),
        "AWS_SECRET_ACCESS_KEY": stand_in("AWS_SECRET_ACCESS_KEY"),
        "AWS_SESSION_TOKEN": stand_in("AWS_SESSION_TOKEN"),
        "AWS_DEFAULT_REGION": "eu",
        "AWS_S3_ENDPOINT": "store.example:9000",
        "port": 9000,
        "tls": False,
        "pathStyleAccess": True,
        "isAnonymous": False,
        "workingDirectoryPath": f"pool/{place.prefix}",
        "AWS_BUCKET_NAME": "pool",
        "objectNamePrefix": place.prefix,
    }
    other = made["s3_array"][1]
    assert made["s3_array"] == [made["s3"], other]
    assert other == {
        **made["s3"],
        "profileName": "team-soil",
        "AWS_ACCESS_KEY_ID": stand_in("AWS_ACCESS_KEY_ID", "team-soil"),
        "AWS_SECRET_ACCESS_KEY": stand_in("AWS_SECRET_ACCESS_KEY", "team-soil"),
        "AWS_SESSION_TOKEN": stand_in("AWS_SESSION_TOKEN", "team-soil"),
    }
    assert made["vault"] == {
        "VAULT_ADDR": "https://vault.example",
        "VAULT_MOUNT": "onyxia-kv",
        "VAULT_TOP_DIR": place.secrets_folder,
        "VAULT_TOKEN": stand_in("VAULT_TOKEN"),
    }
    assert made["project"]["id"] == place.id
    assert made["k8s"]["domain"] == "lab.example"
    assert made["k8s"]["tls"] is False
    assert made["k8s"]["httpRoute"] == {
        "enabled": True,
        "parentRefs": [{"name": "g", "namespace": "edge"}],
    }


async def test_a_group_works_with_its_own_role_and_place(accounts: Accounts) -> None:
    made = await context(accounts, "soil")
    assert made["s3"]["profileName"] == "team-soil"
    assert made["s3"]["workingDirectoryPath"] == "pool/team/soil/"
    assert made["project"]["id"] == "team-soil"
    assert made["git"]["token"] == "git-token"


async def test_persons_are_kept_out_of_groups_when_told(accounts: Accounts) -> None:
    made = await context(accounts, "soil", personal_in_groups=False)
    assert made["git"] == {"name": "", "email": "", "credentials_cache_duration": 0}
    assert made["user"]["decodedIdToken"] == {}
    assert "VAULT_TOKEN" not in made["vault"]
    # The group's own role is nobody's in person.
    assert made["s3"]["profileName"] == "team-soil"


async def test_a_person_s_role_is_kept_out_of_groups_too(accounts: Accounts) -> None:
    region: Any = {**REGION, "data": {"S3": {"URL": "https://s", "sts": {}}}}
    made = await context(accounts, "soil", region, personal_in_groups=False)
    assert made["s3"] == {"isEnabled": False}
    assert (await context(accounts, "soil", region))["s3"]["AWS_BUCKET_NAME"] == "team-soil"


async def test_bookmarks_of_the_newer_shape_are_working_directories(accounts: Accounts) -> None:
    bookmarks = [
        {"s3Uri": "s3://open/", "title": "Open"},
        {"s3Uri": "s3://lab/$1/work", "title": "Mine", "claimName": "preferred_username"},
    ]
    region: Any = {
        **REGION,
        "data": {"S3": {"URL": "https://s", "sts": {}, "bookmarks": bookmarks}},
    }
    made = await context(accounts, None, region)
    assert made["s3"]["workingDirectoryPath"] == "lab/Ada.L@example.org/work/"
    # A bookmark for everybody is nobody's place to work in.
    assert (await context(accounts, "soil", region))["s3"]["AWS_BUCKET_NAME"] == "team-soil"


async def test_a_region_without_storage_or_secrets(accounts: Accounts) -> None:
    made = await context(accounts, None, {"services": {"singleNamespace": False}})
    assert made["s3"] == {"isEnabled": False}
    assert made["s3_array"] == []
    assert "vault" not in made


NAS = OwnProfile(
    "nas", 7, "https://nas.example", None, True, "AK", Secret("SK"), bookmarks=(("", "b/"),)
)


@pytest.mark.parametrize(
    ("group", "settings", "names", "usual"),
    [
        (None, {}, ("default", "team-soil", "nas", "default-2"), "default"),
        ("soil", {}, ("default", "team-soil", "nas", "default-2"), "team-soil"),
        # Personal values are kept out: what is left is the group's own, and what is the person's.
        ("soil", {"personal_in_groups": False}, ("team-soil", "nas", "default-2"), "team-soil"),
    ],
)
async def test_own_stores_follow_those_of_the_region(
    tmp_path: Path, group: str | None, settings: Any, names: tuple[str, ...], usual: str
) -> None:
    records = SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))
    kept: Any = Kept(NAS, replace(NAS, name="default"))
    accounts = Accounts(records=records, secret_store=kept, probe=MemoryProbe())
    person = actor(REGION)
    place = next(project for project in person.projects if project.group == group)
    inputs = await ClusterContexts(region=REGION, accounts=accounts, **settings).inputs(
        person, place
    )
    chosen = choose_profile(inputs)
    assert (chosen.names, chosen.name, chosen.is_usual) == (names, usual, True)
    own = choose_profile(inputs, "nas")
    assert (own.name, own.is_usual, own.notice) == ("nas", False, None)
    made: Any = launch_context(own.inputs)
    assert (made["s3"]["AWS_ACCESS_KEY_ID"], made["s3"]["AWS_SECRET_ACCESS_KEY"]) == ("AK", "SK")
    assert made["s3"]["AWS_BUCKET_NAME"] == "b"
    # In a group's project the own one that was not chosen is not among them.
    left_out = {"default-2"} if group else set()
    assert {one["profileName"] for one in made["s3_array"]} == set(names) - left_out
    records.close()


async def test_where_the_region_has_no_store_one_s_own_is_used(tmp_path: Path) -> None:
    records = SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))
    kept: Any = Kept(NAS)
    accounts = Accounts(records=records, secret_store=kept, probe=MemoryProbe())
    bare: JsonObject = {**REGION, "data": {}}
    person = actor(bare)
    inputs = await ClusterContexts(region=bare, accounts=accounts).inputs(
        person, person.personal_project
    )
    assert choose_profile(inputs).name == "nas"
    records.close()


async def test_one_machine_offers_them_too(tmp_path: Path) -> None:
    records = SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))
    kept: Any = Kept(NAS)
    accounts = Accounts(records=records, secret_store=kept, probe=MemoryProbe())
    region = Region("localhost:8000", "http://127.0.0.1:1", "us", "http://127.0.0.1:2", "kv")
    person = actor(REGION)
    inputs = await RegionContexts(region=region, accounts=accounts).inputs(
        person, person.personal_project
    )
    assert choose_profile(inputs).names == ("default", "nas")
    records.close()


def stores(*entries: JsonObject) -> JsonObject:
    return {**REGION, "data": {"S3": [*entries]}}


MINE: JsonObject = {"profileName": "mine", "claimName": "preferred_username", "roleARN": "p"}
TEAM: JsonObject = {"profileName": "team-$1", "claimName": "groups", "roleARN": "t"}
ALL: JsonObject = {"profileName": "all", "roleARN": "a"}


@pytest.mark.parametrize(
    ("group", "asked", "place", "key"),
    [
        # The usual one works where the project does, and its keys are asked for without a name.
        (None, "mine", "user-ada", ""),
        (None, "team-soil", "soil-data/", "team-soil"),
        (None, "all", "open/", "all"),
        ("soil", "team-soil", "soil-data/", ""),
        # Narrowed to the group's place, it works there.
        ("soil", "all", "soil-data/", "all"),
    ],
)
async def test_the_working_directory_and_the_keys_follow_the_profile(
    accounts: Accounts, group: str | None, asked: str, place: str, key: str
) -> None:
    bookmarks: list[Any] = [
        {"s3Uri": "s3://open/", "title": "Open"},
        {"s3Uri": "s3://soil-data/", "claimName": "groups", "forProfileName": "team-*"},
    ]
    region = stores(
        {"URL": "https://s", "sts": {"role": [MINE, TEAM, ALL]}, "bookmarks": bookmarks[::-1]}
    )
    person = actor(region)
    project = next(one for one in person.projects if one.group == group)
    inputs = await ClusterContexts(region=region, accounts=accounts).inputs(person, project)
    chosen = choose_profile(inputs, asked)
    assert (chosen.name, chosen.notice) == (asked, None)
    made: Any = launch_context(chosen.inputs)["s3"]
    assert made["workingDirectoryPath"].startswith(place)
    assert made["AWS_SECRET_ACCESS_KEY"] == stand_in("AWS_SECRET_ACCESS_KEY", key)


async def test_a_group_s_project_offers_nobody_s_role_but_its_own(accounts: Accounts) -> None:
    region = stores({"URL": "https://s", "sts": {"role": [TEAM, MINE, ALL]}})
    person = actor_of_claims(
        {**CLAIMS, "groups": ["soil", "tide"]},
        names=ClaimNames(),
        rules=ProjectRules.of_region(region),
    )
    contexts = ClusterContexts(region=region, accounts=accounts)
    names = {}
    for project in person.projects:
        made: Any = launch_context(await contexts.inputs(person, project))
        names[project.group] = [one["profileName"] for one in made["s3_array"]]
    assert names == {
        None: ["team-soil", "team-tide", "mine", "all"],
        "soil": ["team-soil", "all"],
        "tide": ["team-tide", "all"],
    }


@pytest.mark.parametrize(
    ("working", "place"),
    [
        ({"bucketMode": "shared", "bucketName": "l", "prefix": "/in//"}, "l/in/"),
        ({"bucketMode": "shared"}, None),  # names no bucket
    ],
)
async def test_another_store_has_a_working_directory_of_its_own(
    accounts: Accounts, working: JsonObject, place: str | None
) -> None:
    region = stores(
        {"URL": "https://s", "sts": {}, "workingDirectory": {"bucketMode": "multi"}},
        {"URL": "https://l", "sts": {"role": {"profileName": "lake"}}, "workingDirectory": working},
    )
    person = actor(region)
    inputs = await ClusterContexts(region=region, accounts=accounts).inputs(
        person, person.personal_project
    )
    made: Any = launch_context(choose_profile(inputs, "lake").inputs)["s3"]
    assert made["AWS_S3_ENDPOINT"] == "l"
    found = made.get("workingDirectoryPath")
    assert found is None if place is None else found.startswith(place)
