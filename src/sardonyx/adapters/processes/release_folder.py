"""Own the folder of one release and the records in it; shared by runtime and runner.

Imports little: the runner of every service loads it. All files are the user's alone (0600).
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sardonyx.adapters.processes.home import write_private

Facts = dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Ready:
    """How readiness is asked. kind: http, tcp or command."""

    kind: str
    path: str = ""
    command: list[str] = field(default_factory=list)
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    command: list[str]


@dataclass(frozen=True, slots=True)
class Orders:
    """All the runner needs: the process profile with every reference resolved.

    requirements: text of the pinned requirements, None without Python environment.
    program: name on PATH and hint, None when none is needed. files: place in the service's home
    -> content. port: the service's loopback port, 0 when it listens on its socket.
    memory: bytes, 0 without limit. Holds secrets (env): kept 0600, never logged.
    """

    release: str
    boot: str
    command: list[str]
    env: dict[str, str] = field(repr=False)
    ready: Ready
    requirements: str | None = None
    program: str = ""
    program_hint: str = ""
    files: dict[str, str] = field(default_factory=dict)
    init: bool = False
    steps: list[Step] = field(default_factory=list)
    port: int = 0
    host: str = "localhost"
    memory: int = 0
    stop_signal: str = "TERM"
    stop_seconds: float = 10.0
    sandbox: str = "full"


@dataclass(frozen=True, slots=True)
class Record:
    """What the runtime keeps of a release beside its plan. desired: running, paused, deleted."""

    friendly_name: str
    created_at: str
    desired: str
    revision: int = 1
    port: int = 0
    address_port: int = 0
    address: str = ""
    web: bool = True
    notes: dict[str, str] = field(default_factory=dict)
    provides: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunnerState:
    """What the runner says. boot: the supervisor's life in which it was said."""

    boot: str
    state: str
    started_at: str | None = None
    facts: Facts = field(default_factory=dict)


class ReleaseFolder:
    """The files of one release under `<home>/services/<release>`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.plan = root / "plan.json"
        self.revisions = root / "revisions"
        self.orders = root / "orders.json"
        self.record = root / "record.json"
        self.state = root / "state.json"
        self.timeline = root / "timeline.jsonl"
        self.lock = root / "runner.lock"
        self.logs = root / "logs"
        self.log = root / "logs" / "service.log"
        self.work = root / "work"
        self.home = root / "home"
        self.run = root / "run"
        self.socket = root / "run" / "service.sock"
        self.etc = root / "etc"
        self.packages = root / "packages"
        self.token = root / "creds.token"

    def prepare(self) -> None:
        """Create the folders, owner-only."""
        for folder in (
            self.root,
            self.logs,
            self.work,
            self.home,
            self.run,
            self.etc,
            self.packages,
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write_orders(self, orders: Orders) -> None:
        write_private(self.orders, json.dumps(asdict(orders)).encode())

    def read_orders(self) -> Orders:
        raw = json.loads(self.orders.read_text())
        raw["ready"] = Ready(**raw["ready"])
        raw["steps"] = [Step(**step) for step in raw["steps"]]
        return Orders(**raw)

    def write_record(self, record: Record) -> None:
        write_private(self.record, json.dumps(asdict(record)).encode())

    def read_record(self) -> Record:
        return Record(**json.loads(self.record.read_text()))

    def write_state(self, state: RunnerState) -> None:
        write_private(self.state, json.dumps(asdict(state)).encode())

    def read_state(self) -> RunnerState:
        return RunnerState(**json.loads(self.state.read_text()))

    def tell(
        self,
        step: str,
        status: str,
        *,
        detail: Facts | None = None,
        progress: float | None = None,
    ) -> None:
        """Append one event to the timeline, whole or not at all (one write, O_APPEND)."""
        event = {
            "at": datetime.now(UTC).isoformat(),
            "step": step,
            "status": status,
            "detail": detail or {},
            "progress": progress,
        }
        line = json.dumps(event).encode() + b"\n"
        descriptor = os.open(self.timeline, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def runner_lives(self) -> bool:
        """Tell whether a runner holds this release's lock; starts nothing."""
        try:
            descriptor = os.open(self.lock, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False
