"""The chart that installs the platform, on an API server: by whom, with which rights, how it goes.

Pods are simulated here; `test_evaluation_on_a_node.py` opens the pages of real ones.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster import waiting
from tests.cluster.conftest import RunningCluster
from tests.deploy.chart import CHART, IDENTITY

from sardonyx.deployment import ClusterSettings
from sardonyx.setup.models import Right
from sardonyx.setup.needs import needed_rights

pytestmark = pytest.mark.cluster
ORGANISATION: dict[str, Any] = {
    "sardonyx": {
        "publicUrl": "https://lab.example.org",
        "identity": IDENTITY,
        "regions": [{"id": "k", "services": {"singleNamespace": False}}],
    }
}


@pytest.fixture
def restricted(light_cluster: RunningCluster, namespace: str) -> str:
    """A namespace whose pods must keep to the strictest level."""
    label = "pod-security.kubernetes.io/enforce=restricted"
    light_cluster.kubectl("label", "namespace", namespace, label)
    return namespace


@pytest.fixture
def installer(light_cluster: RunningCluster, restricted: str, tmp_path: Path) -> Path:
    """The kubeconfig of somebody who is administrator of the namespace and nothing else."""
    light_cluster.kubectl("-n", restricted, "create", "serviceaccount", "installer")
    light_cluster.kubectl(
        *("-n", restricted, "create", "rolebinding", "installer", "--clusterrole=admin"),
        f"--serviceaccount={restricted}:installer",
    )
    # A binding just made is known a moment later.
    words = ("can-i", "create", "roles", "-n", restricted)
    who = f"system:serviceaccount:{restricted}:installer"
    waiting.until(lambda: _says_yes(light_cluster, *words, "--as", who), "the rights are known")
    token = light_cluster.kubectl("-n", restricted, "create", "token", "installer").strip()
    return _as_token(light_cluster, token, tmp_path / "installer.kubeconfig")


def _says_yes(cluster: RunningCluster, *words: str) -> bool:
    try:
        return cluster.kubectl("auth", *words).strip().endswith("yes")
    except subprocess.CalledProcessError:
        return False


def _as_token(cluster: RunningCluster, token: str, file: Path) -> Path:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["users"] = [{"name": "me", "user": {"token": token}}]
    for context in config["contexts"]:
        context["context"]["user"] = "me"
    # Authorities are named relative to the file they stand in.
    for one in config["clusters"]:
        authority = one["cluster"].get("certificate-authority")
        if authority:
            one["cluster"]["certificate-authority"] = str(cluster.kubeconfig.parent / authority)
    file.write_text(yaml.safe_dump(config))
    file.chmod(0o600)
    return file


def _helm(
    cluster: RunningCluster, kubeconfig: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(cluster.programs / "helm"), "--kubeconfig", str(kubeconfig), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(kubeconfig.parent)},
    )


def _refused(
    cluster: RunningCluster, account: str, namespace: str, rights: Sequence[Right]
) -> list[str]:
    """Return the rights the account does not have; all are asked in one call."""
    user = f"system:serviceaccount:{namespace}:{account}"
    reviews = [
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": user,
                "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"],
                "resourceAttributes": _attributes(right),
            },
        }
        for right in rights
    ]
    text = cluster.kubectl(
        *("create", "-f", "-", "-o", "json"), stdin="\n---\n".join(map(json.dumps, reviews))
    )
    answers = list(_documents(text))
    assert len(answers) == len(rights)
    return [
        str(right)
        for right, answer in zip(rights, answers, strict=True)
        if not answer["status"].get("allowed")
    ]


def _documents(text: str) -> Iterator[dict[str, Any]]:
    """Yield JSON objects that stand one after the other."""
    while text := text.strip():
        found, end = json.JSONDecoder().raw_decode(text)
        yield found
        text = text[end:]


def _attributes(right: Right) -> dict[str, str]:
    resource, _, subresource = right.resource.partition("/")
    return {
        "verb": right.verb,
        "group": right.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": right.namespace,
        "name": right.name,
    }


def _settings(cluster: RunningCluster, namespace: str) -> ClusterSettings:
    secret = json.loads(
        cluster.kubectl("-n", namespace, "get", "secret", "demo-sardonyx-settings", "-o", "json")
    )
    read = subprocess.run(
        ["base64", "-d"],
        input=secret["data"]["sardonyx.yaml"].encode(),
        check=True,
        capture_output=True,
    )
    return ClusterSettings.model_validate(yaml.safe_load(read.stdout))


def test_an_administrator_of_one_namespace_can_install_an_evaluation(
    light_cluster: RunningCluster, restricted: str, installer: Path
) -> None:
    done = _helm(light_cluster, installer, "install", "demo", str(CHART), "-n", restricted)
    assert done.returncode == 0, done.stderr
    assert f"kubectl -n {restricted} port-forward statefulset/demo-sardonyx 8000" in done.stdout
    light_cluster.kubectl(
        *("-n", restricted, "wait", "--for=create", "pod/demo-sardonyx-0", "--timeout=120s")
    )
    account, rights = "demo-sardonyx", needed_rights(_settings(light_cluster, restricted))
    assert _refused(light_cluster, account, restricted, rights) == []
    beyond = [
        Right("list", "secrets"),
        Right("get", "secrets", "kube-system"),
        Right("list", "pods", "default"),
        Right("create", "rolebindings", restricted, "rbac.authorization.k8s.io"),
        Right("create", "pods", restricted),
        Right("create", "pods/exec", restricted),
        Right("create", "namespaces"),
        Right("create", "serviceaccounts/token", restricted, name="default"),
        Right("impersonate", "users"),
        Right("create", "clusterroles", "", "rbac.authorization.k8s.io"),
    ]
    refused = _refused(light_cluster, account, restricted, beyond)
    assert refused == [str(right) for right in beyond]


def test_what_was_drawn_is_kept_over_an_upgrade(
    light_cluster: RunningCluster, restricted: str, installer: Path
) -> None:
    def keys() -> dict[str, str]:
        text = light_cluster.kubectl(
            *("-n", restricted, "get", "secret", "demo-sardonyx-keys", "-o", "json")
        )
        data: dict[str, str] = json.loads(text)["data"]
        return data

    for verb in ("install", "upgrade"):
        done = _helm(light_cluster, installer, verb, "demo", str(CHART), "-n", restricted)
        assert done.returncode == 0, done.stderr
        if verb == "install":
            drawn = keys()
    assert drawn.keys() == {"seal.key", "first-link"}
    assert keys() == drawn
    done = _helm(light_cluster, installer, "uninstall", "demo", "-n", restricted)
    assert done.returncode == 0, done.stderr
    kinds = "deployment,statefulset,service,secret,serviceaccount,role,rolebinding,networkpolicy"
    left = light_cluster.kubectl(
        *("-n", restricted, "get", kinds, "-l", "app.kubernetes.io/instance=demo", "-o", "name")
    )
    assert left.split() == []


@pytest.fixture
def cluster_wide(light_cluster: RunningCluster, namespace: str) -> Iterator[str]:
    """A release name whose cluster-wide objects are removed after the test."""
    yield namespace
    _helm(light_cluster, light_cluster.kubeconfig, "uninstall", "demo", "-n", namespace)


@pytest.mark.parametrize("mode", ["serviceAccount", "impersonate", "tokenPassthrough"])
def test_each_mode_has_the_rights_it_uses(
    light_cluster: RunningCluster, cluster_wide: str, tmp_path: Path, mode: str
) -> None:
    values = json.loads(json.dumps(ORGANISATION))
    values["sardonyx"]["regions"][0]["services"]["authenticationMode"] = mode
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values))
    done = _helm(
        light_cluster,
        light_cluster.kubeconfig,
        *("install", "demo", str(CHART), "-n", cluster_wide, "-f", str(file)),
    )
    assert done.returncode == 0, done.stderr
    account, rights = "demo-sardonyx", needed_rights(_settings(light_cluster, cluster_wide))
    waiting.until(
        lambda: _refused(light_cluster, account, cluster_wide, rights) == [],
        "the rights are known",
    )
    beyond = [
        Right("create", "pods", "default"),
        Right("create", "pods/exec", "default"),
        Right("create", "clusterrolebindings", "", "rbac.authorization.k8s.io"),
        Right("delete", "namespaces"),
        Right("bind", "clusterroles", "", "rbac.authorization.k8s.io"),
    ]
    if mode != "impersonate":
        beyond.append(Right("impersonate", "users"))
    refused = _refused(light_cluster, account, cluster_wide, beyond)
    assert refused == [str(right) for right in beyond]
