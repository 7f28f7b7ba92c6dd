"""In each identity mode nobody sees, changes or reaches what is another's; a group shares.

By page, REST, command line and chart template, through a whole platform that has the rights of
its mode's document alone. The kernel is in test_kernel.py: it needs a real pod.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_charts import write_chart
from tests.cluster.people import Caller, signed_in
from tests.cluster.platform import RunningPlatform, running_platform
from tools.cluster.images import version

from sardonyx.values import JsonObject

pytestmark = pytest.mark.cluster
# The light cluster has no volumes.
NOTEBOOK: JsonObject = {
    "chart": "jupyter-python",
    "catalog": "lab",
    "values": {"persistence": {"enabled": False}},
}
TREASURE = "treasure-of-ada-4711"
LOOKUP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: found}
data: {found: {{ tpl .Values.greeting . | quote }}}
"""
PEEK = '{{ lookup "v1" "Secret" "NAMESPACE" "treasure" | toJson }}'
PLANTED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: planted, namespace: "{{ .Values.greeting }}"}
data: {a: b}
"""
LOOKS = ("", "/logs", "/history", "/values", "/losses", "/credential")
CHANGES = ("pause", "resume", "restart", "rollback", "share", "adopt", "edit", "open")


@pytest.fixture(scope="module", params=["serviceAccount", "impersonate", "tokenPassthrough"])
def platform(
    request: pytest.FixtureRequest,
    light_cluster: RunningCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningPlatform]:
    def attacks(folder: Path) -> None:
        write_chart(folder, "thief", extra=LOOKUP)
        write_chart(folder, "planter", extra=PLANTED)

    with running_platform(
        tmp_path_factory.mktemp("platform"),
        light_cluster,
        images={"jupyter-python": f"localhost/sardonyx/jupyter-python:{version('jupyter-python')}"},
        mode=request.param,
        host="127.0.0.1",
        charts=attacks,
    ) as running:
        yield running


@pytest.fixture(scope="module")
def ada(platform: RunningPlatform) -> Caller:
    return signed_in(platform, "ada")


@pytest.fixture(scope="module")
def grace(platform: RunningPlatform) -> Caller:
    return signed_in(platform, "grace")


@pytest.fixture(scope="module")
def hers(ada: Caller) -> str:
    """Return the name of a service that runs in Ada's own project."""
    return launched(ada, ada.project)


def launched(person: Caller, project: str) -> str:
    body = {**NOTEBOOK, "shared": False}
    made = person.api("POST", f"/projects/{project}/services", json=body).json()
    name: str = made["name"]
    if project == person.project:
        person.reach(name, "running")
    return name


def test_nobody_looks_at_what_is_anothers(ada: Caller, grace: Caller, hers: str) -> None:
    for look in LOOKS:
        allowed = (200, 502) if look == "/logs" else (200,)  # simulated pods write none
        assert ada.asks("GET", ada.services(f"/{hers}{look}")).status_code in allowed, look
        assert grace.asks("GET", ada.services(f"/{hers}{look}")).status_code == 404, look
    for stream in ("/events", "/logs?follow=true"):
        assert grace.asks("GET", ada.services(f"/{hers}{stream}")).status_code == 404, stream
    assert grace.asks("GET", ada.services()).status_code == 404
    assert grace.api("GET", grace.services()).json()["services"] == []
    told = ada.api("GET", f"/projects/{ada.project}/cluster-events").json()
    assert {one["service"] for one in told["events"]} <= {hers, None}
    for place in ("files", "secrets", "quota", "credentials", "events", "cluster-events"):
        assert grace.asks("GET", f"/projects/{ada.project}/{place}").status_code == 404, place


def test_nobody_changes_what_is_anothers(ada: Caller, grace: Caller, hers: str) -> None:
    before = ada.service(hers)
    for change in CHANGES:
        body = {"revision": 1, "shared": True, "set": ["resources.limits.memory=4Gi"]}
        answer = grace.asks("POST", ada.services(f"/{hers}/{change}"), json=body)
        assert answer.status_code in (404, 422), (change, answer.text)
    assert grace.asks("DELETE", ada.services(f"/{hers}")).status_code == 404
    assert (
        grace.asks("PUT", f"/projects/{ada.project}/files/x.csv", content=b"x").status_code == 404
    )
    assert grace.asks("POST", ada.services(), json=NOTEBOOK).status_code == 404
    after = ada.service(hers)
    assert (after["revision"], after["state"]) == (before["revision"], before["state"])


def test_no_page_shows_or_changes_what_is_anothers(ada: Caller, grace: Caller, hers: str) -> None:
    before = ada.service(hers)
    for page in ("", "/edit", "/history", "/delete", "/logs", "/events"):
        address = f"/services/{hers}{page}?project={ada.project}"
        assert grace.browse("GET", address).status_code == 404, page
    for place in ("/services", "/events", "/files/", "/secrets/", "/launch/lab/jupyter-python"):
        assert grace.browse("GET", f"{place}?project={ada.project}").status_code == 404, place
        shown = grace.browse("GET", place.replace("/files/", "/").replace("/secrets/", "/"))
        assert hers not in shown.text
    for act in ("pause", "resume", "restart", "delete", "share", "rename"):
        address = f"/services/{hers}/{act}?project={ada.project}"
        assert grace.browse("POST", address, data={"shared": "1"}).status_code in (404, 405), act
    for own in ("", "/edit", "/delete"):  # the same name in one's own project is no way in
        assert grace.browse("GET", f"/services/{hers}{own}").status_code == 404, own
    after = ada.service(hers)
    assert (after["revision"], after["state"]) == (before["revision"], before["state"])


def test_the_command_line_reaches_nothing_of_anothers(
    ada: Caller, grace: Caller, hers: str, tmp_path: Path
) -> None:
    ada.api("PUT", f"/projects/{ada.project}/files/plan.txt", content=TREASURE.encode())
    ada.api("PUT", f"/projects/{ada.project}/secrets/plan", json={"entries": {"KEY": TREASURE}})
    token = grace.api("POST", "/account/tokens", json={"name": "attack", "days": 1}).json()["token"]

    def sardonyx(*words: str, given: str = "") -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "sardonyx", *words],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "SARDONYX_URL": grace.platform.url,
                "SARDONYX_TOKEN": token,
            },
        )
        return done.returncode, done.stdout + done.stderr

    assert sardonyx("whoami")[0] == 0
    before, there = ada.service(hers), ("--project", ada.project)
    for words in (
        ("services", "list"),
        ("services", "show", hers),
        ("services", "logs", hers),
        ("services", "token", hers),
        ("services", "values", hers),
        ("services", "pause", hers),
        ("services", "edit", hers, "--set", "resources.limits.memory=4Gi"),
        ("services", "delete", hers, "--yes"),
        ("files", "rm", "plan.txt"),
        ("secrets", "get", "plan"),
        ("secrets", "set", "plan", "KEY"),
        ("account", "credentials"),
        ("launch", "jupyter-python", "--catalog", "lab"),
    ):
        code, said = sardonyx(*words, *there, given="mine")
        assert code in (3, 4), (words, code, said)
        assert TREASURE not in said, words
    code, said = sardonyx("files", "cp", f"s3://{ada.bucket}/plan.txt", "stolen.txt")
    assert code, said
    assert not (tmp_path / "stolen.txt").exists()
    after = ada.service(hers)
    assert (after["revision"], after["state"]) == (before["revision"], before["state"])
    kept = ada.api("GET", f"/projects/{ada.project}/files/plan.txt")
    assert kept.text == TREASURE


def test_a_chart_reads_and_plants_nothing_at_anothers(
    light_cluster: RunningCluster, ada: Caller, grace: Caller, hers: str
) -> None:
    light_cluster.kubectl(
        *("create", "secret", "generic", "treasure", f"--from-literal=key={TREASURE}"),
        *("-n", ada.project),
    )
    peek = PEEK.replace("NAMESPACE", ada.project)
    hidden = (TREASURE, base64.b64encode(TREASURE.encode()).decode())
    # `lookup` renders on the cluster alone: it is the account of Helm that is refused.
    body = {"chart": "thief", "catalog": "lab", "values": {"greeting": peek}}
    name = grace.api("POST", grace.services(), json=body).json()["name"]
    failed = grace.reach(name, "failed")
    assert "forbidden" in json.dumps(failed["findings"])
    assert not any(text in json.dumps(failed) for text in hidden)
    grace.api("DELETE", grace.services(f"/{name}"))
    grace.gone(name)
    body = {"chart": "planter", "catalog": "lab", "values": {"greeting": ada.project}}
    answer = grace.asks("POST", grace.services(), json=body)
    assert not answer.is_success, answer.text
    assert "planted" in answer.text
    assert "planted" not in light_cluster.kubectl("get", "configmaps", "-n", ada.project)
    assert grace.api("GET", grace.services()).json()["services"] == []


def test_the_cluster_itself_keeps_them_apart(
    light_cluster: RunningCluster, platform: RunningPlatform, ada: Caller, grace: Caller, hers: str
) -> None:
    """Whoever has the right of Grace on the cluster: nothing of Ada's namespace."""
    theirs = ("--as", "grace", "--as-group", "soil", "--as-group", "system:authenticated")
    for what in ("get secrets", "list pods", "create pods/exec", "delete statefulsets.apps"):
        words = ("auth", "can-i", *what.split(), *theirs)
        assert _may(light_cluster, *words, "-n", grace.project), what
        assert not _may(light_cluster, *words, "-n", ada.project), what
        assert not _may(light_cluster, *words, "-n", f"{platform.prefix}platform"), what
    # What is seen of her service is read with the account that the mode says: in two of three
    # not with the platform's own.
    assert ada.service(hers)["state"] == "running"
    own = ("--as", f"system:serviceaccount:{platform.prefix}platform:sardonyx")
    sees = _may(light_cluster, "auth", "can-i", "list", "pods", *own, "-n", ada.project)
    assert sees is (platform.mode == "serviceAccount")


def _may(cluster: RunningCluster, *words: str) -> bool:
    try:
        return cluster.kubectl(*words).strip().endswith("yes")
    except subprocess.CalledProcessError:
        return False


def test_a_member_of_the_group_sees_what_is_shared_and_nothing_else(
    ada: Caller, grace: Caller
) -> None:
    team = next(one["id"] for one in ada.api("GET", "/projects").json()["projects"] if one["group"])
    place = f"/projects/{team}/services"
    name = launched(ada, team)  # shared while its launch may still wait
    assert grace.asks("GET", f"{place}/{name}").status_code == 404
    ada.api("POST", f"{place}/{name}/share", json={"shared": True})
    assert grace.api("GET", f"{place}/{name}").json()["owner"] == "ada"
    assert grace.asks("DELETE", f"{place}/{name}").status_code == 403
    ada.api("DELETE", f"{place}/{name}")


def test_a_namespace_that_was_removed_is_made_again_at_the_next_launch(
    light_cluster: RunningCluster, grace: Caller
) -> None:
    light_cluster.kubectl("delete", "namespace", grace.project, "--wait=true")
    name = launched(grace, grace.project)
    binding = light_cluster.kubectl(
        "get", "rolebinding", "full_control_namespace", "-n", grace.project, "-o", "yaml"
    )
    assert "name: grace" in binding
    grace.api("DELETE", grace.services(f"/{name}"))
    grace.gone(name)


def test_a_stranger_is_told_to_sign_in(platform: RunningPlatform, ada: Caller, hers: str) -> None:
    nobody = Caller.__new__(Caller)
    nobody.platform, nobody.cookies = platform, {}
    for address in (ada.services(), ada.services(f"/{hers}"), "/me", "/setup"):
        assert nobody.asks("GET", address).status_code == 401, address
    forged = {"authorization": "Bearer sxp_" + "a" * 43}
    assert nobody.asks("GET", ada.services(), headers=forged).status_code == 401
