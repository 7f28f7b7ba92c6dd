"""Start the platform to measure, once, and give it to each topic as somebody uses it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from tests.e2e.platform import ROOT, TestPlatform, running_platform

from sardonyx.adapters.processes.environments import environment_path
from sardonyx.adapters.processes.home import Home

CHARTS = Path(__file__).parent / "charts"
_running = ExitStack()


@cache
def platform() -> TestPlatform:
    """Return a running platform that builds no environment ahead; the same one to every topic.

    An environment takes a minute, and two cores that build one measure nothing else.
    """
    return _running.enter_context(running_platform(SARDONYX_CATALOGS=json.dumps([str(CHARTS)])))


def stop() -> None:
    """End the platform, if it was started."""
    _running.close()


def jupyter_environment(home: Home) -> Path:
    """Return the folder of JupyterLab's environment."""
    requirements = ROOT / "catalog" / "jupyter-python" / "requirements.txt"
    return environment_path(home, requirements.read_text(encoding="utf-8"))
