"""The values of the chart and their schema say the same, in English and French."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from tests.deploy.chart import CHART, objects, one

from sardonyx.deployment import ClusterSettings

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


def test_the_example_of_the_guide_is_right(tmp_path: Path) -> None:
    guide = (CHART.parents[1] / "docs" / "cluster.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", guide, flags=re.DOTALL)
    found = objects(tmp_path, yaml.safe_load(example))
    secret = one(found, "Secret", "demo-sardonyx-settings")
    settings = ClusterSettings.model_validate(yaml.safe_load(secret["stringData"]["sardonyx.yaml"]))
    assert settings.evaluation is None
    assert settings.metrics_port == 9090
    assert settings.regions[0]["id"] == "cluster"
