"""Carry files and folders to and from the platform, with progress on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sardonyx.cli.errors import FilesFailedError, FolderNeedsRecursiveError, LocalFileError
from sardonyx.cli.language import user_language
from sardonyx.cli.locations import Remote, local_below
from sardonyx.cli.output import error, say
from sardonyx.errors import PlatformError
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.client.client import Client

# One file, how many bytes it has, and what carries it.
Job = tuple[str, int, Callable[[Callable[[int], None]], None]]


class Transfers:
    """Copies of one command. A file that fails costs only itself; all are tried."""

    def __init__(self, client: Client, project: str | None, *, overwrite: bool) -> None:
        self._client = client
        self._project = project
        self._overwrite = overwrite

    def upload(self, source: Path, to: Remote, *, recursive: bool) -> list[str]:
        """Send a file, or what is in a folder; return the keys."""
        if source.is_dir():
            if not recursive:
                raise FolderNeedsRecursiveError(path=str(source), field="source")
            files = sorted(path for path in source.rglob("*") if path.is_file())
            named = [
                (path, to.as_folder if to.key else "", path.relative_to(source).as_posix())
                for path in files
            ]
            return self._run([self._sending(path, prefix + name) for path, prefix, name in named])
        if not source.is_file():
            raise LocalFileError(path=str(source), reason=_missing(), field="source")
        return self._run([self._sending(source, to.inside(source.name))])

    def download(self, source: Remote, to: Path, *, recursive: bool) -> list[str]:
        """Fetch a file, or what is in a folder; return the local paths."""
        if recursive:
            prefix = source.as_folder if source.key else ""
            found = list(self._client.files.walk(prefix, project=self._project))
            jobs = [
                self._fetching(file.key, file.size, local_below(to, file.key.removeprefix(prefix)))
                for file in found
            ]
            return self._run(jobs)
        if source.is_folder:
            raise FolderNeedsRecursiveError(path=str(source), field="source")
        name = source.key.rpartition("/")[2]
        target = local_below(to, name) if to.is_dir() else to
        return self._run([self._fetching(source.key, 0, target)])

    def copy(self, source: Remote, to: Remote, *, recursive: bool) -> list[str]:
        """Copy inside the platform; return the new keys."""
        if recursive:
            prefix = source.as_folder if source.key else ""
            pairs = [
                (file.key, to.as_folder + file.key.removeprefix(prefix))
                for file in self._client.files.walk(prefix, project=self._project)
            ]
        elif source.is_folder:
            raise FolderNeedsRecursiveError(path=str(source), field="source")
        else:
            pairs = [(source.key, to.inside(source.key.rpartition("/")[2]))]
        return self._run([self._copying(old, new) for old, new in pairs])

    def _sending(self, local: Path, key: str) -> Job:
        def act(progress: Callable[[int], None]) -> None:
            try:
                key.encode()
                self._client.files.upload(
                    local, key, project=self._project, overwrite=self._overwrite, progress=progress
                )
            except (OSError, UnicodeEncodeError) as failure:
                raise LocalFileError(path=ascii(str(local)), reason=str(failure)) from failure

        return key, local.stat().st_size, act

    def _fetching(self, key: str, size: int, local: Path) -> Job:
        def act(progress: Callable[[int], None]) -> None:
            if local.exists() and not self._overwrite:
                raise LocalFileError(path=str(local), reason=_there())
            try:
                local.parent.mkdir(parents=True, exist_ok=True)
                self._client.files.download(key, local, project=self._project, progress=progress)
            except OSError as failure:
                raise LocalFileError(path=str(local), reason=str(failure)) from failure

        return str(local), size, act

    def _copying(self, old: str, new: str) -> Job:
        def act(_: Callable[[int], None]) -> None:
            self._client.files.copy(old, new, project=self._project, overwrite=self._overwrite)

        return new, 0, act

    def _run(self, jobs: Iterable[Job]) -> list[str]:
        """Do the jobs; return what was made. Raises the one error, or FilesFailedError."""
        listed = list(jobs)
        meter = _Meter(len(listed), sum(size for _, size, _ in listed))
        done: list[str] = []
        failures: list[PlatformError] = []
        for name, _, act in listed:
            try:
                act(meter.add)
            except PlatformError as failure:
                if len(listed) == 1:
                    raise
                error(failure)
                failures.append(failure)
            else:
                done.append(name)
                meter.finished(name)
        if failures:
            raise FilesFailedError(failed=len(failures), total=len(listed)) from failures[0]
        return done


class _Meter:
    """Progress on standard error: a moving line at a terminal, else a line for each file."""

    def __init__(self, files: int, size: int) -> None:
        self._files = files
        self._size = size
        self._count = 0
        self._bytes = 0
        self._moving = sys.stderr.isatty()

    def add(self, count: int) -> None:
        self._bytes += count
        if self._moving:
            of = f" / {_megabytes(self._size)}" if self._size else ""
            print(f"\r{_megabytes(self._bytes)}{of}\x1b[K", end="", file=sys.stderr, flush=True)

    def finished(self, name: str) -> None:
        self._count += 1
        if self._moving:
            print("\r\x1b[K", end="", file=sys.stderr)
        say("{count}/{files}  {name}", count=self._count, files=self._files, name=name)


def _megabytes(count: int) -> str:
    shown = f"{count / 1e6:.1f}"
    return f"{shown.replace('.', ',')} Mo" if user_language() == "fr" else f"{shown} MB"


def _missing() -> str:
    from sardonyx.cli.output import worded

    return worded(N_("it is not there."))


def _there() -> str:
    from sardonyx.cli.output import worded

    return worded(N_("it is there already."))
