"""In each identity mode nobody sees, changes or reaches what is another's; a group shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.people import Caller, signed_in
from tests.cluster.platform import RunningPlatform, running_platform

from sardonyx.values import JsonObject

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("cluster")]
# The light cluster has no volumes.
NOTEBOOK: JsonObject = {
    "chart": "jupyter-python",
    "catalog": "lab",
    "values": {"persistence": {"enabled": False}},
}
LOOKS = ("", "/logs", "/history", "/values", "/losses", "/credential")
CHANGES = ("pause", "resume", "restart", "rollback", "share", "adopt", "edit", "open")


@pytest.fixture(scope="module", params=["serviceAccount", "impersonate"])
def platform(
    request: pytest.FixtureRequest,
    light_cluster: RunningCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningPlatform]:
    with running_platform(
        tmp_path_factory.mktemp("platform"),
        light_cluster.kubeconfig,
        light_cluster.programs,
        images={"jupyter-python": "localhost/sardonyx/jupyter-python:0.2.0"},
        mode=request.param,
        host="127.0.0.1",
    ) as running:
        yield running
        for namespace in running.namespaces:
            light_cluster.kubectl("delete", "namespace", namespace, "--wait=false")


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
    for place in ("files", "secrets", "quota", "credentials", "events"):
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


def test_a_member_of_the_group_sees_what_is_shared_and_nothing_else(
    ada: Caller, grace: Caller
) -> None:
    team = next(one["id"] for one in ada.api("GET", "/projects").json()["projects"] if one["group"])
    place = f"/projects/{team}/services"
    name = launched(ada, team)
    assert grace.asks("GET", f"{place}/{name}").status_code == 404
    ada.api("POST", f"{place}/{name}/share", json={"shared": True})
    assert grace.api("GET", f"{place}/{name}").json()["owner"] == "ada"
    assert grace.asks("DELETE", f"{place}/{name}").status_code == 403
    ada.api("DELETE", f"{place}/{name}")
    ada.platform.namespaces.add(team)


def test_a_stranger_is_told_to_sign_in(platform: RunningPlatform, ada: Caller, hers: str) -> None:
    nobody = Caller.__new__(Caller)
    nobody.platform, nobody.cookies = platform, {}
    for address in (ada.services(), ada.services(f"/{hers}"), "/me", "/setup"):
        assert nobody.asks("GET", address).status_code == 401, address
    forged = {"authorization": "Bearer sxp_" + "a" * 43}
    assert nobody.asks("GET", ada.services(), headers=forged).status_code == 401
