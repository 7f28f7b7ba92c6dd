"""How the front door tells Caddy its routes: on a socket where Caddy would listen."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from sardonyx.adapters.caddy.front_door import CaddyFrontDoor
from sardonyx.adapters.processes.home import Home
from sardonyx.services.errors import RuntimeUnavailableError
from sardonyx.values import Secret


@asynccontextmanager
async def administration(
    home: Home, *, taken: AbstractSet[int] = frozenset()
) -> AsyncIterator[list[set[str]]]:
    """Listen as Caddy's administration does; give the service hosts of each accepted load.

    taken: ports that another program holds.
    """
    loads: list[set[str]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split()[0])
        document = json.loads(await reader.readexactly(length))
        servers = document["apps"]["http"]["servers"].values()
        for port in (int(one.rpartition(":")[2]) for each in servers for one in each["listen"]):
            if port in taken:
                said = f"listen tcp 127.0.0.1:{port}: bind: address already in use".encode()
                writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(said), said))
                await writer.drain()
                writer.close()
                return
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


async def test_a_port_that_another_program_holds_costs_no_other_service_its_way() -> None:
    """Caddy refuses the whole configuration for one port; the portal must start all the same."""
    with tempfile.TemporaryDirectory(prefix="sx") as folder:
        home = Home(Path(folder))
        home.prepare()

        async def issue(_: str, __: timedelta) -> Secret:
            return Secret("token")

        door = CaddyFrontDoor(home=home, port=8000, issue=issue)

        async def add(name: str, port: int) -> None:
            await door.add(release=name, upstream="unix//s", header=None, address_port=port)

        async with administration(home, taken={21001}) as loads:
            await asyncio.gather(add("a", 21000), add("b", 21001), add("c", 21002))
            assert loads[-1] == {"a.localhost", "b.localhost", "c.localhost"}
            servers = json.loads((home.parts / "caddy.json").read_text())["apps"]["http"]["servers"]
            assert servers.keys() == {"front", "address-a", "address-c"}
            # Nobody is given a key to send to the program that is there instead.
            with pytest.raises(RuntimeUnavailableError):
                await door.credential("b", life=timedelta(minutes=1))
            assert (await door.credential("a", life=timedelta(minutes=1)))[1]


async def test_what_caddy_refuses_for_another_reason_is_an_error() -> None:
    with tempfile.TemporaryDirectory(prefix="sx") as folder:
        home = Home(Path(folder))
        home.prepare()
        door = CaddyFrontDoor(home=home, port=8000)
        async with administration(home, taken={8000}):
            with pytest.raises(RuntimeUnavailableError):
                await door.add(release="a", upstream="unix//s", header=None, address_port=21000)
