"""Environments built ahead: what the portal can tell while they are, and what a fault leaves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sardonyx.adapters.processes.environments import environment_ready
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.preparation import preparation_part, preparation_progress

pytestmark = pytest.mark.real


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "h")
    home.prepare()
    return home


def prepare(home: Home, **environment: str) -> subprocess.CompletedProcess[str]:
    wanted = {file.stem: file for file in home.root.glob("*.txt")}
    part = preparation_part(home, wanted)
    return subprocess.run(
        part.command,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_an_environment_is_there_before_anybody_launches(home: Home) -> None:
    (home.root / "empty.txt").write_text("# nothing\n")
    assert prepare(home).returncode == 0
    assert environment_ready(home, "# nothing\n")
    assert preparation_progress(home) == {}


def test_a_package_that_does_not_exist_costs_only_its_chart(home: Home) -> None:
    (home.root / "a-wrong.txt").write_text("sardonyx-no-such-package==1.0\n")
    (home.root / "b-empty.txt").write_text("# nothing\n")
    done = prepare(home, UV_OFFLINE="1")
    assert done.returncode == 1
    assert "a-wrong" in done.stderr
    assert environment_ready(home, "# nothing\n")
    assert preparation_progress(home) == {}


def test_nobody_waits_before_the_first_start(home: Home) -> None:
    assert preparation_progress(home) == {}
