"""The walls behind the first: what DuckDB and the sandbox refuse when a query gets through."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from tests.files.storage import Storage, running_storage, storage_of

from sardonyx.adapters.duckdb.confinement import confined_command, confined_python
from sardonyx.adapters.duckdb.messages import clean
from sardonyx.adapters.duckdb.protocol import MIB, Question
from sardonyx.adapters.duckdb.worker import locked_connection
from sardonyx.adapters.processes.programs import find_program
from sardonyx.files.models import Access
from sardonyx.testing.parts import RunningParts

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def parts() -> Iterator[RunningParts]:
    with running_storage("openbao") as running:
        yield running


@pytest.fixture
async def storage(parts: RunningParts) -> AsyncIterator[Storage]:
    async with storage_of(parts) as ready:
        await ready.put("t.csv", b"a,b\n1,2\n")
        await ready.put("other.csv", b"a,b\n3,4\n")
        yield ready


async def question(storage: Storage) -> Question:
    keys = await storage.broker.credentials(
        username="ada", project=storage.ada.personal_project, access=Access.READ_ONLY
    )
    return Question(
        port=int(keys.endpoint.rpartition(":")[2]),
        key_id=keys.access_key_id,
        secret=keys.secret_access_key.reveal(),
        token=keys.session_token.reveal(),
        region=keys.region,
        bucket=storage.bucket,
        key="t.csv",
        format="csv",
        sql=None,
        rows=10,
        memory=256 * MIB,
        scratch=16 * MIB,
        seconds=10,
        threads=1,
        cell=100,
        answer=MIB,
    )


@contextmanager
def locked(asked: Question) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = locked_connection(asked)
    try:
        yield connection
    finally:
        connection.close()


async def test_the_engine_itself_reads_the_one_object_alone(
    storage: Storage, parts: RunningParts, tmp_path: Path
) -> None:
    """No sandbox here, and no check of the statement: DuckDB's own configuration."""
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    asked = await question(storage)
    passed: list[str] = []

    def attack() -> None:
        with locked(asked) as connection:
            assert connection.sql("FROM 's3://user-ada/t.csv'").fetchall() == [(1, 2)]
            for sql in (
                f"FROM '{outside}'",
                f"FROM read_text('{outside}')",
                "FROM glob('/*')",
                "FROM 's3://user-ada/other.csv'",
                "FROM 's3://user-ada/t.csv/../other.csv'",
                "FROM read_csv(['s3://user-ada/t.csv', 's3://user-ada/other.csv'])",
                "FROM 's3://user-ada/*.csv'",
                "FROM 's3://user-eve/t.csv'",
                f"FROM read_text('{parts.openbao_address}/v1/sys/health')",
                f"COPY (SELECT 1) TO '{tmp_path}/written.csv'",
                f"ATTACH '{tmp_path}/new.db'",
                f"EXPORT DATABASE '{tmp_path}/all'",
                "INSTALL aws",
                f"LOAD '{outside}'",
                "SET enable_external_access = true",
                "SET allowed_directories = ['/']",
                "RESET allowed_paths",
                "SET lock_configuration = false",
                "SET GLOBAL autoload_known_extensions = true",
                "CREATE PERSISTENT SECRET s (TYPE s3, KEY_ID 'x')",
                "FROM passed",  # a variable of this program
                "SELECT getenv('HOME')",
            ):
                try:
                    connection.execute(sql)
                except duckdb.Error:
                    continue
                passed.append(sql)
            told = str(connection.sql("FROM duckdb_secrets()").fetchall())
            assert asked["secret"] not in told
            assert asked["token"] not in told

    await asyncio.to_thread(attack)
    assert passed == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside.csv"]


async def test_the_keys_given_to_the_worker_cannot_write(storage: Storage) -> None:
    """That path is allowed to DuckDB: it is the storage that refuses."""
    asked = await question(storage)

    def attack() -> None:
        with locked(asked) as connection, pytest.raises(duckdb.Error):
            connection.execute("COPY (SELECT 9 AS a) TO 's3://user-ada/t.csv'")

    await asyncio.to_thread(attack)
    content = await storage.files.download(storage.ada, storage.project, "t.csv")
    assert b"".join([block async for block in content]) == b"a,b\n1,2\n"


PROBE = """
import os, socket, sys
def tried(name, act):
    try:
        print(name, 'REACHED', act())
    except OSError as error:
        print(name, 'refused', type(error).__name__)
def connect(host, port):
    with socket.create_connection((host, port), 2): return port
ports = [int(word) for word in sys.argv[1].split(',')]
for port in ports:
    tried('port', lambda: connect('127.0.0.1', port))
    tried('port6', lambda: connect('::1', port))
tried('outside', lambda: connect('192.0.2.1', 80))
tried('name', lambda: socket.getaddrinfo('example.org', 80))
for path in sys.argv[2:]:
    tried('path', lambda: os.stat(path))
tried('write', lambda: open('/usr/x', 'w'))
tried('write', lambda: open('/x', 'w'))
tried('write', lambda: open('/code/sardonyx/x', 'w'))
tried('fill', lambda: open('/tmp/x', 'wb').write(bytes(3_000_000)))
tried('mount', lambda: os.chroot('/tmp'))
print('environment', sorted(set(os.environ) - {'HOME', 'TZ', 'PWD', 'LC_CTYPE'}))
print('links', sorted(os.listdir('/')), 'uid')
"""


def test_from_inside_nothing_is_in_reach(parts: RunningParts, tmp_path: Path) -> None:
    """A program in the worker's place, as if DuckDB itself had been taken over."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    ports = parts.home.ports()
    answer = subprocess.run(
        [
            *confined_python(find_program("bwrap").path, scratch_bytes=MIB),
            "-c",
            PROBE,
            ",".join(str(port) for port in ports.values()),
            str(secret),
            str(parts.home.root),
            str(Path.home()),
            "/etc/passwd",
            "/proc/self/environ",
            "/sys/kernel",
            "/run",
            "/var",
            "/code/sardonyx/../../etc/shadow",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = answer.stdout.splitlines()
    reached = [line for line in lines if "REACHED" in line]
    home_is_a_mount_point = [
        line for line in reached if line.startswith("path") and "st_size=60" in line
    ]
    assert [line for line in reached if line not in home_is_a_mount_point] == []
    assert len([line for line in lines if "refused" in line]) >= 2 * len(ports) + 10
    assert "environment []" in lines


def test_the_command_line_of_the_worker_holds_no_secret() -> None:
    command = confined_command(Path("/usr/bin/bwrap"), control=7, scratch_bytes=1)
    assert "--unshare-all" in command
    assert "--share-net" not in command
    assert not [word for word in command if "AKIA" in word or "user-" in word]


def test_messages_lose_addresses_keys_and_length() -> None:
    said = (
        "IO Error: Could not read 's3://user-ada/d/t.csv' at http://127.0.0.1:31234/user-ada/d?x=1"
        " (127.0.0.1:31234) with KEYKEY\nPossible fixes:\n* Use store_rejects\n"
    )
    words = clean(said, bucket="user-ada", key="d/t.csv", hidden=("KEYKEY", ""))
    assert words == "Could not read 'd/t.csv' at … (…) with …"
    assert len(clean("x" * 5000, bucket="b", key="k", hidden=())) < 700


def test_a_python_installed_below_tmp_is_not_hidden_by_the_scratch_folder() -> None:
    words = confined_python(Path("/usr/bin/bwrap"), scratch_bytes=1024)
    assert words.index("--tmpfs") < words.index(sys.prefix)
