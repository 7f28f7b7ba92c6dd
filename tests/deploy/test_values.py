"""The values of the chart and their schema say the same, in English and French."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml
from tests.deploy.chart import CHART

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())


def _nodes(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in node.get("properties", {}).items():
        yield f"{path}{name}", inner
        yield from _nodes(inner, f"{path}{name}.")


def _value(path: str) -> Any:
    found: Any = VALUES
    for part in path.split("."):
        found = found[part]
    return found


def test_each_value_has_a_default_in_both() -> None:
    for path, node in _nodes(SCHEMA):
        if path == "global":  # a parent chart's, never in our values
            continue
        if "properties" not in node:
            assert _value(path) == node["default"], path


def test_no_value_is_missing_from_the_schema() -> None:
    known = {path for path, _ in _nodes(SCHEMA)}

    def walk(value: Any, path: str) -> None:
        assert path in known, path
        if isinstance(value, dict) and path not in _free():
            for name, inner in value.items():
                walk(inner, f"{path}.{name}")

    for name, value in VALUES.items():
        walk(value, name)


def _free() -> set[str]:
    return {path for path, node in _nodes(SCHEMA) if "properties" not in node}


def test_each_text_has_its_french() -> None:
    for path, node in [("", SCHEMA), *_nodes(SCHEMA)]:
        french = node["x-sardonyx"]["fr"]
        assert node["title"] and french["title"], path
        assert ("description" in node) == ("description" in french), path
        assert "'" not in " ".join(french.values()), path
