"""How the front door tells Caddy its routes: on a socket where Caddy would listen."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sardonyx.adapters.caddy.front_door import CaddyFrontDoor
from sardonyx.adapters.processes.home import Home


@asynccontextmanager
async def administration(home: Home) -> AsyncIterator[list[set[str]]]:
    """Listen as Caddy's administration does; give the service hosts of each load."""
    loads: list[set[str]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split()[0])
        document = json.loads(await reader.readexactly(length))
        routes = document["apps"]["http"]["servers"]["front"]["routes"]
        hosts = [host for one in routes for host in one.get("match", [{}])[0].get("host", [])]
        loads.append({host for host in hosts if host.endswith(".localhost")})
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(answer, path=str(home.caddy_admin_socket))
    async with server:
        yield loads


async def test_ways_of_one_moment_are_opened_by_one_load() -> None:
    """A portal that starts again must not close for a moment what others use."""
    with tempfile.TemporaryDirectory(prefix="sx") as folder:
        home = Home(Path(folder))
        home.prepare()
        door = CaddyFrontDoor(home=home, port=8000)

        async def add(name: str, upstream: str = "unix//s") -> None:
            await door.add(release=name, upstream=upstream, header=None, address_port=None)

        async with administration(home) as loads:
            await asyncio.gather(*(add(name) for name in ("a", "b", "c")))
            assert loads == [{"a.localhost", "b.localhost", "c.localhost"}]
            await add("a")
            assert len(loads) == 1, "nothing new to tell"
            await add("a", "unix//other")
            await door.remove("b")
            assert loads[1:] == [
                {"a.localhost", "b.localhost", "c.localhost"},
                {"a.localhost", "c.localhost"},
            ]
