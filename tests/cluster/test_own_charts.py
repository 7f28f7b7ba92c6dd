"""What people bring to a cluster, charts and storage: theirs alone, never out of their project.

An administrator allows archives, and addresses of one host; `test_absent_parts` has a platform
where nobody allowed any.
"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.charts.servers import certificate, git_answers, serving
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_charts import write_chart
from tests.cluster.people import SECONDS, Caller, signed_in
from tests.cluster.platform import RunningPlatform, running_platform

from sardonyx.testing.parts import wait_until

pytestmark = pytest.mark.cluster
ALLOWED = "https://charts.example/stable"
ROLE = """
{{- if .Values.wide }}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "{{ .Release.Name }}-wide"}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list]}]
{{- end }}
"""
PLANTED = """
{{- if .Values.wide }}
apiVersion: v1
kind: ConfigMap
metadata: {name: planted, namespace: "{{ .Values.wide }}"}
data: {a: b}
{{- end }}
"""


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve `charts.git`, with the chart `delta`, over https; gives the address."""
    folder = tmp_path_factory.mktemp("forge")
    write_chart(folder / "source", "delta").folder.rename(folder / "source" / "delta")
    who = ("-c", "user.name=ada", "-c", "user.email=ada@stat.example")
    for words in (
        ("init", "--quiet", "--initial-branch=main", "."),
        ("add", "."),
        (*who, "commit", "--quiet", "-m", "One chart"),
        ("clone", "--quiet", "--bare", ".", str(folder / "charts.git")),
    ):
        subprocess.run(["git", *words], cwd=folder / "source", check=True)
    served, trusted = git_answers(folder), certificate(folder)
    with pytest.MonkeyPatch.context() as patch, serving(served, tls=trusted) as address:
        patch.setenv("SSL_CERT_FILE", str(trusted))
        yield address


@pytest.fixture(scope="module")
def platform(
    light_cluster: RunningCluster, forge: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPlatform]:
    with running_platform(
        tmp_path_factory.mktemp("platform"),
        light_cluster,
        images={},
        host="127.0.0.1",
        own_charts={"addresses": [ALLOWED, f"git+{forge}/charts.git"], "archives": True},
    ) as running:
        yield running


@pytest.fixture(scope="module")
def ada(platform: RunningPlatform) -> Caller:
    return signed_in(platform, "ada")


@pytest.fixture(scope="module")
def grace(platform: RunningPlatform) -> Caller:
    return signed_in(platform, "grace")


def archive(folder: Path, name: str, **about: Any) -> bytes:
    """Return an archive of a small chart, as `helm package` makes it."""
    place = write_chart(folder, name, **about).folder
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        tar.add(place, arcname=name)
    return made.getvalue()


def reviewed(person: Caller, content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = person.api("PUT", "/chart-archives/chart.tgz", content=content).json()
    return found


def kept(person: Caller, content: bytes) -> dict[str, str]:
    digest = reviewed(person, content)["digest"]
    ref: dict[str, str] = person.api("POST", f"/chart-reviews/{digest}/keep").json()
    return ref


def test_a_chart_is_brought_by_command_and_runs_as_any_other(
    light_cluster: RunningCluster, ada: Caller, tmp_path: Path
) -> None:
    file = tmp_path / "tide.tgz"
    file.write_bytes(archive(tmp_path, "tide"))
    token = ada.api("POST", "/account/tokens", json={"name": "cli", "days": 1}).json()["token"]

    def sardonyx(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "sardonyx", *words],
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "SARDONYX_URL": ada.platform.url,
                "SARDONYX_TOKEN": token,
            },
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    found = json.loads(sardonyx("chart", "add", str(file), "--json"))
    kinds = {one["kind"] for one in found["objects"]}
    assert kinds == {"Deployment", "Service", "Secret"}  # as the API server would create them
    assert not found["refused"] and found["kept"] is None
    told = sardonyx("chart", "add", str(file), "--yes")
    assert "Deployment tide-" in told
    name = json.loads(sardonyx("launch", "tide", "--catalog", "own", "--json"))["name"]
    shown = ada.reach(name, "running")
    assert shown["chart"] == "tide"
    for verb, state in (("pause", "paused"), ("resume", "running")):
        ada.settle(name, verb, state)
    ada.api("POST", ada.services(f"/{name}/edit"), json={"set": ["greeting=hello"]})
    made = light_cluster.kubectl("get", "deployment", name, "-n", ada.project, "-o", "json")
    assert json.loads(made)["metadata"]["labels"]["app.kubernetes.io/name"] == "tide"
    # Taken away, it is offered no more; its service goes on with it, and says so.
    removed = json.loads(sardonyx("chart", "remove", "tide", "--yes", "--json"))
    assert [one["name"] for one in removed["services"]] == [name]
    assert ada.asks("GET", "/catalog/tide?catalog=own").status_code == 404
    assert ada.service(name)["chartWithdrawn"]
    for verb, state in (("pause", "paused"), ("resume", "running")):
        ada.settle(name, verb, state)
    ada.api("DELETE", ada.services(f"/{name}"))
    ada.gone(name)


def test_a_chart_comes_from_a_git_repository_that_is_allowed(ada: Caller, forge: str) -> None:
    source = {"address": f"git+{forge}/charts.git", "folder": "delta"}
    found = ada.api("POST", "/chart-reviews", json=source).json()
    assert {one["kind"] for one in found["objects"]} == {"Deployment", "Service", "Secret"}
    ada.api("POST", f"/chart-reviews/{found['digest']}/keep")
    body = {"chart": "delta", "catalog": "own"}
    name = ada.api("POST", ada.services(), json=body).json()["name"]
    ada.reach(name, "running")
    ada.api("DELETE", ada.services(f"/{name}"))
    ada.gone(name)
    ada.api("DELETE", "/own-charts/delta")
    for asked, code in (
        ({"address": f"git+{forge}/other.git"}, "chart_address_refused"),
        ({"address": "git+file:///charts.git"}, "chart_address_refused"),
        ({"address": source["address"].replace("https", "ssh")}, "chart_address_refused"),
        ({**source, "folder": "../delta"}, "chart_source"),
        ({**source, "branch": "--upload-pack=x"}, "chart_source"),
        ({**source, "branch": "no-such"}, "chart_source"),
    ):
        answer = ada.asks("POST", "/chart-reviews", json=asked)
        assert answer.json()["code"] == code, asked


def test_another_person_neither_sees_nor_launches_it(
    ada: Caller, grace: Caller, tmp_path: Path
) -> None:
    content = archive(tmp_path, "moon")
    waiting = reviewed(ada, content)["digest"]
    assert grace.asks("GET", f"/chart-reviews/{waiting}").status_code == 404
    assert grace.asks("POST", f"/chart-reviews/{waiting}/keep").status_code == 404
    assert grace.browse("GET", f"/catalog/any/{waiting}").status_code == 404
    ref = ada.api("POST", f"/chart-reviews/{waiting}/keep").json()
    place = f"/launch/{ref['catalog']}/moon"
    assert place in ada.browse("GET", "/catalog").text
    assert ada.browse("GET", place).status_code == 200
    assert "moon" not in grace.browse("GET", "/catalog").text
    assert "moon" not in grace.api("GET", "/catalog").text
    assert grace.browse("GET", place).status_code == 404
    for catalog in (ref["catalog"], "own"):
        body = {"chart": "moon", "catalog": catalog}
        assert grace.asks("POST", grace.services(), json=body).status_code == 404, catalog
        assert grace.asks("GET", f"/catalog/moon?catalog={catalog}").status_code == 404, catalog


def test_a_service_of_it_is_shared_in_a_group_and_the_chart_is_not(
    ada: Caller, grace: Caller, tmp_path: Path
) -> None:
    ref = kept(ada, archive(tmp_path, "reef"))
    team = next(one["id"] for one in ada.api("GET", "/projects").json()["projects"] if one["group"])
    place = f"/projects/{team}/services"
    body = {"chart": "reef", "catalog": "own", "shared": True}
    name = ada.api("POST", place, json=body).json()["name"]

    def reached(state: str) -> bool:
        return bool(grace.api("GET", f"{place}/{name}").json()["state"] == state)

    wait_until(lambda: reached("running"), "the member sees it run", seconds=SECONDS)
    for verb, state in (("pause", "paused"), ("resume", "running")):
        grace.api("POST", f"{place}/{name}/{verb}")
        wait_until(lambda state=state: reached(state), f"it is {state}", seconds=SECONDS)  # type: ignore[misc]
    assert grace.browse("GET", f"/launch/{ref['catalog']}/reef").status_code == 404
    ada.api("DELETE", f"{place}/{name}")


@pytest.mark.parametrize(("name", "extra"), [("role", ROLE), ("planter", PLANTED)])
def test_what_reaches_out_of_the_project_is_refused_and_changes_nothing(
    light_cluster: RunningCluster,
    ada: Caller,
    grace: Caller,
    tmp_path: Path,
    name: str,
    extra: str,
) -> None:
    outside = ("get", "clusterroles,clusterrolebindings,namespaces", "-o", "name")
    everywhere = ("get", "configmaps", "-A", "--no-headers", "-o=custom-columns="
                  ":metadata.namespace,:metadata.name")  # fmt: skip

    def there() -> set[str]:
        # A namespace made by another test gets its authorities' file at any time.
        found = (light_cluster.kubectl(*one).splitlines() for one in (outside, everywhere))
        return {line for lines in found for line in lines if "kube-root-ca.crt" not in line}

    before = there()
    # With its defaults: it is not even kept.
    content = archive(tmp_path / "open", name, extra=extra, values={"wide": grace.project})
    found = reviewed(ada, content)
    assert found["refused"]
    assert {"role": "ClusterRole", "planter": "planted"}[name] in found["remarks"][0]["message"]
    refused = ada.asks("POST", f"/chart-reviews/{found['digest']}/keep")
    assert (refused.status_code, refused.json()["code"]) == (403, "own_chart_outside")
    assert name not in ada.api("GET", "/catalog").text
    # By a value that was not looked at: it is refused when it is launched.
    ref = kept(ada, archive(tmp_path / "sly", name, extra=extra, values={"wide": ""}))
    body = {"chart": name, "catalog": ref["catalog"], "values": {"wide": grace.project}}
    answer = ada.asks("POST", ada.services(), json=body)
    assert not answer.is_success, answer.text
    assert ada.api("GET", ada.services()).json()["services"] == []
    assert there() <= before  # other tests' namespaces may go meanwhile


def test_a_service_gets_the_storage_of_its_person_and_no_key_of_the_platform(
    light_cluster: RunningCluster, ada: Caller
) -> None:
    store = {
        "url": "http://nas.example:9000",
        "region": "eu",
        "folder": "prices/2026",
        "accessKeyId": "NAS-KEY",
        "secretAccessKey": "nas-s3cr3t",
    }
    refused = ada.asks("PUT", "/account/storage/nas", json=store)
    assert refused.json()["code"] == "own_storage_unreachable"
    kept = ada.api("PUT", "/account/storage/nas?unchecked=true", json=store)
    assert "nas-s3cr3t" not in kept.text
    body = {"chart": "jupyter-python", "s3Profile": "nas", "set": ["persistence.enabled=false"]}
    name = ada.api("POST", ada.services(), json=body).json()["name"]
    ada.reach(name, "running")
    expected = {
        "AWS_ACCESS_KEY_ID": "NAS-KEY",
        "AWS_SECRET_ACCESS_KEY": "nas-s3cr3t",
        "AWS_ENDPOINT_URL": "http://nas.example:9000",
        "AWS_S3_ENDPOINT": "nas.example:9000",
        "S3_ENDPOINT": "http://nas.example:9000",
        "AWS_DEFAULT_REGION": "eu",
        "AWS_REGION": "eu",
        "AWS_PATH_STYLE_ACCESS": "true",
        "AWS_WORKING_DIRECTORY_PATH": "prices/2026/",
    }
    assert _variables(light_cluster, ada, name) == expected
    # What renews beside it asks for the secrets' token alone.
    pods = _pods(light_cluster, ada, name)
    beside = {one["name"]: one["value"] for one in pods["initContainers"][0]["env"]}
    assert beside["RENEWAL_WANTED"] == "vault"
    # An edit, and a pause, leave it so.
    ada.api("POST", ada.services(f"/{name}/edit"), json={"set": ["resources.limits.memory=4Gi"]})
    wait_until(
        lambda: (
            _pods(light_cluster, ada, name)["containers"][0]["resources"]["limits"]["memory"]
            == "4Gi"
        ),
        "it is edited",
        seconds=SECONDS,
    )
    ada.reach(name, "running")
    for verb, state in (("pause", "paused"), ("resume", "running")):
        ada.settle(name, verb, state)
    assert _variables(light_cluster, ada, name) == expected
    assert "nas-s3cr3t" not in ada.api("GET", ada.services(f"/{name}")).text
    ada.api("DELETE", ada.services(f"/{name}"))
    ada.gone(name)
    ada.api("DELETE", "/account/storage/nas")


def _variables(cluster: RunningCluster, person: Caller, name: str) -> dict[str, str]:
    """Return what the Secret holds that the container takes its storage from."""
    secret = f"{name}-secrets3"
    sources = _pods(cluster, person, name)["containers"][0]["envFrom"]
    assert secret in [one["secretRef"]["name"] for one in sources]
    found = json.loads(cluster.kubectl("get", "secret", secret, "-n", person.project, "-o", "json"))
    return {key: base64.b64decode(text).decode() for key, text in found["data"].items()}


def _pods(cluster: RunningCluster, person: Caller, name: str) -> dict[str, Any]:
    """Return the specification of the service's pods."""
    asked = ("get", "statefulset", name, "-n", person.project, "-o", "json")
    found: dict[str, Any] = json.loads(cluster.kubectl(*asked))["spec"]["template"]["spec"]
    return found


def test_only_what_is_allowed_is_fetched(ada: Caller) -> None:
    for address in (
        "https://charts.example/other/x.tgz",
        "https://127.0.0.1/stable/x.tgz",
        "http://charts.example/stable/x.tgz",
        "git+https://charts.example/stable/x.git",
    ):
        answer = ada.asks("POST", "/chart-reviews", json={"address": address})
        assert (answer.status_code, answer.json()["code"]) == (403, "chart_address_refused")
        assert ALLOWED in answer.json()["next"]
    # Who acted, and with which result, is kept.
    assert "chart_address_refused" in ada.browse("GET", "/account/audit").text
