"""Uploads as a browser sends them: over a socket, to a real store, and cut in the middle."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx2
import pytest
import uvicorn
from tests.api.world import portal
from tests.files.storage import Storage, running_storage, storage_of

from sardonyx.testing.parts import RunningParts

pytestmark = pytest.mark.real

MIB = 1024 * 1024
PATH = "/api/v1/projects/user-ada/files/"


@pytest.fixture(scope="module")
def parts() -> Iterator[RunningParts]:
    with running_storage() as running:
        yield running


@asynccontextmanager
async def serving(storage: Storage) -> AsyncIterator[int]:
    """Serve the portal's routes on a port of their own, which is yielded."""
    app = portal(files=storage.files)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who comes before the server is up waits
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running


@pytest.fixture
async def storage(parts: RunningParts) -> AsyncIterator[Storage]:
    async with storage_of(parts) as ready:
        await ready.files.delete(ready.ada, ready.project, await keys_of(ready) or ["none"])
        yield ready


def client(port: int) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{port}{PATH}",
        headers={"authorization": "Bearer ada-token"},
        timeout=120,
    )


async def cut_upload(port: int, key: str, content: bytes, announced: int) -> None:
    """Announce more than is sent, then go away."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"PUT {PATH}{key} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ada-token\r\n"
        f"Content-Length: {announced}\r\n\r\n".encode()
    )
    writer.write(content)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def keys_of(storage: Storage) -> list[str]:
    return [item.key for item in await storage.files.recent(storage.ada, storage.project, 100)]


@pytest.mark.parametrize("sent", [10, 20 * MIB])
async def test_an_upload_cut_in_the_middle_leaves_what_was_there(
    storage: Storage, sent: int
) -> None:
    await storage.put("kept.bin", b"old")
    async with serving(storage) as port, client(port) as browser:
        for key in ("kept.bin", "new.bin"):
            await cut_upload(port, key, os.urandom(sent), announced=40 * MIB)
        # The same key again: it is whole, and the cut one never comes after it.
        again = await browser.put("kept.bin", content=b"whole")
        assert again.status_code == 201
        assert (await browser.get("kept.bin")).content == b"whole"
        assert (await browser.get("new.bin")).status_code == 404
    # The server has ended, and with it all that the cut uploads had begun.
    assert await keys_of(storage) == ["kept.bin"]
    content = await storage.files.download(storage.ada, storage.project, "kept.bin")
    assert b"".join([block async for block in content]) == b"whole"


async def test_two_uploads_of_one_key_leave_one_of_them_whole(
    storage: Storage,
) -> None:
    contents = [bytes([number]) * (18 * MIB) for number in (1, 2)]
    async with serving(storage) as port, client(port) as browser:
        answers = await asyncio.gather(
            *(browser.put("both.bin", content=content) for content in contents)
        )
        assert [answer.status_code for answer in answers] == [201, 201]
        assert (await browser.get("both.bin")).content in contents
        careful = await browser.put("both.bin", content=b"3", headers={"if-none-match": "*"})
        assert careful.status_code == 409


async def test_a_large_file_and_its_parts_come_back_as_they_went(
    storage: Storage,
) -> None:
    content = os.urandom(12 * MIB + 7)
    async with serving(storage) as port, client(port) as browser:
        await browser.put("d/été 🌞 'x'.bin", content=content)
        assert (await browser.get("d/été 🌞 'x'.bin")).content == content
        part = await browser.get("d/été 🌞 'x'.bin", headers={"range": "bytes=9000000-"})
        assert part.content == content[9_000_000:]
        empty = await browser.put("empty", content=b"")
        assert empty.json()["size"] == 0
        assert (await browser.get("empty")).content == b""
    assert sorted(await keys_of(storage)) == ["d/été 🌞 'x'.bin", "empty"]
