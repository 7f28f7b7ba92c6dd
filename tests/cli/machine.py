"""A platform that the command line finds by its home: the portal's routes on a Unix socket."""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from tests.account.forms import PROFILE
from tests.files.fakes import World as FileWorld
from tests.secrets.fakes import secret_store
from tests.services.world import World, portal, world
from tests.web.stub_platform import Records

from sardonyx.account import api as account_api
from sardonyx.account import project_api
from sardonyx.account.profile_schemas import GivenSchemas
from sardonyx.account.service import Accounts
from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.catalog import own_api
from sardonyx.cli.main import main
from sardonyx.files import api as files_api
from sardonyx.secrets import api as secrets_api
from sardonyx.secrets.service import Secrets
from sardonyx.testing.storage_probe import MemoryProbe


@dataclass
class Outcome:
    """What one command did."""

    code: int
    out: str
    err: str


@dataclass
class Machine:
    """A home where the platform runs, and the command line that talks to it."""

    home: Path
    world: World
    loop: asyncio.AbstractEventLoop
    files: FileWorld
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch = field(repr=False)

    def run(self, *words: str, stdin: bytes | None = None) -> Outcome:
        """Run one command in this process."""
        self.patch.setenv("SARDONYX_HOME", str(self.home))
        given = io.TextIOWrapper(io.BytesIO(stdin or b""), encoding="utf-8")
        self.patch.setattr(sys, "stdin", given)
        self.capture.readouterr()
        code = main(list(words))
        shown = self.capture.readouterr()
        return Outcome(code, shown.out, shown.err)

    def meanwhile(self, act: Callable[[], None]) -> None:
        """Do something to the runtime in the portal's own thread."""
        done = threading.Event()

        def then() -> None:
            act()
            done.set()

        self.loop.call_soon_threadsafe(then)
        assert done.wait(10)


@dataclass
class Served:
    """A portal on the socket of a home; `platform` is what it serves, put by each test."""

    home: Path
    app: FastAPI
    loop: asyncio.AbstractEventLoop


def put_platform(app: FastAPI, w: World, files: FileWorld) -> None:
    """Let the portal serve these parts."""
    app.state.platform = portal(w).state.platform
    app.state.platform.files = files.files
    store = secret_store()
    app.state.platform.accounts = Accounts(
        records=Records(),
        secret_store=store,
        probe=MemoryProbe({"https://nas.example": {"AK": "s3cr3t"}}),
        profile_schemas=GivenSchemas({"default": PROFILE}),
    )
    app.state.platform.secrets = Secrets(store=store, address="http://127.0.0.1:8")


@contextmanager
def serving() -> Iterator[Served]:
    """Yield a portal that answers on the socket of a home of its own, and stop it."""
    app = portal(world())
    for area in (files_api, secrets_api, account_api, project_api, own_api):
        app.include_router(area.router, prefix="/api/v1")
    with tempfile.TemporaryDirectory(prefix="sx") as folder:  # short: a socket's path is limited
        home = Home(Path(folder))
        home.prepare()
        write_private(home.keys / "cli.token", b"ada-token")
        config = uvicorn.Config(
            app, uds=str(home.portal_socket), log_level="critical", lifespan="off", ws="none"
        )
        server = uvicorn.Server(config)
        runner = asyncio.Runner()
        loop = runner.get_loop()

        def serve() -> None:
            with runner:  # ends what the server leaves behind
                runner.run(server.serve())

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            deadline = time.monotonic() + 20
            while not server.started:
                assert time.monotonic() < deadline, "the portal did not start"
                time.sleep(0.01)
            yield Served(home.root, app, loop)
        finally:
            server.should_exit = True
            server.force_exit = True
            thread.join(20)
