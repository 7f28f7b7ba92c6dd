"""A platform of a test's own: the rights of a document of `deploy/rbac`, and no more."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from tests.cluster.conftest import RunningCluster

from sardonyx.adapters.kubernetes.access import ClusterAccess
from sardonyx.values import Secret

RBAC = Path(__file__).parents[2] / "deploy/rbac"
DOCUMENTS = {
    "serviceAccount": "service-account.yaml",
    "impersonate": "impersonate.yaml",
    "tokenPassthrough": "token-passthrough.yaml",
}


def applied(cluster: RunningCluster, file: str, prefix: str, home: str) -> str:
    """Apply a document for a platform of the test's own; return its user name.

    prefix: put before the names of what belongs to the whole cluster.
    """
    documents = list(yaml.safe_load_all((RBAC / file).read_text()))
    for one in documents:
        if one["kind"].startswith("Cluster"):
            one["metadata"]["name"] = f"{prefix}-{one['metadata']['name']}"
            if "roleRef" in one:
                one["roleRef"]["name"] = f"{prefix}-{one['roleRef']['name']}"
        else:
            one["metadata"]["namespace"] = home
        for rule in one.get("rules", ()):
            if "sardonyx-project" in rule.get("resourceNames", ()):
                rule["resourceNames"] = ["admin", f"{prefix}-sardonyx-project"]
        for subject in one.get("subjects", ()):
            subject["namespace"] = home
    cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(documents))
    return f"system:serviceaccount:{home}:sardonyx"


def removed(cluster: RunningCluster, prefix: str) -> None:
    """Remove what belongs to the whole cluster of a document that was applied."""
    for kind in ("clusterrolebinding", "clusterrole"):
        found = cluster.kubectl("get", kind, "-o", "name").split()
        mine = [name for name in found if f"/{prefix}-" in name]
        if mine:
            cluster.kubectl("delete", *mine)


def kubeconfig_of(cluster: RunningCluster, home: str, file: Path) -> Path:
    """Write a kubeconfig of the ServiceAccount `sardonyx` in `home`, which is made."""
    found = subprocess.run(
        [
            str(cluster.programs / "kubectl"),
            *("--kubeconfig", str(cluster.kubeconfig), "create", "serviceaccount", "sardonyx"),
            *("-n", home),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not found.returncode or "AlreadyExists" in found.stderr, found.stderr
    token = cluster.kubectl("create", "token", "sardonyx", "-n", home, "--duration=2h").strip()
    admin = ClusterAccess(cluster.kubeconfig)
    file.touch(mode=0o600)
    file.write_text(admin.kubeconfig(Secret(token), home).reveal())
    asyncio.run(admin.aclose())
    return file


@contextmanager
def rights(cluster: RunningCluster, mode: str, home: str, folder: Path) -> Iterator[Path]:
    """Give a platform in the namespace `home` the rights of its identity mode.

    Yields its kubeconfig. The namespace goes with them.
    """
    cluster.kubectl("create", "namespace", home)
    try:
        applied(cluster, DOCUMENTS[mode], home, home)
        cluster.kubectl("apply", "-f", str(RBAC / "routes.yaml"))
        yield kubeconfig_of(cluster, home, folder / "platform.kubeconfig")
    finally:
        removed(cluster, home)
        cluster.kubectl("delete", "namespace", home, "--wait=false", "--ignore-not-found")
