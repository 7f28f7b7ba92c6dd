"""What the probes see of real answers, on a server of this test; nothing they send is a secret."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.setup.settings import region, settings

from sardonyx.adapters.setup.probes import SetupProbes, forged_token, registry
from sardonyx.services.errors import ClusterUnavailableError
from sardonyx.setup.models import CatalogFacts, Right


class _Cluster:
    def __init__(self, *, fault: bool = False) -> None:
        self.fault = fault

    async def version(self) -> str:
        if self.fault:
            raise ClusterUnavailableError(verb="get", resource="/version", reason="no route")
        return "v1.37.2"

    async def may(self, right: Right) -> bool:
        return right.verb != "watch"

    async def kinds(self) -> frozenset[str]:
        if self.fault:
            raise ClusterUnavailableError(verb="get", resource="apis", reason="no route")
        return frozenset({"Ingress"})


class _Server(ThreadingHTTPServer):
    answers: dict[str, tuple[int, Any]]
    bodies: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        self.server.bodies.append(self.rfile.read(length).decode())
        path = self.path.partition("?")[0]
        status, content = self.server.answers.get(f"{self.command} {path}", (404, {}))
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as made:
        made.answers, made.bodies = {}, []
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def _probes(folder: Path, url: str, *, cluster: Any = None, **changes: Any) -> SetupProbes:
    made = region(
        data={"S3": {"URL": f"{url}/s3", "sts": {"URL": f"{url}/sts"}}},
        vault={"URL": f"{url}/vault", "role": "user"},
    )
    content = {"regions": [made], "identity": {"issuer": f"{url}/id"}, **changes}

    def catalogs() -> Sequence[CatalogFacts]:
        return [CatalogFacts("ide", 3)]

    return SetupProbes(
        settings=settings(folder, **content), cluster=cluster or _Cluster(), catalogs=catalogs
    )


async def test_what_answers_is_seen(server: _Server, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{server.server_port}"
    server.answers = {
        "GET /id/.well-known/openid-configuration": (
            200,
            {
                "issuer": f"{url}/id",
                "jwks_uri": f"{url}/jwks",
                "code_challenge_methods_supported": ["S256"],
            },
        ),
        "GET /jwks": (200, {"keys": []}),
        "GET /s3": (403, {}),
        "POST /sts": (400, {}),
        "GET /vault/v1/sys/health": (200, {"version": "2.7.2"}),
        "POST /vault/v1/auth/jwt/login": (400, {"errors": ['role "user" could not be found']}),
    }
    probes = _probes(tmp_path, url)
    identity = await probes.identity()
    assert identity.discovery.json["issuer"] == f"{url}/id"
    assert identity.keys is not None
    assert (identity.keys.status, identity.pkce) == (200, True)
    storage = await probes.storage()
    assert storage is not None
    assert storage.sts is not None
    assert (storage.store.status, storage.sts.status) == (403, 400)
    secrets = await probes.secrets()
    assert secrets is not None
    assert secrets.login is not None
    assert secrets.health.json["version"] == "2.7.2"
    assert "could not be found" in secrets.login.fault
    assert forged_token() in "".join(server.bodies)
    assert (await probes.catalogs())[0].charts == 3


async def test_what_is_down_is_a_fact_not_a_fault(tmp_path: Path) -> None:
    probes = _probes(tmp_path, "http://127.0.0.1:9", cluster=_Cluster(fault=True))
    identity = await probes.identity()
    assert identity.discovery.status == 0
    assert identity.discovery.fault
    storage = await probes.storage()
    assert storage is not None
    assert storage.store.status == 0
    assert "no route" in (await probes.rights([Right("get", "pods")])).fault
    assert "no route" in (await probes.exposure()).fault


async def test_rights_are_asked_one_by_one(tmp_path: Path) -> None:
    probes = _probes(tmp_path, "http://127.0.0.1:9")
    facts = await probes.rights([Right("get", "pods"), Right("watch", "pods")])
    assert (facts.version, facts.refused) == ("v1.37.2", (Right("watch", "pods"),))


async def test_a_database_that_is_down_is_told_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2")
    probes = _probes(
        tmp_path,
        "http://127.0.0.1:9",
        database="postgresql+psycopg://ada@127.0.0.1:9/lab",
        databasePasswordFile=str(tmp_path / "password"),
    )
    facts = await probes.database()
    assert facts.engine == "postgresql"
    assert facts.fault
    assert "hunter2" not in facts.fault
    assert (await _probes(tmp_path, "http://x").database()).engine == "sqlite"


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("localhost/sardonyx/x:1", "localhost"),
        ("quay.io/a/b:1", "quay.io"),
        ("registry:5000/a", "registry:5000"),
        ("postgres:18", "registry-1.docker.io"),
        ("library/postgres", "registry-1.docker.io"),
    ],
)
def test_the_registry_of_an_image(image: str, host: str) -> None:
    assert registry(image) == host
