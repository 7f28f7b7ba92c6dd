"""What a real Caddy compresses of the portal's answers, and what it leaves alone."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest

from sardonyx.adapters.caddy.config import front_door
from sardonyx.adapters.processes.home import free_ports
from sardonyx.adapters.processes.programs import find_program

pytestmark = pytest.mark.real

BODY = b"<p>the same words again and again</p>" * 500
ANSWERS = {
    "/page": b"Content-Type: text/html; charset=utf-8\r\n",
    "/static/app.js": b"Content-Type: text/javascript; charset=utf-8\r\n",
    "/files/page.html": b"Content-Type: text/html\r\nContent-Disposition: attachment\r\n",
    "/table.parquet": b"Content-Type: application/octet-stream\r\n",
    "/api/v1/page": b"Content-Type: text/html\r\n",
}
SECONDS = 60.0


async def portal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request; `/services/-/stream` gives its headers and then no event for long."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            if path == "/services/-/stream":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
                await writer.drain()
                await reader.read()
                break
            size = b"Content-Length: %d\r\n\r\n" % len(BODY)
            writer.write(b"HTTP/1.1 200 OK\r\n" + ANSWERS[path] + size + BODY)
            await writer.drain()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def door() -> AsyncIterator[httpx2.AsyncClient]:
    """Start Caddy in front of `portal`; yields a client that asks for compression."""
    (port,) = free_ports(1)
    with TemporaryDirectory(prefix="sx") as name:
        folder = Path(name)
        document = front_door(
            listen=(f"127.0.0.1:{port}",),
            admin_socket=folder / "a.sock",
            portal=f"unix/{folder / 'p.sock'}",
            routes=(),
            log_file=folder / "log",
        )
        (folder / "c.json").write_text(json.dumps(document))
        talks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_unix_server(
            lambda reader, writer: talks.add(asyncio.create_task(portal(reader, writer))),
            folder / "p.sock",
        )
        caddy = await asyncio.create_subprocess_exec(
            *(find_program("caddy").path, "run", "--config", folder / "c.json"),
            env={"HOME": name},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        headers = {"host": f"localhost:{port}", "accept-encoding": "gzip"}
        try:
            async with httpx2.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=10
            ) as client:
                deadline = time.monotonic() + SECONDS
                while True:
                    try:
                        await client.get("/page")
                        break
                    except httpx2.TransportError:
                        assert time.monotonic() < deadline, "Caddy does not answer"
                        await asyncio.sleep(0.05)
                yield client
        finally:
            caddy.kill()
            await caddy.wait()
            await asyncio.gather(*talks)
            server.close()


async def test_pages_and_their_scripts_are_compressed_and_downloads_are_not() -> None:
    async with door() as client:
        seen = {}
        for path in ANSWERS:
            answer = await client.get(path)
            assert answer.content == BODY, path
            seen[path] = answer.headers.get("content-encoding")
    assert seen == {
        "/page": "gzip",
        "/static/app.js": "gzip",
        "/files/page.html": None,
        "/table.parquet": None,
        "/api/v1/page": None,
    }


async def test_a_stream_of_events_opens_before_its_first_event() -> None:
    async with door() as client, client.stream("GET", "/services/-/stream") as answer:
        assert answer.status_code == 200
        assert answer.headers.get("content-encoding") is None
