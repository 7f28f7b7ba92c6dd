"""Two small registries for real pulls: one open, one that asks for credentials.

Debian's `docker-registry`, on the address the node's pods know the host by, plain http.
"""

from __future__ import annotations

import base64
import json
import shutil
import tarfile
from functools import partial
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import ProxyHandler, Request, build_opener

from tools.cluster import host
from tools.cluster.processes import Processes, answers

OPEN = f"{host.HOST_ADDRESS}:5000"
GUARDED = f"{host.HOST_ADDRESS}:5001"
# The one account of the guarded registry, for tests alone: it listens on the node's own link.
ACCOUNT = ("reader", "only-for-tests")
_ACCOUNT_FILE = "reader:$2b$05$abcdefghijklmnopqrstuuDt8u8tY.Zm8YU.pieFNyF5h5afvnc0a\n"
# What each holds under this name: a busybox of its own that sleeps.
HELLO = "hello:1"

_CONFIG = """version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: "{folder}"}}, delete: {{enabled: true}}}}
http: {{addr: "{address}"}}
{auth}
"""
_AUTH = 'auth: {{htpasswd: {{realm: test, path: "{file}"}}}}'


def up(run: Path, images: Path) -> None:
    """Start both in the folder `run`, with archives of `images`. Raises NotReadyError."""
    processes = Processes(run)
    accounts = run / "registry-accounts"
    accounts.write_text(_ACCOUNT_FILE)
    for name, address, auth, image in (
        ("registry", OPEN, "", "open-hello"),
        ("guarded-registry", GUARDED, _AUTH.format(file=accounts), "guarded-hello"),
    ):
        config = run / f"{name}.yaml"
        config.write_text(_CONFIG.format(folder=run / name, address=address, auth=auth))
        processes.start(name, ["docker-registry", "serve", config])
        processes.wait(name, f"the registry at {address}", partial(_there, address))
        push(images / f"{image}.tar", address, HELLO)


def down(run: Path) -> None:
    """End both and drop what they hold."""
    Processes(run).stop("registry", "guarded-registry")
    for name in ("registry", "guarded-registry"):
        shutil.rmtree(run / name, ignore_errors=True)


def trust(folder: Path) -> None:
    """Write what containerd needs to reach both over plain http."""
    for address in (OPEN, GUARDED):
        (folder / address).mkdir(parents=True)
        text = f'server = "http://{address}"\n[host."http://{address}"]\n'
        (folder / address / "hosts.toml").write_text(text)


def push(archive: Path, address: str, name: str) -> None:
    """Give a registry the image of an OCI archive. name: `repository:tag`.

    Raises HTTPError when the registry refuses.
    """
    repository, _, tag = name.rpartition(":")
    base = f"http://{address}/v2/{repository}/"
    with tarfile.open(archive) as packed:
        index = json.loads(_member(packed, "index.json"))
        described = index["manifests"][0]
        manifest = _member(packed, _place(described["digest"]))
        content = json.loads(manifest)
        for blob in (content["config"], *content["layers"]):
            started = _send("POST", urljoin(base, "blobs/uploads/"), b"")
            separator = "&" if "?" in started else "?"
            target = f"{urljoin(base, started)}{separator}digest={blob['digest']}"
            _send("PUT", target, _member(packed, _place(blob["digest"])))
    _send("PUT", urljoin(base, f"manifests/{tag}"), manifest, kind=described["mediaType"])


def _send(method: str, url: str, data: bytes, *, kind: str = "application/octet-stream") -> str:
    """Send a request with the account's credentials and return the `Location` of its answer."""
    secret = base64.b64encode(":".join(ACCOUNT).encode()).decode()
    headers = {"Content-Type": kind, "Authorization": f"Basic {secret}"}
    request = Request(url, data=data, method=method, headers=headers)
    with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
        return str(answer.headers.get("Location", ""))


def _member(packed: tarfile.TarFile, name: str) -> bytes:
    found = packed.extractfile(name)
    if found is None:
        raise FileNotFoundError(name)
    return found.read()


def _place(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _there(address: str) -> bool:
    return answers(f"http://{address}/")
