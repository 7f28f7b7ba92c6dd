"""Run one service: a small kubelet, started by the supervisor, one for each release.

`python -m sardonyx.adapters.processes.runner --home DIR --release NAME`

Prepares the environment, copies files, runs the first steps, starts the program in its sandbox,
asks until it answers, watches it, starts it again when it dies. What happens is appended to the
timeline; how things stand is in `state.json`. It goes on when the portal is down. SIGTERM ends
the service in order. It decides nothing about words: `services.diagnosis` judges its facts.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from sardonyx.adapters.processes.beneath import write_beneath
from sardonyx.adapters.processes.environments import (
    EnvironmentCancelled,
    EnvironmentFault,
    Progress,
    prepare_environment,
)
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.network import saved_network_environment
from sardonyx.adapters.processes.probes import answers, port_taken
from sardonyx.adapters.processes.proc import mount_own_proc
from sardonyx.adapters.processes.release_folder import Facts, Orders, ReleaseFolder, RunnerState
from sardonyx.adapters.processes.rpc import SHUTTING_DOWN, RpcFault, call
from sardonyx.adapters.processes.runner_part import runner_name
from sardonyx.adapters.processes.sandbox import Level, Sandbox, write_identity
from sardonyx.adapters.processes.service_log import ServiceLog
from sardonyx.adapters.processes.service_process import Exit, ServiceProcess
from sardonyx.adapters.processes.steps import StepFailed, left_environment, run_init, run_step
from sardonyx.services.errors import RuntimeUnavailableError

_POLL = 0.05
_PROBE_SECONDS = 0.2
_PORT_SECONDS = 3.0
_PROGRESS_SECONDS = 0.5
_QUICK_SECONDS = 30.0
_QUICK_CRASHES = 3
_BACKOFF = (0.5, 2.0, 5.0)
# supervisord takes an exit within its first second for a failed start.
_LEAST_SECONDS = 1.5


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked
    """SIGTERM came."""


class Failed(Exception):  # noqa: N818 - carries the facts of a failure already told
    """The service cannot go on; `facts` say why."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        super().__init__(str(facts))


class Runner:
    """One life of one service."""

    def __init__(self, home: Home, release: str) -> None:
        self._home = home
        self._folder = ReleaseFolder(home.service(release))
        self._orders: Orders = self._folder.read_orders()
        self._stop = False
        self._log = ServiceLog(self._folder.log)
        self._started_at: str | None = None

    def run(self) -> bool:
        """Run the service until it was stopped (True) or has failed for good (False)."""
        signal.signal(signal.SIGTERM, self._asked_to_stop)
        signal.signal(signal.SIGINT, self._asked_to_stop)
        try:
            self._stop = self._stop or told_to_end(self._home, self._orders.release)
            self._check_stop()
            sandbox = self._prepare()
            self._serve(sandbox)
        except Stopped:
            paused = self._folder.read_record().desired == "paused"
            step, state = ("paused", "paused") if paused else ("stopped", "stopped")
            self._folder.tell(step, "done")
            self._say(state)
        except Failed as failure:
            self._say("failed", failure.facts)
        finally:
            self._log.close()
        return self._stop

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop = True

    def _stopping(self) -> bool:
        return self._stop

    def _say(self, state: str, facts: Facts | None = None) -> None:
        self._folder.write_state(
            RunnerState(self._orders.boot, state, self._started_at, facts or {})
        )

    def _prepare(self) -> Sandbox:
        orders, folder = self._orders, self._folder
        folder.prepare()
        write_identity(folder)
        self._say("preparing")
        environment = self._environment() if orders.requirements is not None else None
        self._need_program(environment)
        for place, content in orders.files.items():
            self._put_file(place, content)
        folder.socket.unlink(missing_ok=True)
        init_steps = Path(__file__).with_name("init_steps.py")
        sandbox = Sandbox(
            folder=folder,
            level=Level(orders.sandbox),
            environment=environment,
            release=orders.release,
            network=saved_network_environment(self._home),
            init_steps=init_steps if orders.init and init_steps.exists() else None,
        )
        try:
            if orders.init:
                run_init(sandbox, orders, self._log, stopping=self._stopping)
                # What the first steps give the service (secrets of the person, proxies).
                self._orders = orders = replace(orders, env=orders.env | left_environment(folder))
            for step in orders.steps:
                run_step(sandbox, orders, step, self._log, stopping=self._stopping)
        except StepFailed as failure:
            raise Failed(failure.facts) from failure
        self._check_stop()
        return sandbox

    def _put_file(self, place: str, content: str) -> None:
        try:
            write_beneath(self._folder.home, place, content)
        except OSError as error:
            facts: Facts = {"step_failed": "files", "last_lines": f"{place}: {error.strerror}"}
            self._folder.tell("init.files", "failed", detail=facts)
            raise Failed(facts) from error

    def _environment(self) -> Path:
        requirements = self._orders.requirements or ""
        folder = self._folder
        began = time.monotonic()
        told = 0.0
        phase = ""

        def tell(progress: Progress) -> None:
            nonlocal told, phase
            if progress.phase == phase and time.monotonic() - told < _PROGRESS_SECONDS:
                return
            told, phase = time.monotonic(), progress.phase
            detail: Facts = {"phase": progress.phase}
            if progress.bytes_total:
                detail |= {"bytes": progress.bytes_done, "bytes_total": progress.bytes_total}
            if progress.packages:
                detail["packages"] = progress.packages
            folder.tell("environment", "started", detail=detail, progress=progress.fraction)

        folder.tell("environment", "started")
        try:
            place = prepare_environment(
                self._home, requirements, told=tell, cancelled=self._stopping
            )
        except EnvironmentFault as fault:
            folder.tell("environment", "failed", detail=fault.facts)
            raise Failed(fault.facts) from fault
        except EnvironmentCancelled as cancelled:
            raise Stopped from cancelled
        folder.tell("environment", "done", detail={"seconds": round(time.monotonic() - began, 2)})
        return place

    def _need_program(self, environment: Path | None) -> None:
        orders = self._orders
        if orders.program and environment is None and shutil.which(orders.program) is None:
            facts: Facts = {"program_missing": orders.program, "program_hint": orders.program_hint}
            self._folder.tell("program", "failed", detail=facts)
            raise Failed(facts)

    def _serve(self, sandbox: Sandbox) -> None:
        crashes = 0
        while True:
            self._check_stop()
            began = time.monotonic()
            ended = self._one_life(sandbox)
            facts = ended.facts() | {"last_lines": self._log.last_lines()}
            self._folder.tell("exited", "failed", detail=facts)
            crashes = crashes + 1 if time.monotonic() - began < _QUICK_SECONDS else 1
            if crashes >= _QUICK_CRASHES:
                raise Failed(facts | {"crashes": crashes})
            self._say("starting", facts | {"crashes": crashes})
            self._wait(_BACKOFF[min(crashes, len(_BACKOFF)) - 1])
            self._folder.tell("restarted", "started", detail={"crashes": crashes})

    def _one_life(self, sandbox: Sandbox) -> Exit:
        """Start the program and return how it ended. Raises Stopped or Failed."""
        orders, folder = self._orders, self._folder
        if orders.port and self._stays_taken(orders.port):
            facts: Facts = {"port_taken": orders.port}
            folder.tell("started", "failed", detail=facts)
            raise Failed(facts)
        folder.socket.unlink(missing_ok=True)
        self._started_at = datetime.now(UTC).isoformat()
        folder.tell("started", "started")
        self._say("starting")
        process = ServiceProcess(sandbox, orders, self._log)
        try:
            ended = self._until_answering(process, sandbox)
            while ended is None:
                self._check_stop()
                self._check_socket()
                time.sleep(_POLL)
                ended = process.poll()
            return ended
        except Stopped:
            self._say("pausing" if folder.read_record().desired == "paused" else "stopping")
            process.stop(orders.stop_signal, orders.stop_seconds)
            raise
        finally:
            process.kill()

    def _stays_taken(self, port: int) -> bool:
        """Tell whether another program keeps the port: ours may just be leaving it."""
        until = time.monotonic() + _PORT_SECONDS
        while port_taken(port):
            if time.monotonic() > until:
                return True
            self._check_stop()
            time.sleep(_POLL)
        return False

    def _check_socket(self) -> None:
        """Refuse a link in place of the service's socket: the front door would follow it."""
        if self._folder.socket.is_symlink():
            facts: Facts = {"socket_replaced": 1}
            self._folder.tell("exited", "failed", detail=facts)
            raise Failed(facts)

    def _until_answering(self, process: ServiceProcess, sandbox: Sandbox) -> Exit | None:
        orders, folder = self._orders, self._folder
        began = time.monotonic()
        while time.monotonic() - began < orders.ready.seconds:
            self._check_stop()
            ended = process.poll()
            if ended is not None:
                return ended
            self._check_socket()
            if answers(sandbox, orders):
                seconds = round(time.monotonic() - began, 2)
                folder.tell("started", "done", detail={"seconds": seconds})
                folder.tell("answering", "done", detail={"seconds": seconds})
                self._say("running")
                return None
            time.sleep(_PROBE_SECONDS if orders.ready.kind == "command" else _POLL)
        facts: Facts = {
            "never_answered": orders.ready.path or orders.ready.kind,
            "seconds": f"{orders.ready.seconds:g}",
            "last_lines": self._log.last_lines(),
        }
        folder.tell("answering", "failed", detail=facts)
        raise Failed(facts)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._check_stop()
            time.sleep(_POLL)

    def _check_stop(self) -> None:
        if self._stop:
            raise Stopped


def told_to_end(home: Home, release: str) -> bool:
    """Tell whether the supervisor has asked this runner to end.

    A signal that came before the runner listened is lost (containment ignores it until then):
    the supervisor would wait for its whole stop time, and the person with it.
    """
    try:
        key = home.supervisor_key.read_text()
        known = call(home.supervisor_socket, key, "supervisor.getProcessInfo", runner_name(release))
    except RpcFault as fault:
        return fault.code == SHUTTING_DOWN
    except (OSError, RuntimeUnavailableError):
        return False
    return isinstance(known, dict) and known.get("statename") == "STOPPING"


def main() -> int:
    """Hold the release's lock and run it. Exit status 0: ended for good, else start me again."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--release", required=True)
    asked = parser.parse_args()
    began = time.monotonic()
    home = Home(asked.home)
    mount_own_proc()
    lock = os.open(ReleaseFolder(home.service(asked.release)).lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not Runner(home, asked.release).run():
        time.sleep(max(0.0, _LEAST_SECONDS - (time.monotonic() - began)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
