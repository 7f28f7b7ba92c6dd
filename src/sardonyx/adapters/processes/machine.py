"""Know what this machine allows, and what stands in the way of a launch on it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sardonyx.adapters.processes.environments import BYTES_WANTED, environment_ready
from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.adapters.processes.sandbox import Level, sandbox_level
from sardonyx.catalog.models import Chart

if TYPE_CHECKING:
    # Loads the profile's model, which `up` does not need.
    from sardonyx.adapters.processes.profile import Profile

_BYTES_TO_START = 50 * 1024**2


def keep_level(home: Home) -> Level:
    """Try the sandbox and keep the answer for this run of the platform.

    Called by `up`, outside any wrapper: inside, root's trial would fail.
    """
    level = sandbox_level(home.run)
    write_private(home.sandbox_level, level.encode())
    return level


def kept_level(home: Home) -> Level:
    """Return the level found at the last start; `none` before the first."""
    try:
        return Level(home.sandbox_level.read_text())
    except (FileNotFoundError, ValueError):
        return Level.NONE


def launch_facts(home: Home, chart: Chart, profile: Profile) -> dict[str, str | int | float]:
    """Return the facts `diagnose` judges before a launch. Sizes in bytes."""
    need = profile.environment
    ready = True
    if need.python is not None:
        text = (chart.folder / need.python).read_text(encoding="utf-8")
        ready = environment_ready(home, text)
    facts: dict[str, str | int | float] = {
        "disk_free": shutil.disk_usage(home.root).free,
        "disk_needed": _BYTES_TO_START if ready else BYTES_WANTED,
        "environment_ready": int(ready),
    }
    if need.program and need.python is None and shutil.which(need.program.name) is None:
        facts |= {"program_missing": need.program.name, "program_hint": need.program.hint}
    return facts
