"""Keys of a storage profile that is not the project's usual one: given, renewed, gone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.credentials.world import KEY, RENEWING, Broker, plan, s3

from sardonyx.adapters.sql.grants import GrantRow, SqlReleaseGrants
from sardonyx.credentials.models import KeyPlace, ReleaseGrant
from sardonyx.credentials.service import Credentials
from sardonyx.credentials.stand_ins import S3_VARIABLES, stand_in
from sardonyx.files.errors import (
    AccessRefusedError,
    StorageProfileGoneError,
    StoreUnavailableError,
)


def of_profile(name: str) -> dict[str, Any]:
    """Return values of a chart that wants the keys of a profile."""
    key, secret, session = (stand_in(variable, name) for variable in S3_VARIABLES)
    return s3(key=key, secret=secret, session=session)


def context_of(name: str) -> dict[str, Any]:
    key = stand_in("AWS_ACCESS_KEY_ID", name)
    return {"s3": {"isEnabled": True, "profileName": name, "AWS_ACCESS_KEY_ID": key}}


LAUNCHED = {"project": "user-ada", "release": "lab", "owner": "ada"}


async def test_a_chart_of_plain_keys_gets_those_of_each_profile_it_has_a_place_for(
    credentials: Credentials, broker: Broker
) -> None:
    broker.profiles = {"team-soil", "team-tide", "lake"}
    stores = [{"name": name, **of_profile(name)["s3"]} for name in ("team-soil", "team-tide")]
    issued = await credentials.issue(plan({**s3(), "stores": stores, "lake": "unused"}))
    values: Any = issued.plan.values
    assert values["s3"]["accessKeyId"] == "id-user-ada-ada-1"
    assert [(one["accessKeyId"], one["sessionToken"]) for one in values["stores"]] == [
        ("id-user-ada-ada-team-soil-2", "session-user-ada-ada-team-soil-2"),
        ("id-user-ada-ada-team-tide-3", "session-user-ada-ada-team-tide-3"),
    ]
    assert len(broker.calls) == 3
    # Resumed: each place gets a fresh key of the profile that it was of.
    again: Any = (await credentials.reissue(**LAUNCHED, values=values)).values
    assert [one["secretAccessKey"] for one in again["stores"]] == [
        "secret-user-ada-ada-team-soil-5",
        "secret-user-ada-ada-team-tide-6",
    ]


async def test_rolled_back_to_where_another_profile_s_key_stood_it_gets_that_one_s(
    credentials: Credentials, broker: Broker
) -> None:
    broker.profiles = {"team-soil", "team-tide"}
    first = (await credentials.issue(plan(of_profile("team-soil")))).plan.values
    await credentials.issue(plan(of_profile("team-tide")))
    back: Any = (await credentials.reissue(**LAUNCHED, values=first)).values
    assert back["s3"]["accessKeyId"] == "id-user-ada-ada-team-soil-3"


async def test_a_chart_that_renews_is_renewed_by_the_profile_it_was_launched_with(
    credentials: Credentials, broker: Broker
) -> None:
    broker.profiles = {"team-soil"}
    asked = plan(
        of_profile("team-soil"), RENEWING, context=context_of("team-soil"), s3_profile="team-soil"
    )
    values: Any = (await credentials.issue(asked)).plan.values
    assert values["s3"] == s3(key="", secret="", session="")["s3"]
    token = values["renewal"]["token"]
    assert "s3" not in values["renewal"]
    assert (await credentials.s3_keys(token)).access_key_id == "id-user-ada-ada-team-soil-1"
    # Gone for its owner: an edit is made in the context of the usual one, and takes nothing else.
    broker.profiles.clear()
    edited = plan(
        {**values, "renewal": {}}, RENEWING, context=context_of(""), s3_profile="team-soil"
    )
    block: Any = (await credentials.issue(edited)).plan.values["renewal"]
    with pytest.raises(StorageProfileGoneError) as caught:
        await credentials.s3_keys(block["token"])
    assert caught.value.code == "storage_profile_gone"


async def test_it_is_the_same_one_after_plain_keys_in_between(
    credentials: Credentials, broker: Broker
) -> None:
    broker.profiles = {"team-soil"}
    context = context_of("team-soil")
    renewing: Any = (
        await credentials.issue(plan(of_profile("team-soil"), RENEWING, context=context))
    ).plan.values
    await credentials.issue(plan(of_profile("team-soil"), context=context))
    back: Any = (await credentials.reissue(**LAUNCHED, values=renewing)).values
    keys = await credentials.s3_keys(back["renewal"]["token"])
    assert keys.access_key_id == "id-user-ada-ada-team-soil-2"


async def test_a_renamed_usual_profile_is_still_the_usual_one(
    credentials: Credentials, broker: Broker
) -> None:
    usual: dict[str, Any] = {"s3": {"AWS_ACCESS_KEY_ID": KEY, "profileName": "lake"}}
    await credentials.issue(plan(s3(), RENEWING, context=usual, s3_profile="lake"))
    usual["s3"]["profileName"] = "ocean"
    again: Any = (
        await credentials.issue(plan(s3(), RENEWING, context=usual, s3_profile="lake"))
    ).plan.values
    keys = await credentials.s3_keys(again["renewal"]["token"])
    assert keys.access_key_id == "id-user-ada-ada-1"


@pytest.mark.parametrize("values", [of_profile("gone"), {"a": f"x{of_profile('gone')}"}])
async def test_a_profile_that_is_gone_is_never_replaced_by_another(
    credentials: Credentials, broker: Broker, values: dict[str, Any]
) -> None:
    """Also where somebody writes the text by hand."""
    with pytest.raises(StorageProfileGoneError):
        await credentials.issue(plan(values))
    broker.profiles = {"gone"}
    chosen = plan(of_profile("gone"), context=context_of("gone"))
    made = (await credentials.issue(chosen)).plan.values
    broker.profiles.clear()
    with pytest.raises(StorageProfileGoneError):
        await credentials.reissue(**LAUNCHED, values=made)


LISTED = ("", "team-soil", "team-tide")


def list_of(*names: str) -> list[dict[str, Any]]:
    return [context_of(name)["s3"] for name in names]


def keys_in(values: Any) -> list[str]:
    return [one["AWS_ACCESS_KEY_ID"] for one in values["stores"]]


async def test_a_lost_role_of_the_list_stops_no_service_that_does_not_use_it(
    credentials: Credentials, broker: Broker
) -> None:
    broker.profiles = {"team-soil", "team-tide"}
    context = {**context_of(""), "s3_array": list_of(*LISTED)}
    asked = plan({**s3(), "stores": list_of(*LISTED)}, context=context)
    values: Any = (await credentials.issue(asked)).plan.values
    assert all(keys_in(values))
    broker.profiles = {"team-soil"}
    resumed: Any = (await credentials.reissue(**LAUNCHED, values=values)).values
    assert resumed["s3"]["accessKeyId"].startswith("id-user-ada-ada-")
    usual, soil, tide = keys_in(resumed)
    assert ("team-soil" in soil, tide) == (True, "")
    assert usual not in ("", soil)
    # Edited: the list as it was where the form keeps it, or as it is now.
    now = {**context_of(""), "s3_array": list_of(*LISTED[:2])}
    for stores, told in ((values["stores"], 3), (list_of(*LISTED[:2]), 2)):
        edited = plan({**values, "stores": stores}, context=now)
        keys = keys_in((await credentials.issue(edited)).plan.values)
        assert (len(keys), [bool(key) for key in keys[:2]]) == (told, [True, True])
        assert keys[2:] in ([], [""])


@pytest.mark.parametrize("fault", [AccessRefusedError(bucket="b"), StoreUnavailableError()])
async def test_a_broken_role_stops_the_launches_that_chose_it_alone(
    credentials: Credentials, broker: Broker, fault: Exception
) -> None:
    broker.profiles, broker.broken = {"team-soil", "team-tide"}, {"team-tide": fault}
    listed = {"s3_array": list_of(*LISTED)}
    asked = plan({"stores": list_of(*LISTED)}, context={**context_of(""), **listed})
    usual, soil, tide = keys_in((await credentials.issue(asked)).plan.values)
    assert (bool(usual), bool(soil), tide) == (True, True, "")
    chosen = plan(of_profile("team-tide"), context={**context_of("team-tide"), **listed})
    with pytest.raises(type(fault)):
        await credentials.issue(chosen)
    # A person's own store was chosen: not even the project's usual one is needed.
    broker.broken = {"": fault}
    own: Any = {"s3": {"isEnabled": True, "profileName": "nas", "AWS_ACCESS_KEY_ID": "AK"}}
    asked = plan({"stores": list_of(*LISTED)}, context={**own, **listed})
    assert keys_in((await credentials.issue(asked)).plan.values)[0] == ""


async def test_many_roles_are_asked_together_but_not_all_at_once(
    credentials: Credentials, broker: Broker
) -> None:
    names = [f"team-{number}" for number in range(30)]
    broker.profiles = {*names}
    asked = plan({"stores": list_of(*names)}, context={"s3_array": list_of(*names)})
    keys = keys_in((await credentials.issue(asked)).plan.values)
    assert [f"-{name}-" in key for name, key in zip(names, keys, strict=True)] == [True] * 30
    assert broker.most_at_once == 8


async def test_keys_replaced_by_another_platform_become_those_of_the_release_s_profile(
    credentials: Credentials, broker: Broker
) -> None:
    broker.profiles = {"team-soil"}
    chosen = plan(of_profile("team-soil"), context=context_of("team-soil"))
    await credentials.issue(chosen)
    elsewhere = s3(key="AK", secret="SK", session="ST")
    back: Any = (await credentials.reissue(**LAUNCHED, values=elsewhere)).values
    assert back["s3"]["accessKeyId"] == "id-user-ada-ada-team-soil-2"
    # Of a release without a grant the cluster may remember its profile.
    unknown = {**LAUNCHED, "release": "old"}
    made: Any = await credentials.reissue(**unknown, values=elsewhere, s3_profile="team-soil")
    assert made.values["s3"]["accessKeyId"] == "id-user-ada-ada-team-soil-3"
    again: Any = await credentials.reissue(**unknown, values=made.values)
    assert again.values["s3"]["accessKeyId"] == "id-user-ada-ada-team-soil-4"


async def test_places_that_an_earlier_version_kept_are_read(grants: SqlReleaseGrants) -> None:
    await grants.save(ReleaseGrant("p", "lab", "ada", profile="team-soil"))
    old = json.dumps([[["s3", 0], "AWS_ACCESS_KEY_ID", ["d"]]])
    await grants._run(lambda session: session.execute(update(GrantRow).values(places=old)))
    kept = await grants.of_release("p", "lab")
    assert kept is not None
    assert kept.key_places == (KeyPlace(("s3", 0), "AWS_ACCESS_KEY_ID", ("d",)),)
    assert kept.profile == "team-soil"


async def test_places_of_the_usual_profile_are_written_as_the_version_before_reads_them(
    grants: SqlReleaseGrants,
) -> None:
    places = tuple(
        KeyPlace(("a", number), "AWS_ACCESS_KEY_ID", ("d",), profile)
        for number, profile in enumerate(("", "team-soil"))
    )
    await grants.save(ReleaseGrant("p", "lab", "ada", key_places=places))
    row = await grants._run(lambda session: session.scalars(select(GrantRow.places)).one())
    assert [len(one) for one in json.loads(row)] == [3, 4]
    kept = await grants.of_release("p", "lab")
    assert kept is not None
    assert kept.key_places == places
