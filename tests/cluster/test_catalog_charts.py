"""Our charts on a Kubernetes: plain Helm installs them where pods must be confined."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.waiting import until

from sardonyx.catalog.service import default_catalog_folder
from sardonyx.launcher import yaml_text
from sardonyx.values import JsonObject

EXPOSED: dict[str, JsonObject] = {
    "httpRoute": {
        "enabled": True,
        "hostname": "lab.example.org",
        "parentRefs": [{"name": "web", "namespace": "traefik"}],
    },
    "ingress": {"enabled": True, "hostname": "lab.example.org", "ingressClassName": "traefik"},
}
RENEWAL: JsonObject = {
    "enabled": True,
    "url": "http://sardonyx.example:8080",
    "token": "t",
    "authorities": "",
}


def helm(cluster: RunningCluster, tmp_path: Path, *arguments: str) -> str:
    """Run Helm as administrator, with homes of its own."""
    done = subprocess.run(
        [str(cluster.programs / "helm"), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "KUBECONFIG": str(cluster.kubeconfig),
            **{
                name: str(tmp_path / name)
                for name in ("HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")
            },
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def install(
    cluster: RunningCluster, tmp_path: Path, namespace: str, chart: str, values: JsonObject
) -> None:
    file = tmp_path / f"{chart}.yaml"
    file.write_text(yaml_text.write(values))
    folder = str(default_catalog_folder() / chart)
    helm(
        cluster,
        tmp_path,
        *("upgrade", "--install", "demo-" + chart, folder, "-n", namespace),
        *("--history-max", "0", "-f", str(file)),
    )


def confine(cluster: RunningCluster, namespace: str) -> None:
    """Make the namespace refuse pods that are not restricted."""
    label = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "namespace", namespace, label)


def ready(cluster: RunningCluster, namespace: str, pod: str) -> bool:
    listed = json.loads(cluster.kubectl("get", "pods", "-n", namespace, "-o", "json"))
    for found in listed["items"]:
        conditions = found["status"].get("conditions", [])
        if found["metadata"]["name"] == pod:
            return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return False


@pytest.mark.cluster
@pytest.mark.parametrize("chart", ["jupyter-python", "postgresql"])
@pytest.mark.parametrize("how", ["none", "httpRoute", "ingress"])
def test_it_installs_confined_is_paused_and_goes(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path, chart: str, how: str
) -> None:
    confine(light_cluster, namespace)
    values: dict[str, Any] = {"persistence": {"enabled": False}}
    if chart == "jupyter-python":
        values |= {"renewal": RENEWAL, "security": {"networkPolicy": {"enabled": True}}}
        if how != "none":
            values[how] = EXPOSED[how]
    elif how != "none":
        pytest.skip("a database has no page")
    install(light_cluster, tmp_path, namespace, chart, values)
    name = f"demo-{chart}"
    until(lambda: ready(light_cluster, namespace, f"{name}-0"), "its pod is ready")
    kinds = "services,ingresses,httproutes.gateway.networking.k8s.io,networkpolicies"
    made = light_cluster.kubectl("get", kinds, "-n", namespace, "-o", "name").split()
    assert ("httproute.gateway.networking.k8s.io/demo-jupyter-python-ui" in made) is (
        how == "httpRoute"
    )
    assert ("ingress.networking.k8s.io/demo-jupyter-python-ui" in made) is (how == "ingress")
    install(light_cluster, tmp_path, namespace, chart, {**values, "global": {"suspend": True}})
    until(
        lambda: not light_cluster.kubectl("get", "pods", "-n", namespace, "-o", "name").strip(),
        "no pod is left",
    )
    helm(light_cluster, tmp_path, "uninstall", name, "-n", namespace)
    left = light_cluster.kubectl("get", f"{kinds},statefulsets", "-n", namespace, "-o", "name")
    assert not left.strip()


@pytest.mark.cluster
def test_a_database_launched_first_is_found_by_the_notebook(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    plain: JsonObject = {"persistence": {"enabled": False}}
    install(light_cluster, tmp_path, namespace, "postgresql", plain)
    install(light_cluster, tmp_path, namespace, "jupyter-python", plain)
    secret = json.loads(
        light_cluster.kubectl(
            *("get", "secret", "demo-jupyter-python-secretdiscovery", "-n", namespace),
            *("-o", "json"),
        )
    )
    assert set(secret["data"]) == {"PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD"}


@pytest.mark.cluster
def test_a_drawn_password_stays_when_it_is_upgraded(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    def password() -> str:
        get = ("get", "secret", "demo-postgresql-secretpostgres", "-n", namespace)
        told = json.loads(light_cluster.kubectl(*get, "-o", "json"))
        drawn: str = told["data"]["POSTGRES_PASSWORD"]
        return drawn

    values: JsonObject = {"persistence": {"enabled": False}}
    install(light_cluster, tmp_path, namespace, "postgresql", values)
    first = password()
    more: JsonObject = {**values, "resources": {"limits": {"memory": "1Gi"}}}
    install(light_cluster, tmp_path, namespace, "postgresql", more)
    assert password() == first
