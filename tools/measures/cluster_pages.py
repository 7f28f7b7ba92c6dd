"""Measure open pages of a platform on a cluster: 500 people look at their services at once.

The portal runs in a process of its own over replayed watch events, 5 services for each person;
its connection to the API server counts what is asked of it. The pages are plain connections.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from tools.measures.cluster_lists import CachedRuntime, objects, payload, resident
from tools.measures.table import Asked, Measure, Table, percentile

from sardonyx.projects.models import Actor, Project
from sardonyx.services.models import Observation
from sardonyx.testing import cluster_objects as made
from sardonyx.values import JsonObject

ROOT = Path(__file__).resolve().parents[2]
_SERVICES = 5
_MB = 1e6


def measure(asked: Asked) -> Table:
    """Return the table of open pages."""
    measures = asyncio.run(_measured(asked.size(500, least=10), asked.size(100, least=10)))
    about = [f"A portal in one process, {_SERVICES} services for each person; peer: no page open."]
    return Table("cluster_pages", "Open pages on a cluster", measures, about)


async def _measured(pages: int, changes: int) -> list[Measure]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, str(pages)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        empty = await _figures(port)
        began = time.perf_counter()
        opened = await asyncio.gather(*(_opened(port, one) for one in range(pages)))
        lasted = time.perf_counter() - began
        full = await _figures(port)
        await asyncio.sleep(10)
        rest = await _figures(port)
        delays = []
        for number in range(changes):
            who = number * 7 % pages
            changed = time.perf_counter()
            await _get(port, f"/measured/change/{who}")
            await opened[who].event()
            delays.append((time.perf_counter() - changed) * 1e3)
        end = await _figures(port)
        for page in opened:
            page.writer.close()
    finally:
        process.terminate()
        await process.wait()
    busy = (end.cpu - rest.cpu) / changes * 1e3
    return [
        Measure("requests to the API server", end.asked, "", at_most=0),
        Measure(f"{pages} pages opened", lasted, "s",
                note=f"{(full.cpu - empty.cpu):.1f} s of CPU"),
        Measure("memory with them", full.resident / _MB, "MB", peer=empty.resident / _MB,
                note=f"{(full.resident - empty.resident) / pages / 1e3:.0f} kB a page"),
        Measure("processor while nothing changes", (rest.cpu - full.cpu) / 10 * 100, "% of a core"),
        Measure("a change on its page, p95", percentile(delays, 95), "ms", at_most=1000,
                note=f"{busy:.0f} ms of CPU each"),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the portal's process: seconds of CPU, resident bytes, requests to the API server."""

    cpu: float
    resident: float
    asked: int


@dataclass(frozen=True, slots=True)
class Page:
    """An open stream of a page."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def event(self) -> None:
        """Return after the next whole event."""
        while (await self.reader.readline()).strip() != b"event: list":
            if self.reader.at_eof():
                raise RuntimeError("the stream has ended")


async def _opened(port: int, who: int) -> Page:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    page = Page(reader, writer)
    writer.write(_request(port, "/services/-/stream", who))
    await page.event()
    return page


async def _get(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_request(port, path, 0))
    answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n\r\n")[2]


async def _figures(port: int) -> Figures:
    return Figures(**json.loads(await _get(port, "/measured/figures")))


def _request(port: int, path: str, who: int) -> bytes:
    close = "" if path.endswith("stream") else "Connection: close\r\n"
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: sardonyx={who}\r\n{close}\r\n"
    return head.encode()


# The portal


class WatchedRuntime(CachedRuntime):
    """Reads and follows the watch cache."""

    def __init__(self, cache: object) -> None:
        from sardonyx.adapters.kubernetes.cache import ClusterCache

        self.cache = cast(ClusterCache, cache)
        super().__init__(self.cache.observations)

    async def observe(self, project: str) -> AsyncIterator[Observation]:
        async for seen in self.cache.changes(project):
            yield seen


class Persons:
    """Everybody is who their cookie says, with a project of their own."""

    async def actor(self, token: str | None) -> Actor | None:
        if token is None or not re.fullmatch(r"\d+", token):
            return None
        name = f"user-{token}"
        project = Project(id=name, name=name, bucket=name, secrets_folder=name)
        return Actor(name, name, f"{name}@example.org", (project,))


def serve(people: int) -> None:
    """Serve the pages of `people` on a port that is printed first."""
    import httpx2
    import uvicorn
    from fastapi import FastAPI
    from tests.web.stub_platform import Contexts, Records, stub_platform, stub_portal

    from sardonyx.adapters.kubernetes.cache import ClusterCache
    from sardonyx.adapters.kubernetes.client import ClusterClient
    from sardonyx.adapters.kubernetes.event_source import ClusterEventSource
    from sardonyx.services.project_events import ProjectEvents
    from sardonyx.services.service import Services
    from sardonyx.testing.events import MemoryMarks
    from sardonyx.web.streams import WatchedStreams

    asked: list[str] = []

    def count(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        return httpx2.Response(503)

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(count), base_url="http://cluster.test")
    cache = ClusterCache(ClusterClient(http))
    payloads = [payload(seed) for seed in range(20)]
    for who in range(people):
        for number in range(_SERVICES):
            for what, content in objects(f"user-{who}", f"jupyter-{number}", payloads[number]):
                cache.store.put(what, made.raw(content))
    platform = stub_platform()
    platform.sign_in = Persons()
    runtime = WatchedRuntime(cache)
    platform.services = Services(
        catalog=platform.catalog, runtime=runtime, contexts=Contexts(), audit=Records()
    )
    platform.events = ProjectEvents(
        source=ClusterEventSource(cache, str), releases=runtime, marks=MemoryMarks()
    )
    portal: FastAPI = stub_portal(platform)
    portal.add_middleware(WatchedStreams)

    @portal.get("/measured/figures")
    async def figures() -> dict[str, float]:
        return {"cpu": time.process_time(), "resident": resident(), "asked": len(asked)}

    @portal.get("/measured/change/{who}")
    async def change(who: int) -> None:
        """Let the container of a pod begin anew, now."""
        pod, at = "jupyter-0-0", datetime.now(UTC)
        owner = ("StatefulSet", "jupyter-0")
        running: JsonObject = {"running": {"startedAt": made.moment(at)}}
        seen = made.pod(f"user-{who}", pod, owner=owner, ready=at.microsecond % 2 > 0,
                        state=running, restarts=int(at.timestamp()))  # fmt: skip
        cache.store.put("Pod", made.raw(seen))

    config = uvicorn.Config(portal, host="127.0.0.1", port=0, log_level="critical")
    server = uvicorn.Server(config)

    async def run() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - it has no other sign
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await serving

    asyncio.run(run())


if __name__ == "__main__":
    serve(int(sys.argv[1]))
