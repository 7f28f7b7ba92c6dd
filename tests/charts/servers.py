"""Small servers on loopback for the init steps: scripts, a secret store, Git, keys, objects."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def serving(answer: Callable[[Asked], Answer], *, tls: Path | None = None) -> Iterator[str]:
    """Serve until the end of the block; yield the address. tls: a file with key and certificate."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            if self.headers.get("transfer-encoding") == "chunked":
                body = b"".join(self._chunks())
            headers = {name.lower(): value for name, value in self.headers.items()}
            made = answer(Asked(self.command, unquote(parts.path), parts.query, headers, body))
            self.send_response(made.status)
            for name, value in made.headers.items():
                self.send_header(name, value)
            if "content-length" not in {name.lower() for name in made.headers}:
                self.send_header("Content-Length", str(len(made.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(made.body)

        do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815

        def _chunks(self) -> Iterator[bytes]:
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(folder: Path) -> Path:
    """Write a key with its own certificate for 127.0.0.1; return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def git_repository(folder: Path) -> Path:
    """Make a bare repository `work.git` with a file on `main` and another on `tide`."""
    source, bare = folder / "source", folder / "work.git"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}

    def git(*arguments: str) -> None:
        options = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
        subprocess.run(
            ["git", *options, *arguments], check=True, capture_output=True, env=environment
        )

    git("init", "--quiet", str(source))
    (source / "read.me").write_text("main\n")
    git("-C", str(source), "add", ".")
    git("-C", str(source), "commit", "--quiet", "-m", "one")
    git("-C", str(source), "checkout", "--quiet", "-b", "tide")
    (source / "tide.txt").write_text("tide\n")
    git("-C", str(source), "add", ".")
    git("-C", str(source), "commit", "--quiet", "-m", "two")
    git("-C", str(source), "checkout", "--quiet", "main")
    git("clone", "--quiet", "--bare", str(source), str(bare))
    return bare


def git_answers(folder: Path, *, token: str | None = None) -> Callable[[Asked], Answer]:
    """Answer as a Git server for the repositories in `folder`; with `token` as its password."""
    wanted = base64.b64encode(f"oauth2:{token}".encode()).decode()

    def answer(asked: Asked) -> Answer:
        if token is not None and asked.headers.get("authorization") != f"Basic {wanted}":
            return Answer(401, headers={"WWW-Authenticate": 'Basic realm="git"'})
        done = subprocess.run(
            ["git", "http-backend"],
            input=asked.body,
            check=True,
            capture_output=True,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": asked.path,
                "QUERY_STRING": asked.query,
                "REQUEST_METHOD": asked.method,
                "CONTENT_TYPE": asked.headers.get("content-type", ""),
                "HTTP_CONTENT_ENCODING": asked.headers.get("content-encoding", ""),
                "GIT_PROTOCOL": asked.headers.get("git-protocol", ""),
            },
        ).stdout
        head, _, body = done.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200").split()[0])
        return Answer(status, body, headers)

    return answer


def secret_answers(
    secrets: Mapping[str, Mapping[str, object]], *, token: str
) -> Callable[[Asked], Answer]:
    """Answer as a KV version 2 store mounted at `kv`."""

    def answer(asked: Asked) -> Answer:
        if asked.headers.get("x-vault-token") != token:
            return Answer(403, b'{"errors": ["permission denied"]}')
        found = secrets.get(asked.path.removeprefix("/v1/kv/data/"))
        if found is None:
            return Answer(404, b'{"errors": []}')
        return Answer(200, json.dumps({"data": {"data": found}}).encode())

    return answer
