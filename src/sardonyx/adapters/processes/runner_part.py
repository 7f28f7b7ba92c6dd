"""Describe the runner of a release as a program of the supervisor."""

from __future__ import annotations

import sys

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.parts import Part


def runner_name(release: str) -> str:
    """Return the supervisor's name of a release's runner; never that of a part."""
    return f"service-{release}"


def runner_part(home: Home, release: str) -> Part:
    """Return the program: it needs no environment and no secret on its command line."""
    return Part(
        name=runner_name(release),
        command=(
            sys.executable,
            "-m",
            "sardonyx.adapters.processes.runner",
            "--home",
            str(home.root),
            "--release",
            release,
        ),
        directory=home.root,
    )
