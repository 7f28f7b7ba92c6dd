"""Schemas that replace parts of charts': ours, the administrator's, those of roles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.catalog.folders import ADA
from tests.launcher.samples import chart

from sardonyx.catalog.lint_schema import schema_findings
from sardonyx.catalog.registry import BUILT_IN, SchemaRegistry
from sardonyx.launcher.context import ContextInputs, launch_context
from sardonyx.launcher.defaults import compute_defaults
from sardonyx.launcher.schema import resolve_schema

# Every name of charts.md 5 that charts ask for and Onyxia ships, and one that only we have.
_IDE = (
    "customImage",
    "extraenv",
    "git",
    "ingress",
    "init",
    "message",
    "openshiftSCC",
    "password",
    "persistence",
    "resources",
    "resources-gpu",
    "role",
    "route",
    "s3",
    "startupProbe",
    "vault",
)
NAMES = {
    *(f"ide/{name}.json" for name in _IDE),
    "network-policy.json",
    "nodeSelector.json",
    "nodeSelector-gpu.json",
    "proxy.json",
    "role-spark.json",
    "tolerations.json",
    "certificates.json",
}
REGION: dict[str, Any] = {
    "services": {
        "initScript": "https://scripts.example/init.sh",
        "expose": {
            "domain": "lab.example",
            "ingress": False,
            "route": True,
            "ingressClassName": "nginx",
            "certManager": {"useCertManager": True, "certManagerClusterIssuer": "lab"},
        },
        "defaultConfiguration": {
            "networkPolicy": True,
            "from": [{"podSelector": {}}],
            "tolerations": [{"key": "gpu"}],
            "nodeSelector": {"zone": "north"},
            "startupProbe": {"failureThreshold": 3},
            "resources": {
                "cpuRequest": "250m",
                "cpuLimit": "2000m",
                "memoryRequest": "3Gi",
                "memoryLimit": "9Gi",
                "disk": "20Gi",
                "gpu": "2",
            },
        },
        "openshiftSCC": {"enabled": True, "scc": "restricted"},
    },
    "proxyInjection": {
        "enabled": True,
        "httpProxyUrl": "http://proxy.example",
        "httpsProxyUrl": "http://proxy.example:1",
        "noProxy": "lab.example",
    },
    "certificateAuthorityInjection": {"cacerts": "TEVB", "pathToCaBundle": "/ca.pem"},
}


def _defaults(name: str, **region: Any) -> Any:
    """Return what a property replaced by the file `name` begins with."""
    registry = SchemaRegistry().overrides(ADA).registry
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"here": {"x-onyxia": {"overwriteSchemaWith": name}}},
    }
    resolved = resolve_schema(schema, registry=registry)
    assert resolved.problems == ()
    inputs = ContextInputs(
        username="ada",
        project_id="user-ada",
        region=region,
        domain="lab.example",
        random_subdomain="73105",
    )
    return compute_defaults(resolved.root, launch_context(inputs), {}).values.get("here")


def test_every_name_that_charts_ask_for_is_there() -> None:
    assert set(SchemaRegistry().overrides(ADA).registry) == NAMES
    assert SchemaRegistry().problems() == ()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_our_schemas_are_whole_and_speak_both_languages(name: str) -> None:
    schema = json.loads((BUILT_IN / name).read_text())
    document: dict[str, Any] = {"type": "object", "properties": {"here": schema}}
    ignored = {"schema_without_value", "too_many_fields"}
    found = [
        one
        for one in schema_findings(document, chart({"here": schema}), {})
        if one.code not in ignored
    ]
    # `$schema` stands at the top of the file it describes.
    assert [one for one in found if one.values.get("keyword") != "$schema"] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "ide/resources.json",
            {
                "requests": {"cpu": "250m", "memory": "3Gi"},
                "limits": {"cpu": "2000m", "memory": "9Gi"},
            },
        ),
        (
            "ide/resources-gpu.json",
            {
                "requests": {"cpu": "250m", "memory": "3Gi"},
                "limits": {"cpu": "2000m", "memory": "9Gi", "nvidia.com/gpu": "2"},
            },
        ),
        ("ide/persistence.json", {"enabled": True, "size": "20Gi"}),
        ("network-policy.json", {"enabled": True, "from": [{"podSelector": {}}]}),
        ("tolerations.json", [{"key": "gpu"}]),
        ("nodeSelector.json", {"zone": "north"}),
        ("nodeSelector-gpu.json", {"zone": "north"}),
        ("ide/startupProbe.json", {"failureThreshold": 3}),
        ("ide/openshiftSCC.json", {"enabled": True, "scc": "restricted"}),
        (
            "ide/ingress.json",
            {
                "enabled": False,
                "hostname": "user-ada-73105-0.lab.example",
                "userHostname": "user-ada-73105-user.lab.example",
                "ingressClassName": "nginx",
                "useCertManager": True,
                "certManagerClusterIssuer": "lab",
            },
        ),
        (
            "ide/route.json",
            {
                "enabled": True,
                "hostname": "user-ada-73105-0.lab.example",
                "userHostname": "user-ada-73105-user.lab.example",
            },
        ),
        (
            "ide/init.json",
            {
                "regionInit": "https://scripts.example/init.sh",
                "personalInit": "",
                "personalInitArgs": "",
            },
        ),
        (
            "proxy.json",
            {
                "enabled": True,
                "httpProxy": "http://proxy.example",
                "httpsProxy": "http://proxy.example:1",
                "noProxy": "lab.example",
            },
        ),
        ("certificates.json", {"cacerts": "TEVB", "pathToCaBundle": "/ca.pem"}),
    ],
)
def test_what_the_region_says_reaches_the_chart(name: str, expected: Any) -> None:
    assert _defaults(name, **REGION) == expected


def test_a_region_that_says_nothing_leaves_the_charts_own_measure() -> None:
    expose = {"services": {"expose": {"domain": "lab.example"}}}
    assert _defaults("ide/resources.json", **expose)["limits"] == {
        "cpu": "30000m",
        "memory": "50Gi",
    }
    assert _defaults("tolerations.json", **expose) == []
    assert _defaults("network-policy.json", **expose) == {"enabled": False, "from": []}


def _written(folder: Path, name: str, content: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[SchemaRegistry]:
    instance, roles = tmp_path / "instance", tmp_path / "roles"
    _written(instance, "ide/role.json", '{"const": "instance"}')
    _written(instance, "ai.json", '{"const": "ai"}')
    _written(instance, "..2026/hidden.json", "{}")
    _written(instance, "broken.json", "{")
    _written(instance, "list.json", "[]")
    _written(instance, "deep.json", "[" * 100_000)
    _written(roles, "geo/ide/role.json", '{"const": "geo"}')
    _written(roles, "admin/ai.json", '{"const": "admin"}')
    yield SchemaRegistry(directory=instance, role_directory=roles, roles_claim="realm.roles")


def test_an_instances_file_replaces_ours_and_a_roles_file_stands_beside(
    registry: SchemaRegistry,
) -> None:
    found = registry.overrides(ADA).registry
    assert found["ide/role.json"] == {"const": "instance"}
    assert found["roles/geo/ide/role.json"] == {"const": "geo"}
    assert set(found) - NAMES == {"ai.json", "roles/geo/ide/role.json", "roles/admin/ai.json"}
    assert {problem.pointer for problem in registry.problems()} == {
        "broken.json",
        "list.json",
        "deep.json",
    }


@pytest.mark.parametrize(
    ("claims", "role", "ai"),
    [
        ({}, "instance", "ai"),
        ({"realm": {"roles": ["geo", "other"]}}, "geo", "ai"),
        ({"realm": {"roles": ["geo", "admin"]}}, "geo", "admin"),
        ({"roles": ["geo"]}, "instance", "ai"),
        ({"realm": {"roles": ["../geo"]}}, "instance", "ai"),
    ],
)
def test_a_schema_is_resolved_for_the_persons_roles(
    registry: SchemaRegistry, claims: dict[str, Any], role: str, ai: str
) -> None:
    overrides = registry.overrides(replace(ADA, claims=claims))
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "role": {"x-onyxia": {"overwriteSchemaWith": "ide/role.json"}},
            "ai": {"$ref": "ai.json", "x-onyxia": {"overwriteSchemaWith": "ai.json"}},
            "nobody": {"type": "string", "x-onyxia": {"overwriteSchemaWith": "nobody.json"}},
        },
    }
    resolved = resolve_schema(schema, registry=overrides.registry, roles=overrides.roles)
    assert resolved.root is not None
    assert resolved.root.properties is not None
    assert resolved.root.properties["role"].const == role
    assert resolved.root.properties["ai"].const == ai
    assert [problem.code for problem in resolved.problems] == ["schema_unknown_override"]


def test_the_registry_is_the_same_object_until_it_is_read_again(
    registry: SchemaRegistry, tmp_path: Path
) -> None:
    first = registry.overrides(ADA).registry
    registry.reload()
    assert registry.overrides(ADA).registry is first
    (tmp_path / "instance" / "ai.json").write_text('{"const": "other"}')
    assert registry.overrides(ADA).registry is first
    registry.reload()
    assert registry.overrides(ADA).registry["ai.json"] == {"const": "other"}


def test_a_folder_that_changed_is_noticed_within_a_minute(tmp_path: Path) -> None:
    now = 0.0
    registry = SchemaRegistry(directory=tmp_path, now=lambda: now)
    before = registry.overrides(ADA).registry
    (tmp_path / "ai.json").write_text('{"const": "ai"}')
    now = 59.0
    assert registry.overrides(ADA).registry is before
    now = 61.0
    after = registry.overrides(ADA).registry
    assert after["ai.json"] == {"const": "ai"}
    now = 200.0
    assert registry.overrides(ADA).registry is after
