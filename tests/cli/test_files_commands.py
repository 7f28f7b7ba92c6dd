"""`sardonyx files`, `secrets` and `account` against a portal on its socket."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.machine import Machine

from sardonyx.files.models import StoredObject


def put(machine: Machine, **files: bytes) -> None:
    bucket = machine.files.storage.buckets.setdefault("user-ada", {})
    for name, content in files.items():
        key = name.replace("__", "/")
        bucket[key] = (content, StoredObject(key, len(content), datetime.now(UTC), "tag"))


def content(machine: Machine, key: str) -> bytes:
    return machine.files.storage.buckets["user-ada"][key][0]


def test_a_file_goes_up_and_comes_back(machine: Machine, tmp_path: Path) -> None:
    local = tmp_path / "my data.csv"
    local.write_bytes(b"a,b\n1,2\n")
    up = machine.run("files", "cp", str(local), "platform:in/", "--json")
    assert (up.code, json.loads(up.out)) == (0, {"files": ["in/my data.csv"]})
    assert content(machine, "in/my data.csv") == b"a,b\n1,2\n"
    down = machine.run("files", "cp", "s3://user-ada/in/my data.csv", str(tmp_path / "back.csv"))
    assert down.code == 0
    assert (tmp_path / "back.csv").read_bytes() == b"a,b\n1,2\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back.csv", "my data.csv"]


@pytest.mark.parametrize("name", ["a b.txt", "q'uo\"te.txt", "émoji 🎉.txt", "50%.txt", "#?&.txt"])
def test_names_stay_what_they_are(machine: Machine, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert machine.run("files", "cp", str(tmp_path / name), "platform:").code == 0
    assert content(machine, name) == b"x"
    target = tmp_path / "back"
    assert machine.run("files", "cp", f"platform:{name}", str(target)).code == 0
    assert target.read_bytes() == b"x"


@pytest.mark.parametrize("name", ["a\nb.txt", "x/../../y"])
def test_names_that_mislead_are_refused(machine: Machine, tmp_path: Path, name: str) -> None:
    local = tmp_path / "local.txt"
    local.write_bytes(b"x")
    done = machine.run("files", "cp", str(local), f"platform:{name}")
    assert done.code in (2, 3)
    assert "Traceback" not in done.err
    assert machine.files.keys() == []


def test_a_local_name_that_is_no_text_is_refused(machine: Machine, tmp_path: Path) -> None:
    local = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")
    Path(local).write_bytes(b"x")
    done = machine.run("files", "cp", local, "platform:")
    assert (done.code, "(local_file)" in done.err) == (2, True)


def test_folders_go_both_ways(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep" / "b.txt").write_text("b")
    plain = machine.run("files", "cp", str(folder), "platform:in")
    assert (plain.code, "(folder_needs_recursive)" in plain.err) == (2, True)
    up = machine.run("files", "cp", "-r", str(folder), "platform:in")
    assert up.code == 0
    assert "2/2" in up.err
    back = tmp_path / "back"
    assert machine.run("files", "cp", "-r", "platform:in/", str(back)).code == 0
    assert (back / "deep" / "b.txt").read_text() == "b"
    assert machine.run("files", "cp", "-r", "platform:in", "platform:copy").code == 0
    assert content(machine, "copy/deep/b.txt") == b"b"


def test_a_downloaded_name_cannot_leave_the_folder(machine: Machine, tmp_path: Path) -> None:
    put(machine, **{"in/../../evil": b"x", "in/good": b"y"})
    done = machine.run("files", "cp", "-r", "platform:in/", str(tmp_path / "to"))
    assert done.code == 2
    assert not list(tmp_path.rglob("evil"))
    assert not (tmp_path.parent / "evil").exists()


def test_what_is_there_is_kept_when_asked(machine: Machine, tmp_path: Path) -> None:
    put(machine, a=b"old")
    (tmp_path / "a").write_bytes(b"new")
    kept = machine.run("files", "cp", "--no-overwrite", str(tmp_path / "a"), "platform:a")
    assert (kept.code, "(object_exists)" in kept.err) == (4, True)
    assert content(machine, "a") == b"old"
    down = machine.run("files", "cp", "--no-overwrite", "platform:a", str(tmp_path / "a"))
    assert (down.code, (tmp_path / "a").read_bytes()) == (2, b"new")


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("cp", "a", "b"), 2, "no_platform_side"),
        (("cp", "/nowhere", "platform:"), 2, "local_file"),
        (("cp", "platform:nope", "/tmp/nope-of-a-test"), 3, "object_not_found"),
        (("cp", "s3://user-eve/x", "/tmp/nope-of-a-test"), 2, "other_bucket"),
        (("rm", "nope"), 3, "object_not_found"),
        (("rm", "in/"), 2, "folder_needs_recursive"),
        (("rm", "-r", "platform:"), 2, "folder_needs_recursive"),
        (("mv", "nope", "b"), 3, "object_not_found"),
    ],
)
def test_refusals(machine: Machine, words: tuple[str, ...], code: int, name: str) -> None:
    done = machine.run("files", *words)
    assert (done.code, done.out) == (code, "")
    assert f"({name})" in done.err


def test_list_move_remove_and_look(machine: Machine) -> None:
    put(machine, in__a=b"1", in__b=b"22", c=b"3")
    listed = json.loads(machine.run("files", "ls", "--json").out)
    assert (listed["folders"], [f["key"] for f in listed["files"]]) == (["in/"], ["c"])
    assert "in/b" in machine.run("files", "ls", "s3://user-ada/in").out
    assert machine.run("files", "mv", "c", "in/").code == 0
    assert content(machine, "in/c") == b"3"
    removed = machine.run("files", "rm", "-r", "in", "--json")
    assert json.loads(removed.out) == {"deleted": 3}
    put(machine, t=b"x")
    assert json.loads(machine.run("files", "preview", "t", "--json").out)["rows"]
    assert machine.run("files", "sql", "t", "select 1").code == 0


def test_a_secrets_value_comes_by_standard_input(machine: Machine) -> None:
    done = machine.run("secrets", "set", "db/main", "PASSWORD", stdin="pässword\n".encode())
    assert done.code == 0
    assert "pässword" not in done.out + done.err
    assert machine.run("secrets", "get", "db/main", "PASSWORD").out == "pässword\n"
    assert machine.run("secrets", "set", "db/main", "USER", stdin=b"ada").code == 0
    whole = json.loads(machine.run("secrets", "get", "db/main", "--json").out)
    assert whole["entries"] == {"PASSWORD": "pässword", "USER": "ada"}
    lines = machine.run("secrets", "env", "db/main").out.splitlines()
    assert lines == ["export PASSWORD='pässword'", "export USER=ada"]
    assert machine.run("secrets", "ls").out == "db/\n"
    assert machine.run("secrets", "rm", "db/main", "USER").code == 0
    assert machine.run("secrets", "set", "--replace", "db/main", "ONLY", stdin=b"1").code == 0
    assert set(json.loads(machine.run("secrets", "get", "db/main", "--json").out)["entries"]) == {
        "ONLY"
    }
    assert machine.run("secrets", "rm", "db/main").code == 0
    assert machine.run("secrets", "get", "db/main").code == 3


def test_a_secret_is_no_argument(machine: Machine) -> None:
    done = machine.run("secrets", "set", "db", "KEY", "hunter2")
    assert done.code == 2
    gone = machine.run("secrets", "get", "nope", "KEY")
    assert (gone.code, "(secret_not_found)" in gone.err) == (3, True)
    assert machine.run("secrets", "set", "db", "KEY", stdin=b"1").code == 0
    missing = machine.run("secrets", "get", "db", "OTHER")
    assert (missing.code, "(secret_key_not_found)" in missing.err) == (3, True)


def test_credentials_are_lines_for_a_shell(machine: Machine) -> None:
    lines = machine.run("account", "credentials", "--format", "env").out.splitlines()
    names = {line.removeprefix("export ").partition("=")[0] for line in lines}
    assert names >= {"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "BAO_ADDR", "BAO_TOKEN"}
    assert "AWS_REGION" in json.loads(machine.run("account", "credentials", "--json").out)
