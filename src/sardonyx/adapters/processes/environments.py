"""Prepare Python environments with uv: pinned, cached by content, shared and read-only.

An environment lies in `<home>/environments/<key>`; its `.ready` file is written last, so a build
that was cut is built again. A lock lets two launches share one build. With `.ready` present
nothing is started and the network is not touched.
Imports little: the runner of every service loads it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import re
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.adapters.processes.network import saved_network_environment
from sardonyx.adapters.processes.programs import find_program

READY = ".ready"
# A guess for pre-flight only: a data science kit takes about 1 GB with its cache.
BYTES_WANTED = 2 * 1024**3
_WAIT = 0.1
_KEPT_LINES = 200
_UNITS = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_DOWNLOADING = re.compile(r"^Downloading (\S+) \(([\d.]+)\s?(B|KiB|MiB|GiB)\)")
_DOWNLOADED = re.compile(r"^ ?Downloaded (\S+)")
_COUNTED = re.compile(r"^(Resolved|Prepared|Installed) (\d+) packages?")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is. phase: resolving, downloading, installing, compiling, ready.

    bytes_done of bytes_total, as far as announced: only large files are. packages: how many.
    """

    phase: str
    bytes_done: int = 0
    bytes_total: int = 0
    packages: int = 0

    @property
    def fraction(self) -> float | None:
        """Return the part done in [0, 1], weighed by the announced sizes; None when unknown."""
        if self.phase == "ready":
            return 1.0
        if self.phase in {"installing", "compiling"}:
            return 0.9
        return 0.85 * self.bytes_done / self.bytes_total if self.bytes_total else None


class EnvironmentFault(Exception):  # noqa: N818 - a finding is made of it, nobody sees it raised
    """uv could not build the environment; `facts` are those that `diagnose` reads."""

    def __init__(self, facts: dict[str, str | int | float]) -> None:
        self.facts = facts
        super().__init__(str(facts.get("package_error", "other")))


class EnvironmentCancelled(Exception):  # noqa: N818
    """The caller asked to stop the build."""


def environment_key(requirements: str) -> str:
    """Return the name of the environment of `requirements` for this Python and machine."""
    about = "\n".join((requirements, platform.python_version(), _base_python(), platform.machine()))
    return hashlib.sha256(about.encode()).hexdigest()[:24]


def environment_path(home: Home, requirements: str) -> Path:
    """Return where the environment of `requirements` is, or will be.

    A link to a larger disk is followed: the scripts of an environment hold its path.
    """
    return home.environments.resolve() / environment_key(requirements)


def environment_ready(home: Home, requirements: str) -> bool:
    """Tell whether the environment can be used now."""
    return (environment_path(home, requirements) / READY).exists()


def prepare_environment(
    home: Home,
    requirements: str,
    *,
    told: Callable[[Progress], None] = lambda progress: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Path:
    """Return the environment of `requirements`, building it when it is not there.

    Waits while another process builds the same one, passing on its progress.
    Raises EnvironmentFault, or EnvironmentCancelled when `cancelled` turned true.
    """
    place = environment_path(home, requirements)
    if (place / READY).exists():
        return place
    with _locked(place.with_suffix(".lock"), _passing_on(place, told), cancelled):
        if not (place / READY).exists():
            _build(home, place, requirements, told, cancelled)
    return place


def uv_environment(home: Home) -> dict[str, str]:
    """Return the variables uv runs with: the user's network settings and our cache."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    return kept | saved_network_environment(home) | {"UV_CACHE_DIR": str(home.uv_cache)}


def fault_facts(lines: Iterable[str], status: int) -> dict[str, str | int | float]:
    """Return what uv's words say, as facts; addresses in them are hidden."""
    text = "\n".join(lines)
    told = [
        _ADDRESS.sub("…", line.strip())
        for line in text.splitlines()
        if line.strip().startswith(("error:", "cause:", "hint:"))
    ]
    facts: dict[str, str | int | float] = {
        "package_error": "other",
        "package_evidence": "\n".join(told) or _ADDRESS.sub("…", text[-400:]),
        "uv_status": status,
    }
    version = re.search(r"no version of ([A-Za-z0-9._-]+?)\s?==\s?(\S+)", text)
    missing = re.search(r"Because (\S+) was not found in the package registry", text)
    if "No space left on device" in text or "os error 28" in text:
        facts["package_error"] = "disk_full"
    elif "network was disabled" in text or "was not found in the cache" in text:
        facts["package_error"] = "offline"
    elif "invalid peer certificate" in text or "certificate verify failed" in text:
        facts["package_error"] = "certificate"
    elif missing:
        facts |= {"package_error": "not_found", "package": missing[1]}
    elif version:
        facts |= {"package_error": "no_version", "package": version[1], "version": version[2]}
    elif "Hash mismatch" in text or "--require-hashes" in text:
        facts["package_error"] = "hashes"
    elif any(
        mark in text
        for mark in (
            "Failed to fetch",
            "client error (Connect)",
            "dns error",
            "tunnel error",
            "Failed to download",
            "operation timed out",
        )
    ):
        facts["package_error"] = "network"
    elif "Read-only file system" in text:
        facts["package_error"] = "read_only"
    return facts


def _base_python() -> str:
    """Return the interpreter below any virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def _build(
    home: Home,
    place: Path,
    requirements: str,
    told: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> None:
    # In place: the scripts of an environment hold its path, so it cannot be renamed.
    shutil.rmtree(place, ignore_errors=True)
    uv = str(find_program("uv").path)
    wanted = place.with_suffix(".txt")
    record = place.with_suffix(".progress")
    reader = _Reader(told, record)
    try:
        write_private(wanted, requirements.encode())
        _run_uv(
            [uv, "venv", "--no-project", "--no-config", "--python", _base_python(), str(place)],
            home,
            reader,
            cancelled,
        )
        command = [uv, "pip", "install", "--python", str(place / "bin" / "python")]
        command += ["--compile-bytecode", "--requirements", str(wanted)]
        if "--hash=" in requirements:
            command.append("--require-hashes")
        if any(
            line.strip() and not line.lstrip().startswith("#") for line in requirements.splitlines()
        ):
            _run_uv(command, home, reader, cancelled)
        (place / READY).touch()
        reader.tell(Progress("ready", reader.done, reader.done, reader.packages))
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)
        raise EnvironmentFault(
            fault_facts([f"error: {error.strerror} (os error {error.errno})"], 1)
        ) from error
    except (EnvironmentFault, EnvironmentCancelled):
        shutil.rmtree(place, ignore_errors=True)
        raise
    finally:
        record.unlink(missing_ok=True)


def _run_uv(command: list[str], home: Home, reader: _Reader, cancelled: Callable[[], bool]) -> None:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=uv_environment(home),
        cwd=home.root,
        start_new_session=True,
    )
    assert process.stderr is not None  # noqa: S101 - a pipe was asked for
    lines: list[str] = []
    with process.stderr, selectors.DefaultSelector() as ready:
        ready.register(process.stderr, selectors.EVENT_READ)
        left = b""
        while True:
            if cancelled():
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise EnvironmentCancelled
            if not ready.select(_WAIT):
                continue
            chunk = os.read(process.stderr.fileno(), 65536)
            if not chunk:
                break
            *whole, left = (left + chunk).split(b"\n")
            for raw in whole:
                line = raw.decode(errors="replace")
                lines = [*lines[-_KEPT_LINES:], line]
                reader.read(line)
        if left:
            lines.append(left.decode(errors="replace"))
    status = process.wait()
    if status != 0:
        raise EnvironmentFault(fault_facts(lines, status))


class _Reader:
    """Turns uv's lines into progress, kept in a file for those who wait for the same build."""

    def __init__(self, told: Callable[[Progress], None], record: Path) -> None:
        self._told = told
        self._record = record
        self._sizes: dict[str, int] = {}
        self._phase = "resolving"
        self.done = 0
        self.packages = 0

    def read(self, line: str) -> None:
        """Take one line of uv's."""
        if found := _DOWNLOADING.match(line):
            self._sizes[found[1]] = int(float(found[2]) * _UNITS[found[3]])
            self._phase = "downloading"
        elif found := _DOWNLOADED.match(line):
            self.done += self._sizes.get(found[1], 0)
        elif found := _COUNTED.match(line):
            self.packages = int(found[2])
            self._phase = {
                "Resolved": "downloading",
                "Prepared": "installing",
                "Installed": "compiling",
            }[found[1]]
        else:
            return
        self.tell(Progress(self._phase, self.done, sum(self._sizes.values()), self.packages))

    def tell(self, progress: Progress) -> None:
        """Pass progress on, here and to those who wait."""
        write_private(self._record, json.dumps(asdict(progress)).encode())
        self._told(progress)


def _passing_on(place: Path, told: Callable[[Progress], None]) -> Callable[[], None]:
    record = place.with_suffix(".progress")
    last: list[Mapping[str, object]] = []

    def look() -> None:
        try:
            seen = json.loads(record.read_text())
        except (FileNotFoundError, ValueError):
            return
        if last != [seen]:
            last[:] = [seen]
            told(Progress(**seen))

    return look


@contextmanager
def _locked(
    path: Path, waiting: Callable[[], None], cancelled: Callable[[], bool]
) -> Iterator[None]:
    """Hold `path`'s lock. It is polled, so that a wait shows progress and can be cancelled."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if cancelled():
                    raise EnvironmentCancelled from None
                waiting()
                time.sleep(_WAIT)
        yield
    finally:
        os.close(descriptor)
