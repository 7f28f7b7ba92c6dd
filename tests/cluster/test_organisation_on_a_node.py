"""The install chart for an organisation, on a real node: its own provider, store and secrets.

These run beside the node; the platform is a pod, opened through the node's Gateway.
"""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import httpx2
import pytest
from tests.adapters.charts.archives import chart_archive
from tests.cluster.conftest import RunningCluster
from tests.cluster.platform import GATEWAY, HOST, PEOPLE, door, free_port, region
from tests.cluster.test_evaluation_on_a_node import _helm, _require_image
from tests.cluster.waiting import until
from tests.deploy.chart import CHART
from tests.servers.provider import RunningProvider, running_provider, signed_in_by_form
from tests.storage.region import secrets_with_groups

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.oidc.issuer import Issuer
from sardonyx.adapters.openbao.roles import configure
from sardonyx.adapters.processes.home import Home
from sardonyx.catalog.service import default_catalog_folder
from sardonyx.testing.parts import running_parts

pytestmark = pytest.mark.node

# The provider names itself by an address of loopback, which in a pod is the pod's own.
_RELAY = """
import socket, sys, threading
def pump(a, b):
    try:
        while block := a.recv(65536): b.sendall(block)
        b.shutdown(socket.SHUT_WR)
    except OSError: pass
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    inner, _ = server.accept()
    outer = socket.create_connection((sys.argv[2], int(sys.argv[3])))
    for pair in ((inner, outer), (outer, inner)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""


@dataclass(frozen=True, slots=True)
class Organisation:
    """An installed platform. host: of its pages. prefix: of people's namespaces."""

    cluster: RunningCluster
    namespace: str
    host: str
    prefix: str
    provider: RunningProvider

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what kubectl prints, in the platform's namespace."""
        return self.cluster.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """Ask the platform through the Gateway, as a browser that knows the name would."""
        return httpx2.get(
            f"http://{GATEWAY}{path}", headers={"host": self.host, **headers}, timeout=60
        )

    def sign_in(self, name: str) -> str:
        """Sign in at the provider and return the browser's cookie."""
        begun = self.get("/sign-in/start")
        assert begun.status_code == 303, begun.text
        flow = begun.headers["set-cookie"].partition(";")[0]
        with httpx2.Client(timeout=60) as browser:
            back = signed_in_by_form(browser, begun.headers["location"], name)
        callback = back.headers["location"].removeprefix(f"http://{self.host}")
        entered = self.get(callback, cookie=flow)
        assert entered.status_code == 303, entered.text
        cookies = [value.partition(";")[0] for value in entered.headers.get_list("set-cookie")]
        return next(one for one in cookies if one.startswith("sardonyx="))


@pytest.fixture
def organisation(node_cluster: RunningCluster, namespace: str) -> Iterator[Organisation]:
    # A platform without the program git would refuse this address when it starts.
    own_charts = {"addresses": ["git+https://git.stat.example/charts"]}
    values = {"metrics": {"enabled": True}}
    with installed(node_cluster, namespace, "statefulset", values, ownCharts=own_charts) as made:
        yield made


@contextmanager
def installed(
    cluster: RunningCluster,
    namespace: str,
    workload: str,
    values: Mapping[str, Any],
    **settings: Any,
) -> Iterator[Organisation]:
    """Install the chart with provider, store and secrets beside the node; remove it after.

    workload: the kind that runs it. values: of the chart, `settings` of the platform, beside those
    that every organisation needs.
    """
    _require_image(cluster, "sardonyx")
    host, prefix = f"{namespace}.lab.test", f"u{secrets.token_hex(3)}-"
    with ExitStack() as stack:
        home = Home(Path(stack.enter_context(TemporaryDirectory(prefix="sx"))))
        home.prepare()
        ports = home.ports()
        callback = f"http://{host}/sign-in/callback"
        provider = stack.enter_context(
            running_provider(PEOPLE, redirect_uris=(callback,), port=ports["keys"])
        )
        parts = stack.enter_context(running_parts(home, names=("seaweedfs", "openbao")))
        identity = OnePerson.of_login(Issuer.of_home(home)).platform_identity()
        anyio.run(configure, parts.openbao_address, provider.issuer, identity)
        secrets_with_groups(parts.openbao_address, parts.issuer, f"{prefix}team-")
        doors = {name: free_port(HOST) for name in ("s3", "openbao", "keys")}
        for name, port in doors.items():
            stack.enter_context(door((HOST, port), ports[name]))
        made = region(
            prefix=prefix,
            mode="serviceAccount",
            s3=f"http://{HOST}:{doors['s3']}",
            vault=f"http://{HOST}:{doors['openbao']}",
        )
        whole = {
            "sardonyx": {
                "publicUrl": f"http://{host}",
                "identity": {"issuer": provider.issuer},
                "regions": [made],
                **settings,
            },
            "httpRoute": {"enabled": True, "parentRefs": [{"name": "web", "namespace": "traefik"}]},
            **values,
        }
        file = home.root / "values.json"
        file.write_text(json.dumps(whole))
        _helm(cluster, "install", "demo", str(CHART), "-n", namespace, "-f", str(file))
        stack.callback(_removed, cluster, namespace, prefix)
        running = Organisation(cluster, namespace, host, prefix, provider)
        _relayed(running, workload, ports["keys"], doors["keys"])
        running.kubectl("rollout", "status", f"{workload}/demo-sardonyx", "--timeout=300s")
        until(lambda: _all_are_relayed(running), "the end of pods that cannot reach the provider")
        until(lambda: running.get("/healthz").status_code == 200, "the way through the Gateway")
        yield running


def _relayed(here: Organisation, workload: str, port: int, target: int) -> None:
    """Add a container that brings the provider's address into each pod."""
    kept = json.loads(here.kubectl("get", workload, "demo-sardonyx", "-o", "json"))
    portal = kept["spec"]["template"]["spec"]["containers"][0]
    relay = {
        "name": "relay",
        "image": portal["image"],
        "command": ["python", "-c", _RELAY, str(port), HOST, str(target)],
        "securityContext": portal["securityContext"],
    }
    patch = {"spec": {"template": {"spec": {"containers": [relay]}}}}
    here.kubectl("patch", workload, "demo-sardonyx", "-p", json.dumps(patch))


def _all_are_relayed(here: Organisation) -> bool:
    asked = ("get", "pods", "-l", "app.kubernetes.io/instance=demo", "-o", "json")
    specs = [one["spec"] for one in json.loads(here.kubectl(*asked))["items"]]
    return all("relay" in [each["name"] for each in spec["containers"]] for spec in specs)


def _removed(cluster: RunningCluster, namespace: str, prefix: str) -> None:
    command = [str(cluster.programs / "helm"), "--kubeconfig", str(cluster.kubeconfig)]
    subprocess.run([*command, "uninstall", "demo", "-n", namespace], check=False)
    for name in cluster.kubectl("get", "namespaces", "-o", "name").split():
        if name.startswith(f"namespace/{prefix}"):
            cluster.kubectl("delete", name, "--wait=false")


def test_people_of_an_organisation_sign_in_and_launch(organisation: Organisation) -> None:
    here = organisation
    jupyter = _require_image(here.cluster, "jupyter-python")
    ada, grace = here.sign_in("ada"), here.sign_in("grace")
    own = f"{here.prefix}ada"
    until(lambda: _has_namespace(here, own), "ada's namespace")
    _is_told_how_it_is_set_up(here, ada, grace)
    _launch(here, ada, own, jupyter)
    here.cluster.kubectl(
        *("-n", own, "wait", "--for=create", "pod/lab-one-jupyter-python-0", "--timeout=180s")
    )
    here.cluster.kubectl(
        *("-n", own, "wait", "--for=condition=Ready", "pod/lab-one-jupyter-python-0"),
        "--timeout=300s",
    )
    _counts_what_it_does(here)
    path = f"/api/v1/projects/{own}/services/lab-one"
    assert here.get(path, cookie=grace).status_code == 404, "another's project"
    _helm(here.cluster, "uninstall", "demo", "-n", here.namespace, "--wait")
    alive = here.cluster.kubectl(
        *("-n", own, "exec", "lab-one-jupyter-python-0", "-c", "jupyterlab", "--"),
        *("curl", "-s", "http://127.0.0.1:8888/api"),
    )
    assert "version" in alive, "the platform went, the service did not"


def _launch(here: Organisation, cookie: str, project: str, image: str) -> None:
    answer = httpx2.post(
        f"http://{GATEWAY}/api/v1/projects/{project}/services",
        headers={"host": here.host, "cookie": cookie, "origin": f"http://{here.host}"},
        json={
            "chart": "jupyter-python",
            "name": "lab-one",
            "set": [
                "service.image.custom.enabled=true",
                f"service.image.custom.version={image}",
                "resources.requests.memory=512Mi",
            ],
        },
        timeout=60,
    )
    assert answer.status_code == 202, answer.text


def test_two_replicas_share_a_database_and_one_holds_the_queue(
    node_cluster: RunningCluster, namespace: str
) -> None:
    """Whoever asks either replica is known; when the holder is killed the other carries on."""
    image = _require_image(node_cluster, "postgresql")
    jupyter = _require_image(node_cluster, "jupyter-python")
    password = secrets.token_hex(12)
    node_cluster.kubectl(
        *("-n", namespace, "create", "-f", "-"),
        stdin=json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "database"},
                "stringData": {"password": password},
            }
        ),
    )
    values = json.dumps(
        {
            "auth": {"username": "sardonyx", "database": "sardonyx", "password": password},
            "service": {"image": {"version": image}},
            "persistence": {"size": "64Mi"},
        }
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "values.json"
        file.write_text(values)
        _helm(
            node_cluster,
            *("install", "db", str(default_catalog_folder() / "postgresql")),
            *("-n", namespace, "-f", str(file), "--wait", "--timeout", "300s"),
        )
    database = f"postgresql://sardonyx@db-postgresql.{namespace}.svc:5432/sardonyx"
    chosen = {"replicas": 2, "secrets": {"database": {"name": "database", "key": "password"}}}
    own_charts = {"archives": True}
    with installed(
        node_cluster, namespace, "deployment", chosen, database=database, ownCharts=own_charts
    ) as here:
        ada = here.sign_in("ada")
        own = f"{here.prefix}ada"
        until(lambda: _has_namespace(here, own), "ada's namespace")
        pods = _pods(here)
        assert len(pods) == 2
        for pod in pods:
            until(lambda one=pod: own in _asked_inside(here, one, ada), f"{pod} knows ada")  # type: ignore[misc]
        _bring_and_remove_a_chart(here, ada, pods)
        until(lambda: _holder(here) in pods, "one holds the queue")
        holder = _holder(here)
        _launch(here, ada, own, jupyter)
        here.kubectl("delete", "pod", holder, "--grace-period=0", "--force")
        until(lambda: _holder(here) not in ("", holder), "another holds the queue")
        node_cluster.kubectl(
            *("-n", own, "wait", "--for=create", "pod/lab-one-jupyter-python-0", "--timeout=180s")
        )


def _pods(here: Organisation) -> list[str]:
    found = json.loads(
        here.kubectl("get", "pods", "-l", "app.kubernetes.io/instance=demo", "-o", "json")
    )
    return [
        one["metadata"]["name"]
        for one in found["items"]
        if "deletionTimestamp" not in one["metadata"]
    ]


def _holder(here: Organisation) -> str:
    """Return the pod that holds the queue's Lease, empty for none."""
    lease = json.loads(here.kubectl("get", "lease", "sardonyx-queue", "-o", "json"))
    identity: str = lease["spec"].get("holderIdentity") or ""
    return identity.rpartition("-")[0]


def _bring_and_remove_a_chart(here: Organisation, cookie: str, pods: list[str]) -> None:
    """What one replica was sent, each of them offers, and offers no more once it is removed."""
    headers = {"host": here.host, "cookie": cookie, "origin": f"http://{here.host}"}
    with httpx2.Client(base_url=f"http://{GATEWAY}/api/v1", headers=headers, timeout=120) as ada:
        sent = ada.put("/chart-archives/tide.tgz", content=chart_archive())
        assert sent.status_code == 201, sent.text
        kept = ada.post(f"/chart-reviews/{sent.json()['digest']}/keep")
        assert kept.status_code == 201, kept.text
        for pod in pods:
            assert '"tide"' in _asked_inside(here, pod, cookie, "own-charts"), pod
        assert ada.delete("/own-charts/tide").status_code == 200
        for pod in pods:
            assert '"tide"' not in _asked_inside(here, pod, cookie, "own-charts"), pod


def _asked_inside(here: Organisation, pod: str, cookie: str, what: str = "projects") -> str:
    """Return what this very replica answers the person."""
    asked = (
        "import sys, urllib.request as u; "
        "r = u.Request('http://127.0.0.1:8080/api/v1/' + sys.argv[3], "
        "headers={'Host': sys.argv[1], 'Cookie': sys.argv[2]}); print(u.urlopen(r).read())"
    )
    run = ("exec", pod, "-c", "portal", "--", "python", "-c", asked, here.host, cookie, what)
    return here.kubectl(*run)


def _has_namespace(here: Organisation, name: str) -> bool:
    found = here.cluster.kubectl("get", "namespaces", "-o", "name").split()
    return f"namespace/{name}" in found


def _counts_what_it_does(here: Organisation) -> None:
    asked = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9090/metrics').read())"
    figures = here.cluster.kubectl(
        *("-n", here.namespace, "exec", "demo-sardonyx-0", "-c", "portal", "--"),
        *("python", "-c", asked),
    )
    assert 'method="install",port="runtime",result="ok"} 1.0' in figures
    assert 'sardonyx_operations_total{action="install",result="done"} 1.0' in figures
    assert "sardonyx_requests_total" in figures
    assert here.get("/metrics").status_code == 404, "not among the pages"


def _is_told_how_it_is_set_up(here: Organisation, ada: str, grace: str) -> None:
    assert here.get("/api/v1/setup", cookie=grace).status_code == 403, "no administrator"
    items = {one["area"]: one for one in here.get("/api/v1/setup", cookie=ada).json()["items"]}
    told = {area: one["verdict"] for area, one in items.items()}
    assert told["rights"] == "ready", items["rights"]
    assert told["catalogs"] == "ready", items["catalogs"]
    # Over plain http, as this organisation of a test does everything.
    for area in ("identity", "storage"):
        assert told[area] == "evaluation", items[area]
    assert told["secrets"] == "ready", items["secrets"]
    # Nobody resolves lab.test on this machine: that is told too.
    assert told["exposure"] == "failing", items["exposure"]
    assert "lab.test" in items["exposure"]["reason"]
