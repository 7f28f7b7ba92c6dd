"""An evaluation on a real node, from `helm install` with nothing set to its removal.

As the notes say: one `kubectl port-forward`, one link, one click; then the platform goes and what
was launched goes on.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.waiting import until
from tests.deploy.chart import CHART
from tools.cluster import images

from sardonyx.adapters.processes.home import PART_PORTS, free_ports

pytestmark = pytest.mark.node
PROJECT = "/api/v1/projects/single-project"
_READ = """
import boto3
found = boto3.client("s3").list_objects_v2(Bucket="user-admin")
print([one["Key"] for one in found.get("Contents", [])])
"""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An installed one. port: of the forward, which its addresses hold."""

    cluster: RunningCluster
    namespace: str
    port: int
    notes: str

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def inside(self, pod: str, container: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a pod; its exit code is not judged."""
        kubectl = [str(self.cluster.programs / "kubectl"), "--kubeconfig"]
        kubectl += [str(self.cluster.kubeconfig), "-n", self.namespace, "exec", pod]
        return subprocess.run(
            [*kubectl, "-c", container, "--", *command],
            check=False,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def evaluation(node_cluster: RunningCluster, namespace: str) -> Evaluation:
    """The chart with nothing set but the port, in a namespace of the strictest pod security."""
    _require_image(node_cluster, "sardonyx")
    label = "pod-security.kubernetes.io/enforce=restricted"
    node_cluster.kubectl("label", "namespace", namespace, label)
    (port,) = free_ports(1)
    notes = _helm(
        node_cluster,
        *("install", "demo", str(CHART), "-n", namespace, "--set", f"evaluation.port={port}"),
    )
    node_cluster.kubectl(
        *("-n", namespace, "rollout", "status", "statefulset/demo-sardonyx", "--timeout=300s")
    )
    return Evaluation(node_cluster, namespace, port, notes)


def _require_image(cluster: RunningCluster, name: str) -> str:
    wanted = f"localhost/sardonyx/{name}:{images.version(name)}"
    nodes = json.loads(cluster.kubectl("get", "nodes", "-o", "json"))["items"]
    known = {one for node in nodes for each in node["status"]["images"] for one in each["names"]}
    if wanted not in known:
        pytest.skip(f"the node has no {wanted}: python -m tools.cluster images {name}")
    return wanted


def _helm(cluster: RunningCluster, *arguments: str) -> str:
    command = [str(cluster.programs / "helm"), "--kubeconfig", str(cluster.kubeconfig)]
    done = subprocess.run(
        [*command, *arguments], check=False, capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def forwarded(evaluation: Evaluation) -> Iterator[None]:
    """Run the very line of the notes until the block ends."""
    (line,) = re.findall(r"^ +(kubectl -n .* port-forward .*)$", evaluation.notes, re.MULTILINE)
    program = str(evaluation.cluster.programs / "kubectl")
    command = [program, "--kubeconfig", str(evaluation.cluster.kubeconfig), *line.split()[1:]]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(f"{evaluation.address}/healthz"), "the forwarded port")
            yield
        finally:
            process.terminate()


def _answers(address: str, **headers: str) -> bool:
    try:
        return httpx2.get(address, headers=headers, timeout=10).is_success
    except httpx2.TransportError:
        return False


@contextmanager
def _browser(evaluation: Evaluation, link: str) -> Iterator[httpx2.Client]:
    own = {"origin": evaluation.address}
    with httpx2.Client(base_url=evaluation.address, headers=own, timeout=60) as browser:
        assert browser.get(link).status_code == 303
        yield browser


def test_from_one_command_to_a_notebook_and_away_again(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    jupyter = _require_image(evaluation.cluster, "jupyter-python")
    (link,) = re.findall(r"http://localhost:\d+/sign-in\?t=\w+", evaluation.notes)
    with forwarded(evaluation), _browser(evaluation, link) as browser:
        assert httpx2.get(link).status_code == 403, "the link works once"
        _set_up_is_told(evaluation, browser)
        stored = browser.put(f"{PROJECT}/files/prices.csv", content=b"a,b\n1,2\n")
        assert stored.status_code == 201, stored.text
        _launch(browser, jupyter)
        _opens_without_a_password(evaluation, browser)
        pod = "lab-one-jupyter-python-0"
        read = evaluation.inside(pod, "jupyterlab", "/opt/venv/bin/python", "-c", _READ)
        assert "prices.csv" in read.stdout, read.stderr
        _inner_ports_are_closed(evaluation, pod)
        again = evaluation.inside(
            "demo-sardonyx-0",
            "portal",
            *("python", "-m", "sardonyx.evaluation", "link", "--home", "/var/lib/sardonyx/home"),
        )
        assert httpx2.get(again.stdout.strip()).status_code == 303, again.stderr
        kept = dict(browser.cookies)
    _begins_again_with_all_it_had(evaluation, kept)
    _helm(evaluation.cluster, "uninstall", "demo", "-n", evaluation.namespace, "--wait")
    alive = evaluation.inside(pod, "jupyterlab", "curl", "-s", "http://127.0.0.1:8888/api")
    assert "version" in alive.stdout, alive.stderr


def _set_up_is_told(evaluation: Evaluation, browser: httpx2.Client) -> None:
    items = {one["area"]: one for one in browser.get("/api/v1/setup").json()["items"]}
    told = {area: one["verdict"] for area, one in items.items()}
    # A node of a test may have no way to the registries: that is told as it is.
    assert [area for area, verdict in told.items() if verdict == "failing"] in ([], ["images"])
    assert {told[area] for area in ("identity", "storage", "secrets", "database")} == {"evaluation"}
    assert told["rights"] == "ready"
    doctor = evaluation.inside("demo-sardonyx-0", "portal", "sardonyx", "doctor")
    failing = "failing" in told.values()
    assert doctor.returncode == (5 if failing else 0), doctor.stdout + doctor.stderr
    assert "evaluation only" in doctor.stdout


def _launch(browser: httpx2.Client, image: str) -> None:
    custom = "service.image.custom"
    body = {
        "chart": "jupyter-python",
        "name": "lab-one",
        "set": [f"{custom}.enabled=true", f"{custom}.version={image}"],
    }
    accepted = browser.post(f"{PROJECT}/services", json=body)
    assert accepted.status_code == 202, accepted.text

    def state() -> dict[str, Any]:
        seen: dict[str, Any] = browser.get(f"{PROJECT}/services/lab-one").json()
        assert seen["state"] != "failed", seen["findings"]
        return seen

    def opens() -> bool:
        with suppress(httpx2.TransportError):  # a load of routes ends connections at rest
            seen = state()
            return seen["state"] == "running" and bool(seen["urls"])
        return False

    until(opens, "a running notebook")
    listed = browser.get(f"{PROJECT}/services").json()["services"]
    assert [one["name"] for one in listed] == ["lab-one"], "the platform is no service"


def _opens_without_a_password(evaluation: Evaluation, browser: httpx2.Client) -> None:
    """Names below localhost resolve in browsers alone: the address is dialled by hand."""
    host = {"host": f"lab-one.localhost:{evaluation.port}"}
    handed = browser.get("/open/lab-one").headers["location"]
    assert handed.startswith(f"http://{host['host']}/_sardonyx/enter?")
    path = handed.removeprefix(f"http://{host['host']}")
    entered = httpx2.get(f"{evaluation.address}{path}", headers=host)
    assert entered.status_code == 303
    own = {**host, "cookie": entered.headers["set-cookie"].partition(";")[0]}
    status = f"{evaluation.address}/api/status"
    until(lambda: _answers(status, **own), "the notebook behind the front door")
    assert httpx2.get(status, headers=host).status_code == 401, "nobody else"
    evil = {**own, "origin": "http://evil.example"}
    assert httpx2.get(status, headers=evil).status_code == 403


def _begins_again_with_all_it_had(evaluation: Evaluation, cookies: dict[str, str]) -> None:
    """The pod is deleted: sign-ins, files and the ways to services are there again."""
    name = ("-n", evaluation.namespace)
    evaluation.cluster.kubectl(*name, "delete", "pod", "demo-sardonyx-0", "--wait=true")
    evaluation.cluster.kubectl(
        *name, "rollout", "status", "statefulset/demo-sardonyx", "--timeout=300s"
    )
    own = {"origin": evaluation.address}
    with (
        forwarded(evaluation),
        httpx2.Client(
            base_url=evaluation.address, headers=own, cookies=cookies, timeout=60
        ) as browser,
    ):
        stored = browser.get(f"{PROJECT}/files/prices.csv")
        assert stored.content == b"a,b\n1,2\n"
        until(lambda: bool(_urls(browser)), "the notebook’s address")
        _opens_without_a_password(evaluation, browser)


def _urls(browser: httpx2.Client) -> list[str]:
    with suppress(httpx2.TransportError):
        urls: list[str] = browser.get(f"{PROJECT}/services/lab-one").json().get("urls", [])
        return urls
    return []


def _inner_ports_are_closed(evaluation: Evaluation, pod: str) -> None:
    """What listens on the pod's loopback is out of reach of other pods of the namespace."""
    text = evaluation.cluster.kubectl(
        *("-n", evaluation.namespace, "get", "pod", "demo-sardonyx-0", "-o", "json")
    )
    address = json.loads(text)["status"]["podIP"]
    ports = [18101 + number for number in range(len(PART_PORTS))]
    script = "for p in $PORTS; do curl -s -m 3 -o /dev/null http://$IP:$p/ && echo open $p; done"
    known = f"IP={address}; PORTS='{' '.join(map(str, [*ports, evaluation.port]))}'"
    tried = evaluation.inside(pod, "jupyterlab", "sh", "-c", f"{known}; {script}; true")
    assert (tried.returncode, tried.stdout) == (0, ""), tried.stdout + tried.stderr
    doors = "for p in 8333/status 8200/v1/sys/health; do curl -sf -m 9 http://$IP:$p; done"
    tried = evaluation.inside(pod, "jupyterlab", "sh", "-c", f"{known}; {doors}")
    assert tried.returncode == 0, tried.stderr
