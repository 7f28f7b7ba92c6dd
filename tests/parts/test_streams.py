"""Large, broken and foreign objects on the real store."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from uuid import uuid4

import anyio
import httpx2
import pytest
from tests.contracts.object_store import MIB, pieces

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.s3.calls import Call, S3Caller
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.sts import WebIdentityBroker
from sardonyx.files.errors import ObjectNameError, ObjectNotFoundError
from sardonyx.files.models import S3Credentials
from sardonyx.testing.parts import RunningParts

pytestmark = pytest.mark.real

BUCKET = "user-streams"


class Bucket:
    """A bucket, its store, and calls that no check of ours stops."""

    def __init__(self, keys: S3Credentials, client: httpx2.AsyncClient) -> None:
        self.keys = keys
        self.store = S3ObjectStore(client=client)
        self.caller = S3Caller(client)

    async def pending_uploads(self, key: str) -> bool:
        call = Call("GET", BUCKET, query=[("uploads", ""), ("prefix", key)])
        return b"<UploadId>" in (await self.caller.send(self.keys, call)).content


@pytest.fixture
async def bucket(real_parts: RunningParts) -> AsyncIterator[Bucket]:
    person = OnePerson.of_login(real_parts.issuer, "streams")
    async with httpx2.AsyncClient(
        trust_env=False, verify=SSLContext(PROTOCOL_TLS_CLIENT)
    ) as client:
        broker = WebIdentityBroker(identity=person, client=client, endpoint=real_parts.s3_endpoint)
        keys = await broker.credentials(username="streams", project=person.person.personal_project)
        bucket = Bucket(keys, client)
        await bucket.store.ensure_bucket(keys, BUCKET)
        yield bucket


async def test_a_large_file_passes_in_little_memory(bucket: Bucket) -> None:
    size = 96 * MIB
    piece = bytes(MIB)

    async def content() -> AsyncIterator[bytes]:
        for _ in range(size // MIB):
            yield piece

    tracemalloc.start()
    try:
        stored = await bucket.store.put(bucket.keys, BUCKET, "large", content())
        read = 0
        async for part in bucket.store.get(bucket.keys, BUCKET, "large"):
            read += len(part)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (stored.size, read) == (size, size)
    assert peak < 64 * MIB, "a few parts of 8 MiB, whatever the size of the file"


async def test_a_broken_upload_leaves_no_parts(bucket: Bucket) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for piece in pieces(bytes(40 * MIB)):
            yield piece
        assert await bucket.pending_uploads("broken"), "parts had been sent"
        raise OSError("the sender went away")

    with pytest.raises(OSError, match="went away"):
        await bucket.store.put(bucket.keys, BUCKET, "broken", broken())
    assert not await bucket.pending_uploads("broken")


async def test_a_cancelled_upload_leaves_no_parts(bucket: Bucket) -> None:
    waiting = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        async for piece in pieces(bytes(40 * MIB)):
            yield piece
        waiting.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(bucket.store.put(bucket.keys, BUCKET, "cancelled", endless()))
    with anyio.fail_after(120):
        await waiting.wait()
    assert await bucket.pending_uploads("cancelled")
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert not await bucket.pending_uploads("cancelled")
    with pytest.raises(ObjectNotFoundError):
        await bucket.store.head(bucket.keys, BUCKET, "cancelled")


async def test_a_folder_of_more_than_a_page_is_listed_whole(bucket: Bucket) -> None:
    folder = f"{uuid4().hex}/"
    names = {f"{folder}{number:04} é" for number in range(1005)}
    slots = asyncio.Semaphore(8)

    async def put(name: str) -> None:
        async with slots:
            await bucket.caller.send(bucket.keys, Call("PUT", BUCKET, name, payload=b"x"))

    async with asyncio.TaskGroup() as sending:
        for name in names:
            sending.create_task(put(name))
    first = await bucket.store.list_folder(bucket.keys, BUCKET, folder)
    assert len(first.objects) == 1000
    second = await bucket.store.list_folder(bucket.keys, BUCKET, folder, cursor=first.cursor)
    assert second.cursor is None
    assert {found.key for found in first.objects + second.objects} == names
    assert {found.key async for found in bucket.store.walk(bucket.keys, BUCKET, folder)} == names
    await bucket.store.delete(bucket.keys, BUCKET, sorted(names))
    after = await bucket.store.list_folder(bucket.keys, BUCKET, folder)
    assert (after.folders, after.objects) == ((), ())


@pytest.mark.parametrize("name", ["a//b", "/first", "back\\slash", "folder/", "line\nend", "c\x01"])
async def test_what_another_tool_wrote_breaks_no_listing(bucket: Bucket, name: str) -> None:
    """Names that we refuse are written past our checks: whatever is listed can be deleted."""
    folder = f"{uuid4().hex}/"
    await bucket.caller.send(bucket.keys, Call("PUT", BUCKET, folder + name))
    await bucket.store.put(bucket.keys, BUCKET, f"{folder}beside", pieces(b"x"))
    page = await bucket.store.list_folder(bucket.keys, BUCKET, folder)
    assert f"{folder}beside" in {found.key for found in page.objects}
    listed = [found.key async for found in bucket.store.walk(bucket.keys, BUCKET, folder)]
    assert len(listed) == 2
    await bucket.store.delete(bucket.keys, BUCKET, listed)
    assert [found async for found in bucket.store.walk(bucket.keys, BUCKET, folder)] == []


async def test_a_name_too_long_for_the_store_is_refused(bucket: Bucket) -> None:
    with pytest.raises(ObjectNameError):
        await bucket.store.put(bucket.keys, BUCKET, "x" * 256, pieces(b"x"))


async def test_a_folder_made_by_hand_stays_when_it_is_emptied(bucket: Bucket) -> None:
    folder = f"{uuid4().hex}/made/"
    await bucket.caller.send(bucket.keys, Call("PUT", BUCKET, folder))
    await bucket.store.put(bucket.keys, BUCKET, f"{folder}file", pieces(b"x"))
    await bucket.store.delete(bucket.keys, BUCKET, [f"{folder}file"])
    page = await bucket.store.list_folder(bucket.keys, BUCKET, folder.removesuffix("made/"))
    assert page.folders == (folder,)
