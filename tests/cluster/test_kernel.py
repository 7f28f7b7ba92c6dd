"""What a kernel in a pod reaches: its own project, and nothing of another's, in each mode.

The attacker is Grace's notebook, with kubectl's rights inside its own namespace asked for. What
it would need is told to it: names, addresses, paths; all but the keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.people import Caller, signed_in
from tests.cluster.platform import GATEWAY, RunningPlatform, running_platform
from tests.e2e.jupyter import Kernel
from tools.cluster.images import version

pytestmark = pytest.mark.node
TREASURE = "treasure-of-ada-4711"
# Prints what each attempt gave: a status, or the name of the error.
ATTACK = """
import json, os, ssl, urllib.request, urllib.error
import boto3, botocore.exceptions

GIVEN = json.loads('''@GIVEN@''')
AT = "/var/run/secrets/kubernetes.io/serviceaccount"
API = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
TRUSTED = ssl.create_default_context(cafile=f"{AT}/ca.crt")
OPENER = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=TRUSTED)
)
found = {}

def asked(name, url, method="GET", body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    sent = {key.replace("_", "-"): text for key, text in headers.items()}
    if body is not None:
        sent["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data=data, method=method, headers=sent)
    try:
        with OPENER.open(request, timeout=20) as answer:
            found[name] = answer.status
            if GIVEN["treasure"] in answer.read().decode(errors="replace"):
                found[name] = "TREASURE"
    except urllib.error.HTTPError as error:
        found[name] = error.code
    except OSError as error:
        found[name] = type(error).__name__

bearer = {"Authorization": "Bearer " + open(f"{AT}/token").read()}
theirs, mine = (f"{API}/api/v1/namespaces/{GIVEN[one]}" for one in ("theirs", "mine"))
asked("own pods", f"{mine}/pods", **bearer)
asked("own secrets", f"{mine}/secrets", **bearer)
for what in ("secrets", "pods", "configmaps", "services", "serviceaccounts"):
    asked(f"their {what}", f"{theirs}/{what}", **bearer)
asked("their treasure", f"{theirs}/secrets/treasure", **bearer)
asked("the platform's secrets", f"{API}/api/v1/namespaces/{GIVEN['platform']}/secrets", **bearer)
for what in ("namespaces", "secrets", "nodes"):
    asked(f"all {what}", f"{API}/api/v1/{what}", **bearer)
planted = {"metadata": {"name": "planted"}, "data": {"a": "b"}}
asked("a plant", f"{theirs}/configmaps", "POST", planted, **bearer)
asked("their end", f"{theirs}/pods?labelSelector=x", "DELETE", **bearer)
asked("their namespace's end", theirs, "DELETE", **bearer)
grab = {"metadata": {"name": "grab"}, "subjects": [{"kind": "User", "name": "grace",
        "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin",
                    "apiGroup": "rbac.authorization.k8s.io"}}
RBAC = f"{API}/apis/rbac.authorization.k8s.io/v1"
asked("a grab there", f"{RBAC}/namespaces/{GIVEN['theirs']}/rolebindings", "POST", grab, **bearer)
asked("a grab of all", f"{RBAC}/clusterrolebindings", "POST", grab, **bearer)
as_ada = {**bearer, "Impersonate-User": "ada"}
asked("in her name", f"{theirs}/secrets", **as_ada)

store = boto3.client("s3")
def stored(name, work):
    try:
        got = work()
        body = got["Body"].read().decode() if "Body" in got else str(got)
        found[name] = "TREASURE" if GIVEN["treasure"] in body else 200
    except botocore.exceptions.ClientError as error:
        found[name] = error.response["ResponseMetadata"]["HTTPStatusCode"]
stored("own files", lambda: store.list_objects_v2(Bucket=GIVEN["bucket"]))
stored("their files", lambda: store.list_objects_v2(Bucket=GIVEN["their bucket"]))
stored("their file", lambda: store.get_object(Bucket=GIVEN["their bucket"], Key="plan.txt"))
stored("a file there", lambda: store.put_object(Bucket=GIVEN["their bucket"], Key="x", Body=b"x"))

vault = {"X-Vault-Token": os.environ["VAULT_TOKEN"]}
kv = f"{os.environ['VAULT_ADDR']}/v1/kv"
asked("own secret", f"{kv}/data/{GIVEN['folder']}/plan", **vault)
asked("their secret", f"{kv}/data/{GIVEN['their folder']}/plan", **vault)
asked("their secrets' list", f"{kv}/metadata/{GIVEN['their folder']}?list=true", **vault)
asked("a secret there", f"{kv}/data/{GIVEN['their folder']}/x", "POST", {"data": {}}, **vault)

asked("their service", f"http://{GIVEN['their service']}/api/contents")
asked("the platform", f"{GIVEN['url']}/api/v1/projects/{GIVEN['theirs']}/services")
asked("the platform's keys", f"{GIVEN['url']}/api/v1/service-credentials/s3", "POST", {})
print(json.dumps(found))
"""
ALLOWED = ("own pods", "own secrets", "own files", "own secret")


@pytest.fixture(scope="module", params=["serviceAccount", "impersonate", "tokenPassthrough"])
def platform(
    request: pytest.FixtureRequest,
    node_cluster: RunningCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningPlatform]:
    with running_platform(
        tmp_path_factory.mktemp("platform"),
        node_cluster,
        images={"jupyter-python": f"localhost/sardonyx/jupyter-python:{version('jupyter-python')}"},
        mode=request.param,
    ) as running:
        yield running


def test_a_kernel_reaches_nothing_of_anothers(
    platform: RunningPlatform, node_cluster: RunningCluster
) -> None:
    ada, grace = signed_in(platform, "ada"), signed_in(platform, "grace")
    for person, text in ((ada, TREASURE), (grace, "mine")):
        person.api("PUT", f"/projects/{person.project}/files/plan.txt", content=text.encode())
        entries = {"entries": {"KEY": text}}
        person.api("PUT", f"/projects/{person.project}/secrets/plan", json=entries)
    node_cluster.kubectl(
        *("create", "secret", "generic", "treasure", f"--from-literal=key={TREASURE}"),
        *("-n", ada.project),
    )
    hers = _notebook(ada)
    mine = _notebook(grace, kubernetes={"enabled": True, "role": "admin"})
    shown = grace.reach(mine, "running")
    ada.reach(hers, "running")
    given = {
        "treasure": TREASURE,
        "theirs": ada.project,
        "mine": grace.project,
        "platform": f"{platform.prefix}platform",
        "bucket": grace.bucket,
        "their bucket": ada.bucket,
        "folder": "user-grace",
        "their folder": "user-ada",
        "their service": f"{hers}.{ada.project}.svc.cluster.local:{_port(node_cluster, ada, hers)}",
        "url": platform.url,
    }
    opened = grace.api("GET", grace.services(f"/{mine}/credential")).json()
    with Kernel(shown["urls"][0], (opened["header"], opened["value"]), through=GATEWAY) as kernel:
        printed = kernel.run(ATTACK.replace("@GIVEN@", json.dumps(given)))
    found: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    for name, got in found.items():
        wanted = (200,) if name in ALLOWED else (401, 403, 404, 405)
        assert got in wanted, (name, got, found)
    assert "planted" not in node_cluster.kubectl("get", "configmaps", "-n", ada.project)
    assert ada.service(hers)["state"] == "running"


def _notebook(person: Caller, **values: Any) -> str:
    body = {"chart": "jupyter-python", "catalog": "lab", "values": values}
    name: str = person.api("POST", person.services(), json=body).json()["name"]
    return name


def _port(cluster: RunningCluster, person: Caller, name: str) -> int:
    found = json.loads(cluster.kubectl("get", "service", name, "-n", person.project, "-o", "json"))
    port: int = found["spec"]["ports"][0]["port"]
    return port
