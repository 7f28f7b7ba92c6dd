"""Start the platform to measure, once, and give it to each topic as somebody uses it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from tests.e2e.platform import ROOT, TestPlatform, running_platform, until

from sardonyx.adapters.processes.environments import environment_path, environment_ready
from sardonyx.adapters.processes.home import Home

CHARTS = Path(__file__).parent / "charts"
_PREPARED_SECONDS = 900.0
_running = ExitStack()


@cache
def platform() -> TestPlatform:
    """Return a running platform whose environments are built; the same one to every topic.

    Building them takes minutes, and two cores that build measure nothing else.
    """
    started = _running.enter_context(running_platform(SARDONYX_CATALOGS=json.dumps([str(CHARTS)])))
    home = Home(started.home)
    requirements = [
        file.read_text(encoding="utf-8") for file in ROOT.glob("catalog/*/requirements.txt")
    ]

    def prepared() -> bool:
        built = all(environment_ready(home, one) for one in requirements)
        return built and (not home.preparation.exists() or home.preparation.read_text() == "{}")

    until(prepared, seconds=_PREPARED_SECONDS, what="environments built")
    return started


def stop() -> None:
    """End the platform, if it was started."""
    _running.close()


def jupyter_environment(home: Home) -> Path:
    """Return the folder of JupyterLab's environment."""
    requirements = ROOT / "catalog" / "jupyter-python" / "requirements.txt"
    return environment_path(home, requirements.read_text(encoding="utf-8"))
