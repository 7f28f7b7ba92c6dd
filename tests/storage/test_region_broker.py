"""Keys by project on the real store: two people, a group, and what each is refused."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx2
import pytest
from tests.contracts.object_store import pieces
from tests.credentials.world import find_chart, plan
from tests.storage.region import Members, newer_region, older_region, with_groups

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.roles import RegionRoles
from sardonyx.adapters.s3.sts import RoleBroker
from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.grants import SqlReleaseGrants
from sardonyx.credentials.service import Credentials
from sardonyx.files.errors import AccessRefusedError, StorageProfileGoneError
from sardonyx.files.models import Access, S3Credentials
from sardonyx.launcher.context import ContextInputs, launch_context
from sardonyx.services.contexts import ClusterContexts
from sardonyx.testing.parts import RunningParts, running_parts
from sardonyx.values import JsonObject, Secret

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def parts() -> Iterator[RunningParts]:
    with (
        TemporaryDirectory(prefix="sx") as folder,
        running_parts(
            Home(Path(folder)), names=("keys", "seaweedfs"), configured=with_groups
        ) as parts,
    ):
        yield parts


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False, verify=SSLContext(PROTOCOL_TLS_CLIENT)) as made:
        yield made


class World:
    """A region on the running store."""

    def __init__(
        self, parts: RunningParts, client: httpx2.AsyncClient, region: JsonObject, **token: object
    ) -> None:
        self.members = Members(parts.issuer, region, **token)  # type: ignore[arg-type]
        self.store = S3ObjectStore(client=client)
        self.broker = RoleBroker(
            identity=self.members,
            client=client,
            roles=RegionRoles(region=region, identity=self.members),
        )

    async def keys(
        self,
        username: str,
        group: str | None = None,
        access: Access = Access.READ_WRITE,
        *,
        profile: str | None = None,
    ) -> S3Credentials:
        project = await self.members.project(username, group)
        return await self.broker.credentials(
            username=username, project=project, access=access, profile=profile
        )

    async def reaches(self, keys: S3Credentials, bucket: str) -> bool:
        """Write, read and list in the bucket; True when all of it worked, False when none did."""
        done = []
        for attempt in (self._writes, self._lists):
            try:
                await attempt(keys, bucket)
                done.append(True)
            except AccessRefusedError:
                done.append(False)
        assert len(set(done)) == 1, (bucket, done)
        return done[0]

    async def _writes(self, keys: S3Credentials, bucket: str) -> None:
        await self.store.ensure_bucket(keys, bucket)
        await self.store.put(keys, bucket, "written", pieces(b"x"))
        await self.store.head(keys, bucket, "written")

    async def _lists(self, keys: S3Credentials, bucket: str) -> None:
        await self.store.list_folder(keys, bucket, "")


@pytest.fixture(params=[older_region, newer_region], ids=["v10", "v11"])
def world(request: pytest.FixtureRequest, parts: RunningParts, client: httpx2.AsyncClient) -> World:
    return World(parts, client, request.param(parts.s3_endpoint))


async def test_a_person_reaches_their_own_bucket_and_nobody_elses(world: World) -> None:
    ada, bob = await world.keys("ada"), await world.keys("bob")
    assert await world.reaches(ada, "user-ada")
    assert await world.reaches(bob, "user-bob")
    assert not await world.reaches(ada, "user-bob")
    assert not await world.reaches(bob, "user-ada")
    assert not await world.reaches(ada, "team-tide")


async def test_members_share_their_groups_bucket(world: World) -> None:
    ada, bob = await world.keys("ada", "soil"), await world.keys("bob", "soil")
    assert await world.reaches(ada, "team-soil")
    assert (await world.store.head(bob, "team-soil", "written")).size == 1


async def test_keys_of_a_group_give_nothing_of_the_person_who_got_them(world: World) -> None:
    """They stand in pods that every member of the group may enter."""
    own = await world.keys("bob")
    assert await world.reaches(own, "user-bob")
    keys = await world.keys("bob", "soil")
    assert await world.reaches(keys, "team-soil")
    assert not await world.reaches(keys, "user-bob")
    assert not await world.reaches(keys, "team-tide")


async def test_a_person_named_like_a_group_gets_nothing_by_it(world: World) -> None:
    keys = await world.keys("soil")
    assert await world.reaches(keys, "user-soil")
    assert not await world.reaches(keys, "team-soil")
    assert not await world.reaches(keys, "user-ada")
    group = await world.keys("soil", "tide")
    assert await world.reaches(group, "team-tide")
    assert not await world.reaches(group, "user-soil")


async def test_a_group_with_an_odd_name_reaches_nothing_else(world: World) -> None:
    """Where the store has no rights for its mapped name, it has none at all."""
    keys = await world.keys("ada", "Stat/Prices.North")
    for bucket in ("user-ada", "user-bob", "team-soil", "team-tide", "team-Stat"):
        assert not await world.reaches(keys, bucket)


@pytest.mark.parametrize("group", [None, "soil"])
async def test_keys_for_reading_do_not_write(world: World, group: str | None) -> None:
    bucket = "user-bob" if group is None else "team-soil"
    whole = await world.keys("bob", group)
    assert await world.reaches(whole, bucket)
    reading = await world.keys("bob", group, Access.READ_ONLY)
    assert (await world.store.head(reading, bucket, "written")).size == 1
    assert await world.store.list_folder(reading, bucket, "")
    with pytest.raises(AccessRefusedError):
        await world.store.put(reading, bucket, "written", pieces(b"y"))
    with pytest.raises(AccessRefusedError):
        await world.store.delete(reading, bucket, ["written"])


def with_a_person_s_role(region: JsonObject) -> JsonObject:
    """Return the newer region where a role is kept for the person, and one for all."""
    made: Any = copy.deepcopy(region)
    usual, team = made["data"]["S3"][0]["sts"]["role"]
    mine = {**usual, "profileName": "mine", "claimName": "preferred_username"}
    everybody = {"roleARN": "arn:aws:iam::role/PersonRole", "profileName": "all"}
    made["data"]["S3"][0]["sts"]["role"] = [mine, team, everybody]
    return cast("JsonObject", made)


async def test_keys_of_each_profile_reach_what_its_role_may(
    parts: RunningParts, client: httpx2.AsyncClient
) -> None:
    world = World(parts, client, with_a_person_s_role(newer_region(parts.s3_endpoint)))
    assert await world.reaches(await world.keys("bob"), "user-bob")
    for profile, reached in (
        ("mine", {"user-bob"}),
        ("team-soil", {"team-soil"}),
        ("team-tide", {"team-tide"}),
        ("all", {"user-bob", "team-soil", "team-tide"}),
    ):
        keys = await world.keys("bob", profile=profile)
        assert keys == await world.keys("bob", profile=profile)  # asked of the store once
        for bucket in ("user-bob", "team-soil", "team-tide", "user-ada"):
            assert await world.reaches(keys, bucket) is (bucket in reached), (profile, bucket)
    # In the group's project a role for all is narrowed to the group's place.
    narrowed = await world.keys("bob", "soil", profile="all")
    assert await world.reaches(narrowed, "team-soil")
    assert not await world.reaches(narrowed, "user-bob")
    for absent in ("mine", "team-tide", "gone"):
        with pytest.raises(StorageProfileGoneError):
            await world.keys("bob", "soil", profile=absent)


async def test_who_left_the_group_of_a_profile_gets_none_of_the_keys_of_before(
    parts: RunningParts, client: httpx2.AsyncClient
) -> None:
    world = World(parts, client, newer_region(parts.s3_endpoint))
    assert await world.reaches(await world.keys("bob", profile="team-tide"), "team-tide")
    world.members.groups["bob"] = ["soil"]
    with pytest.raises(StorageProfileGoneError):
        await world.keys("bob", profile="team-tide")
    assert await world.reaches(await world.keys("bob", profile="team-soil"), "team-soil")


async def test_a_release_of_plain_keys_gets_those_of_each_profile_it_names(
    parts: RunningParts, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    region = newer_region(parts.s3_endpoint)
    world = World(parts, client, region)
    grants = SqlReleaseGrants(sqlite_database(tmp_path / "portal.sqlite"))
    credentials = Credentials(
        grants=grants,
        identity=world.members,
        broker=world.broker,
        secret_store=None,
        find_chart=find_chart,
        address="unused",
    )
    bob = await world.members.actor("bob")
    accounts: Any = None
    contexts = ClusterContexts(region=region, accounts=accounts)
    offered, chosen = contexts._storage(bob, bob.personal_project, personal=True)
    context: Any = launch_context(ContextInputs("bob", s3=chosen, s3_profiles=offered))
    listed: Any = (
        await credentials.issue(
            plan({"stores": context["s3_array"][:2]}, owner="bob", project="user-bob")
        )
    ).plan.values["stores"]
    assert [one["profileName"] for one in listed] == ["default", "team-soil"]
    for one, reached in zip(listed, ("user-bob", "team-soil"), strict=True):
        keys = S3Credentials(
            one["AWS_ACCESS_KEY_ID"],
            Secret(one["AWS_SECRET_ACCESS_KEY"]),
            Secret(one["AWS_SESSION_TOKEN"]),
            datetime.now(UTC),
            parts.s3_endpoint,
            one["AWS_DEFAULT_REGION"],
        )
        for bucket in ("user-bob", "team-soil", "team-tide"):
            assert await world.reaches(keys, bucket) is (bucket == reached)
    grants.close()


async def test_who_left_a_group_gets_no_keys_to_it(
    parts: RunningParts, client: httpx2.AsyncClient
) -> None:
    """The role is refused by the store itself, whatever the platform believes."""
    region = newer_region(parts.s3_endpoint)
    before = World(parts, client, region)
    project = await before.members.project("bob", "tide")

    class Stale(Members):
        """Knows bob as he was; his token says what he is."""

        def claims(self, username: str) -> dict[str, object]:
            return {**super().claims(username), "groups": ["soil"]}

    identity = Stale(parts.issuer, region)
    broker = RoleBroker(
        identity=identity,
        client=client,
        roles=RegionRoles(region=region, identity=before.members),
    )
    with pytest.raises(AccessRefusedError):
        await broker.credentials(username="bob", project=project)


@pytest.mark.parametrize("token", [{"audience": "other"}, {"minutes": -5.0}])
async def test_a_wrong_or_old_token_gives_no_keys(
    parts: RunningParts, client: httpx2.AsyncClient, token: dict[str, object]
) -> None:
    world = World(parts, client, newer_region(parts.s3_endpoint), **token)
    with pytest.raises(AccessRefusedError):
        await world.keys("ada")
