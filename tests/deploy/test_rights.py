"""The chart grants what deploy/rbac explains, and that is what the platform asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from tests.deploy import chart
from tests.setup.settings import settings

from sardonyx.setup.models import Right
from sardonyx.setup.needs import needed_rights

DOCUMENTS = Path(__file__).parents[2] / "deploy" / "rbac"
# The document of each way to set the region.
CASES: dict[str, dict[str, Any]] = {
    "service-account.yaml": {"singleNamespace": False},
    "impersonate.yaml": {"singleNamespace": False, "authenticationMode": "impersonate"},
    "token-passthrough.yaml": {"singleNamespace": False, "authenticationMode": "tokenPassthrough"},
    "one-namespace.yaml": {"singleNamespace": True},
    "by-namespace.yaml": {
        "singleNamespace": False,
        "onboarding": {"platformRole": "sardonyx-project"},
    },
}


class Grant(NamedTuple):
    """One verb on one kind. scope: `own` namespace, the whole `cluster`, or a role never bound."""

    scope: str
    group: str
    resource: str
    name: str
    verb: str


def _grants(objects: list[dict[str, Any]]) -> set[Grant]:
    scopes = {}
    for one in objects:
        if one["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            wide = one["kind"] == "ClusterRoleBinding"
            scopes[one["roleRef"]["name"]] = "cluster" if wide else "own"
    found = set()
    for one in objects:
        if one["kind"] in ("Role", "ClusterRole"):
            name = one["metadata"]["name"]
            aggregated = "httproutes" if name.endswith("-httproutes") else name
            scope = scopes.get(name, aggregated)
            found |= {grant for rule in one["rules"] for grant in _of(rule, scope)}
    return found


def _of(rule: dict[str, Any], scope: str) -> Iterator[Grant]:
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            for name in rule.get("resourceNames", [""]):
                for verb in rule["verbs"]:
                    yield Grant(scope, group, resource, name, verb)


def _explained(name: str) -> set[Grant]:
    files = [DOCUMENTS / name, DOCUMENTS / "routes.yaml"]
    found = [one for file in files for one in yaml.safe_load_all(file.read_text()) if one]
    return _grants(found)


def _values(services: dict[str, Any]) -> dict[str, Any]:
    region = {"id": "k", "services": services}
    return {
        "sardonyx": {
            "publicUrl": "https://lab.example.org",
            "identity": chart.IDENTITY,
            "regions": [region],
        }
    }


@pytest.mark.parametrize("name", CASES)
def test_the_chart_grants_what_the_document_explains(name: str, tmp_path: Path) -> None:
    assert _grants(chart.objects(tmp_path, _values(CASES[name]))) == _explained(name)


@pytest.mark.parametrize("name", CASES)
def test_what_is_asked_for_is_granted(name: str, tmp_path: Path) -> None:
    region = {"id": "k", "services": CASES[name]}
    grants = _explained(name)
    for right in needed_rights(settings(tmp_path, regions=[region])):
        assert _is_granted(right, grants), str(right)


def _is_granted(right: Right, grants: set[Grant]) -> bool:
    scope = "own" if right.namespace else "cluster"
    return any(
        (one.scope, one.group, one.resource, one.verb)
        == (scope, right.group, right.resource, right.verb)
        and one.name in ("", right.name)
        for one in grants
    )


def test_every_document_is_one_of_these() -> None:
    known = {"routes.yaml", *CASES}
    assert {file.name for file in DOCUMENTS.glob("*.yaml")} == known


def test_no_namespaces_are_made_where_that_is_forbidden(tmp_path: Path) -> None:
    services = {"singleNamespace": False, "allowNamespaceCreation": False}
    grants = _grants(chart.objects(tmp_path, _values(services)))
    assert not [one for one in grants if one.resource in ("namespaces", "rolebindings")]
    assert not [one for one in grants if one.verb == "bind"]
