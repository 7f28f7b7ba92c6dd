"""What the file service does and refuses."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.files.fakes import ADA, EVE, World

from sardonyx.data.sample import SAMPLE_KEY, SAMPLE_README_KEY, enterprises, sample_parquet
from sardonyx.files.errors import (
    ObjectExistsError,
    ObjectNameError,
    ObjectNotFoundError,
    UploadInterruptedError,
)
from sardonyx.files.models import Access
from sardonyx.projects.errors import ProjectNotFoundError

P = "user-ada"


@pytest.fixture
def world() -> World:
    return World()


async def blocks(*content: bytes) -> AsyncIterator[bytes]:
    for block in content:
        yield block


async def put(world: World, key: str, content: bytes = b"x") -> None:
    await world.files.upload(ADA, P, key, blocks(content), overwrite=True)


async def broken(*content: bytes) -> AsyncIterator[bytes]:
    for block in content:
        yield block
    raise UploadInterruptedError(key="k", received=sum(map(len, content)))


async def read(content: AsyncIterator[bytes]) -> bytes:
    return b"".join([block async for block in content])


async def test_a_file_comes_back_as_it_was_stored(world: World) -> None:
    content = os.urandom(3000)
    done = await world.files.upload(
        ADA, P, "d/été 'x'.bin", blocks(content[:10], content[10:]), overwrite=False, size=3000
    )
    assert done.result.size == 3000
    assert await read(await world.files.download(ADA, P, "d/été 'x'.bin")) == content
    part = await world.files.download(ADA, P, "d/été 'x'.bin", start=5, length=7)
    assert await read(part) == content[5:12]
    listing = await world.files.listing(ADA, P, "d")
    assert [item.key for item in listing.objects] == ["d/été 'x'.bin"]
    assert (await world.files.listing(ADA, P)).folders == ("d/",)


async def test_the_commands_of_an_upload_are_quoted_and_hold_no_key(world: World) -> None:
    name = 'd/it\'s $HOME `id`; "x" 🌞.csv'
    done = await world.files.upload(ADA, P, name, blocks(b"1"), overwrite=True)
    *_, last = done.commands.underneath.splitlines()
    assert shlex.split(last) == [
        "aws", "s3", "cp", "./it's $HOME `id`; \"x\" 🌞.csv", f"s3://user-ada/{name}",
    ]  # fmt: skip
    assert shlex.split(done.commands.platform)[:3] == ["sardonyx", "files", "cp"]
    assert "sardonyx account credentials" in done.commands.underneath
    keys = await world.files.credentials(ADA, P)
    for secret in (keys.secret_access_key, keys.session_token):
        assert secret.reveal() not in done.commands.underneath + done.commands.platform


@pytest.mark.parametrize("size", [2, 4, 0])
async def test_an_upload_of_another_length_than_announced_stores_nothing(
    world: World, size: int
) -> None:
    await put(world, "k", b"old")
    with pytest.raises(UploadInterruptedError):
        await world.files.upload(ADA, P, "k", blocks(b"ab", b"c"), overwrite=True, size=size)
    assert await read(await world.files.download(ADA, P, "k")) == b"old"


async def test_an_upload_that_breaks_off_stores_nothing(world: World) -> None:
    await world.files.listing(ADA, P)
    with pytest.raises(UploadInterruptedError):
        await world.files.upload(ADA, P, "k", broken(b"half"), overwrite=True)
    assert world.keys() == []


async def test_two_uploads_of_one_key_leave_one_whole_file(world: World) -> None:
    one, two = b"1" * 5000, b"2" * 5000
    await asyncio.gather(
        world.files.upload(ADA, P, "k", blocks(one[:9], one[9:]), overwrite=True),
        world.files.upload(ADA, P, "k", blocks(two[:9], two[9:]), overwrite=True),
    )
    assert await read(await world.files.download(ADA, P, "k")) in (one, two)


async def test_a_taken_name_is_refused_unless_replacing_is_asked(world: World) -> None:
    await put(world, "k", b"old")
    with pytest.raises(ObjectExistsError):
        await world.files.upload(ADA, P, "k", blocks(b"new"), overwrite=False)
    assert await read(await world.files.download(ADA, P, "k")) == b"old"


@pytest.mark.parametrize("key", ["../x", "a\nb", "", "a//b"])
async def test_every_action_refuses_a_bad_name(world: World, key: str) -> None:
    files = world.files
    await put(world, "good")
    for action in (
        files.upload(ADA, P, key, blocks(b""), overwrite=True),
        files.describe(ADA, P, key),
        files.download(ADA, P, key),
        files.delete(ADA, P, ["good", key]),
        files.delete_folder(ADA, P, key + "/"),
        files.copy(ADA, P, "good", key),
        files.copy(ADA, P, key, "new"),
        files.move(ADA, P, "good", key),
        files.preview(ADA, P, key),
        files.query(ADA, P, key, "select 1"),
        files.snippet(ADA, P, key),
    ):
        with pytest.raises(ObjectNameError):
            await action
    assert world.keys() == ["good"]


async def test_nobody_acts_in_a_project_that_is_not_theirs(world: World) -> None:
    files = world.files
    await put(world, "k")
    world.broker.asked.clear()
    for action in (
        files.listing(EVE, P),
        files.describe(EVE, P, "k"),
        files.recent(EVE, P),
        files.upload(EVE, P, "k", blocks(b""), overwrite=True),
        files.download(EVE, P, "k"),
        files.delete(EVE, P, ["k"]),
        files.count_folder(EVE, P, "k"),
        files.delete_folder(EVE, P, "k/"),
        files.copy(EVE, P, "k", "l"),
        files.move(EVE, P, "k", "l"),
        files.preview(EVE, P, "k"),
        files.query(EVE, P, "k", "select 1"),
        files.snippet(EVE, P, "k"),
        files.share(EVE, P, "k", timedelta(hours=1)),
        files.credentials(EVE, P),
        files.add_sample(EVE, P),
    ):
        with pytest.raises(ProjectNotFoundError):
            await action
    assert world.broker.asked == []
    assert world.keys() == ["k"]


async def test_recent_files_are_the_newest_first(world: World) -> None:
    for key in ("a", "d/b", "c"):
        await put(world, key)
    await put(world, "a")
    assert [item.key for item in await world.files.recent(ADA, P, 2)] == ["a", "c"]


async def test_a_folder_is_deleted_with_its_count_and_nothing_beside_it(world: World) -> None:
    for key in ("d/a", "d/e/b", "d2/c", "d"):
        await put(world, key)
    assert await world.files.count_folder(ADA, P, "d") == (2, 2)
    done = await world.files.delete_folder(ADA, P, "d")
    assert done.result == 2
    assert world.keys() == ["d", "d2/c"]
    with pytest.raises(ObjectNotFoundError):
        await world.files.delete_folder(ADA, P, "d")
    for root in ("", "/"):
        with pytest.raises(ObjectNameError):
            await world.files.delete_folder(ADA, P, root)


async def test_many_files_are_deleted_in_batches(world: World) -> None:
    names = [f"d/{number}" for number in range(2500)]
    for name in names:
        await put(world, name)
    assert (await world.files.delete_folder(ADA, P, "d")).result == 2500
    assert world.keys() == []


async def test_copy_and_move_keep_what_is_there_unless_told(world: World) -> None:
    await put(world, "a", b"A")
    await put(world, "b", b"B")
    with pytest.raises(ObjectExistsError):
        await world.files.move(ADA, P, "a", "b")
    assert world.keys() == ["a", "b"]
    await world.files.move(ADA, P, "a", "b", overwrite=True)
    assert world.keys() == ["b"]
    assert await read(await world.files.download(ADA, P, "b")) == b"A"
    await world.files.copy(ADA, P, "b", "c")
    assert world.keys() == ["b", "c"]
    with pytest.raises(ObjectNotFoundError):
        await world.files.copy(ADA, P, "gone", "z")
    with pytest.raises(ObjectNameError):
        await world.files.move(ADA, P, "b", "b", overwrite=True)
    assert world.keys() == ["b", "c"]


async def test_tables_are_read_with_keys_that_cannot_write(world: World) -> None:
    await put(world, "a.csv")
    world.broker.asked.clear()
    table = await world.files.preview(ADA, P, "a.csv", rows=7)
    assert table.result.rows == (("preview user-ada/a.csv 7",),)
    await world.files.query(ADA, P, "a.csv", "select 1")
    assert {access for _, _, access in world.broker.asked} == {Access.READ_ONLY}


async def test_a_shared_address_dies_with_the_keys_it_was_made_with(world: World) -> None:
    await put(world, "a")
    _, short = await world.files.share(ADA, P, "a", timedelta(minutes=5))
    address, long = await world.files.share(ADA, P, "a", timedelta(days=7))
    assert short == timedelta(minutes=5)
    assert timedelta(minutes=55) < long <= timedelta(hours=1)
    assert address.startswith("http://storage.test/")


async def test_the_sample_is_put_beside_a_note_of_its_level(world: World) -> None:
    done = await world.files.add_sample(ADA, P)
    assert done.result.key == SAMPLE_KEY
    assert world.keys() == sorted((SAMPLE_KEY, SAMPLE_README_KEY))
    note = await read(await world.files.download(ADA, P, SAMPLE_README_KEY))
    assert b"Level: invented" in note


async def test_the_sample_is_the_same_each_time() -> None:
    assert await sample_parquet() == await sample_parquet()
    rows = list(enterprises())
    assert len(rows) == 5000
    assert len({row[0] for row in rows}) == 5000
    assert rows == list(enterprises())
    assert rows[:10] != list(enterprises(10, seed=1))
