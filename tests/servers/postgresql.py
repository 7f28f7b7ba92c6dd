"""Run a PostgreSQL of the machine's own for tests, on loopback, with a password."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from sardonyx.values import Secret

_START_SECONDS = 60.0


@dataclass(slots=True)
class RunningPostgresql:
    """One server. address: without the password."""

    address: str
    password: Secret
    program: Path
    data: Path
    port: int
    process: subprocess.Popen[bytes]

    def fresh(self) -> str:
        """Return the address of a database made just now."""
        name = f"test_{secrets.token_hex(6)}"
        host = f"host=127.0.0.1 port={self.port} user=sardonyx dbname=postgres"
        with psycopg.connect(host, password=self.password.reveal(), autocommit=True) as made:
            made.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"{self.address.rpartition('/')[0]}/{name}"

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast: open transactions are ended
        self.process.wait(30)

    def start(self) -> None:
        self.process = _started(self.program, self.data, self.port)


@contextmanager
def running_postgresql() -> Iterator[RunningPostgresql]:
    """Run a server with an empty database; skip where PostgreSQL is not installed."""
    program = _program()
    with tempfile.TemporaryDirectory(prefix="sx-pg") as folder:
        data, password = Path(folder) / "data", Path(folder) / "password"
        password.write_text("not-a-secret-outside-tests")
        data.mkdir()
        for path in (Path(folder), data, password):
            os.chown(path, *_owner())
        port = _free_port()
        subprocess.run(
            [program.with_name("initdb"), "-D", data, "-U", "sardonyx", "-A", "scram-sha-256",
             "--pwfile", password, "-E", "UTF8", "--no-sync"],
            check=True, capture_output=True, user=_user(), group=_group(),
        )  # fmt: skip
        server = RunningPostgresql(
            address=f"postgresql://sardonyx@127.0.0.1:{port}/postgres",
            password=Secret(password.read_text()),
            program=program,
            data=data,
            port=port,
            process=_started(program, data, port),
        )
        try:
            yield server
        finally:
            server.stop()


def _program() -> Path:
    found = shutil.which("postgres")
    listed = [Path(found)] if found else []
    listed += sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
    if not listed:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    return listed[0]


def _started(program: Path, data: Path, port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [program, "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", data, "-F"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=_user(),
        group=_group(),
    )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, IndexError):  # the server's last line there says how far it is
            if (data / "postmaster.pid").read_text().split("\n")[-2].strip() == "ready":
                return process
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise AssertionError("PostgreSQL did not start")


def _owner() -> tuple[int, int]:
    """Return who runs the server: it refuses to be root."""
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    try:
        found = pwd.getpwnam("postgres")
    except KeyError:
        found = pwd.getpwnam("nobody")
    return found.pw_uid, found.pw_gid


def _user() -> int | None:
    return _owner()[0] if os.getuid() == 0 else None


def _group() -> int | None:
    return _owner()[1] if os.getuid() == 0 else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
