"""Pure parts around a launch: what it asks for, what it would lose, and the shown commands."""

from __future__ import annotations

import base64
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from sardonyx.adapters.helm import arguments
from sardonyx.adapters.helm.manifests import read_manifest
from sardonyx.adapters.kubernetes import underneath
from sardonyx.adapters.kubernetes.credential import own_credential
from sardonyx.adapters.kubernetes.onboarding import OnboardingRules, label_of
from sardonyx.adapters.kubernetes.preflight import Needs, number
from sardonyx.adapters.kubernetes.volumes import volume_losses
from sardonyx.catalog.models import ChartRef
from sardonyx.services.models import LaunchPlan
from sardonyx.values import JsonObject, Secret

WORKLOAD = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: a
        resources:
          requests: {cpu: 500m, memory: 1Gi}
          limits: {memory: 2Gi, nvidia.com/gpu: "1"}
      - {name: b, resources: {limits: {cpu: "1"}}}
  volumeClaimTemplates:
  - {metadata: {name: data}, spec: {storageClassName: fast, resources: {requests: {storage: 5Gi}}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: work, annotations: {helm.sh/resource-policy: keep}}
spec: {resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: scratch}
spec: {storageClassName: "", resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Service
metadata: {name: db}
"""


def test_what_a_launch_asks_is_added_up() -> None:
    needs = Needs(read_manifest(WORKLOAD))
    gib = 2**30
    assert needs.totals["requests.cpu"] == 2 * 1.5
    assert needs.totals["requests.memory"] == 2 * gib
    assert needs.totals["limits.memory"] == 4 * gib
    assert needs.totals["requests.nvidia.com/gpu"] == 2
    assert needs.totals["pods"] == needs.totals["count/pods"] == 2
    assert needs.totals["requests.storage"] == 12 * gib
    assert needs.totals["persistentvolumeclaims"] == 4
    assert needs.totals["services"] == 1
    assert needs.largest["memory"] == 2 * gib
    assert needs.gpu == 1
    assert needs.classes == {"fast", ""}


@pytest.mark.parametrize(
    ("text", "value"),
    [("500m", 0.5), ("2Gi", 2**31), ("1e3", 1000), ("1E", 1e18), ("4", 4), (4, 4), ("0.5", 0.5),
     ("", None), ("Gi", None), ("12 apples", None), ("1" * 100, None), (None, None), ("-", None)],
)  # fmt: skip
def test_a_quantity_is_read(text: str | int | None, value: float | None) -> None:
    assert number(text) == value


def claim(name: str, release: str = "") -> JsonObject:
    labels: JsonObject = {"app.kubernetes.io/instance": release} if release else {}
    spec: JsonObject = {"resources": {"requests": {"storage": "1Gi"}}}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def test_volumes_that_go_are_told_from_those_that_stay() -> None:
    names = ("work", "scratch", "data-db-0", "data-db-1", "data-db-x", "others")
    claims = [claim(name) for name in names] + [claim("labelled", "demo")]
    losses = volume_losses("demo", read_manifest(WORKLOAD), claims)
    assert {(one.kind, one.path) for one in losses} == {
        ("volume_kept", "work"), ("volume", "scratch"), ("volume_kept", "data-db-0"),
        ("volume_kept", "data-db-1"), ("volume_kept", "labelled"),
    }  # fmt: skip
    assert {one.size for one in losses} == {2**30}


def test_the_services_own_password_opens_it() -> None:
    local: JsonObject = {
        "access": {
            "header": {"name": "Authorization", "value": "token {{service.oneTimePassword}}"}
        }
    }
    values: JsonObject = {"security": {"password": "its-own"}}
    assert own_credential(values, (), local) == ("Authorization", Secret("token its-own"))
    drawn: JsonObject = {"data": {"PASSWORD": base64.b64encode(b"drawn").decode()}}
    assert own_credential({}, [drawn], None) == ("password", Secret("drawn"))
    assert own_credential({}, [{"data": {"PASSWORD": "%%%"}}], local) is None


def plan_of(values: JsonObject) -> LaunchPlan:
    return LaunchPlan(
        release="demo", project="user-ada", owner="ada", friendly_name="Demo", shared=False,
        chart=ChartRef("ours", "hello", "1.2.3"), values=values, merged=values, context={},
        secret_paths=frozenset({("git", "token")}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "helm upgrade --install --history-max 0 demo ./hello --namespace"),
        (
            "https://charts.example.org",
            "demo hello --repo https://charts.example.org --version 1.2.3",
        ),
        ("oci://reg.example.org/charts", "demo oci://reg.example.org/charts/hello --version 1.2.3"),
    ],
)
def test_the_shown_script_gives_helm_the_same_values(
    tmp_path: Path, address: str, words: str
) -> None:
    """Pasted into a plain shell, with a Helm that tells what it was given."""
    values: JsonObject = {"git": {"token": "ghp-4711"}, "text": "a $HOME `id` 'x' \"y\"", "n": 3}
    plan = plan_of(values)
    script = underneath.launch(plan, "user-ada", underneath.place_of(plan.chart, address))
    assert words in script
    assert "ghp-4711" not in script
    helm = tmp_path / "helm"
    helm.write_text('#!/bin/sh\necho "$@" > ./argv\ncat values.yaml > ./given\n')
    helm.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GIT_TOKEN": "ghp-4711"}
    done = subprocess.run(
        ["sh", "-s"], input=script, text=True, env=environment, cwd=tmp_path, check=False,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load((tmp_path / "given").read_text()) == values
    assert "ghp-4711" not in (tmp_path / "argv").read_text()
    assert (tmp_path / "values.yaml").stat().st_mode & 0o077 == 0
    del environment["GIT_TOKEN"]
    again = subprocess.run(
        ["sh", "-s"], input=script, text=True, env=environment, cwd=tmp_path, check=False,
        capture_output=True,
    )  # fmt: skip
    assert again.returncode != 0
    assert "give GIT_TOKEN first" in again.stderr


def test_every_action_has_its_command() -> None:
    chart, place = ChartRef("ours", "hello", "1.2.3"), underneath.ChartPlace("./hello")
    assert underneath.pause("demo", chart, "ns", place, paused=True) == (
        "helm upgrade --reuse-values --history-max 0 demo ./hello --namespace ns"
        " --set global.suspend=true\n"
    )
    assert underneath.rollback("demo", 3, "ns") == (
        "helm rollback --history-max 0 demo 3 --namespace ns\n"
    )
    assert underneath.uninstall("demo", "ns") == "helm uninstall demo --namespace ns\n"
    assert "kubectl delete pods --namespace ns" in underneath.restart("demo", "ns")
    assert underneath.history("demo", "ns") == "helm history demo --namespace ns\n"


def test_names_are_never_taken_for_options() -> None:
    limit = timedelta(minutes=10)
    for words in (
        arguments.upgrade("--kubeconfig=x", "/chart", "ns", limit=limit),
        arguments.rollback("--kubeconfig=x", 2, "ns", limit=limit),
        arguments.uninstall("--kubeconfig=x", "ns", limit=limit),
        arguments.template("--kubeconfig=x", "/chart", "ns"),
    ):
        assert words.index("--") < words.index("--kubeconfig=x")
    assert arguments.pause_values(paused=False) == {"global": {"suspend": False}}


def test_a_region_says_how_places_are_made() -> None:
    rules = OnboardingRules.of_region({})
    assert rules.single
    assert rules.creates
    assert rules.dynamic == ()
    off: JsonObject = {
        "services": {"singleNamespace": False, "namespaceAnnotationsDynamic": {"enabled": False}}
    }
    assert OnboardingRules.of_region(off).dynamic is None
    assert not OnboardingRules.of_region(off).single
    assert label_of("/Unité/R&D/") == "Unit-R-D"
    assert len(label_of("é" + "a" * 100)) <= 63
