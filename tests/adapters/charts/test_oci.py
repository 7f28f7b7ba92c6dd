"""Charts of OCI registries: a real registry filled by `helm push`, and one that wants tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.charts.archives import chart_archive
from tests.adapters.charts.programs import program
from tests.catalog.folders import ADA
from tests.charts.servers import Answer, Asked, certificate, serving

from sardonyx.adapters.charts.catalogs import ChartCatalogs
from sardonyx.catalog.models import Catalog
from sardonyx.catalog.service import CatalogService

# Of “hunter2”, as htpasswd writes it.
HUNTER2 = "$2y$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8."
CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


async def _read(tmp_path: Path, location: str, **settings: Any) -> Catalog:
    written = {"id": "lab", "location": location, "timeout": "20s", **settings}
    catalogs = ChartCatalogs([written], data=tmp_path / "data", ca_directory=tmp_path / "ca")
    await catalogs.read_once()
    (catalog,) = CatalogService(catalogs.sources).catalogs(ADA)
    return catalog


def _names(catalog: Catalog) -> list[str]:
    return [f"{one.ref.chart} {one.ref.version}" for one in catalog.charts]


def _fault(catalog: Catalog) -> str | None:
    assert catalog.reading is not None
    return catalog.reading.fault.code if catalog.reading.fault else None


@dataclass
class Registry:
    """A registry that wants a token from `/token`, given for the name and password `basic`."""

    archives: dict[str, bytes]
    basic: str | None = None
    realm: str = ""
    pages: int = 100
    kind: str = CHART
    blobs: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def blob(self, content: bytes) -> str:
        """Keep a blob and return its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.blobs.setdefault(digest, content)
        return digest

    def manifest(self, tag: str) -> bytes:
        """Return the manifest of a chart as `helm push` writes it."""
        about = json.dumps({"name": "tide", "version": tag, "keywords": ["sea"]}).encode()
        layer = {"mediaType": self.kind, "digest": self.blob(self.archives[tag])}
        config = {"digest": self.blob(about)}
        return json.dumps({"schemaVersion": 2, "config": config, "layers": [layer]}).encode()

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        if asked.path == "/token":
            if self.basic is not None and asked.headers.get("authorization") != self.basic:
                return Answer(401)
            return Answer(200, json.dumps({"token": "given"}).encode())
        if asked.headers.get("authorization") != "Bearer given":
            scope = "repository:charts/tide:pull"
            challenge = f'Bearer realm="{self.realm}",service="reg",scope="{scope}"'
            return Answer(401, headers={"WWW-Authenticate": challenge})
        name = asked.path.rsplit("/", 1)[-1]
        if asked.path == "/v2/charts/tide/tags/list":
            return self._tags(asked)
        if "/manifests/" in asked.path and name in self.archives:
            return Answer(200, self.manifest(name))
        return Answer(200, self.blobs[name]) if name in self.blobs else Answer(404)

    def _tags(self, asked: Asked) -> Answer:
        tags = sorted(self.archives)
        last = asked.query.partition("last=")[2]
        start = tags.index(last) + 1 if last else 0
        shown = tags[start : start + self.pages]
        more = start + self.pages < len(tags)
        link = {"Link": f'</v2/charts/tide/tags/list?last={shown[-1]}>; rel="next"'} if more else {}
        return Answer(200, json.dumps({"name": "charts/tide", "tags": shown}).encode(), link)


@contextmanager
def registry_at(registry: Registry) -> Iterator[str]:
    with serving(registry.answer) as base:
        registry.realm = registry.realm or f"{base}/token"
        yield base.replace("http://", "oci://") + "/charts/tide"


def _tide() -> Registry:
    tags = ["1.0.0", "1.1.0", "1.2.0_build.5", "latest", "2.0.0-rc.1"]
    return Registry({tag: chart_archive("tide", tag.replace("_", "+")) for tag in tags})


async def test_charts_are_read_with_a_token_of_the_registrys_issuer(tmp_path: Path) -> None:
    registry = _tide()
    registry.pages = 2
    with registry_at(registry) as location:
        catalog = await _read(
            tmp_path, location, plainHttp=True, multipleServicesMode="all", includeKeywords=["sea"]
        )
        assert _fault(catalog) is None
        assert _names(catalog) == [
            f"tide {version}" for version in ("2.0.0-rc.1", "1.2.0+build.5", "1.1.0", "1.0.0")
        ]
        digest = registry.blob(registry.archives["1.1.0"])
        assert catalog.charts[2].digest == digest
        registry.asked.clear()
        await _read(tmp_path, location, plainHttp=True, multipleServicesMode="all")
        assert not any(digest in one.path for one in registry.asked)


async def test_a_name_and_password_go_to_the_issuer_that_the_registry_names(
    tmp_path: Path,
) -> None:
    registry = _tide()
    registry.basic = "Basic " + base64.b64encode(b"ada:hunter2").decode()
    with registry_at(registry) as location:
        refused = await _read(tmp_path / "a", location, plainHttp=True)
        assert _fault(refused) == "repository_refused"
        key = {"username": "ada", "password": "hunter2"}
        catalog = await _read(tmp_path / "b", location, plainHttp=True, **key)
    assert _names(catalog) == ["tide 1.2.0+build.5"]


@pytest.mark.parametrize(
    "realm",
    ["", "http://10.0.0.1/token", "file:///etc/passwd", "http://other.example/token", "http://["],
)
async def test_a_registry_may_not_send_our_password_anywhere(tmp_path: Path, realm: str) -> None:
    registry = _tide()
    registry.realm = realm or "none"
    with registry_at(registry) as location:
        catalog = await _read(
            tmp_path, location, plainHttp=True, username="ada", password="hunter2"
        )
    assert _fault(catalog) == "repository_token"


async def test_a_tag_that_was_written_again_is_read_again(tmp_path: Path) -> None:
    registry = Registry({"1.0.0": chart_archive("tide", "1.0.0")})
    with registry_at(registry) as location:
        first = await _read(tmp_path, location, plainHttp=True)
        registry.archives["1.0.0"] = chart_archive("tide", "1.0.0", about="appVersion: x\n")
        second = await _read(tmp_path, location, plainHttp=True)
    assert (first.charts[0].app_version, second.charts[0].app_version) == ("", "x")


async def test_a_layer_with_another_digest_is_not_kept(tmp_path: Path) -> None:
    registry = Registry({"1.0.0": chart_archive("tide", "1.0.0")})
    registry.blobs[registry.blob(registry.archives["1.0.0"])] = chart_archive("tide", "1.0.1")
    with registry_at(registry) as location:
        catalog = await _read(tmp_path, location, plainHttp=True)
    assert catalog.charts == ()
    assert catalog.faults[0].problems[0].code == "archive_digest"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>", "repository_answer"),
        (b"[]", "repository_answer"),
        (b"[" * 9999, "repository_answer"),
    ],
)
async def test_what_no_registry_answers_is_refused(tmp_path: Path, body: bytes, code: str) -> None:
    with serving(lambda _: Answer(200, body)) as base:
        location = base.replace("http://", "oci://") + "/charts/tide"
        assert _fault(await _read(tmp_path, location, plainHttp=True)) == code


async def test_a_repository_that_holds_an_image_is_said_to_hold_no_chart(tmp_path: Path) -> None:
    registry = Registry({"1.0.0": b"image"}, kind="application/vnd.oci.image.layer.v1.tar+gzip")
    with registry_at(registry) as location:
        catalog = await _read(tmp_path, location, plainHttp=True)
    assert catalog.faults[0].problems[0].code == "repository_no_chart"


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def _docker_registry(tmp_path: Path, *, tls: Path | None = None) -> Iterator[str]:
    """Serve Debian's registry from a folder, with basic authentication when it has TLS."""
    served, port = program("docker-registry"), _free_port()
    settings: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "registry")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if tls is not None:
        settings["http"]["tls"] = {"certificate": str(tls), "key": str(tls)}
        accounts = tmp_path / "accounts"
        accounts.write_text(f"ada:{HUNTER2}\n")
        settings["auth"] = {"htpasswd": {"realm": "charts", "path": str(accounts)}}
    file = tmp_path / "registry.yml"
    file.write_text(json.dumps(settings))
    with subprocess.Popen(
        [served, "serve", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                with socket.socket() as door:
                    if door.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, "the registry ended"
                time.sleep(0.05)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def _push(tmp_path: Path, host: str, *options: str, stdin: str | None = None) -> None:
    """Push two versions of a chart by Helm itself."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "helm")}
    helm = program("helm")
    if stdin is not None:
        login = [helm, "registry", "login", host, "-u", "ada", "--password-stdin", "--insecure"]
        subprocess.run(
            login, check=True, input=stdin, text=True, capture_output=True, env=environment
        )
    for version in ("1.0.0", "1.1.0+build.5"):
        file = tmp_path / f"tide-{version}.tgz"
        file.write_bytes(chart_archive("tide", version, about="keywords: [sea]\n"))
        command = [helm, "push", str(file), f"oci://{host}/lab/charts", *options]
        subprocess.run(command, check=True, capture_output=True, env=environment)


@pytest.mark.real
async def test_what_helm_pushed_to_a_registry_is_read(tmp_path: Path) -> None:
    with _docker_registry(tmp_path) as host:
        _push(tmp_path, host, "--plain-http")
        alone = await _read(
            tmp_path, f"oci://{host}/lab/charts/tide", plainHttp=True, multipleServicesMode="all"
        )
        folder = await _read(tmp_path, f"oci://{host}/lab/charts", plainHttp=True, charts=["tide"])
        refused = await _read(tmp_path / "tls", f"oci://{host}/lab/charts/tide")
    assert _names(alone) == ["tide 1.1.0+build.5", "tide 1.0.0"]
    assert alone.charts[0].keywords == ("sea",)
    pushed = (tmp_path / "tide-1.0.0.tgz").read_bytes()
    assert alone.charts[1].digest == f"sha256:{hashlib.sha256(pushed).hexdigest()}"
    assert _names(folder) == ["tide 1.1.0+build.5"]
    assert _fault(refused) == "repository_unreachable"


@pytest.mark.real
async def test_a_registry_with_a_password_and_an_authority_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    tls = certificate(tmp_path / "ca")
    with _docker_registry(tmp_path, tls=tls) as host:
        _push(tmp_path, host, "--insecure-skip-tls-verify", stdin="hunter2")
        location, trusted = f"oci://{host}/lab/charts/tide", {"caFile": "server.pem"}
        refused = await _read(tmp_path / "a", location, skipTlsVerify=True)
        wrong = {"username": "ada", "password": "other", "skipTlsVerify": True}
        denied = await _read(tmp_path / "b", location, **wrong)
        catalog = await _read(tmp_path, location, username="ada", password="hunter2", **trusted)
    assert (_fault(refused), _fault(denied)) == ("repository_refused", "repository_refused")
    assert _names(catalog) == ["tide 1.1.0+build.5"]
