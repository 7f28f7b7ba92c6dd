"""Start the real storage and secrets of a home as plain processes, for tests.

`running_parts` gives what the supervisor gives in real use, in some seconds, on ports of its
own, and leaves nothing behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.oidc.issuer import Issuer
from sardonyx.adapters.openbao.roles import configure
from sardonyx.adapters.openbao.server import openbao_part
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.parts import Part
from sardonyx.adapters.processes.programs import find_program
from sardonyx.adapters.s3.seaweedfs import KeyLife, seaweedfs_part

# Generous: several test processes share two cores.
_START_SECONDS = 120.0
_STOP_SECONDS = 30.0


class PartNotReadyError(AssertionError):
    """A part ended or did not answer; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class RunningParts:
    """Parts that answer. `processes` by name: keys, seaweedfs, openbao (those started)."""

    home: Home
    issuer: Issuer
    processes: dict[str, subprocess.Popen[bytes]]

    @property
    def s3_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.home.ports()['s3']}"

    @property
    def openbao_address(self) -> str:
        return f"http://127.0.0.1:{self.home.ports()['openbao']}"

    def log(self, name: str) -> Path:
        return self.home.logs / f"{name}.log"


@contextmanager
def running_parts(
    home: Home,
    *,
    names: tuple[str, ...] = ("keys", "seaweedfs", "openbao"),
    life: KeyLife | None = None,
    configured: Callable[[Part], None] = lambda part: None,
) -> Iterator[RunningParts]:
    """Start the named parts of `home`, wait until they answer, and stop them at the end.

    life: how long S3 keys live. configured: called with each part once its configuration is
    written, before it starts. Raises PartNotReadyError.
    """
    home.prepare()
    ports = home.ports()
    issuer = Issuer.of_home(home)
    parts: dict[str, tuple[Callable[[], Part], str]] = {
        "keys": (lambda: _keys_part(home), f"{issuer.url}/jwks"),
        "seaweedfs": (
            lambda: seaweedfs_part(home, ports, find_program("weed").path, life=life),
            f"http://127.0.0.1:{ports['s3']}/status",
        ),
        "openbao": (
            lambda: openbao_part(home, ports, find_program("bao").path),
            f"http://127.0.0.1:{ports['openbao']}/v1/sys/health",
        ),
    }
    with ExitStack() as stack:
        processes = {}
        for name in names:
            part = parts[name][0]()
            configured(part)
            processes[name] = stack.enter_context(_running(part, home.logs / f"{name}.log"))
        # Asked all at once, they stop side by side.
        stack.callback(_ask_to_stop, list(processes.values()))
        running = RunningParts(home, issuer, processes)
        for name in names:
            _wait_answer(parts[name][1], processes[name], running.log(name))
        if {"keys", "openbao"} <= set(names):
            identity = OnePerson.of_login(issuer).platform_identity()
            anyio.run(configure, running.openbao_address, issuer.url, identity)
        yield running


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 60.0) -> None:
    """Return as soon as `condition` holds; raises AssertionError naming `what` else."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)


@contextmanager
def _running(part: Part, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            part.command,
            cwd=part.directory,
            env=dict(part.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process)


def _ask_to_stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _keys_part(home: Home) -> Part:
    return Part(
        name="keys",
        command=(sys.executable, "-m", "sardonyx.adapters.oidc.server", "--home", str(home.root)),
        directory=home.root,
        environment={
            name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
        },
    )


def _wait_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def answers() -> bool:
        if process.poll() is not None:
            raise PartNotReadyError(f"ended with {process.returncode}:\n{_end_of(log)}")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except OSError:  # refused so far, or an HTTP error while starting
            return False

    try:
        wait_until(answers, url, seconds=_START_SECONDS)
    except AssertionError as error:
        raise PartNotReadyError(f"{error}\n{_end_of(log)}") from error


def _end_of(log: Path) -> str:
    return log.read_bytes()[-3000:].decode(errors="replace")
