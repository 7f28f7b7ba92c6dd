"""Each finding, provoked on a real cluster and read back through the watch cache.

SARDONYX_FINDINGS names a folder where what was seen is written, to compare the golden cases of
tests/data/findings with.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from secrets import token_hex
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.cluster.conftest import RunningCluster
from tests.cluster.provoking import LIGHT, NODE, PAUSE, Object, Way, as_list
from tests.cluster.watching import Watched, watched

from sardonyx.services.diagnosis import diagnose
from sardonyx.services.errors import ServiceNotFoundError
from sardonyx.services.findings import worded
from sardonyx.services.models import Finding

SECONDS = 240.0
_NO = "the image must not be called pause"
_POLL = 0.5


@pytest.mark.cluster
async def test_what_simulated_nodes_can_show_is_explained(
    light_cluster: RunningCluster, tmp_path: Path
) -> None:
    prefix = f"test-{token_hex(3)}"
    with surroundings(light_cluster, prefix, tmp_path):
        assert await unexplained(light_cluster, LIGHT, prefix) == {}


@pytest.mark.node
async def test_what_real_pods_can_show_is_explained(node_cluster: RunningCluster) -> None:
    assert await unexplained(node_cluster, NODE, f"test-{token_hex(3)}") == {}


async def unexplained(
    cluster: RunningCluster, ways: Mapping[str, Way], prefix: str
) -> dict[str, object]:
    """Provoke all at once, each in its namespace; return those not told in time, with what was."""
    places = {name: f"{prefix}-{number}" for number, name in enumerate(ways)}
    spaces = [
        _object("v1", "Namespace", places[name], labels={**way.labels, "sardonyx-test": prefix})
        for name, way in ways.items()
    ]
    cluster.kubectl("create", "-f", "-", stdin=as_list(spaces))
    try:
        async with watched(
            cluster.kubeconfig, "", admin=cluster.kubeconfig, namespaces=places.values()
        ) as world:
            for name, way in ways.items():
                await _begin(cluster, world, way, places[name])
            return await _wait(world, ways, places)
    finally:
        cluster.kubectl("delete", "namespace", "-l", f"sardonyx-test={prefix}", "--wait=false")


async def _begin(cluster: RunningCluster, world: Watched, way: Way, namespace: str) -> None:
    place = ("-n", namespace, "-f", "-")
    world.namespace = namespace
    await world.add("lab", **way.record)
    if way.before:
        await asyncio.to_thread(cluster.kubectl, "create", *place, stdin=as_list(way.before))
    if way.objects:
        await asyncio.to_thread(cluster.kubectl, "create", *place, stdin=as_list(way.objects))


async def _wait(
    world: Watched, ways: Mapping[str, Way], places: Mapping[str, str]
) -> dict[str, object]:
    waiting, told = dict(ways), dict[str, object]()
    deadline = time.monotonic() + SECONDS
    while waiting and time.monotonic() < deadline:
        for name, way in list(waiting.items()):
            found = _found(world, places[name])
            _keep(world, name, way, places[name], found)
            told[name] = found
            if any(_is(one, way) for one in found):
                for one in found:  # in words, with every place filled
                    assert "{" not in worded(one).explanation.in_language("fr")
                del waiting[name], told[name]
        await asyncio.sleep(_POLL)
    return told


def _is(finding: Finding, way: Way) -> bool:
    same = all(finding.values.get(key) == value for key, value in way.values.items())
    return finding.code == way.code and same


def _found(world: Watched, namespace: str) -> list[Finding]:
    try:
        seen = world.cache.observation(namespace, "lab")
    except ServiceNotFoundError:
        return []
    return diagnose(seen, datetime.now(UTC))


def _keep(world: Watched, name: str, way: Way, namespace: str, found: list[Finding]) -> None:
    folder = os.environ.get("SARDONYX_FINDINGS")
    if not folder or not found:
        return
    seen = world.cache.observation(namespace, "lab")
    assert seen.evidence is not None
    document = {
        "provoked": name,
        "wanted": way.code,
        "state": seen.state.value,
        "found": [{"code": one.code, "values": dict(one.values)} for one in found],
        "evidence": asdict(seen.evidence),
    }
    place = Path(folder) / f"{way.code}--{name.replace(' ', '-').replace(',', '')}.json"
    place.write_text(json.dumps(document, indent=1, default=str, ensure_ascii=False))


# What the cases of the light cluster stand on: nodes, classes, webhooks, a policy


@contextmanager
def surroundings(cluster: RunningCluster, prefix: str, folder: Path) -> Iterator[None]:
    """Add nodes, storage classes, webhooks and a policy; take them away after."""
    with ExitStack() as stack:
        address, authority = stack.enter_context(denying_webhook(folder))
        made = [
            _node(f"{prefix}-gpu", "gpu", allocatable={"nvidia.com/gpu": "1"}),
            _node(f"{prefix}-tainted", "tainted", taints=[_taint()]),
            _node(f"{prefix}-closed", "closed", unschedulable=True),
            _node(f"{prefix}-full", "full", allocatable={"pods": "1"}),
            _node(f"{prefix}-ported", "ported"),
            _storage_class("sardonyx-test-tied", "kubernetes.io/no-provisioner"),
            _tied_volume(f"{prefix}-tied", "sardonyx-test-tied", "closed"),
            _storage_class("sardonyx-test-manual", "kubernetes.io/no-provisioner"),
            _storage_class("sardonyx-test-away", "disks.example"),
            _webhook(f"{prefix}-denies", "denies", address, authority),
            _webhook(f"{prefix}-absent", "absent", "https://127.0.0.1:1/", authority),
            *_policy(f"{prefix}-policy"),
        ]
        cluster.kubectl("apply", "-f", "-", stdin=as_list(made))
        stack.callback(
            cluster.kubectl,
            *("delete", "-f", "-", "--ignore-not-found", "--wait=false"),
            stdin=as_list(made),
        )
        yield


@contextmanager
def denying_webhook(folder: Path) -> Iterator[tuple[str, str]]:
    """Serve an admission webhook that denies; gives its address and its authority (base64)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = {
                "apiVersion": "admission.k8s.io/v1",
                "kind": "AdmissionReview",
                "response": {
                    "uid": asked["request"]["uid"],
                    "allowed": False,
                    "status": {"message": "images must come from registry.example"},
                },
            }
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    certificate, key = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        import base64

        authority = base64.b64encode(certificate.read_bytes()).decode()
        yield f"https://127.0.0.1:{server.server_port}/", authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "webhook of a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    place, key_place = folder / "webhook.pem", folder / "webhook.key"
    place.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_place.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return place, key_place


def _object(version: str, kind: str, name: str, **metadata: object) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **metadata}}


def _taint() -> Object:
    return {"key": "team", "value": "census", "effect": "NoSchedule"}


def _node(name: str, label: str, *, allocatable: Object | None = None, **spec: object) -> Object:
    room = {"cpu": "4", "memory": "8Gi", "pods": "10", **(allocatable or {})}
    return {
        **_object(
            "v1",
            "Node",
            name,
            labels={"sardonyx-test/node": label, "type": "kwok"},
            annotations={"kwok.x-k8s.io/node": "fake"},
        ),
        "spec": spec,
        "status": {"allocatable": room, "capacity": room},
    }


def _storage_class(name: str, provisioner: str) -> Object:
    return {**_object("storage.k8s.io/v1", "StorageClass", name), "provisioner": provisioner}


def _tied_volume(name: str, storage_class: str, label: str) -> Object:
    where = {"key": "sardonyx-test/node", "operator": "In", "values": [label]}
    return {
        **_object("v1", "PersistentVolume", name),
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "hostPath": {"path": "/nowhere"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [where]}]}},
        },
    }


def _webhook(name: str, label: str, address: str, authority: str) -> Object:
    return {
        **_object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", name),
        "webhooks": [
            {
                "name": f"{label}.policy.example",
                "clientConfig": {"url": address, "caBundle": authority},
                "namespaceSelector": {"matchLabels": {"sardonyx-test/webhook": label}},
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                    }
                ],
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "timeoutSeconds": 5,
            }
        ],
    }


def _policy(name: str) -> list[Object]:
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
    }
    version = "admissionregistration.k8s.io/v1"
    return [
        {
            **_object(version, "ValidatingAdmissionPolicy", name),
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [rule]},
                "validations": [
                    {"expression": f"'{PAUSE}' != object.spec.containers[0].image", "message": _NO}
                ],
            },
        },
        {
            **_object(version, "ValidatingAdmissionPolicyBinding", name),
            "spec": {
                "policyName": name,
                "validationActions": ["Deny"],
                "matchResources": {
                    "namespaceSelector": {"matchLabels": {"sardonyx-test/policy": "yes"}}
                },
            },
        },
    ]
