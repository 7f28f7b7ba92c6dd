"""Start a program in a service's sandbox, end it in order, and say how it ended."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass

from sardonyx.adapters.processes.containment import bubblewrap
from sardonyx.adapters.processes.memory import MemoryLimit
from sardonyx.adapters.processes.proc import children
from sardonyx.adapters.processes.release_folder import Facts, Orders
from sardonyx.adapters.processes.sandbox import Level, Sandbox, base_environment, layout, sandboxed
from sardonyx.adapters.processes.service_log import ServiceLog

_POLL = 0.02
_INFO_SECONDS = 10.0
_KILL_SECONDS = 5.0
_SIGNALLED = 128


@dataclass(frozen=True, slots=True)
class Exit:
    """How a program ended: by itself (`code`) or by a signal; `oom`: memory ran out."""

    code: int | None
    signal: str = ""
    oom: bool = False

    def facts(self) -> Facts:
        facts: Facts = {}
        if self.code is not None:
            facts["exit_code"] = self.code
        if self.signal:
            facts["signal"] = self.signal
        if self.oom:
            facts["oom"] = 1
        return facts


class SandboxedProcess:
    """One program in a sandbox."""

    def __init__(
        self,
        sandbox: Sandbox,
        command: list[str],
        env: dict[str, str],
        *,
        stdout: int,
        memory: MemoryLimit | None = None,
    ) -> None:
        self._inner = 0
        limit = memory.enter if memory is not None else None
        if sandbox.level is Level.NONE:
            places = layout(sandbox.folder, sandbox.level)
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.STDOUT,
                env=base_environment(sandbox, env),
                cwd=places.work,
                start_new_session=True,
                preexec_fn=limit,  # noqa: PLW1509 - writes one file, then exec
            )
            return
        bwrap = bubblewrap()
        assert bwrap is not None  # noqa: S101 - the level says that it is there
        options = _options_file(sandboxed(sandbox, env))
        told, tell = os.pipe()
        try:
            self.process = subprocess.Popen(
                [bwrap, "--args", str(options), "--info-fd", str(tell), "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.STDOUT,
                env={},
                cwd="/",
                pass_fds=(options, tell),
                # Its own group: the supervisor's SIGTERM is for the runner alone.
                start_new_session=True,
                preexec_fn=limit,  # noqa: PLW1509 - writes one file, then exec
            )
        finally:
            os.close(options)
            os.close(tell)
        self._inner = _child_pid(told)

    def main_process(self) -> int:
        """Return the pid of the program itself, 0 when it is not there (any more)."""
        if self._inner == 0:
            return self.process.pid
        return next(iter(children(self._inner)), 0)

    def stop(self, name: str, seconds: float) -> None:
        """Ask the program to end, wait, then kill all that is left of it."""
        main = self.main_process()
        if main and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(main, signal.Signals[f"SIG{name}"])
            until = time.monotonic() + seconds
            while self.process.poll() is None and time.monotonic() < until:
                time.sleep(_POLL)
        self.kill()

    def kill(self) -> None:
        """End everything in the sandbox at once; it may have ended before."""
        if self._inner and self.process.poll() is None:
            # Its first process first: when that is gone, so is every other, and its ports.
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.kill(self._inner, signal.SIGKILL)
                self.process.wait(timeout=_KILL_SECONDS)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class ServiceProcess:
    """The service's own program, its output in the log."""

    def __init__(self, sandbox: Sandbox, orders: Orders, log: ServiceLog) -> None:
        self._memory = MemoryLimit(orders.release, orders.memory) if orders.memory else None
        reader, writer = os.pipe()
        try:
            self._sandboxed = SandboxedProcess(
                sandbox, orders.command, orders.env, stdout=writer, memory=self._memory
            )
        finally:
            os.close(writer)
        self._pump = log.pump(reader)

    def poll(self) -> Exit | None:
        """Return how the program ended, None while it runs."""
        status = self._sandboxed.process.poll()
        if status is None:
            return None
        self._pump.join(timeout=2)
        oom = self._memory.ran_out() if self._memory is not None else False
        return exit_of(status, oom=oom)

    def stop(self, name: str, seconds: float) -> None:
        self._sandboxed.stop(name, seconds)

    def kill(self) -> None:
        self._sandboxed.kill()
        self._pump.join(timeout=2)
        if self._memory is not None:
            self._memory.remove()


def exit_of(status: int, *, oom: bool = False) -> Exit:
    """Return the meaning of a status: bubblewrap and shells tell a signal as 128 + number."""
    number = -status if status < 0 else status - _SIGNALLED if status > _SIGNALLED else 0
    try:
        name = signal.Signals(number).name if number else ""
    except ValueError:
        name = ""
    return Exit(None if name else status, name, oom)


def _options_file(options: list[str]) -> int:
    descriptor = os.memfd_create("bwrap")
    os.write(descriptor, b"\0".join(os.fsencode(option) for option in options) + b"\0")
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _child_pid(told: int) -> int:
    """Return the pid of the sandbox's first process from bubblewrap's own words; 0 if none."""
    content = b""
    try:
        while select.select([told], [], [], _INFO_SECONDS)[0]:
            chunk = os.read(told, 4096)
            content += chunk
            if not chunk or b"}" in content:
                break
    finally:
        os.close(told)
    try:
        return int(json.loads(content)["child-pid"])
    except (ValueError, KeyError):
        return 0  # bubblewrap failed: its words are in the log
