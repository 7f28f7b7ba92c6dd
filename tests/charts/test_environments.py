"""Both charts' environments, installed from their pins, do what the charts promise."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.charts.servers import Answer, Asked, serving
from tools.pins import uv

from sardonyx.adapters.processes.containment import bubblewrap
from sardonyx.adapters.processes.home import free_ports
from sardonyx.catalog.service import default_catalog_folder

pytestmark = pytest.mark.heavy

SERVER = default_catalog_folder() / "postgresql" / "files" / "server.py"
INIT = Path(__file__).parents[2] / "src/sardonyx/adapters/processes/init_steps.py"
# What makes installing possible where packages come through a mirror or a proxy.
NETWORK = {
    name: value
    for name, value in os.environ.items()
    if name.startswith(("UV_", "PIP_", "SSL_", "REQUESTS_")) or name.lower().endswith("_proxy")
}


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The Python of each chart's environment."""
    return {
        chart: _environment(chart, tmp_path_factory.mktemp(chart))
        for chart in ("jupyter-python", "postgresql")
    }


def _environment(chart: str, folder: Path) -> Path:
    requirements = default_catalog_folder() / chart / "requirements.txt"
    python = folder / "bin" / "python"
    subprocess.run([uv(), "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    command = [uv(), "pip", "install", "--quiet", "--require-hashes", "--python", str(python)]
    subprocess.run([*command, "-r", str(requirements)], check=True)
    return python


def _said(python: Path, code: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [str(python), "-c", code], check=False, capture_output=True, text=True, env=env
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_duckdb_reads_s3_without_a_line_of_configuration(
    pythons: dict[str, Path], tmp_path: Path
) -> None:
    python, home = pythons["jupyter-python"], tmp_path
    (home / "work").mkdir()
    plain = {"PATH": os.environ["PATH"], "HOME": str(home)}
    file = tmp_path / "x.parquet"
    made = f"import duckdb; duckdb.sql(\"copy (from range(10)) to '{file}'\")"
    _said(python, made, plain)
    content, keys = file.read_bytes(), iter(range(1, 1000))
    signed: list[str] = []

    def creds(asked: Asked) -> Answer:
        if asked.headers.get("authorization") != "the-token":
            return Answer(401)
        number = next(keys)
        until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        made = {"AccessKeyId": f"KEY{number}", "SecretAccessKey": "s", "Token": f"T{number}"}
        return Answer(200, json.dumps({**made, "Expiration": until}).encode())

    def store(asked: Asked) -> Answer:
        credential = re.search(r"Credential=(\w+)/", asked.headers.get("authorization", ""))
        if credential is None or asked.path != "/user-ada/x.parquet":
            return Answer(403)
        signed.append(credential[1])
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("range", ""))
        if found is None:
            return Answer(200, content, {"Content-Length": str(len(content))})
        start, end = int(found[1]), int(found[2] or len(content) - 1)
        place = {"Content-Range": f"bytes {start}-{end}/{len(content)}"}
        return Answer(206, content[start : end + 1], place)

    token = tmp_path / "token"
    token.write_text("the-token")
    with serving(creds) as keys_address, serving(store) as address:
        env = plain | {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{keys_address}/creds",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
            "AWS_ENDPOINT_URL": address,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        for code in (None, "duckdb_there"):
            done = subprocess.run(
                [str(python), str(INIT)], check=True, capture_output=True, text=True, env=env
            )
            last = json.loads(done.stdout.splitlines()[-1])
            assert (last["step"], last["status"]) == ("duckdb", "done"), done.stdout + done.stderr
            assert last["detail"].get("code") == code
        query = "import duckdb; print(duckdb.sql(\"select sum(range) from 's3://user-ada/x.parquet'\").fetchone()[0])"
        assert _said(python, query, env) == "45"
    assert signed
    assert set(signed) <= {f"KEY{number}" for number in range(1, 1000)}
    stored = list((home / ".duckdb" / "stored_secrets").iterdir())
    assert [file.stat().st_mode & 0o077 for file in stored] == [0]


def test_the_kit_imports_and_jupyterlab_is_there(pythons: dict[str, Path], tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MPLBACKEND": "agg"}
    code = (
        "import boto3, duckdb, ipykernel, jupyterlab, jupyterlab_git, matplotlib, mlflow, pandas,"
        " polars, psycopg, pyarrow, s3fs; print(jupyterlab.__version__, psycopg.pq.__impl__)"
    )
    version, implementation = _said(pythons["jupyter-python"], code, env).split()
    assert version.startswith("4.")
    assert implementation == "binary"


# PostgreSQL


@dataclass(frozen=True)
class Database:
    """How to run the chart's program on one data folder."""

    python: Path
    env: dict[str, str]

    def command(self, what: str) -> list[str]:
        """Return the argument list, as an ordinary user: PostgreSQL refuses root."""
        bare = [str(self.python), str(SERVER), what]
        if os.geteuid() != 0:
            return bare
        bwrap = bubblewrap()
        if bwrap is None:
            pytest.skip("as root this needs bubblewrap, which is missing")
        user = ["--unshare-user", "--uid", "1000", "--gid", "100"]
        whole = ["--bind", "/", "/", "--dev", "/dev", "--unshare-pid", "--proc", "/proc"]
        return [bwrap, *whole, *user, "--die-with-parent", "--", *bare]

    def run(self, what: str, **changed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(what),
            check=False,
            capture_output=True,
            text=True,
            env={**self.env, **changed},
        )

    @contextmanager
    def served(self) -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen(
            self.command("serve"),
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                deadline = time.monotonic() + 30
                while self.run("ready").returncode != 0:
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                yield process
            finally:
                process.kill()


@pytest.fixture
def database(pythons: dict[str, Path], tmp_path: Path) -> Database:
    env = {
        "PATH": os.environ["PATH"],
        "PGDATA": str(tmp_path / "data"),
        "POSTGRES_PORT": str(free_ports(1)[0]),
        "POSTGRES_DB": "my-data",
        "POSTGRES_USER": "user-ada",
        "POSTGRES_PASSWORD": 'it\'s "a" $p\\',
        "POSTGRES_ADMIN_PASSWORD": "adm",
    }
    return Database(pythons["postgresql"], env)


def _query(python: Path, database: Database, statement: str, **changed: str) -> str:
    env = {
        "PATH": os.environ["PATH"],
        "PGHOST": "127.0.0.1",
        "PGPORT": database.env["POSTGRES_PORT"],
        "PGDATABASE": "my-data",
        "PGUSER": "user-ada",
        "PGPASSWORD": database.env["POSTGRES_PASSWORD"],
        **changed,
    }
    code = (
        "import psycopg, sys\n"
        "try:\n"
        "    with psycopg.connect() as c:\n"
        "        r = c.execute(sys.argv[1])\n"
        "        print(r.fetchone()[0] if r.description else 'ok')\n"
        "except psycopg.OperationalError as error:\n"
        "    print('refused', error)\n"
    )
    return subprocess.run(
        [str(python), "-c", code, statement], check=True, capture_output=True, text=True, env=env
    ).stdout.strip()


def test_data_outlives_a_kill_and_a_new_password(
    database: Database, pythons: dict[str, Path]
) -> None:
    python = pythons["jupyter-python"]
    first = database.run("prepare")
    assert first.returncode == 0, first.stderr
    assert database.env["POSTGRES_PASSWORD"] not in first.stdout + first.stderr
    with database.served():
        assert _query(python, database, "create table t as select 42 as a") == "ok"
        assert "refused" in _query(python, database, "select 1", PGPASSWORD="wrong")
        assert "refused" in _query(python, database, "select 1", PGPASSWORD="")
        assert _query(python, database, "show password_encryption") == "scram-sha-256"
        assert _query(python, database, "show listen_addresses") == "127.0.0.1"
        assert _query(python, database, "select upper('é')") == "É"
        assert (
            _query(python, database, "select rolsuper from pg_roles where rolname = current_user")
            == "False"
        )
        busy = database.run("prepare")
        assert (busy.returncode, "another server uses" in busy.stderr) == (1, True)
    # Killed, not stopped; then prepared with another password.
    changed = {**database.env, "POSTGRES_PASSWORD": "other"}
    later = Database(database.python, changed)
    again = later.run("prepare")
    assert again.returncode == 0, again.stderr
    assert "made" not in again.stdout
    with later.served():
        assert _query(python, later, "select a from t") == "42"
        assert "refused" in _query(python, later, "select 1", PGPASSWORD='it\'s "a" $p\\')


def test_a_half_made_folder_is_made_again(database: Database) -> None:
    half = Path(database.env["PGDATA"] + ".part")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    done = database.run("prepare")
    assert done.returncode == 0, done.stderr
    assert not half.exists()


def test_what_stands_in_the_way_is_said_in_a_sentence(database: Database) -> None:
    empty = database.run("prepare", POSTGRES_PASSWORD="")
    assert empty.returncode == 1
    assert "POSTGRES_PASSWORD is empty" in empty.stderr
    assert database.run("prepare").returncode == 0
    (Path(database.env["PGDATA"]) / "PG_VERSION").write_text("15\n")
    old = database.run("prepare")
    assert old.returncode == 1
    assert "dump with the old one" in old.stderr
    assert "Traceback" not in empty.stderr + old.stderr
