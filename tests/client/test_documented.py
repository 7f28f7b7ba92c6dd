"""The examples of docs/python.md run, one after the other, as a reader would run them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli.machine import Served
from tests.services.world import World

from sardonyx.client import Client
from sardonyx.services.models import State

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


async def test_every_example_of_the_page_runs(
    served: Served, served_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    served_world.runtime.state_at_install = State.RUNNING
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 4
    usual = 'Path("~/.local/share/sardonyx").expanduser()'
    assert usual in blocks[0]
    names: dict[str, Any] = {}
    run(blocks[0].replace(usual, f"Path({str(served.home)!r})"), names)
    names["platform"] = Client.of_home(served.home)
    for block in blocks[1:]:
        run(block, names)
    await names["follow"](served.home)
    names["platform"].close()
    said = capsys.readouterr().out
    assert "running http" in said
    assert "/auth/database" in said
    assert "False /launch/sardonyx/postgresql?" in said
    assert "['Name of the database']" in said
    assert "launch_refused ['/auth/database']" in said
    assert "timeline" in said


def run(code: str, names: dict[str, Any]) -> None:
    exec(compile(code, str(PAGE), "exec"), names)
