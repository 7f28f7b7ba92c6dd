"""What deleting would lose, files of ours in folders of others, logs that rotate."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sardonyx.adapters.processes.beneath import read_beneath, write_beneath
from sardonyx.adapters.processes.release_folder import ReleaseFolder
from sardonyx.adapters.processes.removal import remove_folder
from sardonyx.adapters.processes.service_files import LogPlace, last_lines, losses
from sardonyx.adapters.processes.service_log import ServiceLog


def git(place: Path, *words: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *identity, *words], cwd=place, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A working folder with a clone of which everything is pushed."""
    work, origin = tmp_path / "work", tmp_path / "origin.git"
    work.mkdir()
    git(tmp_path, "init", "--bare", "-b", "main", str(origin))
    git(tmp_path, "clone", str(origin), str(work / "study"))
    study = work / "study"
    (study / "a.txt").write_text("a")
    git(study, "add", "a.txt")
    git(study, "commit", "-m", "one")
    git(study, "push", "origin", "HEAD:main")
    git(study, "fetch")
    return study


def kinds(work: Path) -> list[tuple[str, str, int]]:
    return [(loss.kind, loss.path, loss.count) for loss in losses(work)]


def test_pushed_work_is_not_lost(repository: Path) -> None:
    assert kinds(repository.parent) == []


def test_uncommitted_and_unpushed_work_is_counted(repository: Path) -> None:
    (repository / "a.txt").write_text("changed")
    (repository / "new.txt").write_text("new")
    assert kinds(repository.parent) == [("git_uncommitted", "study", 2)]
    git(repository, "add", ".")
    git(repository, "commit", "-m", "two")
    assert kinds(repository.parent) == [("git_unpushed", "study", 1)]


def test_a_repository_cannot_make_us_run_its_programs(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "filter.x.clean", "diff.external", "core.editor"):
        git(repository, "config", key, str(script))
    (repository / ".gitattributes").write_text("* filter=x\n")
    (repository / "a.txt").write_text("changed")
    losses(repository.parent)
    assert not trap.exists()


def test_many_files_are_summed_by_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(300):
        (tmp_path / "data" / f"{number}.bin").write_bytes(b"xy")
    (tmp_path / "thesis.txt").write_text("abc")
    found = {loss.path: (loss.size, loss.count) for loss in losses(tmp_path)}
    assert found == {"data/": (600, 300), "thesis.txt": (3, 1)}


def test_links_are_never_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("precious")
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    with pytest.raises(OSError, match="folder"):
        write_beneath(root, "folder/secret", "overwritten")
    write_beneath(root, "file", "ours")
    assert (outside / "secret").read_text() == "precious"
    assert (root / "file").read_text() == "ours"
    assert read_beneath(root, "folder/secret") is None
    (root / "link").symlink_to(outside / "secret")
    assert read_beneath(root, "link") is None
    write_beneath(root, "a/b/c.txt", "deep")
    assert read_beneath(root, "a/b/c.txt") == "deep"


def test_a_log_rotates_and_is_read_over_the_cut(tmp_path: Path) -> None:
    log = ServiceLog(tmp_path / "logs" / "service.log")
    line = b"x" * 999 + b"\n"
    for number in range(5100):
        log.write(line if number != 4999 else b"marker\n")
    log.close()
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == [
        "service.log",
        "service.log.1",
    ]
    text = last_lines(LogPlace(tmp_path / "logs" / "service.log"), 200)
    assert text.count("\n") == 200
    assert "marker" in text
    assert (tmp_path / "logs" / "service.log").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_a_program_closed_is_removed(tmp_path: Path) -> None:
    folder = ReleaseFolder(tmp_path / "lab")
    folder.prepare()
    closed = folder.packages / "work" / "work"
    closed.mkdir(parents=True)
    (closed / "x").write_text("x")
    (folder.work / "link").symlink_to("/etc")
    closed.chmod(0)
    remove_folder(folder)
    assert not folder.root.exists()
    assert Path("/etc/passwd").exists()
