"""Run a whole platform on the node: store, secrets, provider and `sardonyx serve` as processes.

They listen on loopback, as in any organisation behind its own addresses; pods and the browser
come by doors on the machine's side of the node's network.
"""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2
import yaml
from tests.servers.provider import RunningProvider, running_provider
from tests.storage.region import newer_region, secrets_with_groups, with_groups

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.oidc.issuer import Issuer
from sardonyx.adapters.openbao.roles import configure
from sardonyx.adapters.openbao.server import LOGIN, MOUNT, SERVICE_ROLE
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.s3.seaweedfs import KeyLife
from sardonyx.catalog.service import default_catalog_folder
from sardonyx.testing.parts import running_parts, wait_until
from sardonyx.values import Json, JsonObject

HOST = "10.99.1.1"
GATEWAY = "10.99.1.2"
DOMAIN = "lab.test"
ROUTES = Path(__file__).parents[2] / "deploy/rbac/routes.yaml"
PEOPLE: dict[str, JsonObject] = {
    "ada": {
        "preferred_username": "ada",
        "name": "Ada Lovelace",
        "email": "ada@stat.example",
        "groups": ["soil"],
        "roles": ["sardonyx-admin"],
    },
    "grace": {
        "preferred_username": "grace",
        "name": "Grace Hopper",
        "email": "grace@stat.example",
        "groups": ["soil"],
        "roles": [],
    },
}


@dataclass(frozen=True, slots=True)
class RunningPlatform:
    """A platform that answers. url: of its pages. log: what its process wrote.

    namespaces: those its people had made, to be removed after.
    """

    url: str
    provider: RunningProvider
    settings: Path
    log: Path
    process: subprocess.Popen[bytes]
    namespaces: set[str] = field(default_factory=set)

    def text(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def running_platform(
    folder: Path,
    kubeconfig: Path,
    programs: Path,
    *,
    images: Mapping[str, str],
    life: KeyLife | None = None,
    mode: str = "serviceAccount",
    prefix: str | None = None,
    host: str = HOST,
) -> Iterator[RunningPlatform]:
    """Serve a platform on the cluster of `kubeconfig`, its data in `folder`.

    images: image of each of our charts by name, as the cluster has them. life: of S3 keys.
    prefix: of namespaces, drawn where none is given, so that no run meets another's. host: where
    pods and the browser find it; loopback where no pod really runs.
    """
    home = Home(folder / "home")
    home.prepare()
    ports = home.ports()
    subprocess.run(
        [programs / "kubectl", "--kubeconfig", kubeconfig, "apply", "-f", ROUTES],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    prefix = prefix or f"u{secrets.token_hex(3)}-"
    with ExitStack() as stack:
        page_port, s3_port, secrets_port = (free_port(host) for _ in range(3))
        url = f"http://{host}:{page_port}"
        provider = stack.enter_context(
            running_provider(PEOPLE, redirect_uris=(f"{url}/sign-in/callback",), port=ports["keys"])
        )
        parts = stack.enter_context(
            running_parts(home, names=("seaweedfs", "openbao"), life=life, configured=with_groups)
        )
        identity = OnePerson.of_login(Issuer.of_home(home)).platform_identity()
        anyio.run(configure, parts.openbao_address, provider.issuer, identity)
        secrets_with_groups(parts.openbao_address, parts.issuer, f"{prefix}team-")
        stack.enter_context(door((host, s3_port), ports["s3"]))
        stack.enter_context(door((host, secrets_port), ports["openbao"]))
        settings = folder / "settings.yaml"
        key = folder / "key"
        key.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
        settings.write_text(
            yaml.safe_dump(
                {
                    "publicUrl": url,
                    "host": host,
                    "port": page_port,
                    "data": str(folder / "data"),
                    "keyFile": str(key),
                    "kubeconfig": str(kubeconfig),
                    "identity": {"issuer": provider.issuer},
                    "helm": {"program": str(programs / "helm"), "perSecond": 10},
                    "catalogs": [
                        {
                            "id": "lab",
                            "name": "Laboratory",
                            "status": "PROD",
                            "location": f"file://{charts_with(images, folder / 'charts')}",
                        }
                    ],
                    "regions": [
                        region(
                            prefix=prefix,
                            mode=mode,
                            s3=f"http://{host}:{s3_port}",
                            vault=f"http://{host}:{secrets_port}",
                        )
                    ],
                }
            )
        )
        log = folder / "serve.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "sardonyx", "serve", "--config", str(settings)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        stack.callback(_ended, process)
        running = RunningPlatform(url, provider, settings, log, process)
        wait_until(lambda: _ready(running), f"the platform answers\n{running.text()[-3000:]}")
        yield running


def region(*, prefix: str, mode: str, s3: str, vault: str) -> JsonObject:
    """Return a region of many namespaces, exposed through the node's Gateway over http."""
    newer: Any = newer_region(s3)
    storage: JsonObject = {
        **newer["data"]["S3"][0],
        "region": "us-east-1",
        "workingDirectory": {
            "bucketMode": "multi",
            "bucketNamePrefix": "user-",
            "bucketNamePrefixGroup": "team-",
        },
    }
    parents: list[Json] = [{"name": "web", "namespace": "traefik"}]
    return {
        "id": "lab",
        "name": "Laboratory",
        "services": {
            "singleNamespace": False,
            "allowNamespaceCreation": True,
            "namespacePrefix": prefix,
            "groupNamespacePrefix": f"{prefix}team-",
            "authenticationMode": mode,
            "expose": {
                "domain": DOMAIN,
                "scheme": "http",
                "ingress": False,
                "httpRoute": {"enabled": True, "parentRefs": parents},
            },
            "quotas": {
                "userEnabled": True,
                "user": {"requests.memory": "8Gi", "requests.cpu": "8", "count/pods": 20},
            },
        },
        "data": {"S3": [storage]},
        "vault": {
            "URL": vault,
            "kvEngine": MOUNT,
            "role": "member",
            "serviceRole": SERVICE_ROLE,
            "groupRole": "$1",
            "authPath": LOGIN,
            "prefix": "user-",
            "groupPrefix": "",
        },
    }


def charts_with(images: Mapping[str, str], folder: Path) -> Path:
    """Copy our charts with other images, and the resources of a small node, to `folder`."""
    for chart, image in images.items():
        made = folder / chart
        shutil.copytree(default_catalog_folder() / chart, made)
        for name in ("values.yaml", "values.schema.json"):
            file = made / name
            text = file.read_text()
            present = _present_image(made)
            file.write_text(text.replace(present, image).replace('"2Gi"', '"512Mi"'))
    return folder


def _present_image(chart: Path) -> str:
    schema = json.loads((chart / "values.schema.json").read_text())
    image = schema["properties"]["service"]["properties"]["image"]["properties"]["version"]
    default: str = image["default"]
    return default


@contextmanager
def door(listening: tuple[str, int], target: int) -> Iterator[None]:
    """Carry connections from `listening` to a port of loopback, until the block ends."""
    with socket.create_server(listening, backlog=128) as listener:
        threading.Thread(target=_accept, args=(listener, target), daemon=True).start()
        yield
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, target: int) -> None:
    while True:
        try:
            inner, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_carry, args=(inner, target), daemon=True).start()


def _carry(inner: socket.socket, target: int) -> None:
    with inner, suppress(OSError), socket.create_connection(("127.0.0.1", target), 5) as outer:
        outer.settimeout(None)
        back = threading.Thread(target=_pump, args=(outer, inner), daemon=True)
        back.start()
        _pump(inner, outer)
        back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(1 << 16):
            sink.sendall(block)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def _ready(running: RunningPlatform) -> bool:
    if running.process.poll() is not None:
        raise AssertionError(f"ended with {running.process.returncode}:\n{running.text()[-3000:]}")
    try:
        answer = httpx2.get(f"{running.url}/readyz", trust_env=False, timeout=5)
    except httpx2.TransportError:
        return False
    return answer.status_code == 200


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
