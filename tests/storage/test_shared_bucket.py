"""Where all share one bucket, each project sees its own folder as if it were the whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest
from tests.contracts.object_store import pieces
from tests.files.fakes import OneRow
from tests.storage.region import Members, shared_region, with_groups

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.roles import RegionRoles
from sardonyx.adapters.s3.sts import RoleBroker
from sardonyx.files.errors import AccessRefusedError, ObjectNotFoundError
from sardonyx.files.models import S3Credentials
from sardonyx.files.service import Files
from sardonyx.projects.models import Actor
from sardonyx.testing.parts import RunningParts, running_parts

pytestmark = pytest.mark.real
_MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def parts() -> Iterator[RunningParts]:
    with (
        TemporaryDirectory(prefix="sx") as folder,
        running_parts(
            Home(Path(folder)), names=("keys", "seaweedfs"), configured=with_groups
        ) as parts,
    ):
        yield parts


class World:
    def __init__(self, parts: RunningParts, client: httpx2.AsyncClient) -> None:
        region = shared_region(parts.s3_endpoint)
        self.members = Members(parts.issuer, region)
        self.store = S3ObjectStore(client=client)
        self.broker = RoleBroker(
            identity=self.members,
            client=client,
            roles=RegionRoles(region=region, identity=self.members),
        )
        self.files = Files(broker=self.broker, store=self.store, tables=OneRow())

    async def keys(self, username: str, group: str | None = None) -> S3Credentials:
        project = await self.members.project(username, group)
        return await self.broker.credentials(username=username, project=project)

    async def actor(self, username: str) -> Actor:
        return await self.members.actor(username)


@pytest.fixture
async def world(parts: RunningParts) -> AsyncIterator[World]:
    async with httpx2.AsyncClient(trust_env=False) as client:
        made = World(parts, client)
        keeper = shared_region(parts.s3_endpoint)
        data = keeper["data"]
        assert isinstance(data, dict)
        assert isinstance(data["S3"], dict)
        data["S3"]["sts"] = {"role": {"roleARN": "arn:aws:iam::role/KeeperRole"}}
        broker = RoleBroker(
            identity=made.members,
            client=client,
            roles=RegionRoles(region=keeper, identity=made.members),
        )
        project = await made.members.project("ada")
        keys = await broker.credentials(username="ada", project=project)
        await made.store.ensure_bucket(keys, "pool")
        yield made


async def test_a_project_is_its_folder(world: World) -> None:
    ada = await world.actor("ada")
    done = await world.files.upload(ada, "user-ada", "a/x.csv", pieces(b"n\n1\n"), overwrite=True)
    assert done.result.key == "a/x.csv"
    assert "s3://pool/home-ada/a/x.csv" in done.commands.underneath
    await world.files.upload(ada, "user-ada", "y.csv", pieces(b"n\n2\n"), overwrite=True)
    listing = await world.files.listing(ada, "user-ada")
    assert (listing.prefix, listing.folders) == ("", ("a/",))
    assert [one.key for one in listing.objects] == ["y.csv"]
    assert {one.key for one in await world.files.recent(ada, "user-ada")} == {"a/x.csv", "y.csv"}
    assert (await world.files.describe(ada, "user-ada", "a/x.csv")).key == "a/x.csv"
    await world.files.move(ada, "user-ada", "y.csv", "z.csv")
    content = await world.files.download(ada, "user-ada", "z.csv")
    assert b"".join([one async for one in content]) == b"n\n2\n"
    with pytest.raises(ObjectNotFoundError):
        await world.files.describe(ada, "user-ada", "y.csv")
    address, _ = await world.files.share(ada, "user-ada", "z.csv", _MINUTE)
    assert "/pool/home-ada/z.csv" in address
    table = (await world.files.preview(ada, "user-ada", "z.csv")).result
    assert table.rows[0][0] == "preview pool/home-ada/z.csv 50"
    assert (await world.files.delete_folder(ada, "user-ada", "a")).result == 1
    stored = await world.store.head(await world.keys("ada"), "pool", "home-ada/z.csv")
    assert stored.size == 4


async def test_members_share_their_groups_folder(world: World) -> None:
    ada, bob = await world.actor("ada"), await world.actor("bob")
    await world.files.upload(ada, "team-soil", "note", pieces(b"x"), overwrite=True)
    assert (await world.files.describe(bob, "team-soil", "note")).size == 1


@pytest.mark.parametrize("group", [None, "soil"])
async def test_the_store_refuses_other_folders(world: World, group: str | None) -> None:
    bob = await world.actor("bob")
    for project in ("user-bob", "team-tide"):
        await world.files.upload(bob, project, "note", pieces(b"x"), overwrite=True)
    keys = await world.keys("ada" if group is None else "bob", group)
    for folder in ("home-bob/", "teams/tide/"):
        with pytest.raises(AccessRefusedError):
            await world.store.head(keys, "pool", f"{folder}note")
        with pytest.raises(AccessRefusedError):
            await world.store.put(keys, "pool", f"{folder}new", pieces(b"x"))
        with pytest.raises(AccessRefusedError):
            await world.store.list_folder(keys, "pool", folder)
    with pytest.raises(AccessRefusedError):
        await world.store.list_folder(keys, "pool", "")
