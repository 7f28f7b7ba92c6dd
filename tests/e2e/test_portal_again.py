"""`make portal` gives a changed portal within seconds, and leaves services alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.e2e.platform import ROOT, TestPlatform
from tests.runtime.world import processes_of

from sardonyx.adapters.processes.home import Home

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("light")]


def again(home: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/portal.py"],
        cwd=ROOT, env={**os.environ, "SARDONYX_HOME": home},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def portals(home: Home) -> set[int]:
    return {pid for pid, line in processes_of(home).items() if "sardonyx.portal" in line}


def runners(home: Home) -> set[int]:
    return {pid for pid, line in processes_of(home).items() if "processes.runner" in line}


def test_the_portal_is_another_process_and_the_service_the_same(
    light: TestPlatform, mirror: str
) -> None:
    home = Home(light.home)
    portal, service = portals(home), runners(home)
    assert portal
    assert service
    done = again(str(light.home))
    assert done.returncode == 0, done.stderr
    assert light.state(mirror) == "running"
    assert runners(home) == service
    assert portals(home)
    assert not portals(home) & portal


def test_without_a_platform_it_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    done = again(str(tmp_path_factory.mktemp("none")))
    assert done.returncode != 0
    assert "make up" in done.stderr
