"""The chart that installs the platform: what it makes, what it refuses, and what it never does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.deploy import chart

from sardonyx.adapters.processes.home import PART_PORTS, Home
from sardonyx.deployment import ClusterSettings
from sardonyx.evaluation import S3_PORT, SECRETS_PORT, prepare

CASES: dict[str, dict[str, Any]] = {
    "evaluation": {},
    "organisation": chart.ORGANISATION,
    "small": chart.SMALL,
}
GOLDEN = Path(__file__).parents[1] / "data" / "deploy"
_DRAWN = re.compile(r'(seal\.key|first-link): ".+"')


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, list[dict[str, Any]]]:
    return request.param, chart.objects(tmp_path, CASES[request.param])


def _settings(found: list[dict[str, Any]]) -> dict[str, Any]:
    secret = chart.one(found, "Secret", "demo-sardonyx-settings")
    read: dict[str, Any] = yaml.safe_load(secret["stringData"]["sardonyx.yaml"])
    return read


def _containers(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    spec = chart.pod(found)["spec"]
    yield from [*spec.get("initContainers", ()), *spec["containers"]]


@pytest.mark.parametrize("name", CASES)
def test_the_objects_are_those_agreed_on(name: str, tmp_path: Path) -> None:
    text = _DRAWN.sub(r'\1: "drawn"', chart.rendered(tmp_path, CASES[name]))
    golden = GOLDEN / f"{name}.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert golden.read_text() == text, "read the difference; UPDATE_GOLDEN=1 writes it down"


@pytest.mark.parametrize("values", [{}, chart.ORGANISATION, chart.SMALL], ids=list(CASES))
def test_helm_finds_nothing_to_say(values: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    done = chart.run("lint", "--strict", str(chart.CHART), "--values", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_settings_are_those_the_platform_reads(
    case: tuple[str, list[dict[str, Any]]],
) -> None:
    name, found = case
    settings = ClusterSettings.model_validate(_settings(found))
    assert (settings.evaluation is not None) == (name == "evaluation")
    mounted = {
        mount["mountPath"] for mount in chart.pod(found)["spec"]["containers"][0]["volumeMounts"]
    }
    files = [settings.key_file, settings.database_password_file]
    files += [settings.identity.client_secret_file]
    assert {str(file.parent) for file in files if file is not None} <= mounted


def test_every_container_is_confined(case: tuple[str, list[dict[str, Any]]]) -> None:
    """Pod security “restricted”, and a file system that cannot be written beside the volumes."""
    spec = chart.pod(case[1])["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert {next(iter(volume.keys() - {"name"})) for volume in spec["volumes"]} <= {
        "secret",
        "projected",
        "emptyDir",
    }
    for container in _containers(case[1]):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["requests"]
        assert "limits" in container["resources"]


def test_only_the_portal_has_the_accounts_token(case: tuple[str, list[dict[str, Any]]]) -> None:
    assert chart.pod(case[1])["spec"]["automountServiceAccountToken"] is False
    holders = [
        container["name"]
        for container in _containers(case[1])
        if any(mount["name"] == "account" for mount in container["volumeMounts"])
    ]
    assert holders == ["portal"]


def test_no_object_leaves_its_namespace(case: tuple[str, list[dict[str, Any]]]) -> None:
    assert not [one for one in case[1] if "namespace" in one["metadata"]]


def test_an_evaluation_asks_for_nothing_cluster_wide(tmp_path: Path) -> None:
    found = chart.objects(tmp_path)
    kinds = {one["kind"] for one in found}
    assert not {"ClusterRole", "ClusterRoleBinding", "Ingress", "HTTPRoute", "Namespace"} & kinds
    bound = [one["roleRef"] for one in found if one["kind"] == "RoleBinding"]
    assert {role["name"] for role in bound} == {"demo-sardonyx", "admin"}
    ours = chart.one(found, "RoleBinding", "demo-sardonyx")
    assert ours["roleRef"]["kind"] == "Role"
    helm = chart.one(found, "RoleBinding", "sardonyx-helm")
    assert [subject["name"] for subject in helm["subjects"]] == ["sardonyx-helm"]


def test_no_role_has_a_wildcard(case: tuple[str, list[dict[str, Any]]]) -> None:
    for one in case[1]:
        for rule in one.get("rules", ()) if "Role" in one["kind"] else ():
            for part in ("apiGroups", "resources", "verbs"):
                assert "*" not in rule[part], rule
            if "serviceaccounts/token" in rule["resources"]:
                assert rule["resourceNames"] == ["sardonyx-helm"]
            if "bind" in rule["verbs"]:
                assert rule["resourceNames"] == ["admin"]


def test_the_parts_of_an_evaluation_find_each_other(tmp_path: Path) -> None:
    found = chart.objects(tmp_path)
    settings = _settings(found)
    region = settings["regions"][0]
    urls = {region["data"]["S3"]["URL"], region["vault"]["URL"]}
    for part, port in (("store", S3_PORT), ("secrets", SECRETS_PORT)):
        service = chart.one(found, "Service", f"demo-sardonyx-{part}")
        assert service["spec"]["ports"][0]["port"] == port
        assert f"http://demo-sardonyx-{part}.lab.svc:{port}" in urls
    (alias,) = chart.pod(found)["spec"]["hostAliases"]
    assert alias["ip"] == "127.0.0.1"
    assert {f"http://{name}" for name in alias["hostnames"]} == {
        url.rpartition(":")[0] for url in urls
    }
    prepare(Home(tmp_path / "home"))
    keys = Home(tmp_path / "home").ports()["keys"]
    assert settings["identity"]["issuer"] == f"http://127.0.0.1:{keys}"
    assert len(PART_PORTS) == len(set(Home(tmp_path / "home").ports().values()))


def test_the_one_time_link_is_in_a_secret_and_in_the_notes_alone(tmp_path: Path) -> None:
    notes, found = chart.notes_and_objects(tmp_path)
    keys = chart.one(found, "Secret", "demo-sardonyx-keys")["stringData"]
    token = keys["first-link"]
    assert len(token) == 43
    assert f"http://localhost:8000/sign-in?t={token}" in notes
    assert "kubectl -n lab port-forward statefulset/demo-sardonyx 8000:8000" in notes
    others = [one for one in found if one["metadata"]["name"] != "demo-sardonyx-keys"]
    assert token not in yaml.safe_dump_all(others)
    assert keys["seal.key"] not in yaml.safe_dump_all(others)


def test_the_notes_are_there_in_french(tmp_path: Path) -> None:
    notes, _ = chart.notes_and_objects(tmp_path, {"language": "fr"})
    assert "Ouvrez ce lien ; il sert une fois" in notes
    notes, _ = chart.notes_and_objects(tmp_path, {**chart.SMALL, "language": "fr"})
    assert "« helm uninstall » n’arrête aucun service" in notes


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"replicas": 2}, "an evaluation is one pod"),
        ({"ingress": {"enabled": True}}, "kubectl port-forward alone"),
        ({"sardonyx": {"identity": chart.IDENTITY}}, "how browsers reach the platform"),
        (
            {"sardonyx": {"identity": chart.IDENTITY, "publicUrl": "https://lab"}},
            "at least one region",
        ),
        ({**chart.SMALL, "replicas": 2}, "several need a database"),
        ({**chart.SMALL, "httpRoute": {"enabled": True}}, "name the Gateway"),
        ({"serviceAccount": {"create": False}}, "name the account"),
        ({"replica": 2}, "additional properties 'replica' not allowed"),
        ({"replicas": "two"}, "got string, want integer"),
        ({"language": "de"}, "language"),
        ({"evaluation": {"username": "Ada L"}}, "username"),
        ({"image": {"digest": "latest"}}, "digest"),
    ],
)
def test_what_could_not_work_is_refused_in_words(
    values: dict[str, Any], words: str, tmp_path: Path
) -> None:
    assert words in chart.refusal(tmp_path, values)


def test_what_was_set_wins(tmp_path: Path) -> None:
    found = chart.objects(
        tmp_path, {"sardonyx": {"sessionLife": "P1D", "catalogs": [{"id": "ide"}], "port": 8080}}
    )
    settings = ClusterSettings.model_validate(_settings(found))
    assert settings.session_life.days == 1
    assert settings.catalogs[0]["id"] == "ide"
    assert settings.evaluation is not None


def test_figures_are_on_a_port_that_few_may_ask(tmp_path: Path) -> None:
    found = chart.objects(tmp_path, chart.ORGANISATION)
    policy = chart.one(found, "NetworkPolicy", "demo-sardonyx")
    peers = {
        port["port"]: rule["from"] for rule in policy["spec"]["ingress"] for port in rule["ports"]
    }
    assert peers[9090] == [{"podSelector": {}}]
    service = chart.one(found, "Service", "demo-sardonyx")
    assert [port["name"] for port in service["spec"]["ports"]] == ["http"]
    assert 9090 not in [rule["port"] for rule in _ports(chart.objects(tmp_path))]


def _ports(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    policy = chart.one(found, "NetworkPolicy", "demo-sardonyx")
    return [port for rule in policy["spec"]["ingress"] for port in rule["ports"]]
