"""An organisation's own authorities: whose servers are trusted, and by whom."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sardonyx.adapters.openbao.session import open_session
from sardonyx.adapters.s3.certificates import InnerCertificate, inner_certificate
from sardonyx.catalog.service import default_catalog_folder
from sardonyx.credentials.authorities import region_authorities, trusting
from sardonyx.projects.errors import RegionInvalidError
from sardonyx.testing.parts import wait_until

PROGRAM = default_catalog_folder() / "jupyter-python" / "files" / "credentials.py"
KEYS = {"AccessKeyId": "a", "SecretAccessKey": "s", "Token": "t"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> InnerCertificate:
    return inner_certificate(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def server(certificate: InnerCertificate) -> Iterator[str]:
    """A platform behind a certificate of an authority of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({**KEYS, "Expiration": "2100-01-01T00:00:00Z"}).encode())

        do_GET = do_POST  # noqa: N815 - the base class's name

        def log_message(self, *_: object) -> None: ...

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.socket = context.wrap_socket(made.socket, server_side=True)
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"https://127.0.0.1:{made.server_port}"
        made.shutdown()
        thread.join()


def region(certificate: InnerCertificate) -> dict[str, Any]:
    pem = certificate.authority.read_bytes()
    return {"certificateAuthorityInjection": {"cacerts": base64.b64encode(pem).decode()}}


async def test_the_platform_trusts_them(certificate: InnerCertificate, server: str) -> None:
    context = trusting(region_authorities(region(certificate)))
    async with httpx2.AsyncClient(trust_env=False, verify=context) as client:
        assert (await client.get(server)).status_code == 200
    async with httpx2.AsyncClient(trust_env=False, verify=trusting("")) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(server)
    with open_session(context) as session:
        assert session.get(server, timeout=20).status_code == 200
    with open_session() as session, pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        session.get(server, timeout=20)


@contextmanager
def renewing(folder: Path, url: str, authorities: str) -> Iterator[Path]:
    (folder / "release-token").write_text("t")
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(PROGRAM)],
            env={
                "PATH": os.environ["PATH"],
                "RENEWAL_URL": url,
                "RENEWAL_TOKEN_FILE": str(folder / "release-token"),
                "RENEWAL_AUTHORITIES": authorities,
                "RENEWAL_PORT": "0",
                "RENEWAL_FOLDER": str(folder),
                "RENEWAL_WANTED": "s3",
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until((folder / "ready").exists, "ready")
        yield log
    finally:
        process.terminate()
        process.wait(30)


def test_pods_trust_them(certificate: InnerCertificate, server: str, tmp_path: Path) -> None:
    with renewing(tmp_path, server, str(certificate.authority)) as log:
        assert log.read_text() == "s3: renewed\n"


def test_pods_tell_no_token_to_who_is_not_vouched_for(server: str, tmp_path: Path) -> None:
    with renewing(tmp_path, server, "") as log:
        assert "CERTIFICATE_VERIFY_FAILED" in log.read_text()


@pytest.mark.parametrize("written", [None, {}, {"cacerts": ""}, {"cacerts": 3}])
def test_a_region_may_name_none(written: Any) -> None:
    assert region_authorities({"certificateAuthorityInjection": written}) == ""


@pytest.mark.parametrize("written", ["%%%", "bm90IFBFTQ==", "/////w=="])
def test_something_else_is_told_with_its_place(written: str) -> None:
    with pytest.raises(RegionInvalidError, match="cacerts"):
        region_authorities({"certificateAuthorityInjection": {"cacerts": written}})
