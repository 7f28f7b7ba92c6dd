"""Start programs that outlive this one, wait until they are ready, end them.

A started program is known by `<folder>/<name>.pid`, which holds its number and the time it was
started: a number that the machine has given to another process meanwhile is never signalled.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

# Lines of a log told when its program does not come up.
_TAIL = 8


class NotReadyError(Exception):
    """A program ended, or was not ready in time; the message ends with the end of its log."""


@dataclass(frozen=True, slots=True)
class Processes:
    """The programs started in one folder.

    folder: holds `<name>.log` and `<name>.pid`.
    inside: words put before each command (`nsenter …`), for programs of another namespace.
    """

    folder: Path
    inside: tuple[str, ...] = ()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start a command in the folder, in a session of its own, its output in `<name>.log`.

        environment: added to this program's own, kept with the command for `again`.
        """
        kept = {"command": [str(word) for word in command], "environment": {**(environment or {})}}
        (self.folder / f"{name}.command").write_text(json.dumps(kept))
        with (self.folder / f"{name}.log").open("ab") as log:
            started = subprocess.Popen(
                [*self.inside, *(str(word) for word in command)],
                cwd=self.folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        (self.folder / f"{name}.pid").write_text(f"{started.pid} {_since(started.pid)}\n")
        # Not ours to wait for: it lives on when this program ends.
        started.returncode = 0

    def again(self, name: str) -> None:
        """Start a program that was stopped, as it was started."""
        kept = json.loads((self.folder / f"{name}.command").read_text())
        self.start(name, kept["command"], environment=kept["environment"])

    def known(self) -> list[str]:
        """Return what was ever started in the folder, running or not."""
        return sorted(path.stem for path in self.folder.glob("*.command"))

    def names(self) -> list[str]:
        """Return what was started, the newest first."""
        marks = sorted(self.folder.glob("*.pid"), key=lambda path: path.stat().st_mtime)
        return [mark.stem for mark in reversed(marks)]

    def running(self, name: str) -> int | None:
        """Return the number of a running program; None when it has ended."""
        try:
            number, since = (self.folder / f"{name}.pid").read_text().split()
        except (FileNotFoundError, ValueError):
            return None
        return int(number) if _since(int(number)) == since else None

    def wait(self, name: str, what: str, ready: Callable[[], bool], seconds: float = 90) -> None:
        """Return when `ready()` says so. Raises NotReadyError when the program `name` ends first.

        seconds: how long to try; machines that are busy start slowly.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if ready():
                return
            if self.running(name) is None:
                break
            time.sleep(0.1)
        log = self.folder / f"{name}.log"
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL:])
        raise NotReadyError(f"{what} is not ready. The log of {name} ends with:\n{tail}")

    def stop(self, *names: str, softly: bool = False, seconds: float = 10) -> None:
        """End programs, all at once: by SIGKILL, or `softly` by SIGTERM first."""
        for name in names:
            self._signal(name, signal.SIGTERM if softly else signal.SIGKILL)
        deadline = time.monotonic() + seconds
        for name in names:
            while self.running(name) is not None:
                if time.monotonic() > deadline:
                    self._signal(name, signal.SIGKILL)
                time.sleep(0.02)
            (self.folder / f"{name}.pid").unlink(missing_ok=True)

    def _signal(self, name: str, number: signal.Signals) -> None:
        process = self.running(name)
        if process is not None:
            try:
                os.kill(process, number)
            except ProcessLookupError:
                return


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that were free a moment ago, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def succeeds(*command: str | Path) -> bool:
    """Tell whether a command ends with 0; its output is dropped."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, check=False, timeout=60).returncode == 0


def answers(url: str) -> bool:
    """Tell whether a plain http address of this machine answers with success."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False


def _since(number: int) -> str:
    """Return when a process started (ticks since boot); empty when it has ended.

    A zombie has ended: nobody may be left to wait for it.
    """
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] == "Z" else fields[19]
