"""Start a platform to measure, once what it does after a first start is over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.platform import ROOT, TestPlatform, running_platform, until

from sardonyx.adapters.processes.environments import environment_path, environment_ready
from sardonyx.adapters.processes.home import Home

ECHO = Path(__file__).parent / "charts"
_PREPARED_SECONDS = 900.0


@contextmanager
def resting_platform() -> Iterator[TestPlatform]:
    """Start a platform and wait until its environments are built."""
    with running_platform(SARDONYX_CATALOGS=json.dumps([str(ECHO)])) as platform:
        requirements = [
            file.read_text(encoding="utf-8") for file in ROOT.glob("catalog/*/requirements.txt")
        ]
        home = Home(platform.home)

        def prepared() -> bool:
            return all(environment_ready(home, one) for one in requirements)

        until(prepared, seconds=_PREPARED_SECONDS, what="environments built")
        until(lambda: home.preparation.read_text() == "{}" if home.preparation.exists() else True)
        yield platform


def jupyter_environment(platform: TestPlatform) -> Path:
    """Return the folder of JupyterLab's environment."""
    requirements = ROOT / "catalog" / "jupyter-python" / "requirements.txt"
    return environment_path(Home(platform.home), requirements.read_text(encoding="utf-8"))
