"""What administrators are told of charts that ask for what they do not get here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.catalog.folders import ADA, chart_folder

from sardonyx.catalog.errors import CatalogReportRefusedError
from sardonyx.catalog.registry import SchemaRegistry
from sardonyx.catalog.service import CatalogService, CatalogSource, default_sources

ADMIN = replace(ADA, is_admin=True)
REGION: dict[str, Any] = {
    "services": {
        "allowedURIPattern": "^https://",
        "defaultConfiguration": {
            "networkPolicy": True,
            "tolerations": [{"key": "gpu"}],
            "kafka": {"URL": "kafka.example", "topicName": "t"},
        },
    }
}


def _node(**hints: Any) -> dict[str, Any]:
    return {"type": "string", "x-onyxia": hints}


def _told(tmp_path: Path, **region: Any) -> list[tuple[str | None, str, dict[str, Any]]]:
    service = CatalogService([CatalogSource("own", "Own", tmp_path)], region=region)
    return [
        (one.chart.chart if one.chart else None, one.code, dict(one.message.values))
        for one in service.report(ADMIN)
    ]


def test_a_chart_that_asks_for_nothing_strange_is_not_told(tmp_path: Path) -> None:
    schema = {"properties": {"a": _node(overwriteDefaultWith="user.email")}}
    template = "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
    place = chart_folder(
        tmp_path, files={"values.schema.json": json.dumps(schema), "icon.svg": "<svg/>"}
    )
    (place / "templates").mkdir()
    (place / "templates" / "one.yaml").write_text(template)
    assert _told(tmp_path) == []


def test_everything_that_is_lacking_is_told_once(tmp_path: Path) -> None:
    schema = {
        "properties": {
            "a": _node(overwriteDefaultWith="{{user.nope}}-{{k8s.domain}}"),
            "b": _node(overwriteDefaultWith=["{{user.nope}}", "text"]),
            "c": _node(overwriteSchemaWith="ai.json"),
            "d": _node(overwriteSchemaWith="tolerations.json"),
            "e": {"items": _node(overwriteListEnumWith="{{models}}")},
        }
    }
    values = (
        "image: {repository: lab/tide, tag: latest}\nother: lab.example/moon:latest\nfix: a:1\n"
    )
    place = chart_folder(
        tmp_path, files={"values.schema.json": json.dumps(schema), "values.yaml": values}
    )
    (place / "crds").mkdir()
    (place / "templates").mkdir()
    (place / "templates" / "one.yaml").write_text(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n---\n"
        "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\n"
    )
    assert _told(tmp_path) == [
        ("tide", "reference_unknown", {"reference": "user.nope"}),
        ("tide", "override_missing", {"name": "ai.json"}),
        ("tide", "image_latest", {"image": "lab.example/moon:latest"}),
        ("tide", "image_latest", {"image": "lab/tide:latest"}),
        ("tide", "icon_missing", {}),
        ("tide", "cluster_rights", {"kinds": "ClusterRole, CustomResourceDefinition"}),
        ("tide", "operator_needed", {"groups": "postgresql.cnpg.io"}),
    ]


def test_what_the_region_sets_and_no_chart_reads_is_told(tmp_path: Path) -> None:
    schema = {
        "properties": {
            "a": _node(overwriteSchemaWith="tolerations.json"),
            "b": _node(overwriteDefaultWith="region.defaultNetworkPolicy"),
        }
    }
    chart_folder(tmp_path, files={"values.schema.json": json.dumps(schema), "icon.svg": "<svg/>"})
    told = _told(tmp_path, **REGION)
    assert [one[2]["name"] for one in told] == ["region.allowedURIPattern", "region.kafka"]


def test_our_own_charts_lack_nothing() -> None:
    assert CatalogService(default_sources()).report(ADMIN) == ()


def test_a_schema_that_asks_for_itself_ends_and_a_broken_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    again = {"properties": {"x": _node(overwriteSchemaWith="again.json")}}
    (tmp_path / "schemas" / "again.json").write_text(json.dumps(again))
    (tmp_path / "schemas" / "broken.json").write_text("{")
    chart_folder(tmp_path / "charts", files={"values.schema.json": json.dumps(again)})
    registry = SchemaRegistry(directory=tmp_path / "schemas")
    sources = [CatalogSource("own", "Own", tmp_path / "charts")]
    told = CatalogService(sources, schemas=registry).report(ADMIN)
    assert [one.code for one in told] == ["schema_file", "icon_missing"]


def test_others_are_told_nothing(tmp_path: Path) -> None:
    with pytest.raises(CatalogReportRefusedError):
        CatalogService([]).report(ADA)
