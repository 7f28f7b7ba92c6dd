"""One portal for all tests of the command line, with fresh parts for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.cli.machine import Machine, Served, put_platform, serving
from tests.files.fakes import World as FileWorld
from tests.services.world import world


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    with serving() as portal:
        yield portal


@pytest.fixture
def machine(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Machine:
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    for name in ("LC_ALL", "LC_MESSAGES", "SARDONYX_URL"):
        monkeypatch.delenv(name, raising=False)
    w, files = world(), FileWorld()
    put_platform(served.app, w, files)
    return Machine(served.home, w, served.loop, files, capsys, monkeypatch)
