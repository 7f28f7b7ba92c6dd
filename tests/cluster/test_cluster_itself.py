"""The clusters that the other tests stand on do what a cluster does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.waiting import until
from tools.cluster import clusters, host

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "localhost/web:1"}]
"""
CLAIM = """apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""


@pytest.mark.cluster
def test_a_deployment_becomes_ready_on_simulated_nodes(
    light_cluster: RunningCluster, namespace: str
) -> None:
    light_cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=DEPLOYMENT)
    light_cluster.kubectl("rollout", "status", "-n", namespace, "deployment/web", "--timeout=120s")


@pytest.mark.cluster
def test_a_role_in_one_namespace_gives_nothing_in_another(
    light_cluster: RunningCluster, namespace: str
) -> None:
    binding = ("create", "rolebinding", "all", "--clusterrole=admin", "--user=ada")
    light_cluster.kubectl(*binding, "-n", namespace)
    may = ("auth", "can-i", "list", "secrets", "--as=ada")

    def is_let_in() -> bool:  # the API server learns of a role a moment after it is written
        try:
            return light_cluster.kubectl(*may, "-n", namespace).strip() == "yes"
        except subprocess.CalledProcessError:
            return False

    until(is_let_in, "the role acts in its namespace")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        light_cluster.kubectl(*may, "-n", "kube-system")
    assert refused.value.stdout.strip() == "no"


@pytest.mark.cluster
def test_the_version_is_the_pinned_one(light_cluster: RunningCluster) -> None:
    told = json.loads(light_cluster.kubectl("version", "--output=json"))
    assert told["serverVersion"]["gitVersion"].startswith("v1.37.")


@pytest.mark.cluster
def test_a_cluster_of_ones_own_takes_flags_and_loses_its_api_server_and_finds_it_again(
    own_cluster: Callable[..., clusters.Light],
) -> None:
    own = own_cluster("--max-requests-inflight=77")
    cluster = RunningCluster(own.admin, own.plane)
    cluster.kubectl("create", "namespace", "kept")
    own.processes.stop("api")
    with pytest.raises(subprocess.CalledProcessError):
        cluster.kubectl("get", "namespace", "kept", "--request-timeout=5s")
    own.processes.again("api")
    until(lambda: _kept(cluster), "the namespace is there again")


def _kept(cluster: RunningCluster) -> bool:
    try:
        return "kept" in cluster.kubectl("get", "namespace", "kept", "--request-timeout=5s")
    except subprocess.CalledProcessError:
        return False


@pytest.mark.node
def test_a_pod_answers_writes_to_its_volume_and_is_entered(
    node_cluster: RunningCluster, namespace: str
) -> None:
    pod = """apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: web
      image: localhost/web:1
      volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
"""
    node_cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=f"{CLAIM}---\n{pod}")
    node_cluster.kubectl(
        "wait", "-n", namespace, "pod/web", "--for=condition=Ready", "--timeout=180s"
    )
    node_cluster.kubectl("expose", "-n", namespace, "pod/web", "--port=80")
    inside = ("exec", "-n", namespace, "web", "--", "sh", "-c")
    assert node_cluster.kubectl(*inside, "echo kept >/data/file; cat /data/file") == "kept\n"
    found = node_cluster.kubectl(*inside, f"nslookup web.{namespace}.svc.cluster.local")
    assert "10.96." in found


@pytest.mark.node
@pytest.mark.parametrize("kind", ["Ingress", "HTTPRoute"])
def test_a_service_is_reached_by_its_host_name(
    node_cluster: RunningCluster, namespace: str, kind: str
) -> None:
    name = f"{namespace}.cluster.test"
    node_cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=DEPLOYMENT)
    node_cluster.kubectl("expose", "-n", namespace, "deployment/web", "--port=80")
    node_cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=_way(kind, name))
    asked = ("curl", "-sS", "--max-time", "5", "--noproxy", "*", "-H", f"Host: {name}")

    def answered() -> bool:
        done = subprocess.run((*asked, "http://10.99.1.2/"), capture_output=True, check=False)
        return done.stdout == b"it works\n"

    until(answered, f"{name} answers")


def _way(kind: str, name: str) -> str:
    if kind == "Ingress":
        return f"""apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web}}
spec:
  rules:
    - host: {name}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {{service: {{name: web, port: {{number: 80}}}}}}
"""
    return f"""apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web}}
spec:
  parentRefs: [{{name: web, namespace: traefik}}]
  hostnames: [{name}]
  rules: [{{backendRefs: [{{name: web, port: 80}}]}}]
"""


@pytest.mark.node
@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("10.99.1.1:5000/hello:1", ""),
        ("10.99.1.1:5000/absent:1", "not found"),
        ("10.99.1.1:5001/hello:1", "401 Unauthorized"),
    ],
)
def test_a_registry_gives_lacks_or_refuses_an_image(
    node_cluster: RunningCluster, namespace: str, image: str, reason: str
) -> None:
    node_cluster.kubectl("run", "-n", namespace, "hello", f"--image={image}", "--", "sleep", "600")

    def told() -> bool:
        pod = json.loads(node_cluster.kubectl("get", "-n", namespace, "pod/hello", "-o", "json"))
        for container in pod["status"].get("containerStatuses", []):
            waiting = container["state"].get("waiting", {})
            if not reason:
                return bool(container["ready"])
            if reason in waiting.get("message", ""):
                return True
        return False

    until(told, reason or "the pod runs")


@pytest.mark.node
def test_credentials_open_the_guarded_registry(
    node_cluster: RunningCluster, namespace: str
) -> None:
    node_cluster.kubectl(
        "create", "secret", "docker-registry", "pull", "-n", namespace,
        "--docker-server=10.99.1.1:5001", "--docker-username=reader",
        "--docker-password=only-for-tests",
    )  # fmt: skip
    secrets = '{"spec": {"imagePullSecrets": [{"name": "pull"}]}}'
    command = ("run", "-n", namespace, "hello", "--image=10.99.1.1:5001/hello:1")
    node_cluster.kubectl(*command, f"--overrides={secrets}", "--", "sleep", "600")
    ready = ("wait", "-n", namespace, "pod/hello", "--for=condition=Ready", "--timeout=180s")
    node_cluster.kubectl(*ready)


def test_a_machine_without_root_is_told_so_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert host.missing() == "A whole node needs root."
