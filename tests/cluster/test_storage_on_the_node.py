"""JupyterLab and a database as real pods: they answer, find each other, and keys outlive keys."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import anyio
import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from tests.cluster.conftest import RunningCluster
from tests.cluster.test_catalog_charts import confine, helm, install, ready
from tests.cluster.waiting import until
from tests.contracts.object_store import pieces
from tests.storage.region import Members, newer_region, with_groups
from tools.cluster import host

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.roles import RegionRoles
from sardonyx.adapters.s3.seaweedfs import KeyLife
from sardonyx.adapters.s3.sts import RoleBroker
from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.grants import SqlReleaseGrants
from sardonyx.api import problems
from sardonyx.catalog.service import CatalogService, default_sources
from sardonyx.credentials import api
from sardonyx.credentials.models import SecretsToken
from sardonyx.credentials.service import Credentials
from sardonyx.projects.models import Project
from sardonyx.services.models import LaunchPlan
from sardonyx.testing.parts import RunningParts, running_parts
from sardonyx.values import JsonObject, Secret

pytestmark = pytest.mark.node

# Pods reach programs of the host here.
GATEWAY = "10.99.1.1"
LAB, DATABASE = "demo-jupyter-python", "demo-postgresql"
LIFE = 20
READ = """
import boto3, duckdb, polars
bucket = "user-ada"
s3 = boto3.client("s3")
print(len(s3.get_object(Bucket=bucket, Key="data.csv")["Body"].read()))
print(duckdb.sql(f"select sum(n) from 's3://{bucket}/data.csv'").fetchone()[0])
print(polars.scan_csv(f"s3://{bucket}/data.csv").collect().height)
"""
REACH = """
import socket
try:
    socket.create_connection((socket.gethostbyname(socket.gethostname()), 61730), timeout=5)
except ConnectionRefusedError:
    print("refused")
"""
ASK = """
import os, psycopg
with psycopg.connect() as connection:
    print(connection.execute("select current_user, current_database()").fetchone())
"""


@contextmanager
def forwarded(port: int) -> Iterator[str]:
    """Let pods reach a port of the host's loopback; gives the address."""
    open_now: set[socket.socket] = set()

    def pump(source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(65536):
                to.sendall(block)
        for one in (source, to):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as there:
                open_now.add(there)
                back = threading.Thread(target=pump, args=(there, self.request))
                back.start()
                pump(self.request, there)
                back.join()
                open_now.discard(there)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True

    with Server((GATEWAY, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{GATEWAY}:{server.server_address[1]}"
        server.shutdown()
        thread.join()
        # Pods keep connections open for the next time.
        for one in tuple(open_now):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def parts() -> Iterator[RunningParts]:
    life = KeyLife(usual=f"{LIFE}s", longest=f"{LIFE}s")
    with (
        TemporaryDirectory(prefix="sx") as folder,
        running_parts(
            Home(Path(folder)), names=("keys", "seaweedfs"), life=life, configured=with_groups
        ) as parts,
    ):
        yield parts


class Tokens:
    """A secret store's tokens, that say for whom they are."""

    async def secrets_token(self, *, username: str, project: Project) -> SecretsToken:
        return SecretsToken(Secret(f"vault-of-{username}"), datetime.now(UTC) + timedelta(hours=1))


class Storage:
    """The store as the platform reaches it, and as pods do."""

    def __init__(self, parts: RunningParts, database: Path, client: httpx2.AsyncClient) -> None:
        region = newer_region(parts.s3_endpoint)
        self.members = Members(parts.issuer, region)
        self.catalog = CatalogService(default_sources())
        self.store = S3ObjectStore(client=client)
        self.grants = SqlReleaseGrants(sqlite_database(database))
        self.broker = RoleBroker(
            identity=self.members,
            client=client,
            roles=RegionRoles(region=region, identity=self.members),
        )

    def credentials(self, address: str) -> Credentials:
        return Credentials(
            grants=self.grants,
            identity=self.members,
            broker=self.broker,
            secret_store=Tokens(),
            find_chart=self.catalog.installed,
            address=address,
        )

    async def fill(self) -> None:
        project = await self.members.project("ada")
        keys = await self.broker.credentials(username="ada", project=project)
        await self.store.ensure_bucket(keys, project.bucket)
        await self.store.put(keys, project.bucket, "data.csv", pieces(b"n\n1\n2\n39\n"))

    async def issued(self, address: str, endpoint: str) -> JsonObject:
        chart = next(one for one in self.catalog.own_charts() if one.renewing)
        s3: JsonObject = {
            "enabled": True,
            "endpoint": endpoint.removeprefix("http://"),
            "tls": False,
            "workingDirectoryPath": "user-ada/",
        }
        # Nothing is read there: no secret is asked for.
        values: JsonObject = {"s3": s3, "vault": {"enabled": True, "url": "https://vault.invalid"}}
        plan = LaunchPlan(
            release=LAB,
            project="user-ada",
            owner="ada",
            friendly_name="lab",
            shared=False,
            chart=chart.ref,
            values=values,
            merged=values,
            context={},
        )
        return (await self.credentials(address).issue(plan)).plan.values


@contextmanager
def platform(parts: RunningParts, database: Path) -> Iterator[str]:
    """Serve what pods ask of the platform, where they reach it; gives its address."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx2.AsyncClient(trust_env=False) as client:
            storage = Storage(parts, database, client)
            app.state.platform = SimpleNamespace(credentials=storage.credentials("unused"))
            yield
            storage.grants.close()

    app = FastAPI(lifespan=lifespan)
    app.include_router(api.router, prefix="/api/v1")
    problems.install(app)
    with socket.create_server((GATEWAY, 0)) as one:
        port = one.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host=GATEWAY, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "the platform serves")
        yield f"http://{GATEWAY}:{port}"
    finally:
        server.should_exit = True
        thread.join()


def python(cluster: RunningCluster, namespace: str, program: str) -> list[str]:
    """Run a program in JupyterLab's container; return the lines it prints."""
    run = ("exec", "-n", namespace, f"{LAB}-0", "--", "/opt/venv/bin/python", "-c", program)
    return cluster.kubectl(*run).splitlines()


def has_pod(cluster: RunningCluster, namespace: str, pod: str) -> bool:
    return f"pod/{pod}" in cluster.kubectl("get", "pods", "-n", namespace, "-o", "name").split()


def images(chart: str) -> JsonObject:
    version = {"jupyter-python": "0.2.0", "postgresql": "0.1.0"}[chart]
    return {"image": {"version": f"localhost/sardonyx/{chart}:{version}"}}


def answers(hostname: str, password: str) -> bool:
    """Ask JupyterLab through the cluster's front door, with and without its password."""
    with httpx2.Client(trust_env=False, base_url=f"http://{host.NODE_ADDRESS}") as client:
        for attempt, status in (("", 403), (password, 200)):
            headers = {"Host": hostname, "Authorization": f"token {attempt or 'wrong'}"}
            if client.get("/api/status", headers=headers).status_code != status:
                return False
    return True


def test_a_notebook_reads_storage_after_its_keys_have_ended_and_finds_the_database(
    node_cluster: RunningCluster, namespace: str, parts: RunningParts, tmp_path: Path
) -> None:
    confine(node_cluster, namespace)
    database = tmp_path / "portal.sqlite"
    hostname = f"{namespace}.lab.example"
    small: JsonObject = {"requests": {"cpu": "50m", "memory": "256Mi"}}
    install(
        node_cluster,
        tmp_path,
        namespace,
        "postgresql",
        {"service": images("postgresql"), "persistence": {"size": "64Mi"}, "resources": small},
    )
    until(lambda: ready(node_cluster, namespace, f"{DATABASE}-0"), "the database answers")
    with forwarded(parts.home.ports()["s3"]) as endpoint, platform(parts, database) as address:

        async def prepare() -> JsonObject:
            async with httpx2.AsyncClient(trust_env=False) as client:
                storage = Storage(parts, database, client)
                await storage.fill()
                values = await storage.issued(address, endpoint)
                storage.grants.close()
                return values

        values: dict[str, Any] = {
            **anyio.run(prepare),
            "service": images("jupyter-python"),
            "persistence": {"size": "64Mi"},
            "resources": small,
            "security": {"password": "pass-word"},
            "httpRoute": {
                "enabled": True,
                "hostname": hostname,
                "tls": False,
                "parentRefs": [{"name": "web", "namespace": "traefik"}],
            },
        }
        install(node_cluster, tmp_path, namespace, "jupyter-python", values)
        until(lambda: ready(node_cluster, namespace, f"{LAB}-0"), "JupyterLab answers its probe")
        until(lambda: answers(hostname, "pass-word"), "JupyterLab answers from outside")

        assert python(node_cluster, namespace, READ) == ["9", "42", "3"]
        shown = python(node_cluster, namespace, "import os; print(dict(os.environ))")[0]
        assert values["renewal"]["token"] not in shown
        assert "AWS_SECRET_ACCESS_KEY" not in shown
        # JupyterLab itself, and so its kernels, began with a token of the secret store.
        began = "print(open('/proc/1/environ').read().replace(chr(0), chr(10)))"
        assert "VAULT_TOKEN=vault-of-ada" in python(node_cluster, namespace, began)

        # What renews listens on the pod's loopback: not on the address that others reach.
        assert python(node_cluster, namespace, REACH) == ["refused"]

        def first_key() -> str:
            program = "import boto3; c = boto3.Session().get_credentials(); print(c.access_key)"
            return python(node_cluster, namespace, program)[0]

        first = first_key()
        until(lambda: first_key() != first, "other keys")
        assert python(node_cluster, namespace, READ) == ["9", "42", "3"]

        assert python(node_cluster, namespace, ASK) == ["('onyxia', 'defaultdb')"]

        # Paused and resumed: the same token, the same files.
        python(node_cluster, namespace, "open('/home/onyxia/work/kept', 'w').write('x')")
        for suspended in (True, False):
            again = {**values, "global": {"suspend": suspended}}
            install(node_cluster, tmp_path, namespace, "jupyter-python", again)
            if suspended:  # else the pod that leaves is still the one that is ready
                until(lambda: not has_pod(node_cluster, namespace, f"{LAB}-0"), "its pod is gone")
        until(lambda: ready(node_cluster, namespace, f"{LAB}-0"), "JupyterLab is back")
        assert python(node_cluster, namespace, READ) == ["9", "42", "3"]
        kept = "print(open('/home/onyxia/work/kept').read())"
        assert python(node_cluster, namespace, kept) == ["x"]
    helm(node_cluster, tmp_path, "uninstall", LAB, "-n", namespace)
    helm(node_cluster, tmp_path, "uninstall", DATABASE, "-n", namespace)
    claims = json.loads(node_cluster.kubectl("get", "pvc", "-n", namespace, "-o", "json"))
    names = [
        one["metadata"]["name"]
        for one in claims["items"]
        if "deletionTimestamp" not in one["metadata"]
    ]
    assert names == [f"data-{DATABASE}-0"]
