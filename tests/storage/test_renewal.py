"""A service reads on after its first keys have ended: the whole way, on the real store.

The platform's REST, the program of our chart beside the service, and boto3 as a service has it:
with nothing but the environment of its pod.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import anyio
import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from tests.contracts.object_store import pieces
from tests.storage.region import Members, newer_region, with_groups

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.roles import RegionRoles
from sardonyx.adapters.s3.seaweedfs import KeyLife
from sardonyx.adapters.s3.sts import RoleBroker
from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.grants import SqlReleaseGrants
from sardonyx.api import problems
from sardonyx.catalog.models import ChartRef
from sardonyx.catalog.service import CatalogService, default_catalog_folder, default_sources
from sardonyx.credentials import api
from sardonyx.credentials.service import Credentials
from sardonyx.services.models import LaunchPlan
from sardonyx.testing.parts import RunningParts, running_parts, wait_until

PROGRAM = default_catalog_folder() / "jupyter-python" / "files" / "credentials.py"
SECONDS = 6


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class Beside:
    """The renewing program, running as in its container."""

    folder: Path
    port: int
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """What the service's container is told."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self.port}/creds",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(self.folder / "token"),
        }

    def creds(self, token: str | None = None) -> tuple[int, dict[str, str]]:
        """Ask as an SDK does; return the status and the answer."""
        given = (self.folder / "token").read_text() if token is None else token
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/creds", headers={"Authorization": given}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


@contextmanager
def beside(folder: Path, url: str, token: str, wanted: str = "s3") -> Iterator[Beside]:
    """Run the program of the chart until the block ends."""
    shared = folder / "shared"
    shared.mkdir(exist_ok=True)
    (folder / "release-token").write_text(token)
    port, log = free_port(), folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(PROGRAM)],
            env={
                "PATH": os.environ["PATH"],
                "RENEWAL_URL": url,
                "RENEWAL_TOKEN_FILE": str(folder / "release-token"),
                "RENEWAL_PORT": str(port),
                "RENEWAL_FOLDER": str(shared),
                "RENEWAL_WANTED": wanted,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until((shared / "ready").exists, f"ready: {log.read_text()[-1000:]}", seconds=60)
        yield Beside(shared, port, log, process)
    finally:
        process.terminate()
        assert process.wait(30) == 0


class Platform:
    """A platform that answers what a test wants, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.status = 200
        self.life = 3600.0
        self.location = ""

    def answer(self, path: str, token: str) -> tuple[int, dict[str, str]]:
        self.asked.append((path, token))
        ends = datetime.now(UTC) + timedelta(seconds=self.life)
        made = {
            "AccessKeyId": f"key-{len(self.asked)}",
            "SecretAccessKey": "hidden-key",
            "Token": f"hidden-token-{len(self.asked)}",
            "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return self.status, made if self.status == 200 else {"code": "owner_away"}


@contextmanager
def served(platform: Platform) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = platform.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            if platform.location:
                self.send_header("Location", platform.location)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST  # noqa: N815 - the base class's name

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_service_gets_keys_with_its_own_token_alone(tmp_path: Path) -> None:
    platform = Platform()
    with served(platform) as url, beside(tmp_path, url + "/", "release-token") as running:
        status, keys = running.creds()
        assert (status, keys["AccessKeyId"], keys["Token"]) == (200, "key-1", "hidden-token-1")
        for wrong in ("", "wrong", "Bearer release-token", "release-token"):
            assert running.creds(wrong) == (401, {"code": "token_refused"})
        assert platform.asked == [("/api/v1/service-credentials/s3", "Bearer release-token")]
        assert stat.S_IMODE((running.folder / "token").stat().st_mode) == 0o600
        # Nobody outside the pod's loopback.
        assert running.log.read_text() == "s3: renewed\n"


def test_keys_are_renewed_at_half_of_their_life_and_kept_while_the_platform_is_away(
    tmp_path: Path,
) -> None:
    platform = Platform()
    platform.life = SECONDS
    with served(platform) as url, beside(tmp_path, url, "t") as running:
        wait_until(lambda: running.creds()[1].get("AccessKeyId") == "key-2", "renewed")
        platform.status = 403
        asked = len(platform.asked)
        wait_until(lambda: len(platform.asked) > asked, "asked in vain")
        wait_until(lambda: running.creds()[0] == 503, "ended")
        assert running.creds()[1]["code"] == "not_renewed"
        platform.status = 200
        wait_until(lambda: running.creds()[0] == 200, "there again")
    said = running.log.read_text()
    assert "403 owner_away" in said
    assert "hidden" not in said


def test_the_service_starts_without_the_platform_and_gets_its_keys_later(tmp_path: Path) -> None:
    platform = Platform()
    platform.status = 500
    with served(platform) as url, beside(tmp_path, url, "t", "s3,vault") as running:
        assert running.creds()[0] == 503
        assert not (running.folder / "vault-token").exists()
        platform.status = 200
        wait_until(lambda: running.creds()[0] == 200, "keys")
        wait_until((running.folder / "vault-token").exists, "a token of the secret store")
        assert (running.folder / "vault-token").read_text().startswith("hidden-token-")
        assert stat.S_IMODE((running.folder / "vault-token").stat().st_mode) == 0o600


def test_the_token_follows_no_redirect(tmp_path: Path) -> None:
    elsewhere, platform = Platform(), Platform()
    with served(elsewhere) as other, served(platform) as url:
        platform.status, platform.location = 302, f"{other}/steal"
        with beside(tmp_path, url, "release-token") as running:
            assert running.creds()[0] == 503
    assert elsewhere.asked == []


READER = """
import boto3, sys
s3 = boto3.client("s3")
def key(): return s3._request_signer._credentials.get_frozen_credentials().access_key
def read(): return s3.get_object(Bucket=sys.argv[1], Key="life")["Body"].read().decode()
print(read(), flush=True)
first = key()
for line in sys.stdin:
    print(read(), "renewed" if key() != first else "the same", flush=True)
"""


@pytest.fixture(scope="module")
def parts() -> Iterator[RunningParts]:
    life = KeyLife(usual=f"{SECONDS}s", longest=f"{SECONDS}s")
    with (
        TemporaryDirectory(prefix="sx") as folder,
        running_parts(
            Home(Path(folder)), names=("keys", "seaweedfs"), life=life, configured=with_groups
        ) as parts,
    ):
        yield parts


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application on loopback."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, "the platform serves")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _lines(process: subprocess.Popen[bytes]) -> Callable[[], str]:
    assert process.stdout is not None
    output = process.stdout
    return lambda: output.readline().decode().strip()


@pytest.mark.real
@pytest.mark.parametrize("group", [None, "soil"])
def test_a_living_program_reads_on_and_its_token_dies_with_the_release(
    parts: RunningParts, tmp_path: Path, group: str | None
) -> None:
    region = newer_region(parts.s3_endpoint)
    members = Members(parts.issuer, region)
    grants = SqlReleaseGrants(sqlite_database(tmp_path / "portal.sqlite"))
    catalog = CatalogService(default_sources())
    bucket = "user-ada" if group is None else "team-soil"

    def credentials(client: httpx2.AsyncClient, address: str) -> Credentials:
        return Credentials(
            grants=grants,
            identity=members,
            broker=RoleBroker(
                identity=members,
                client=client,
                roles=RegionRoles(region=region, identity=members),
            ),
            secret_store=None,
            find_chart=catalog.installed,
            address=address,
        )

    async def launch(address: str) -> str:
        """Put an object, and return the token that the release is given."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            project = await members.project("ada", group)
            made = credentials(client, address)
            keys = await RoleBroker(
                identity=members,
                client=client,
                roles=RegionRoles(region=region, identity=members),
            ).credentials(username="ada", project=project)
            store = S3ObjectStore(client=client)
            await store.ensure_bucket(keys, bucket)
            await store.put(keys, bucket, "life", pieces(b"content"))
            chart = next(one for one in catalog.own_charts() if one.renewing)
            issued = await made.issue(_plan(chart.ref, project.id))
            block: Any = issued.plan.values["renewal"]
            token: str = block["token"]
            return token

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx2.AsyncClient(trust_env=False) as client:
            app.state.platform = SimpleNamespace(credentials=credentials(client, "unused"))
            yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(api.router, prefix="/api/v1")
    problems.install(app)
    with serving(app) as url:
        token = anyio.run(launch, url)
        with beside(tmp_path, url, token) as running:
            reader = subprocess.Popen(
                [sys.executable, "-c", READER, bucket],
                env={
                    **running.environment,
                    "PATH": os.environ["PATH"],
                    "HOME": str(tmp_path),
                    "AWS_ENDPOINT_URL": parts.s3_endpoint,
                    "AWS_DEFAULT_REGION": "us-east-1",
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            with reader:
                line = _lines(reader)
                assert line() == "content"
                assert reader.stdin is not None
                deadline = time.monotonic() + 120
                said = "content the same"
                while said == "content the same" and time.monotonic() < deadline:
                    reader.stdin.write(b"again\n")
                    reader.stdin.flush()
                    said = line()
                assert said == "content renewed"
                reader.stdin.close()
            project = "user-ada" if group is None else "team-soil"
            anyio.run(lambda: grants.drop(project, "lab"))
            wait_until(lambda: running.creds()[0] == 503, "the token is worthless")
    grants.close()
    assert "401 release_token_refused" in running.log.read_text()


def _plan(chart: ChartRef, project: str) -> LaunchPlan:
    return LaunchPlan(
        release="lab",
        project=project,
        owner="ada",
        friendly_name="lab",
        shared=False,
        chart=chart,
        values={},
        merged={"s3": {"enabled": True}},
        context={},
    )
