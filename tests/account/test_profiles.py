"""Profiles as they are kept, and as launches get them (launcher.md 2, portal.md 12)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.account.forms import PROFILE

from sardonyx.account.errors import (
    ProfileInvalidError,
    ProfileNotOfferedError,
    ProfileSchemaError,
)
from sardonyx.account.models import AuditFilter
from sardonyx.account.profile_schemas import GivenSchemas, SchemaFile
from sardonyx.account.profiles import PROFILE_PATH, Profiles, shown_values
from sardonyx.account.service import Accounts
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.launcher.context import launch_context
from sardonyx.launcher.models import PatchEntry
from sardonyx.projects.errors import NoPersonalProjectError
from sardonyx.projects.models import Actor
from sardonyx.services.contexts import Region, RegionContexts
from sardonyx.testing.identity import People
from sardonyx.testing.secret_store import MemorySecretStore
from sardonyx.testing.storage_probe import MemoryProbe
from sardonyx.values import JsonObject, Secret

WRITTEN: JsonObject = {
    "team": "prices",
    "assistant": {"enabled": True, "apiKey": "sk-1"},
    "identities": [{"forge": "one", "token": "t-1"}, {"forge": "two", "token": ""}],
}


@pytest.fixture
async def ada() -> Actor:
    return await People().actor("ada")


@pytest.fixture
def records(tmp_path: Path) -> SqlRecords:
    return SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))


@pytest.fixture
def store() -> MemorySecretStore:
    people = People()
    return MemorySecretStore(people, people.issuer)


@pytest.fixture
def of_schema(records: SqlRecords, store: MemorySecretStore) -> Callable[[JsonObject], Profiles]:
    """Return the same people's profiles under another schema."""

    def made(schema: JsonObject) -> Profiles:
        given = GivenSchemas({"default": schema})
        return Profiles(schemas=given, records=records, secret_store=store)

    return made


def kept_text(store: MemorySecretStore) -> str:
    entries = store.held[f"user-ada/{PROFILE_PATH}"].entries
    return " ".join(one.reveal() for one in entries.values())


async def test_a_profile_is_kept_and_its_secrets_are_not_in_sql(
    ada: Actor,
    of_schema: Callable[[JsonObject], Profiles],
    records: SqlRecords,
    store: MemorySecretStore,
    tmp_path: Path,
) -> None:
    profiles = of_schema(PROFILE)
    done = await profiles.save(ada, await profiles.of_values(ada, WRITTEN))
    assert done.commands.platform == "sardonyx account profile set -f profile.yaml\n"
    again = (await of_schema(PROFILE).saved(ada)).draft.values
    assert again == {**WRITTEN, "phone": "", "tags": []}
    entry = (await records.entries(AuditFilter()))[0]
    assert (entry.action, entry.target, entry.result) == ("account.save_profile", "ada", "done")
    records.close()
    in_sql = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"prices" in in_sql
    assert b"sk-1" not in in_sql and b"t-1" not in in_sql


async def test_a_secret_that_stands_as_it_was_shown_stays(
    ada: Actor, of_schema: Callable[[JsonObject], Profiles]
) -> None:
    profiles = of_schema(PROFILE)
    await profiles.save(ada, await profiles.of_values(ada, WRITTEN))
    shown = shown_values((await profiles.saved(ada)).draft)
    assert shown["assistant"] == {"enabled": True, "apiKey": "$ASSISTANT_APIKEY"}
    made = await profiles.of_values(ada, {**shown, "team": "wages"})
    values = (await profiles.save(ada, made)).result.draft.values
    assert values["assistant"] == WRITTEN["assistant"]
    assert values["identities"] == WRITTEN["identities"]
    assert values["team"] == "wages"


async def test_a_secret_that_is_taken_out_is_forgotten(
    ada: Actor, of_schema: Callable[[JsonObject], Profiles], store: MemorySecretStore
) -> None:
    profiles = of_schema(PROFILE)
    await profiles.save(ada, await profiles.of_values(ada, WRITTEN))
    await profiles.save(ada, await profiles.of_values(ada, {"team": "prices"}))
    assert "sk-1" not in kept_text(store)


class FailingRecords(SqlRecords):
    """Ends before a profile is written, as a portal that is killed."""

    async def save_profile(self, username: str, profile: JsonObject) -> None:
        raise InterruptedError


async def test_an_end_between_the_two_stores_gives_no_item_the_secret_of_another(
    ada: Actor, records: SqlRecords, store: MemorySecretStore, tmp_path: Path
) -> None:
    schemas = GivenSchemas({"default": PROFILE})
    profiles = Profiles(schemas=schemas, records=records, secret_store=store)
    await profiles.save(ada, await profiles.of_values(ada, WRITTEN))
    before = (await profiles.saved(ada)).draft.values
    ending = Profiles(
        schemas=schemas,
        records=FailingRecords(sqlite_database(tmp_path / "portal.sqlite")),
        secret_store=store,
    )
    other: JsonObject = {**WRITTEN, "identities": [{"forge": "three", "token": "t-3"}]}
    with pytest.raises(InterruptedError):
        await ending.save(ada, await ending.of_values(ada, other))
    assert (await profiles.saved(ada)).draft.values == before
    await profiles.save(ada, await profiles.of_values(ada, {"team": "prices"}))
    assert "t-" not in kept_text(store)  # nor is what was written in vain


async def test_secrets_under_the_name_of_older_versions_are_read(
    ada: Actor,
    of_schema: Callable[[JsonObject], Profiles],
    records: SqlRecords,
    store: MemorySecretStore,
) -> None:
    place: JsonObject = {"path": ["assistant", "apiKey"], "secret": True}
    await records.save_profile("ada", {"patch": [place], "heldBack": []})
    old = {"PROFILE": Secret(json.dumps({"/assistant/apiKey": "sk-0"}))}
    await store.write(username="ada", project=ada.personal_project, path=PROFILE_PATH, entries=old)
    profiles = of_schema(PROFILE)
    saved = await profiles.saved(ada)
    assert saved.draft.values["assistant"] == {"enabled": False, "apiKey": "sk-0"}
    await profiles.save(ada, saved)
    assert (await profiles.saved(ada)).draft.values == saved.draft.values
    assert "PROFILE" not in store.held[f"user-ada/{PROFILE_PATH}"].entries


async def test_what_is_not_possible_is_not_saved(
    ada: Actor, of_schema: Callable[[JsonObject], Profiles], records: SqlRecords
) -> None:
    profiles = of_schema(PROFILE)
    with pytest.raises(ProfileInvalidError) as refused:
        await profiles.save(ada, await profiles.of_values(ada, {"team": "Not A Team"}))
    assert [problem.pointer for problem in refused.value.problems] == ["/team"]
    assert await records.profile("ada") is None
    assert (await records.entries(AuditFilter()))[0].result == "profile_invalid"


async def test_a_new_schema_wipes_nothing_and_the_old_one_finds_all_again(
    ada: Actor, of_schema: Callable[[JsonObject], Profiles], records: SqlRecords
) -> None:
    old = of_schema(PROFILE)
    await old.save(ada, await old.of_values(ada, WRITTEN))
    new = of_schema({"properties": {"team": {"type": "string", "default": "x"}}})
    seen = await new.saved(ada)
    assert seen.draft.values == {"team": "prices"}
    assert ("assistant", "apiKey") in {entry.path for entry in seen.rest}
    await new.save(ada, await new.of_values(ada, {"team": "wages"}))
    back = (await old.saved(ada)).draft.values
    assert back == {**WRITTEN, "team": "wages", "phone": "", "tags": []}
    # A secret that the new form does not know stays out of SQL.
    assert "sk-1" not in json.dumps(await records.profile("ada"))
    await new.save(ada, await new.saved(ada), forget_rest=True)
    assert (await old.saved(ada)).draft.values["identities"] == []


async def test_a_posted_form_changes_values_and_switches_and_saves_nothing(
    ada: Actor, of_schema: Callable[[JsonObject], Profiles]
) -> None:
    profiles = of_schema(PROFILE)
    patch = (PatchEntry(("identities",), WRITTEN["identities"]),)
    edited = await profiles.edited(
        ada, patch=patch, edits={"/team": ["wages"]}, on={"/identities/0"}
    )
    assert edited.draft.values["team"] == "wages"
    assert edited.held_back == {("identities", 1)}
    removed = await profiles.edited(
        ada, patch=patch, edits={"remove": ["/identities/0"]}, on={"/identities/0"}
    )
    assert removed.draft.values["identities"] == [{"forge": "two", "token": ""}]
    assert removed.held_back == {("identities", 0)}
    assert (await profiles.saved(ada)).draft.patch == ()


async def test_the_first_of_a_persons_roles_that_has_a_form_gives_it(ada: Actor) -> None:
    schemas = GivenSchemas({"default": PROFILE, "b": {"title": "b"}, "c": {"title": "c"}})
    assert schemas.schema(ada) is PROFILE
    assert schemas.schema(replace(ada, claims={"roles": ["c", "b", "a"]})) == {"title": "b"}
    assert GivenSchemas().schema(ada) is None


async def test_a_schema_file_is_read_again_and_a_broken_one_costs_only_the_profile(
    ada: Actor, tmp_path: Path, records: SqlRecords, store: MemorySecretStore
) -> None:
    file, now = tmp_path / "profile-schema.json", [0.0]
    schemas = SchemaFile(file, now=lambda: now[0])
    profiles = Profiles(schemas=schemas, records=records, secret_store=store)
    assert not profiles.offered(ada)
    with pytest.raises(ProfileNotOfferedError):
        await profiles.saved(ada)
    file.write_text(json.dumps(PROFILE))
    now[0] += 10
    first = schemas.schema(ada)
    assert first == PROFILE
    now[0] += 10
    assert schemas.schema(ada) is first  # so that what was compiled of it is used again
    file.write_text("{")
    now[0] += 10
    assert profiles.offered(ada)
    with pytest.raises(ProfileSchemaError, match="not JSON"):
        await profiles.saved(ada)
    assert await profiles.given(ada, language="en") is None


async def test_launches_get_the_profile_without_what_is_held_back(
    ada: Actor, records: SqlRecords, store: MemorySecretStore
) -> None:
    accounts = Accounts(
        records=records,
        secret_store=store,
        probe=MemoryProbe(),
        profile_schemas=GivenSchemas({"default": PROFILE}),
    )
    made = await accounts.profiles.of_values(ada, WRITTEN, held_back=["/identities/1", "/gone/3"])
    await accounts.profiles.save(ada, made)
    region = Region("localhost:8000", "http://127.0.0.1:1", "us", "http://127.0.0.1:2", "kv")
    contexts = RegionContexts(region=region, accounts=accounts)
    inputs = await contexts.inputs(ada, ada.personal_project)
    user: Any = launch_context(inputs)["user"]
    assert user["profile"]["team"] == "prices"
    assert user["profile"]["assistant"]["apiKey"] == "sk-1"
    assert user["profile"]["identities"] == [{"forge": "one", "token": "t-1"}]
    assert inputs.profile_suggested == {"identities": [{"forge": "two", "token": ""}]}


async def test_launches_get_no_profile_where_nobody_is_asked_for_one(
    ada: Actor, records: SqlRecords, store: MemorySecretStore
) -> None:
    accounts = Accounts(records=records, secret_store=store, probe=MemoryProbe())
    region = Region("localhost:8000", "http://127.0.0.1:1", "us", "http://127.0.0.1:2", "kv")
    inputs = await RegionContexts(region=region, accounts=accounts).inputs(
        ada, ada.personal_project
    )
    user: Any = launch_context(inputs)["user"]
    assert "profile" not in user


async def test_a_secret_needs_a_place_of_ones_own(
    ada: Actor, of_schema: Callable[[JsonObject], Profiles], records: SqlRecords
) -> None:
    homeless = replace(ada, projects=())
    profiles = of_schema(PROFILE)
    await profiles.save(homeless, await profiles.of_values(homeless, {"team": "prices"}))
    with pytest.raises(NoPersonalProjectError):
        await profiles.save(homeless, await profiles.of_values(homeless, WRITTEN))
    assert (await profiles.saved(homeless)).draft.values["team"] == "prices"


async def test_what_was_kept_and_is_no_profile_reads_as_none(
    ada: Actor, of_schema: Callable[[JsonObject], Profiles], records: SqlRecords
) -> None:
    for document in (
        {},
        {"patch": 3, "heldBack": {}},
        {"patch": [3, {"path": "x"}, {"path": ["team"], "secret": True}], "heldBack": [[], 2]},
    ):
        await records.save_profile("ada", document)  # type: ignore[arg-type]
        saved = await of_schema(PROFILE).saved(ada)
        assert saved.draft.patch == ()
        assert bool(saved.unread) is bool(document)
        assert {one.level for one in saved.unread} <= {"warning"}


async def test_what_of_a_profile_cannot_be_read_is_told(
    ada: Actor, of_schema: Callable[[JsonObject], Profiles], records: SqlRecords
) -> None:
    team: JsonObject = {"path": ["team"], "value": "prices"}
    wrong: JsonObject = {"path": ["assistant", True], "value": 1}
    lost: JsonObject = {"path": ["assistant", "apiKey"], "secret": True}
    await records.save_profile("ada", {"patch": [team, wrong, lost], "heldBack": [["team", 1.5]]})
    saved = await of_schema(PROFILE).saved(ada)
    assert saved.draft.values["team"] == "prices"
    codes = [(one.code, one.pointer) for one in saved.unread]
    assert codes == [
        ("profile_unread", ""),
        ("profile_secret_lost", "/assistant/apiKey"),
        ("profile_unread", ""),
    ]
