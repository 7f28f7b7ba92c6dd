"""Start the platform to measure, once, and give it to each topic as somebody uses it."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e.platform import ROOT, TestPlatform, running_platform

from sardonyx.adapters.processes.environments import environment_path
from sardonyx.adapters.processes.home import Home

CHARTS = Path(__file__).parent / "charts"
# A catalogue made for each run: one chart of 600 settings.
MANY = Path("many-settings")
_running = ExitStack()


@cache
def platform() -> TestPlatform:
    """Return a running platform that builds no environment ahead; the same one to every topic.

    An environment takes a minute, and two cores that build one measure nothing else.
    """
    folder = _running.enter_context(TemporaryDirectory(prefix="sx-bench-"))
    many = Path(folder) / MANY
    _write_many(many / "many")
    catalogs = json.dumps([str(CHARTS), str(many)])
    return _running.enter_context(running_platform(SARDONYX_CATALOGS=catalogs))


def _write_many(folder: Path) -> None:
    from tools.measures.launcher import many_settings

    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: many\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text("{}\n")
    (folder / "values.schema.json").write_text(json.dumps(many_settings(600)))
    echo = CHARTS / "echo"
    shutil.copytree(echo / "files", folder / "files")
    for name in ("local.yaml", "requirements.txt"):
        shutil.copy(echo / name, folder / name)


def stop() -> None:
    """End the platform, if it was started."""
    _running.close()


def jupyter_environment(home: Home) -> Path:
    """Return the folder of JupyterLab's environment."""
    requirements = ROOT / "catalog" / "jupyter-python" / "requirements.txt"
    return environment_path(home, requirements.read_text(encoding="utf-8"))
