"""What a release is given: keys in values, or a token of its own; and when that ends."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from tests.credentials.world import (
    KEY,
    NOW,
    RENEWING,
    SECRET,
    Broker,
    People,
    find_chart,
    plan,
    s3,
)

from sardonyx.adapters.sql.grants import SqlReleaseGrants
from sardonyx.catalog.models import ChartRef
from sardonyx.credentials.errors import OwnerAwayError, OwnerLeftError, ReleaseTokenError
from sardonyx.credentials.service import Credentials
from sardonyx.credentials.stand_ins import stand_in


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


OWN: dict[str, Any] = {"isEnabled": True, "profileName": "nas", "AWS_ACCESS_KEY_ID": "AK"}
OWN_KEYS = {**s3(key="AK", secret="own", session="short")["s3"], "endpoint": "nas.example:9000"}


@pytest.mark.parametrize("context", [OWN, {**OWN, "AWS_ACCESS_KEY_ID": None}, {"isEnabled": True}])
async def test_keys_of_one_s_own_store_are_sent_as_they_are_and_never_renewed(
    credentials: Credentials, broker: Broker, context: dict[str, Any]
) -> None:
    own: dict[str, Any] = {"s3": OWN_KEYS, "vault": {"enabled": True}}
    issued = await credentials.issue(plan(own, RENEWING, context={"s3": context}))
    assert issued.plan.values["s3"] == OWN_KEYS
    block: Any = issued.plan.values["renewal"]
    assert (block["enabled"], block["s3"]) == (True, False)
    assert broker.calls == []
    # An edit, whose draft is made in the usual context, leaves it so.
    edited = await credentials.issue(plan(issued.plan.values, RENEWING))
    assert edited.plan.values == issued.plan.values


async def test_the_usual_store_is_renewed(credentials: Credentials) -> None:
    usual = {"s3": {"isEnabled": True, "AWS_ACCESS_KEY_ID": KEY}}
    issued = await credentials.issue(plan(s3(), RENEWING, context=usual))
    block: Any = issued.plan.values["renewal"]
    assert "s3" not in block


@pytest.mark.parametrize(
    ("stores", "given"), [(None, True), ({"nas.example"}, True), ({"x"}, False)]
)
async def test_a_resumed_release_keeps_the_keys_of_another_store(
    grants: SqlReleaseGrants,
    people: People,
    broker: Broker,
    stores: set[str] | None,
    given: bool,
) -> None:
    """Keys with a session look like those another platform gave, but go to another store."""
    credentials = Credentials(
        grants=grants,
        identity=people,
        broker=broker,
        secret_store=None,
        find_chart=find_chart,
        address="https://platform.example",
        stores=None if stores is None else frozenset(stores),
    )
    issued = (await credentials.issue(plan({"s3": OWN_KEYS}, context={"s3": OWN}))).plan.values
    assert issued == {"s3": OWN_KEYS}
    resumed = await credentials.reissue(
        project="user-ada", release="lab", owner="ada", values=issued
    )
    assert bool(resumed.values) is given
    assert bool(broker.calls) is given
