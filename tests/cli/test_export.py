"""`export`: plain files, a script for each service, secrets under a passphrase."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.machine import Machine

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.plan_file import write_plan
from sardonyx.adapters.processes.release_folder import ReleaseFolder
from sardonyx.cli.errors import SealedFileError, WrongPassphraseError
from sardonyx.cli.sealed import OPENER, seal, unseal
from sardonyx.values import Secret

PASS = b"correct horse\n"
ODD = 'd/it\'s "odd" $HOME `id` 🌞.csv'


def put(machine: Machine, key: str) -> None:
    """Store an object past the platform, which would refuse some names."""
    bucket = machine.files.storage.buckets["user-ada"]
    content, stored = bucket["seed"]
    bucket[key] = content, replace(stored, key=key)


@pytest.fixture
def full(machine: Machine, tmp_path: Path) -> Iterator[Machine]:
    """A platform with a file, a secret, and a service with a link and a pipe in its folder."""
    (tmp_path / "seed").write_bytes(b"seed")
    for key in ("seed", ODD):
        assert machine.run("files", "cp", str(tmp_path / "seed"), f"platform:{key}").code == 0
    machine.run("secrets", "set", "db/main", "PASSWORD", stdin=b"hunter2")
    assert machine.run("launch", "postgresql", "--json").code == 0
    [release] = machine.world.runtime.plans
    folder = ReleaseFolder(Home(machine.home).service(release))
    folder.prepare()
    write_plan(folder.plan, machine.world.runtime.plans[release])
    (folder.work / "thesis.txt").write_text("all of it")
    (folder.work / "link").symlink_to("/etc/hostname")
    os.mkfifo(folder.work / "pipe")
    yield machine
    shutil.rmtree(folder.root)


def test_everything_comes_out_as_files(full: Machine, tmp_path: Path) -> None:
    to = tmp_path / "out"
    done = full.run("export", str(to), "--json", stdin=PASS)
    assert done.code == 0, done.err
    counts = json.loads(done.out)
    assert (counts["files"], counts["services"], counts["secrets"]) == (2, 1, 1)
    assert (to / "files" / ODD).read_bytes() == b"seed"
    [service] = (to / "services").iterdir()
    assert (service / "work" / "thesis.txt").read_text() == "all of it"
    assert (service / "work" / "link").is_symlink()
    assert not (service / "work" / "pipe").exists()
    assert "uv venv" in (service / "run.sh").read_text()
    assert "image:" in (service / "values.yaml").read_text()
    assert subprocess.run(["sh", "-n", service / "run.sh"], check=False).returncode == 0
    for file in to.rglob("*"):
        if file.is_file() and not file.is_symlink():
            assert b"hunter2" not in file.read_bytes()
    shown = full.run("export", "--decrypt", str(to / "secrets.json.enc"), stdin=PASS)
    assert json.loads(shown.out) == {"db/main": {"PASSWORD": "hunter2"}}
    wrong = full.run("export", "--decrypt", str(to / "secrets.json.enc"), stdin=b"guess\n")
    assert (wrong.code, "(passphrase_wrong)" in wrong.err) == (4, True)


def test_a_folder_that_holds_something_is_left_alone(full: Machine, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    done = full.run("export", str(tmp_path), stdin=PASS)
    assert (done.code, "(export_target)" in done.err) == (4, True)
    assert not (tmp_path / "files").exists()
    done = full.run("export", str(tmp_path / "mine"), stdin=PASS)
    assert (done.code, "(export_target)" in done.err) == (4, True)
    done = full.run("export", str(tmp_path / "new"), stdin=b"\n")
    assert (done.code, "(passphrase)" in done.err) == (2, True)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "key", ["../evil", "a/../../../evil", "/evil", "a//evil", "./evil", "n" * 300 + "/evil"]
)
def test_hostile_names_stay_inside_and_are_named(full: Machine, tmp_path: Path, key: str) -> None:
    put(full, key)
    to = tmp_path / "deep" / "out"
    done = full.run("export", str(to), stdin=PASS)
    assert (done.code, "(export_incomplete)" in done.err) == (5, True), done.err
    assert not list(tmp_path.rglob("evil"))
    assert (to / "files" / "seed").read_bytes() == b"seed"
    assert "Not exported" in (to / "README.md").read_text()


def test_a_file_and_a_folder_of_one_name(full: Machine, tmp_path: Path) -> None:
    put(full, "seed/inside")
    done = full.run("export", str(tmp_path / "out"), stdin=PASS)
    assert done.code == 5
    assert "seed" in done.err


def test_the_documented_program_opens_the_file(tmp_path: Path) -> None:
    (tmp_path / "secrets.json.enc").write_bytes(seal({"a": {"B": "été"}}, Secret("pass")))
    program = OPENER.replace('getpass.getpass("Passphrase: ")', '"pass"')
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=True
    )
    assert json.loads(done.stdout) == {"a": {"B": "été"}}


def test_a_changed_file_is_refused() -> None:
    sealed = json.loads(seal({"a": 1}, Secret("pass")))
    assert json.loads(unseal(json.dumps(sealed).encode(), Secret("pass"))) == {"a": 1}
    with pytest.raises(WrongPassphraseError):
        unseal(json.dumps({**sealed, "nonce": "A" * 16}).encode(), Secret("pass"))
    damaged: list[object] = [{**sealed, "n": 2**30}, {**sealed, "format": "x"}, {}, []]
    for broken in damaged:
        with pytest.raises(SealedFileError):
            unseal(json.dumps(broken).encode(), Secret("pass"))
    with pytest.raises(SealedFileError):
        unseal(b"\xff", Secret("pass"))
