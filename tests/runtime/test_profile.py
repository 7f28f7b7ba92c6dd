"""local.yaml: what is accepted, what is refused and where, and that its schema says the same."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from ruamel.yaml import YAML
from tests.runtime.world import CHARTS

from sardonyx.adapters.processes import profile as module
from sardonyx.adapters.processes.errors import ProfileError
from sardonyx.adapters.processes.profile import parse_profile, profile_problems, profile_schema

SCHEMA = json.loads(Path(module.__file__).with_name("local.schema.json").read_text())
OURS = Path(__file__).parents[2] / "catalog"
EVERYTHING: dict[str, Any] = {
    "apiVersion": "sardonyx.dev/v1",
    "environment": {"python": "requirements.txt", "program": {"name": "pg", "hint": "apt"}},
    "process": {
        "command": ["a", "{{port}}"],
        "env": {"A": "x", "B": 1, "C": {"value": "y", "when": {"path": "a.b", "value": True}}},
        "files": [{"path": ".a/b", "from": "files/b"}],
        "stop": {"signal": "INT", "seconds": 5},
    },
    "access": {"header": {"name": "Authorization", "value": "token x"}},
    "ready": {"path": "/api", "seconds": 120},
    "init": True,
    "activity": {"http": "/api/status", "field": "last_activity", "busy": "kernels"},
    "discover": {"provides": [{"kind": "postgres", "keys": {"port": 1}}], "uses": ["mlflow"]},
    "notes": {"en": "notes.md", "fr": "notes.fr.md"},
    "steps": [{"name": "migrate", "command": ["m"], "when": {"path": "db", "value": "x"}}],
}
WRONG: dict[str, tuple[tuple[str | int, ...], Any, str]] = {
    "unknown key": (("colour",), "red", "/colour"),
    "another version": (("apiVersion",), "sardonyx.dev/v2", "/apiVersion"),
    "no command": (("process", "command"), [], "/process/command"),
    "command as text": (("process", "command"), "jupyter lab", "/process/command"),
    "unknown key inside": (("ready", "minutes"), 2, "/ready/minutes"),
    "negative time": (("ready", "seconds"), -1, "/ready/seconds"),
    "step without name": (("steps", 0, "name"), None, "/steps/0/name"),
    "variable as a list": (("process", "env", "B"), [1], "/process/env/B"),
    "condition without value": (("process", "env", "C", "when"), {"path": "a"}, "/process/env/C"),
}


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(EVERYTHING)
    place: Any = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return document


def test_the_schema_file_is_that_of_the_model() -> None:
    assert profile_schema() == SCHEMA


def test_all_keys_of_the_design_are_accepted() -> None:
    assert profile_problems(EVERYTHING) == ()
    jsonschema_rs.validate(SCHEMA, EVERYTHING)


@pytest.mark.parametrize("case", WRONG)
def test_a_fault_is_named_with_its_place_and_the_schema_agrees(case: str) -> None:
    path, value, place = WRONG[case]
    document = changed(path, value)
    problems = profile_problems(document)
    assert problems, case
    assert problems[0].pointer.startswith(place)
    assert not jsonschema_rs.is_valid(SCHEMA, document)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("process", "files", 0, "path"), "../escape", "/process/files/0"),
        (("process", "files", 0, "path"), "/etc/passwd", "/process/files/0"),
        (("process", "files", 0, "from"), "a/../../b", "/process/files/0"),
        (("ready",), {"path": "/", "tcp": True}, "/ready"),
        (("ready",), {"seconds": 3}, "/ready"),
        (("access",), {"socket": True, "tcp": {"scheme": "x"}}, "/access"),
    ],
)
def test_rules_between_keys_are_checked(
    path: tuple[str | int, ...], value: Any, place: str
) -> None:
    assert [one.pointer for one in profile_problems(changed(path, value))] == [place]


@pytest.mark.parametrize("document", [None, [], "text", 3, {}])
def test_what_is_no_profile_is_refused(document: Any) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(document, chart="lab")
    assert caught.value.problems


@pytest.mark.parametrize("chart", sorted(one.parent.name for one in OURS.glob("*/local.yaml")))
def test_our_charts_profiles_are_right(chart: str) -> None:
    document = YAML(typ="safe").load(OURS / chart / "local.yaml")
    assert profile_problems(document) == ()
    jsonschema_rs.validate(SCHEMA, document)


@pytest.mark.parametrize("chart", sorted(one.parent.name for one in CHARTS.glob("*/local.yaml")))
def test_the_tests_charts_profiles_are_right(chart: str) -> None:
    assert profile_problems(YAML(typ="safe").load(CHARTS / chart / "local.yaml")) == ()
