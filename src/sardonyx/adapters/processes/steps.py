"""Run what comes before a service: its first steps (region, personal, Git) and the chart's own.

Each step is one event of the timeline. The program of the first steps prints JSON lines
`{"step", "status", "detail"}`; other lines go to the service's log.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

from sardonyx.adapters.processes.beneath import read_beneath
from sardonyx.adapters.processes.release_folder import Facts, Orders, ReleaseFolder, Step
from sardonyx.adapters.processes.sandbox import INSIDE_INIT, Level, Sandbox
from sardonyx.adapters.processes.service_log import ServiceLog
from sardonyx.adapters.processes.service_process import SandboxedProcess, exit_of

LEFT_ENVIRONMENT = ".sardonyx/env.json"
_STEP_SECONDS = 600.0
# Exit status of init_steps: an essential step failed, do not start the service.
_ESSENTIAL = 3
_POLL = 0.05


class StepFailed(Exception):  # noqa: N818 - carries the facts of a failure already told
    """A step ended badly or took too long; the service is not started."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        super().__init__(str(facts))


def run_step(
    sandbox: Sandbox, orders: Orders, step: Step, log: ServiceLog, *, stopping: Callable[[], bool]
) -> None:
    """Run one command of the profile. Raises StepFailed."""
    name = f"init.{step.name}"
    sandbox.folder.tell(name, "started")
    began = time.monotonic()
    status = _run(sandbox, orders, step.command, log.write, stopping)
    seconds = round(time.monotonic() - began, 2)
    if status != 0:
        facts: Facts = {"step_failed": step.name, "last_lines": log.last_lines()}
        facts |= {"timed_out": 1} if status is None else exit_of(status).facts()
        sandbox.folder.tell(name, "failed", detail=facts)
        raise StepFailed(facts)
    sandbox.folder.tell(name, "done", detail={"seconds": seconds})


def run_init(
    sandbox: Sandbox, orders: Orders, log: ServiceLog, *, stopping: Callable[[], bool]
) -> None:
    """Run the first steps. One that fails is told and does not stop the service, but for an
    essential one: raises StepFailed."""
    if sandbox.init_steps is None:
        return
    script = str(sandbox.init_steps) if sandbox.level is Level.NONE else INSIDE_INIT
    left = b""

    def read(content: bytes) -> None:
        nonlocal left
        *lines, left = (left + content).split(b"\n")
        for line in lines:
            if not _tell(sandbox, line):
                log.write(line + b"\n")

    status = _run(sandbox, orders, ["python", "-u", script], read, stopping)
    if left and not _tell(sandbox, left):
        log.write(left + b"\n")
    if status != 0:
        facts: Facts = {"step_failed": "init", "last_lines": log.last_lines()}
        facts |= {"timed_out": 1} if status is None else exit_of(status).facts()
        sandbox.folder.tell("init", "failed", detail=facts)
        if status == _ESSENTIAL:
            raise StepFailed(facts)


def left_environment(folder: ReleaseFolder) -> dict[str, str]:
    """Return the variables the first steps left for the service; empty when none."""
    try:
        left = json.loads(read_beneath(folder.home, LEFT_ENVIRONMENT) or "{}")
    except ValueError:
        return {}
    if not isinstance(left, dict):
        return {}
    return {
        str(name): value
        for name, value in left.items()
        if isinstance(value, str) and name.isidentifier() and "\0" not in value
    }


def _tell(sandbox: Sandbox, line: bytes) -> bool:
    """Append a step's own words to the timeline; False when the line is none."""
    try:
        event = json.loads(line)
        step, status = str(event["step"]), str(event["status"])
        detail = event.get("detail") or {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    if status not in {"started", "done", "failed"}:
        return False
    if not isinstance(detail, dict):
        detail = {"said": str(detail)}
    facts: Facts = {
        str(key): value if isinstance(value, str | int | float) else str(value)
        for key, value in detail.items()
    }
    name = step if step.startswith("init.") else f"init.{step}"
    sandbox.folder.tell(name, status, detail=facts)
    return True


def _run(
    sandbox: Sandbox,
    orders: Orders,
    command: list[str],
    read: Callable[[bytes], None],
    stopping: Callable[[], bool],
) -> int | None:
    """Run `command`, passing on what it prints; return its status, None when out of time."""
    reader, writer = os.pipe()
    try:
        process = SandboxedProcess(sandbox, command, orders.env, stdout=writer)
    finally:
        os.close(writer)
    os.set_blocking(reader, False)
    until = time.monotonic() + _STEP_SECONDS
    try:
        while True:
            status = process.process.poll()
            drained = _drain(reader, read)
            if status is not None:
                _drain(reader, read)
                return status
            if stopping() or time.monotonic() > until:
                return None
            if not drained:
                time.sleep(_POLL)
    finally:
        process.kill()
        os.close(reader)


def _drain(reader: int, read: Callable[[bytes], None]) -> bool:
    seen = False
    while True:
        try:
            chunk = os.read(reader, 65536)
        except BlockingIOError:
            return seen
        if not chunk:
            return seen
        seen = True
        read(chunk)
