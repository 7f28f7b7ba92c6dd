"""Remove a release's folder; keep its logs and timeline in the archive."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.plan_file import read_plan
from sardonyx.adapters.processes.release_folder import ReleaseFolder
from sardonyx.adapters.processes.runner_part import runner_name

_KEPT = 50


def archive(home: Home, folder: ReleaseFolder) -> None:
    """Copy logs and timeline to `<home>/archive`; the oldest of many are dropped."""
    try:
        project = read_plan(folder.plan).project
    except (OSError, ValueError, TypeError, KeyError):
        return  # cut before its plan was written: it never ran
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    place = home.archive / f"{project}--{folder.root.name}--{at}"
    place.mkdir(mode=0o700)
    if folder.logs.exists():
        shutil.copytree(folder.logs, place / "logs")
    if folder.timeline.exists():
        shutil.copy2(folder.timeline, place / "timeline.jsonl")
    kept = sorted(home.archive.iterdir(), key=lambda one: one.name.rpartition("--")[2])
    for old in kept[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    for log in home.logs.glob(f"{runner_name(folder.root.name)}.log*"):
        log.unlink(missing_ok=True)


def newest_archive(home: Home, project: str, release: str) -> Path | None:
    """Return the archive of the release deleted last under that name."""
    found = sorted(home.archive.glob(f"{project}--{release}--*"))
    return found[-1] if found else None


def remove_folder(folder: ReleaseFolder) -> None:
    """Remove everything of the release, also what its programs made unreadable."""

    def open_up(function: Callable[[str], object], path: str, error: object) -> None:
        # Overlays leave a folder of mode 000; a program may have left read-only ones.
        for one in (Path(path).parent, Path(path)):
            if not one.is_symlink() and one.is_dir():
                one.chmod(0o700)
        if Path(path).is_dir() and not Path(path).is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            Path(path).unlink(missing_ok=True)

    if folder.root.exists():
        shutil.rmtree(folder.root, onerror=open_up)
        shutil.rmtree(folder.root, ignore_errors=True)
