"""A region without a secret store, or without a storage of files: the rest of it works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.people import Caller, signed_in
from tests.cluster.platform import running_platform
from tools.cluster.images import version

pytestmark = pytest.mark.cluster
WORDS = {
    "secrets": ("There is no store of secrets here", "Il n’y a pas ici de coffre de secrets"),
    "files": ("There is no storage of files here", "Il n’y a pas ici de stockage de fichiers"),
}
OTHER = {"secrets": "files", "files": "secrets"}
KEY = {"secrets": "vault", "files": "data"}
VARIABLE = {"secrets": "BAO_TOKEN", "files": "AWS_SECRET_ACCESS_KEY"}
AREA = {"secrets": "secrets", "files": "storage"}


@pytest.fixture(scope="module", params=["secrets", "files"])
def absent(request: pytest.FixtureRequest) -> str:
    part: str = request.param
    return part


@pytest.fixture(scope="module")
def ada(
    absent: str, light_cluster: RunningCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Caller]:
    with running_platform(
        tmp_path_factory.mktemp("platform"),
        light_cluster,
        images={"jupyter-python": f"localhost/sardonyx/jupyter-python:{version('jupyter-python')}"},
        host="127.0.0.1",
        without=KEY[absent],
    ) as platform:
        yield signed_in(platform, "ada")


def test_its_pages_are_hidden_and_say_so(absent: str, ada: Caller) -> None:
    for page in ("/", "/services", "/account", "/catalog"):
        shown = ada.browse("GET", page)
        assert shown.status_code == 200, page
        assert f'href="/{absent}' not in shown.text, page
        assert f'href="/{OTHER[absent]}"' in shown.text, page
    for language, words in zip(("en", "fr"), WORDS[absent], strict=True):
        told = ada.browse("GET", f"/{absent}/", headers={"accept-language": language})
        assert told.status_code == 404
        assert words in told.text
    assert ada.browse("GET", f"/{OTHER[absent]}/").status_code == 200


def test_a_program_is_told_by_its_code(absent: str, ada: Caller, tmp_path: Path) -> None:
    answer = ada.asks("GET", f"/projects/{ada.project}/{absent}")
    assert (answer.status_code, answer.json()["code"]) == (404, f"{absent}_absent")
    ada.api("GET", f"/projects/{ada.project}/{OTHER[absent]}")
    token = ada.api("POST", "/account/tokens", json={"name": "cli", "days": 1}).json()["token"]
    done = subprocess.run(
        [sys.executable, "-m", "sardonyx", "account", "credentials"],
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
    assert VARIABLE[OTHER[absent]] in done.stdout
    assert VARIABLE[absent] not in done.stdout
    assert VARIABLE[absent] not in ada.browse("GET", "/account?keys=1").text


def test_the_set_up_page_says_that_they_are_hidden(absent: str, ada: Caller) -> None:
    areas = {one["area"]: one for one in ada.api("GET", "/setup").json()["items"]}
    told = areas[AREA[absent]]
    assert told["verdict"] == "off"
    assert "are hidden" in told["reason"]
    assert areas[AREA[OTHER[absent]]]["verdict"] != "off"


def test_nobody_brings_a_chart_where_no_administrator_allowed_it(ada: Caller) -> None:
    assert 'href="/catalog/any"' not in ada.browse("GET", "/catalog").text
    for answer in (
        ada.asks("POST", "/chart-reviews", json={"address": "https://charts.example/x.tgz"}),
        ada.asks("PUT", "/chart-archives/x.tgz", content=b"x"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "own_charts_off")
    told = ada.browse("GET", "/catalog/any", headers={"accept-language": "fr"})
    assert told.status_code == 403
    assert "Cette plateforme ne prend des charts que dans ses catalogues." in told.text


def test_a_service_is_launched_paused_and_resumed_without_it(
    absent: str, ada: Caller, light_cluster: RunningCluster
) -> None:
    body = {
        "chart": "jupyter-python",
        "catalog": "lab",
        "values": {"persistence": {"enabled": False}},  # the light cluster has no volumes
    }
    name = ada.api("POST", ada.services(), json=body).json()["name"]
    ada.reach(name, "running")
    made = light_cluster.kubectl("get", "statefulset", name, "-n", ada.project, "-o", "json")
    (beside,) = json.loads(made)["spec"]["template"]["spec"]["initContainers"]
    renewed = {one["name"]: one.get("value") for one in beside["env"]}["RENEWAL_WANTED"]
    assert renewed == {"secrets": "s3", "files": "vault"}[absent]
    for verb, state in (("pause", "paused"), ("resume", "running")):
        ada.api("POST", ada.services(f"/{name}/{verb}"))
        ada.reach(name, state)
    ada.api("DELETE", ada.services(f"/{name}"))
    ada.gone(name)


def test_a_forge_token_is_kept_and_given_to_services(absent: str, ada: Caller) -> None:
    form = {"git_name": "Ada", "git_email": "ada@stat.example", "git_token": "forge-token-4711"}
    assert ada.browse("POST", "/account/git", data=form).status_code == 303
    shown = ada.browse("GET", "/account")
    assert "One is kept" in shown.text
    assert "forge-token-4711" not in shown.text
    kept = b"".join(
        file.read_bytes() for file in ada.platform.settings.parent.joinpath("data").glob("*sqlite*")
    )
    assert b"forge-token-4711" not in kept
    ada.browse("POST", "/account/git", data={**form, "git_token": "", "forget": "true"})
    assert "One is kept" not in ada.browse("GET", "/account").text
