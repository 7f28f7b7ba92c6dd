"""Addresses read from manifests (wire-api.md 9.3, D16)."""

from __future__ import annotations

import pytest

from sardonyx.adapters.kubernetes.routes import Exposure, exposure_of, reached
from sardonyx.values import JsonObject

ALL = Exposure(domain="apps.test", route=True, istio=True)


def urls(manifest: str, exposure: Exposure = ALL) -> list[str]:
    return [target.url for target in reached(manifest, "n", "one", exposure).targets]


def ingress(host: str, path: str = "/") -> str:
    return f"""---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: one}}
spec:
  rules:
  - host: {host}
    http: {{paths: [{{path: '{path}', pathType: Prefix}}]}}
"""


@pytest.mark.parametrize(
    ("host", "path", "url"),
    [
        ("a.apps.test", "/", "https://a.apps.test"),
        ("http-metrics.apps.test", "/", "https://http-metrics.apps.test"),
        ("http://a.apps.test", "/x", "http://a.apps.test/x"),
        ("a.apps.test", "/foo(/|$)(.*)", "https://a.apps.test/foo"),
        ("a.apps.test", "/api/", "https://a.apps.test/api/"),
        ("a.apps.test", "null", "https://a.apps.test/null"),
    ],
)
def test_an_ingress_is_read(host: str, path: str, url: str) -> None:
    assert urls(ingress(host, path)) == [url]


@pytest.mark.parametrize(
    "host", ["'*.apps.test'", "''", "null", "3", "'a b'", "'javascript://x'", "'a/../b'"]
)
def test_what_names_no_host_gives_no_address(host: str) -> None:
    assert urls(ingress(host)) == []


def test_a_missing_path_is_the_root() -> None:
    text = ingress("a.apps.test").replace("path: '/', ", "")
    assert urls(text) == ["https://a.apps.test"]


def test_http_routes_come_first_and_addresses_once() -> None:
    text = (
        ingress("b.apps.test")
        + """---
kind: HTTPRoute
metadata: {name: one}
spec:
  hostnames: [a.apps.test, b.apps.test]
  rules: [{matches: [{path: {type: PathPrefix, value: /}}]}]
---
kind: Route
metadata: {name: r}
spec: {host: r.apps.test, path: /p}
---
kind: VirtualService
metadata: {name: v}
spec:
  hosts: [v.apps.test, one.n.svc.cluster.local, '*']
  http: [{match: [{uri: {prefix: /v}}]}]
"""
    )
    found = reached(text, "n", "one", ALL).targets
    assert [(target.kind, target.url) for target in found] == [
        ("HTTPRoute", "https://a.apps.test"),
        ("HTTPRoute", "https://b.apps.test"),
        ("Route", "https://r.apps.test/p"),
        ("VirtualService", "https://v.apps.test/v"),
    ]
    assert urls(text, Exposure(ingress=False, http_route=False)) == []


def test_a_service_of_the_mesh_has_no_address_outside() -> None:
    text = "kind: VirtualService\nspec:\n  hosts: [v.apps.test]\n  gateways: [mesh]\n"
    assert urls(text) == []


@pytest.mark.parametrize(
    "broken",
    [
        "kind: Ingress\nspec: [",
        "kind: Ingress\nspec: {rules: 3}",
        "kind: Ingress\nspec: {rules: [1, {http: 2, host: a.apps.test}]}\n",
        "kind: Ingress\nspec: " + "[" * 50_000,
        "kind: Ingress\nspec: " + "{a: " * 20_000,
        "kind: Ingress\nspec: !!python/object/apply:os.system [true]",
        "kind: Ingress\n" + "# " + "x" * 200_000,
        "\0kind: Ingress\n",
    ],
)
def test_a_broken_document_costs_only_itself(broken: str) -> None:
    assert set(urls(broken + "\n" + ingress("ok.apps.test"))) >= {"https://ok.apps.test"}


def test_aliases_are_not_multiplied() -> None:
    bomb = "kind: Ingress\na: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}, *{chr(97 + n)}]\n"
        for n in range(24)
    )
    assert urls(bomb) == []


def test_a_megabyte_of_manifest_is_read() -> None:
    filler = "---\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: '" + "y" * 1_000_000 + "'}\n"
    assert urls(filler + ingress("a.apps.test")) == ["https://a.apps.test"]


@pytest.mark.parametrize(
    ("services", "address"),
    [
        ([("one", 80, "http", "")], "http://one.n.svc:80"),
        (
            [("other", 8080, "http", ""), ("one", 5432, "tcp-postgresql", "")],
            "postgresql://one.n.svc:5432",
        ),
        ([("one", 5432, "", "None"), ("one-rw", 5432, "", "")], "postgresql://one-rw.n.svc:5432"),
        ([("one", 9999, "grpc", "")], "tcp://one.n.svc:9999"),
        ([("one", 8888, "http-ui", "")], "http://one.n.svc:8888"),
        ([], None),
    ],
)
def test_programs_have_an_address(
    services: list[tuple[str, int, str, str]], address: str | None
) -> None:
    text = "".join(
        f"""---
apiVersion: v1
kind: Service
metadata:
  name: "{name}"
spec:
  clusterIP: {cluster_ip or "''"}
  ports: [{{port: {port}, name: '{label}'}}]
"""
        for name, port, label, cluster_ip in services
    )
    assert reached(text, "n", "one", ALL).address == address


def test_a_region_says_how_services_are_exposed() -> None:
    region: JsonObject = {
        "services": {
            "expose": {
                "domain": "Apps.Test",
                "ingress": False,
                "route": True,
                "istio": {"enabled": True},
                "httpRoute": {"enabled": True},
                "scheme": "http",
            }
        }
    }
    assert exposure_of(region) == Exposure("apps.test", "http", False, True, True, True)
    assert exposure_of({}) == Exposure()
