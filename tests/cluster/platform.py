"""Run a whole platform on a cluster: store, secrets, provider and `sardonyx serve` as processes.

They listen on loopback, as in any organisation behind its own addresses; pods and the browser
come by doors on the machine's side of the node's network. The platform has the rights of its
identity mode's document and no more; in `tokenPassthrough` the API server believes its provider.
"""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
import yaml
from tests.charts.servers import Answer, serving
from tests.cluster.conftest import RunningCluster
from tests.cluster.rights import rights
from tests.servers.provider import CLIENT, RunningProvider, running_provider
from tests.storage.region import issued_by, newer_region, secrets_with_groups, with_groups
from tools.cluster.control_plane import LOOPBACK, ControlPlane

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.oidc.issuer import Issuer
from sardonyx.adapters.openbao.roles import configure
from sardonyx.adapters.openbao.server import LOGIN, MOUNT, SERVICE_ROLE
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.parts import Part
from sardonyx.adapters.s3.seaweedfs import KeyLife
from sardonyx.catalog.service import default_catalog_folder
from sardonyx.testing.parts import running_parts, wait_until
from sardonyx.values import Json, JsonObject

HOST = "10.99.1.1"
GATEWAY = "10.99.1.2"
DOMAIN = "lab.test"
_START_SECONDS = 240.0  # it is imported first, on a machine that does much beside
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
    """A platform that answers. url: of its pages. mode: of identity. log: what it wrote.

    prefix: of its people's namespaces, which go with it. authority: PEM file of those who vouch
    for its provider; None where that is reached by plain http.
    """

    url: str
    mode: str
    provider: RunningProvider
    prefix: str
    settings: Path
    log: Path
    process: subprocess.Popen[bytes]
    authority: Path | None = None

    def text(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def running_platform(
    folder: Path,
    cluster: RunningCluster,
    *,
    images: Mapping[str, str],
    life: KeyLife | None = None,
    mode: str = "serviceAccount",
    prefix: str | None = None,
    host: str = HOST,
    charts: Callable[[Path], object] = lambda folder: None,
    without: str = "",
    own_charts: JsonObject | None = None,
) -> Iterator[RunningPlatform]:
    """Serve a platform on a cluster, its data in `folder`.

    images: image of each of our charts by name, as the cluster has them. life: of S3 keys.
    prefix: of namespaces, drawn where none is given, so that no run meets another's. host: where
    pods and the browser find it; loopback where no pod really runs. charts: puts more of them
    into the catalogue's folder. without: a key of the region that is left out. own_charts: which
    ones people may bring.
    """
    home = Home(folder / "home")
    home.prepare()
    ports = home.ports()
    prefix = prefix or f"u{secrets.token_hex(3)}-"
    with ExitStack() as stack:
        stack.callback(_without_people, cluster, prefix)
        kubeconfig = stack.enter_context(rights(cluster, mode, f"{prefix}platform", folder))
        page_port, s3_port, secrets_port = (free_port(host) for _ in range(3))
        url = f"http://{host}:{page_port}"
        passing = cluster.plane if mode == "tokenPassthrough" else None
        provider = stack.enter_context(
            running_provider(
                PEOPLE,
                redirect_uris=(f"{url}/sign-in/callback",),
                port=ports["keys"],
                tls=_certified(passing) if passing else None,
            )
        )
        if passing:
            stack.enter_context(believed(passing, provider))
        authority = passing.authority.folder / "ca.crt" if passing else None
        keys = stack.enter_context(_keys_in_clear(provider, authority)) if authority else ""

        def configured(part: Part) -> None:
            with_groups(part)
            if keys and part.name == "seaweedfs":
                _believing(part.directory / "iam.json", provider.issuer, keys)

        parts = stack.enter_context(
            running_parts(home, names=("seaweedfs", "openbao"), life=life, configured=configured)
        )
        identity = OnePerson.of_login(Issuer.of_home(home)).platform_identity()
        anyio.run(configure, parts.openbao_address, keys or provider.issuer, identity)
        secrets_with_groups(parts.openbao_address, parts.issuer, f"{prefix}team-")
        if keys:
            issued_by(parts.openbao_address, parts.issuer, provider.issuer, f"{keys}/jwks")
        stack.enter_context(door((host, s3_port), ports["s3"]))
        stack.enter_context(door((host, secrets_port), ports["openbao"]))
        settings = folder / "settings.yaml"
        key = folder / "key"
        key.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
        catalogue = charts_with(images, folder / "charts")
        charts(catalogue)
        whole = region(
            prefix=prefix,
            mode=mode,
            s3=f"http://{host}:{s3_port}",
            vault=f"http://{host}:{secrets_port}",
        )
        settings.write_text(
            yaml.safe_dump(
                {
                    "publicUrl": url,
                    "host": host,
                    "port": page_port,
                    "namespace": f"{prefix}platform",
                    "data": str(folder / "data"),
                    "keyFile": str(key),
                    "kubeconfig": str(kubeconfig),
                    "identity": {
                        "issuer": provider.issuer,
                        **({"caFile": str(authority)} if authority else {}),
                    },
                    **({"ownCharts": own_charts} if own_charts else {}),
                    "helm": {"program": str(cluster.programs / "helm"), "perSecond": 10},
                    "catalogs": [
                        {
                            "id": "lab",
                            "name": "Laboratory",
                            "status": "PROD",
                            "location": f"file://{catalogue}",
                        }
                    ],
                    "regions": [{key: one for key, one in whole.items() if key != without}],
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
        running = RunningPlatform(url, mode, provider, prefix, settings, log, process, authority)
        try:
            wait_until(lambda: _ready(running), "the platform answers", seconds=_START_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{running.text()[-3000:]}") from error
        yield running


@contextmanager
def believed(plane: ControlPlane, provider: RunningProvider) -> Iterator[None]:
    """Have the cluster's API server believe the provider's tokens until the block ends."""
    # The node's API server has a network of its own: it asks by the machine's side of it.
    asked = provider.issuer
    with ExitStack() as stack:
        if plane.address != LOOPBACK:
            port = free_port(HOST)
            stack.enter_context(door((HOST, port), int(asked.rpartition(":")[2])))
            asked = f"https://{HOST}:{port}"
        plane.believe(
            {
                "issuer": {
                    "url": provider.issuer,
                    **(
                        {"discoveryURL": f"{asked}/.well-known/openid-configuration"}
                        if asked != provider.issuer
                        else {}
                    ),
                    "audiences": [CLIENT],
                    "certificateAuthority": (plane.authority.folder / "ca.crt").read_text(),
                },
                "claimMappings": {
                    "username": {"claim": "preferred_username", "prefix": ""},
                    "groups": {"claim": "groups", "prefix": ""},
                },
            }
        )
        stack.callback(plane.believe)
        yield


def _certified(plane: ControlPlane) -> tuple[Path, Path]:
    """Return key and certificate of the provider, by the cluster's own authority."""
    plane.authority.sign("provider", "/CN=provider", f"IP:{LOOPBACK},IP:{HOST}")
    return plane.authority.folder / "provider.key", plane.authority.folder / "provider.crt"


@contextmanager
def _keys_in_clear(provider: RunningProvider, authority: Path) -> Iterator[str]:
    """Serve the provider's public keys at `/jwks` by plain http, for stores that know no authority.

    Yields the address.
    """
    trusted = ssl.create_default_context(cafile=str(authority))
    with httpx2.Client(trust_env=False, verify=trusted) as client:
        keys = client.get(f"{provider.issuer}/jwks").raise_for_status().content
    with serving(lambda _: Answer(200, keys, {"Content-Type": "application/json"})) as address:
        yield address


def _believing(file: Path, issuer: str, keys: str) -> None:
    """Have SeaweedFS believe tokens of `issuer`, whose keys are at another address."""
    written = json.loads(file.read_text())
    written["providers"][0]["config"] |= {"issuer": issuer, "jwksUri": f"{keys}/jwks"}
    file.write_text(json.dumps(written))


def _without_people(cluster: RunningCluster, prefix: str) -> None:
    """Remove the namespaces that were made for the platform's people."""
    found = cluster.kubectl("get", "namespaces", "-o", "name").split()
    mine = [one for one in found if one.startswith(f"namespace/{prefix}")]
    if mine:
        cluster.kubectl("delete", *mine, "--wait=false", "--ignore-not-found")


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
