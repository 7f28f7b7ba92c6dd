"""Charts, plans and a running local runtime for tests."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from ruamel.yaml import YAML

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.runtime import LocalRuntime
from sardonyx.adapters.processes.supervisor import start_supervisor, stop_supervisor
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.services.models import LaunchPlan, Observation, State
from sardonyx.values import JsonObject, Secret

CHARTS = Path(__file__).parents[1] / "data" / "charts"
ONE_TIME = "one-time-4711-secret"
# Generous: several test processes share few cores.
SECONDS = 120.0
_POLL = 0.02


async def until(condition: Callable[[], bool], *, saying: Callable[[], object] = str) -> None:
    """Wait until `condition` holds; fail with what `saying` tells after a deadline."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, saying()
        await asyncio.sleep(_POLL)


def read_chart(name: str, folder: Path = CHARTS) -> Chart:
    """Return a chart of tests/data/charts."""
    return Chart(
        ref=ChartRef("tests", name, "1.0.0"),
        folder=folder / name,
        title=name,
        description="",
        keywords=(),
        app_version="",
        home=None,
        sources=(),
        icon=None,
        dependencies=(),
        values={},
        schema=None,
        local=YAML(typ="safe").load(folder / name / "local.yaml"),
        readme="",
    )


def make_plan(
    chart: str, release: str, *, project: str = "user-ada", values: JsonObject | None = None
) -> LaunchPlan:
    """Return a plan of one of our charts, with a secret in its context."""
    merged: JsonObject = {"greeting": "good morning", **(values or {})}
    return LaunchPlan(
        release=release,
        project=project,
        owner=project.removeprefix("user-"),
        friendly_name=release.title(),
        shared=False,
        chart=ChartRef("tests", chart, "1.0.0"),
        values=merged,
        merged=merged,
        context={"service": {"oneTimePassword": ONE_TIME}},
        s3_profile="nas",
    )


@dataclass
class Credentials:
    """ServiceCredentials that give a token, and remember what was revoked."""

    home: Home
    revoked: list[str] = field(default_factory=list)

    async def issue(self, plan: LaunchPlan, *, token_file: str) -> dict[str, str]:
        (self.home.service(plan.release) / "creds.token").write_text(f"token of {plan.release}")
        return {"TOKEN_FILE": token_file}

    async def revoke(self, release: str) -> None:
        self.revoked.append(release)


@dataclass
class Doors:
    """A FrontDoor that remembers which ways are open."""

    ways: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def add(
        self,
        *,
        release: str,
        upstream: str,
        header: tuple[str, Secret] | None,
        address_port: int | None,
    ) -> None:
        self.ways[release] = {
            "upstream": upstream, "header": header, "address_port": address_port
        }  # fmt: skip

    async def remove(self, release: str) -> None:
        self.ways.pop(release, None)

    async def credential(self, release: str, *, life: timedelta) -> tuple[str, Secret]:
        return "Authorization", Secret(f"Bearer {release}")


@dataclass
class Machine:
    """A home with its supervisor and the runtime over it."""

    home: Home
    runtime: LocalRuntime
    credentials: Credentials
    doors: Doors

    def seen(self, release: str) -> Observation:
        return self.runtime.release("user-ada", release)

    async def launch(self, chart: str, release: str, **values: Any) -> Observation:
        """Launch and wait until it runs, or has failed."""
        await self.runtime.install(make_plan(chart, release, values=values))
        return await self.reach(release, State.RUNNING, State.FAILED)

    async def reach(self, release: str, *states: State) -> Observation:
        """Wait until the release is in one of the states."""
        await until(lambda: self.seen(release).state in states, saying=lambda: self.seen(release))
        return self.seen(release)

    async def gone(self, release: str) -> None:
        """Wait until the release is no more."""
        await until(
            lambda: all(one.release != release for one in self.runtime.releases("user-ada"))
        )

    def port(self, release: str) -> int:
        """Return the port behind the front door."""
        return int(self.doors.ways[release]["upstream"].rpartition(":")[2])


def make_runtime(home: Home, credentials: Credentials, doors: Doors) -> LocalRuntime:
    return LocalRuntime(
        home=home,
        domain="localhost:8000",
        find_chart=lambda ref: read_chart(ref.chart),
        credentials=credentials,
        front_door=doors,
    )


@contextmanager
def short_home() -> Iterator[Home]:
    """Give a home whose sockets have short names, and remove it."""
    with TemporaryDirectory(prefix="sx") as folder:
        home = Home(Path(folder) / "h")
        home.prepare()
        yield home


@asynccontextmanager
async def machine(home: Home) -> AsyncIterator[Machine]:
    """Start a supervisor and a runtime on `home`; end all of it."""
    process = await asyncio.to_thread(start_supervisor, home, [], detach=False)
    credentials, doors = Credentials(home), Doors()
    runtime = make_runtime(home, credentials, doors)
    try:
        await runtime.start()
        yield Machine(home, runtime, credentials, doors)
    finally:
        await runtime.close()
        await asyncio.to_thread(stop_supervisor, home)
        await asyncio.to_thread(process.wait)


def processes_of(home: Home) -> dict[int, str]:
    """Return the processes that name the home in their command line or live below its supervisor.

    Keys: pids as this process sees them.
    """
    parents: dict[int, int] = {}
    lines: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            status = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if status[0] != "Z":
            parents[int(entry.name)] = int(status[1])
            lines[int(entry.name)] = line
    ours = {pid for pid, line in lines.items() if str(home.root) in line and pid != os.getpid()}
    while True:
        more = {pid for pid, parent in parents.items() if parent in ours} - ours
        if not more:
            return {pid: lines[pid] for pid in ours}
        ours |= more


@contextmanager
def package_registry(
    wheels: Path | None = None, *, tls: tuple[Path, Path] | None = None, port: int = 0
) -> Iterator[str]:
    """Serve a package registry on loopback that holds only `wheels`; gives its address.

    tls: certificate and key with which it speaks https. port: 0 for any that is free.
    """

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = self.path.strip("/").split("/")
            files = sorted(wheels.iterdir()) if wheels is not None else []
            if parts[0] == "files":
                body = next(one for one in files if one.name == parts[-1]).read_bytes()
            else:
                named = [one.name for one in files if _named(one.name, parts[-1])]
                if not named:
                    self.send_error(404)
                    return
                body = "".join(f'<a href="/files/{name}">{name}</a>' for name in named).encode()
            self.send_response(200)
            if parts[0] != "files":
                self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the base class calls it

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Registry)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        scheme = "http" if tls is None else "https"
        yield f"{scheme}://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_wheel(folder: Path, name: str, version: str = "1.0", *, body: str = "") -> Path:
    """Write the smallest wheel: a module that knows its version, and `body` as a comment."""
    module = name.replace("-", "_")
    path = folder / f"{module}-{version}-py3-none-any.whl"
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": f'VERSION = "{version}"\n# {body}\n',
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{one},,\n" for one in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as wheel:
        for one, content in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(one, content)
    return path


def _named(file: str, package: str) -> bool:
    return file.partition("-")[0].replace("_", "-") == package
