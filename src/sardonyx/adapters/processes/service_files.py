"""Read what a service left: its log, the files of its working folder, its Git repositories."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sardonyx.adapters.processes.containment import bubblewrap
from sardonyx.services.models import Loss

_EVERY = 0.2
_TAIL_BYTES = 4_000_000
_LISTED = 200
_WALKED = 100_000
_GIT_SECONDS = 5.0
# A repository of the working folder is not ours to trust: it configures programs to run.
_SAFE_GIT = (
    "git",
    "-c", "core.fsmonitor=",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.pager=cat",
    "-c", "core.sshCommand=false",
    "-c", "protocol.allow=never",
    "-c", "safe.directory=*",
    "--no-optional-locks",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogPlace:
    """The log file of a release, living or archived."""

    path: Path


def last_lines(place: LogPlace, lines: int) -> str:
    """Return the last `lines` lines, reaching into the rotated file before; empty when none."""
    text = ""
    for path in (place.path, place.path.with_name(f"{place.path.name}.1")):
        text = _tail(path) + text
        if text.count("\n") > lines:
            break
    return "".join(text.splitlines(keepends=True)[-lines:])


async def follow(place: LogPlace, *, lines: int = 0) -> AsyncIterator[str]:
    """Yield the last `lines`, then what is written, over rotations, until the folder goes."""
    file = _opened(place.path)
    try:
        if file is not None:
            end = file.seek(0, os.SEEK_END)
            if lines:
                file.seek(max(0, end - _TAIL_BYTES))
                before = file.read(end - file.tell()).decode(errors="replace")
                if before:
                    yield "".join(before.splitlines(keepends=True)[-lines:])
        while place.path.parent.exists():
            file = file or _opened(place.path)
            if file is not None:
                while chunk := file.read(65536):
                    yield chunk.decode(errors="replace")
                if _rotated(file, place.path):
                    file.close()
                    file = None
                    continue
            await asyncio.sleep(_EVERY)
    finally:
        if file is not None:
            file.close()


def losses(work: Path) -> Sequence[Loss]:
    """Return files that are only in `work`, and Git work not committed or not pushed.

    Up to 200 files are named, more are summed by folder. Sizes in bytes.
    """
    found: list[Loss] = []
    files: list[tuple[str, int]] = []
    for path, is_repository in _walk(work):
        name = path.relative_to(work).as_posix() or "."
        if is_repository:
            found += _git_losses(path, name)
        else:
            files.append((name, path.lstat().st_size))
    if len(files) <= _LISTED:
        found += [Loss("file", name, size) for name, size in files]
        return found
    sums: dict[str, tuple[int, int]] = {}
    for name, size in files:
        top = name.split("/", 1)[0] + ("/" if "/" in name else "")
        total, count = sums.get(top, (0, 0))
        sums[top] = (total + size, count + 1)
    return found + [Loss("file", top, size, count) for top, (size, count) in sums.items()]


def _walk(work: Path) -> Iterator[tuple[Path, bool]]:
    """Yield files, and the roots of Git repositories (their files are Git's matter)."""
    seen = 0
    for root, folders, names in os.walk(work):
        here = Path(root)
        if ".git" in folders:
            yield here, True
            folders.clear()
            continue
        folders[:] = sorted(one for one in folders if one not in {".ipynb_checkpoints"})
        for name in sorted(names):
            seen += 1
            if seen > _WALKED:
                return
            if not (here / name).is_symlink() and (here / name).is_file():
                yield here / name, False


def _git_losses(repository: Path, name: str) -> list[Loss]:
    changed = _git(repository, "status", "--porcelain", "--untracked-files=all")
    unpushed = _git(repository, "log", "--branches", "--not", "--remotes", "--format=%h")
    if changed is None or unpushed is None:
        return [Loss("git_uncommitted", name, 0, 0)]
    found = []
    if changed:
        found.append(Loss("git_uncommitted", name, 0, len(changed)))
    if unpushed:
        found.append(Loss("git_unpushed", name, 0, len(unpushed)))
    return found


def _git(repository: Path, *words: str) -> list[str] | None:
    """Return the lines of a git command; None when it fails or takes too long."""
    command = [*_SAFE_GIT, "-C", str(repository), *words]
    bwrap = bubblewrap()
    if bwrap is not None:
        # Whatever the repository makes git run sees the system and itself, and no network.
        shown = ("--ro-bind", str(repository), str(repository))
        system = ("--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin")
        links = ("--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64")
        alone = [bwrap, "--unshare-all", "--die-with-parent", *system, *links, "--dev", "/dev"]
        return _git_lines([*alone, *shown, "--chdir", "/", "--", *command])
    return _git_lines(command)


def _git_lines(command: list[str]) -> list[str] | None:
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_SECONDS,
            check=False,
            env={
                "PATH": os.defpath,
                "HOME": "/nonexistent",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_TERMINAL_PROMPT": "0",
                "LC_ALL": "C",
            },
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.splitlines() if answer.returncode == 0 else None


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _rotated(file: BinaryIO, path: Path) -> bool:
    try:
        return os.fstat(file.fileno()).st_ino != path.stat().st_ino
    except FileNotFoundError:
        return False


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
