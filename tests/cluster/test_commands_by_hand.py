"""The commands that a page shows, pasted into a shell without us, give the same objects."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.people import signed_in
from tests.cluster.platform import RunningPlatform, running_platform

from sardonyx.testing.parts import wait_until

pytestmark = pytest.mark.cluster
KINDS = (
    "statefulsets,services,secrets,serviceaccounts,persistentvolumeclaims,configmaps,"
    "httproutes,rolebindings,networkpolicies"
)
# What the cluster writes itself, and what names the place.
_ITS_OWN = {
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "generation",
    "selfLink",
}


@pytest.fixture
def platform(light_cluster: RunningCluster, tmp_path: Path) -> Iterator[RunningPlatform]:
    with running_platform(
        tmp_path / "platform",
        light_cluster,
        images={"jupyter-python": "localhost/sardonyx/jupyter-python:0.2.0"},
        host="127.0.0.1",
    ) as running:
        yield running


def test_each_step_by_hand_gives_the_same_objects(
    platform: RunningPlatform, light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    ada = signed_in(platform, "ada")
    hand = _Hand(light_cluster, ada.project, namespace, platform, tmp_path)
    body = {
        "chart": "jupyter-python",
        "catalog": "lab",
        "name": "lab-one",
        "values": {"persistence": {"enabled": False}},  # the light cluster has no volumes
    }
    script = ada.api("POST", ada.services(), json=body).json()["commands"]["underneath"]
    ada.reach("lab-one", "running")
    hand.does(script)
    hand.agree("launch")
    assert hand.objects(namespace) != {}

    for verb, state in (("pause", "paused"), ("resume", "running")):
        script = ada.api("POST", ada.services(f"/lab-one/{verb}")).json()["commands"]["underneath"]
        ada.reach("lab-one", state)
        hand.does(script)
        hand.agree(verb)

    change = {"set": ["resources.limits.memory=4Gi"]}
    script = ada.api("POST", ada.services("/lab-one/edit"), json=change).json()
    hand.reached(lambda found: "4Gi" in json.dumps(found), "the change")
    ada.reach("lab-one", "running")  # the cluster has it before Helm has ended
    hand.does(script["commands"]["underneath"])
    hand.agree("edit")

    script = ada.api("POST", ada.services("/lab-one/rollback"), json={"revision": 1}).json()
    hand.reached(lambda found: "4Gi" not in json.dumps(found), "the return")
    hand.does(script["commands"]["underneath"])
    hand.agree("rollback")

    script = ada.api("DELETE", ada.services("/lab-one")).json()["commands"]["underneath"]
    ada.gone("lab-one")
    hand.does(script)
    hand.agree("delete")
    assert hand.objects(namespace) == {}


class _Hand:
    """Somebody with a shell, helm and kubectl, and rights in a namespace of their own."""

    def __init__(
        self,
        cluster: RunningCluster,
        project: str,
        namespace: str,
        platform: RunningPlatform,
        folder: Path,
    ) -> None:
        self._cluster, self._project, self._namespace = cluster, project, namespace
        # Values name the project too (its bucket, its host), and stay as they are.
        self._moved = (f"--namespace {project}", f"--namespace {namespace}")
        self._folder = folder / "shell"
        self._folder.mkdir()
        shutil.copytree(
            platform.settings.parent / "charts/jupyter-python", self._folder / "jupyter-python"
        )

    def does(self, script: str) -> None:
        """Run what the page shows, in the other namespace, its secrets given as variables."""
        secrets = {"SECURITY_PASSWORD": "", "RENEWAL_TOKEN": "", **self._secrets()}
        environment = {
            "PATH": f"{self._cluster.programs}:{os.environ['PATH']}",
            "HOME": str(self._folder),
            "KUBECONFIG": str(self._cluster.kubeconfig),
            **secrets,
        }
        done = subprocess.run(
            ["bash", "-eu", "-c", script.replace(*self._moved)],
            check=False,
            cwd=self._folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"

    def agree(self, step: str) -> None:
        """Wait until both namespaces hold the same."""
        ours, theirs = self.objects(self._project), self.objects(self._namespace)
        different = [name for name in ours.keys() | theirs if ours.get(name) != theirs.get(name)]
        assert not different, [(step, ours.get(one), theirs.get(one)) for one in different]

    def reached(self, holds: Any, what: str) -> None:
        wait_until(lambda: holds(self.objects(self._project)), what)

    def objects(self, namespace: str) -> dict[str, Any]:
        """Return a namespace's objects as they were asked for, by kind and name."""
        listed = json.loads(
            self._cluster.kubectl(
                "get", KINDS, "-n", namespace, "-l", "app.kubernetes.io/instance=lab-one", "-o",
                "json",
            )
        )  # fmt: skip
        return {
            f"{one['kind']}/{one['metadata']['name']}": self._asked(one, namespace)
            for one in listed["items"]
        }

    def _asked(self, one: Any, namespace: str) -> Any:
        one = {key: value for key, value in one.items() if key != "status"}
        one["metadata"] = {
            key: value for key, value in one["metadata"].items() if key not in _ITS_OWN
        }
        if one["kind"] == "PersistentVolumeClaim":
            one["spec"] = {"resources": one["spec"]["resources"]}
        for place in (one["metadata"], one["metadata"].get("annotations", {})):
            for key, value in place.items():
                if value == namespace:
                    place[key] = "NAMESPACE"
        return one

    def _secrets(self) -> dict[str, str]:
        """Return the values that the script's variables stand for, as the person knows them."""
        found = json.loads(
            subprocess.run(
                [
                    self._cluster.programs / "helm", "get", "values", "lab-one",
                    "-n", self._project, "-o", "json",
                ],
                env={"KUBECONFIG": str(self._cluster.kubeconfig), "HOME": str(self._folder)},
                capture_output=True, check=False, text=True,
            ).stdout or "{}"
        )  # fmt: skip
        return {
            "SECURITY_PASSWORD": found.get("security", {}).get("password", ""),
            "RENEWAL_TOKEN": found.get("renewal", {}).get("token", ""),
        }
