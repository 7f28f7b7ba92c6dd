"""Say how the platform on this machine stands: `status` and `doctor`."""

from __future__ import annotations

import asyncio
import platform
import shutil
import sys

from sardonyx.adapters.processes.health import LocalParts
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.programs import find_program
from sardonyx.adapters.processes.sandbox import Level, sandbox_level
from sardonyx.adapters.processes.supervisor import Supervisor, running
from sardonyx.local import part_programs
from sardonyx.settings import Settings

_BYTES_ENOUGH = 3 * 1024**3
_SANDBOX = {
    Level.FULL: "full: services see neither the platform's state nor each other",
    Level.NO_OVERLAY: "no overlay: packages a user installs go to the service's home",
    Level.NONE: "none: services run as ordinary processes of yours; install bubblewrap",
}


def status(settings: Settings) -> list[dict[str, str]]:
    """Return one row for each part and service: name, state."""
    home = Home(settings.home)
    if not running(home):
        return [{"name": "platform", "state": "down", "detail": str(home.root)}]
    answers = asyncio.run(LocalParts(home=home, programs=part_programs()).status())
    ready = {one.name: one.ready for one in answers}
    rows = []
    for name, state in Supervisor(home).states().items():
        told = state.lower()
        if name in ready:
            told = "ready" if ready[name] else "starting"
        rows.append({"name": name, "state": told, "detail": ""})
    return rows


def doctor(settings: Settings) -> list[dict[str, str]]:
    """Return one row for each check: name, state (`ok` or `warning`), what was found."""
    home = Home(settings.home)
    home.prepare()
    level = sandbox_level(home.run)
    free = shutil.disk_usage(home.root).free
    rows = [
        _row("machine", sys.platform == "linux", f"{platform.system()} {platform.machine()}"),
        _row("python", True, f"{platform.python_version()} {sys.executable}"),
        _row("isolation", level is Level.FULL, _SANDBOX[level]),
        _row("disk", free > _BYTES_ENOUGH, f"{free / 1e9:.1f} GB free in {home.root}"),
        _row("platform", running(home), "running" if running(home) else "not running"),
    ]
    programs = {**part_programs(), "bwrap": find_program("bwrap"), "uv": find_program("uv")}
    for name, program in programs.items():
        found = f"{program.version} from {program.source}: {program.path}"
        rows.append(_row(name, True, found))
    return rows


def _row(name: str, good: bool, found: str) -> dict[str, str]:
    return {"name": name, "state": "ok" if good else "warning", "detail": found}
