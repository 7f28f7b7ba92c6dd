"""Measure the memory of the idle platform, part by part."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from tools.measures.platform import platform
from tools.measures.table import Asked, Measure, Table

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.rpc import call

_IDLE_SECONDS = 30.0
_CPU_SECONDS = 10.0
_MB = 1e6


def measure(asked: Asked) -> Table:
    """Let the platform rest, then read what its processes hold and how much they run."""
    idle = platform()
    idle.run("down")
    idle.run("up", "--detach", "--no-browser", "--port", str(idle.port))
    # One visit: what the first page loads is part of an idle portal.
    idle.json("services", "list")
    time.sleep(_IDLE_SECONDS * min(1.0, asked.scale))
    trees = _trees(Home(idle.home))
    before, begun = {name: _cpu(pids) for name, pids in trees.items()}, time.monotonic()
    time.sleep(_CPU_SECONDS * min(1.0, asked.scale))
    passed = time.monotonic() - begun
    lines = []
    total = 0.0
    for name, pids in trees.items():
        held, resident = _memory(pids)
        total += held
        busy = (_cpu(pids) - before[name]) / passed
        lines.append(
            Measure(
                name,
                held / _MB,
                "MB",
                at_most=150 if name == "portal" else None,
                note=f"RSS {resident / _MB:.0f} MB, {busy:.1%} of a core",
            )
        )
    lines.append(Measure("all parts", total / _MB, "MB", at_most=550))
    return Table(
        "memory",
        "Idle memory",
        lines,
        (
            f"Proportional set size (PSS) of each part's processes {_IDLE_SECONDS:.0f} s after the "
            "start, once; beside it the resident set and the processor time of "
            f"{_CPU_SECONDS:.0f} idle seconds.",
        ),
    )


def _trees(home: Home) -> dict[str, set[int]]:
    """Return the pids of each part, and of the supervisor itself."""
    key = home.supervisor_key.read_text()
    answer = call(home.supervisor_socket, key, "supervisor.getAllProcessInfo")
    programs = cast("list[dict[str, object]]", answer)
    running = [one for one in programs if one["statename"] == "RUNNING"]
    trees = {str(one["name"]): _below(int(str(one["pid"]))) for one in running}
    supervisor = int((home.run / "supervisord.pid").read_text())
    return {**trees, "supervisor": {supervisor}}


def _below(top: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
            except OSError:
                continue
    found = {top}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found
        found |= more


def _memory(pids: Iterable[int]) -> tuple[float, float]:
    """Return proportional and resident set sizes, bytes."""
    held = resident = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                held += int(line.split()[1]) * 1024
            elif line.startswith("Rss:"):
                resident += int(line.split()[1]) * 1024
    return held, resident


def _cpu(pids: Iterable[int]) -> float:
    """Return the processor seconds used so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
