"""What `sardonyx export` wrote runs and opens with the platform gone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.e2e.platform import running_platform, until
from tests.e2e.test_commands import GIVEN, Plain

from sardonyx.adapters.processes.home import free_ports

pytestmark = [pytest.mark.heavy, pytest.mark.real, pytest.mark.xdist_group("platform")]

USER, DATABASE = "keeper", "kept"


def test_an_export_lives_on_without_the_platform(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with running_platform() as platform:
        (tmp_path / "prices.csv").write_bytes(b"a,b\n1,2\n")
        platform.run("files", "cp", str(tmp_path / "prices.csv"), "platform:d/prix été.csv")
        platform.run("secrets", "set", "db/main", "PASSWORD", given="hunter2")
        settings = ["--set", f"auth.username={USER}", "--set", f"auth.database={DATABASE}"]
        name = platform.launch("postgresql", *settings)
        port = int(platform.json("services", "show", name)["address"].split(":")[-1].split("/")[0])
        password = platform.json("services", "token", name)["value"]
        [psql] = platform.home.glob("environments/*/lib/python3*/site-packages/*/*/bin/psql")
        query(psql, port, password, "create table t as select 42 as answer")
        platform.run("services", "pause", name)
        until(lambda: platform.state(name) == "paused")
        done = platform.run("export", str(out), "--json", given="correct horse\n")
        counts = json.loads(done.stdout)
        assert [counts[one] for one in ("files", "services", "secrets")] == [1, 1, 1]
        # Also the next platform may open it; here it is this one.
        shown = platform.run(
            "export", "--decrypt", str(out / "secrets.json.enc"), given="correct horse\n"
        )
        assert json.loads(shown.stdout) == {"db/main": {"PASSWORD": "hunter2"}}
    assert (out / "files" / "d" / "prix été.csv").read_bytes() == b"a,b\n1,2\n"
    everything = [one for one in out.rglob("*") if one.is_file() and not one.is_symlink()]
    assert all(b"hunter2" not in one.read_bytes() for one in everything)
    assert password not in (out / "services" / name / "run.sh").read_text()

    plain = Plain(tmp_path / "elsewhere")
    plain.folder.mkdir()
    [port] = free_ports(1)
    secrets = dict.fromkeys(("POSTGRES_PASSWORD", "POSTGRES_ADMIN_PASSWORD"), GIVEN)

    def answer() -> str | None:
        assert process.poll() is None, plain.said()
        found = list((out / "services" / name).glob("environment/lib/python3*/*/*/*/bin/psql"))
        return query(found[0], port, GIVEN, "select answer from t", check=False) if found else None

    script = out / "services" / name / "run.sh"
    with plain.running(f"exec sh '{script}'", PORT=str(port), **secrets) as process:
        assert until(answer, seconds=180) == "42"


def query(psql: Path, port: int, password: str, sql: str, *, check: bool = True) -> str:
    where = ["-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE]
    done = subprocess.run(
        [psql, *where, "--no-password", "-Atc", sql],
        env={"PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip()
