"""What supervisord's configuration can carry."""

from __future__ import annotations

from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from sardonyx.adapters.processes.errors import VariableError
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.parts import Part
from sardonyx.adapters.processes.supervisor import configuration


def read_back(home: Home, value: str) -> str:
    """Return the variable as supervisord reads it."""
    home.prepare()
    part = Part("one", ("true",), home.root, {"GIVEN": value, "OTHER": "x"})
    home.supervisor_config.write_text(configuration(home, [part]))
    options = ServerOptions()
    options.realize(["-c", str(home.supervisor_config)])
    [group] = options.process_group_configs
    environment = group.process_configs[0].environment
    assert environment["OTHER"] == "x"
    return str(environment["GIVEN"])


@pytest.mark.parametrize(
    "value", ['["/charts", "/more"]', "it's 100 % fine", "", "a,b=c;d#e", "/é/ñ", "\\back\\"]
)
def test_a_variable_arrives_as_it_is(tmp_path: Path, value: str) -> None:
    assert read_back(Home(tmp_path), value) == value


@pytest.mark.parametrize(
    "value", ["both ' and \"", "two\nlines", '"quoted"', "ends'", "a #b", "a ;b"]
)
def test_a_variable_that_cannot_be_carried_is_named(tmp_path: Path, value: str) -> None:
    with pytest.raises(VariableError) as refused:
        read_back(Home(tmp_path), value)
    assert "GIVEN" in refused.value.detail_text().in_language("en")
