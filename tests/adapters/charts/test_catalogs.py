"""Catalogues over HTTP: read, kept, shown while the repository is away, started from disk.

Over 400 lines: the faults of repositories are one table, told on one server.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.charts.archives import HelmServer, chart_archive, file_member, packed
from tests.catalog.folders import ADA
from tests.charts.servers import Answer, certificate, serving

from sardonyx.adapters.charts.catalogs import ChartCatalogs
from sardonyx.adapters.charts.records import FORMAT
from sardonyx.catalog.errors import (
    CatalogSettingsError,
    ChartContentMissingError,
    ChartNotFoundError,
)
from sardonyx.catalog.models import Catalog, ChartRef
from sardonyx.catalog.service import CatalogService

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def server() -> HelmServer:
    made = HelmServer()
    made.add("tide", "1.0.0", about="description: Sea.\nkeywords: [sea]\n")
    made.add("tide", "1.1.0")
    made.add("moon", "0.3.0")
    return made


@pytest.fixture
def address(server: HelmServer) -> Iterator[str]:
    with serving(server.answer) as base:
        yield f"{base}/charts"


def _catalogs(tmp_path: Path, location: str, **settings: Any) -> ChartCatalogs:
    written = {"id": "lab", "location": location, "timeout": "20s", **settings}
    return ChartCatalogs([written], data=tmp_path / "data", ca_directory=tmp_path / "ca")


async def _read(tmp_path: Path, location: str, **settings: Any) -> CatalogService:
    """Return the service after one reading by a platform that starts on the same folder."""
    catalogs = _catalogs(tmp_path, location, **settings)
    await catalogs.read_once()
    return CatalogService(catalogs.sources)


def _seen(service: CatalogService) -> Catalog:
    (catalog,) = service.catalogs(ADA)
    return catalog


def _names(service: CatalogService) -> list[str]:
    return [f"{one.ref.chart} {one.ref.version}" for one in _seen(service).charts]


def _codes(service: CatalogService) -> dict[str, str]:
    return {fault.folder: fault.problems[0].code for fault in _seen(service).faults}


def _fault(service: CatalogService) -> str | None:
    reading = _seen(service).reading
    assert reading is not None
    return reading.fault.code if reading.fault else None


async def test_a_repository_is_a_catalogue(tmp_path: Path, address: str) -> None:
    service = await _read(tmp_path, address, multipleServicesMode="all", name="Lab")
    assert _names(service) == ["moon 0.3.0", "tide 1.1.0", "tide 1.0.0"]
    assert _fault(service) is None
    chart = service.chart(ADA, "tide", version="1.0.0")
    assert (chart.values, chart.description) == ({"size": "1Gi"}, "Sea.")
    assert chart.schema is not None
    assert (chart.folder / "templates" / "one.yaml").is_file()
    assert service.chart(ADA, "tide", version="1.0.0").schema is chart.schema
    assert [one.ref.chart for one in service.search(ADA, "tid", language="en")] == ["tide"]


async def test_the_digest_names_the_archive(
    tmp_path: Path, address: str, server: HelmServer
) -> None:
    chart = (await _read(tmp_path, address)).chart(ADA, "moon")
    assert chart.digest == "sha256:" + hashlib.sha256(server.archives["moon-0.3.0.tgz"]).hexdigest()
    assert chart.folder.name == chart.digest.removeprefix("sha256:")


async def test_nothing_is_fetched_twice(tmp_path: Path, address: str, server: HelmServer) -> None:
    await _read(tmp_path, address)
    assert sorted(server.paths()) == [
        "/charts/index.yaml",
        "/charts/moon-0.3.0.tgz",
        "/charts/tide-1.1.0.tgz",
    ]
    await _read(tmp_path, address)
    assert server.asked[0].headers["if-none-match"]
    assert server.paths() == ["/charts/index.yaml"]


async def test_a_new_version_alone_is_fetched(
    tmp_path: Path, address: str, server: HelmServer
) -> None:
    await _read(tmp_path, address)
    server.paths()
    server.add("tide", "1.2.0")
    service = await _read(tmp_path, address)
    assert _names(service) == ["moon 0.3.0", "tide 1.2.0"]
    assert server.paths() == ["/charts/index.yaml", "/charts/tide-1.2.0.tgz"]


async def test_a_repository_without_tags_or_digests_is_read_too(
    tmp_path: Path, address: str, server: HelmServer
) -> None:
    server.tag = server.digests = False
    assert _names(await _read(tmp_path, address)) == ["moon 0.3.0", "tide 1.1.0"]
    server.paths()
    await _read(tmp_path, address)
    assert server.paths() == ["/charts/index.yaml"]


async def test_what_was_read_is_there_before_the_network_is(
    tmp_path: Path, address: str, server: HelmServer
) -> None:
    await _read(tmp_path, address)
    server.paths()
    service = CatalogService(_catalogs(tmp_path, address).sources)
    assert _names(service) == ["moon 0.3.0", "tide 1.1.0"]
    assert service.chart(ADA, "tide").values == {"size": "1Gi"}
    assert server.paths() == []


async def test_a_repository_that_fails_keeps_what_was_read_and_says_since_when(
    tmp_path: Path, address: str, server: HelmServer
) -> None:
    before = _seen(await _read(tmp_path, address)).reading
    server.broken["index.yaml"] = 503
    first = await _read(tmp_path, address)
    assert _names(first) == ["moon 0.3.0", "tide 1.1.0"]
    reading = _seen(first).reading
    assert reading is not None
    assert before is not None
    assert reading.fault is not None
    assert reading.fault.code == "repository_status"
    assert reading.fault.message.values["status"] == 503
    assert reading.fault.pointer == f"{address}/index.yaml"
    assert reading.read == before.read
    again = _seen(await _read(tmp_path, address)).reading
    assert again is not None
    assert again.since == reading.since
    del server.broken["index.yaml"]
    assert _fault(await _read(tmp_path, address)) is None


async def test_a_repository_that_was_never_there_is_an_empty_catalogue(tmp_path: Path) -> None:
    with serving(lambda _: Answer(200)) as base:
        pass
    service = await _read(tmp_path, base)
    assert _names(service) == []
    assert _fault(service) == "repository_unreachable"


async def test_an_archive_that_fails_keeps_the_version_before(
    tmp_path: Path, address: str, server: HelmServer
) -> None:
    await _read(tmp_path, address)
    server.add("tide", "1.2.0")
    server.broken["tide-1.2.0.tgz"] = 500
    service = await _read(tmp_path, address)
    assert _names(service) == ["moon 0.3.0", "tide 1.1.0"]
    assert _codes(service) == {"tide 1.2.0": "repository_status"}
    server.broken.clear()
    service = await _read(tmp_path, address)
    assert _names(service) == ["moon 0.3.0", "tide 1.2.0"]
    assert _codes(service) == {}


async def test_a_chart_that_left_the_index_is_still_known_to_what_runs(
    tmp_path: Path, address: str, server: HelmServer
) -> None:
    await _read(tmp_path, address)
    server.add("tide", "1.2.0")
    for service in (await _read(tmp_path, address), await _read(tmp_path, address)):
        assert "tide 1.1.0" not in _names(service)
        chart = service.installed(ChartRef("lab", "tide", "1.1.0"))
        assert chart.values == {"size": "1Gi"}
        with pytest.raises(ChartNotFoundError):
            service.installed(ChartRef("lab", "tide", "9.9.9"))


async def test_an_archive_with_another_digest_is_not_kept(
    tmp_path: Path, address: str, server: HelmServer
) -> None:
    server.index = server.written()
    server.archives["tide-1.1.0.tgz"] = chart_archive("tide", "1.1.0", about="home: x\n")
    service = await _read(tmp_path, address)
    assert _names(service) == ["moon 0.3.0"]
    assert _codes(service) == {"tide 1.1.0": "archive_digest"}


async def test_an_archive_that_holds_another_chart_is_not_kept(
    tmp_path: Path, address: str, server: HelmServer
) -> None:
    server.archives["tide-1.1.0.tgz"] = chart_archive("moon", "1.1.0")
    service = await _read(tmp_path, address)
    assert _names(service) == ["moon 0.3.0"]
    assert _codes(service) == {"tide 1.1.0": "archive_other"}


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(10)
)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (chart_archive("tide", "1.1.0", files={"values.yaml": LAUGHS}), "chart_yaml"),
        (chart_archive("tide", "1.1.0", files={"values.yaml": "a: 1\na: 2\n"}), "chart_yaml"),
        (
            chart_archive("tide", "1.1.0", files={"values.yaml": b"a: \xff\n"}),
            "chart_file_encoding",
        ),
        (
            chart_archive("tide", "1.1.0", files={"values.schema.json": "[" * 9999}),
            "chart_schema_json",
        ),
        (packed([file_member("tide/../../x")]), "archive_refused"),
        (b"no archive", "archive_broken"),
        (bytes(60_000_000), "repository_too_large"),
    ],
    ids=["laughs", "twice", "utf-8", "deep", "climbs", "text", "60-mb"],
)
async def test_a_hostile_archive_costs_only_itself(
    tmp_path: Path, address: str, server: HelmServer, content: bytes, code: str
) -> None:
    server.archives["tide-1.1.0.tgz"] = content
    service = await _read(tmp_path, address)
    assert _names(service) == ["moon 0.3.0"]
    assert _codes(service) == {"tide 1.1.0": code}
    scratch = tmp_path / "data" / "scratch"
    assert list(scratch.iterdir()) == []
    assert len(list((tmp_path / "data" / "charts").iterdir())) == 2


async def test_a_chart_whose_schema_refers_to_itself_is_kept(
    tmp_path: Path, address: str, server: HelmServer
) -> None:
    loop = json.dumps({"properties": {"a": {"$ref": "#/properties/a"}}})
    server.archives["tide-1.1.0.tgz"] = chart_archive(
        "tide", "1.1.0", files={"values.schema.json": loop}
    )
    assert _names(await _read(tmp_path, address)) == ["moon 0.3.0", "tide 1.1.0"]


async def test_a_hostile_archive_is_not_fetched_again_by_the_same_platform(
    tmp_path: Path, address: str, server: HelmServer
) -> None:
    server.archives["tide-1.1.0.tgz"] = b"no archive"
    catalogs = _catalogs(tmp_path, address)
    await catalogs.read_once()
    server.paths()
    await catalogs.read_once()
    assert server.paths() == ["/charts/index.yaml"]
    assert _codes(CatalogService(catalogs.sources)) == {"tide 1.1.0": "archive_broken"}


@pytest.mark.parametrize("index", [b"<html></html>", b"entries: {a: &a [*a]}\n", b"\xff"])
async def test_a_broken_index_keeps_what_was_read(
    tmp_path: Path, address: str, server: HelmServer, index: bytes
) -> None:
    await _read(tmp_path, address)
    server.index = index
    service = await _read(tmp_path, address)
    assert _fault(service) == "index_broken"
    assert _names(service) == ["moon 0.3.0", "tide 1.1.0"]


async def test_a_name_and_a_password_go_to_their_host_alone(
    tmp_path: Path, server: HelmServer
) -> None:
    server.basic = "Basic " + base64.b64encode(b"ada:hunter2").decode()
    (tmp_path / "password").write_text("hunter2\n")
    key = {"username": "ada", "passwordFile": str(tmp_path / "password")}
    other = HelmServer(archives=dict(server.archives))
    with serving(server.answer) as base, serving(other.answer) as elsewhere:
        # The same machine by another port is another origin.
        archive = f"{elsewhere}/tide-1.1.0.tgz".encode()
        server.index = server.written().replace(b"tide-1.1.0.tgz", archive)
        refused = await _read(tmp_path / "a", base, username="ada")
        assert _fault(refused) == "repository_refused"
        service = await _read(tmp_path / "b", base, **key)
        assert _names(service) == ["moon 0.3.0", "tide 1.1.0"]
        server.extra["index.yaml"] = Answer(302, headers={"Location": f"{elsewhere}/index.yaml"})
        assert _fault(await _read(tmp_path / "c", base, **key)) is None
    assert [one.path for one in other.asked] == ["/tide-1.1.0.tgz", "/index.yaml"]
    assert not any("authorization" in one.headers for one in other.asked)
    assert any("authorization" in one.headers for one in server.asked)
    everything = "".join(p.read_text() for p in (tmp_path / "b").rglob("*.json"))
    assert "hunter2" not in everything


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/charts/index.yaml", "repository_redirect"),
        ("http://10.0.0.1/index.yaml", "repository_address"),
        ("file:///etc/passwd", "repository_address"),
        ("http://[", "repository_address"),
    ],
)
async def test_a_redirect_leads_nowhere_that_an_address_may_not(
    tmp_path: Path, server: HelmServer, address: str, target: str, code: str
) -> None:
    server.extra["index.yaml"] = Answer(302, headers={"Location": target})
    assert _fault(await _read(tmp_path, address)) == code


async def test_a_redirect_does_not_leave_tls(tmp_path: Path, server: HelmServer) -> None:
    with _tls(tmp_path, server) as base:
        plain = base.replace("https", "http") + "/index.yaml"
        server.extra["index.yaml"] = Answer(302, headers={"Location": plain})
        service = await _read(tmp_path, base, caFile="server.pem")
    assert _fault(service) == "repository_redirect"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://charts.example/tide.tgz",
        "http://localhost:1/tide.tgz",
        "http://127.1:1/tide.tgz",
        "http://[::1]:1/tide.tgz",
        "http://2130706433:1/tide.tgz",
        "http://10.0.0.1/tide.tgz",
        "http://169.254.169.254/latest/meta-data",
        "http://ada:hunter2@charts.example/tide.tgz",
        "oci://127.0.0.2:1/tide",
        "http://[/tide.tgz",
    ],
)
async def test_an_index_may_not_send_us_to_machines_inside(
    tmp_path: Path, address: str, server: HelmServer, url: str
) -> None:
    server.index = server.written().replace(b"- tide-1.1.0.tgz", f"- '{url}'".encode())
    service = await _read(tmp_path, address)
    assert _codes(service) == {"tide 1.1.0": "repository_address"}
    assert "hunter2" not in str(_seen(service).faults)


@contextmanager
def _tls(tmp_path: Path, server: HelmServer) -> Iterator[str]:
    (tmp_path / "ca").mkdir()
    with serving(server.answer, tls=certificate(tmp_path / "ca")) as base:
        yield base


async def test_an_authority_of_ones_own_is_trusted_when_it_is_named(
    tmp_path: Path, server: HelmServer
) -> None:
    with _tls(tmp_path, server) as base:
        assert _fault(await _read(tmp_path, base)) == "repository_certificate"
        service = await _read(tmp_path, base, caFile="server.pem")
        assert (_fault(service), len(_names(service))) == (None, 2)
    with pytest.raises(CatalogSettingsError):
        _catalogs(tmp_path, base, caFile="other.pem")


async def test_a_certificate_may_go_unchecked(tmp_path: Path, server: HelmServer) -> None:
    with _tls(tmp_path, server) as base:
        service = await _read(tmp_path, base, skipTlsVerify=True)
        assert (_fault(service), len(_names(service))) == (None, 2)


async def test_a_server_that_does_not_end_its_answer_is_given_up(
    tmp_path: Path, server: HelmServer, address: str
) -> None:
    server.extra["index.yaml"] = Answer(200, b"apiVersion", {"Content-Length": "1000"})
    assert _fault(await _read(tmp_path, address, timeout="500ms")) == "repository_timeout"


async def test_a_mirror_answers_for_a_location_that_does_not(
    tmp_path: Path, server: HelmServer, address: str
) -> None:
    with serving(lambda _: Answer(200)) as gone:
        pass
    location = f"{gone}/charts"
    server.index = server.written().replace(b"- moon-", f"- {location}/moon-".encode())
    service = await _read(tmp_path, location, mirrors=[address])
    assert _fault(service) is None
    assert _names(service) == ["moon 0.3.0", "tide 1.1.0"]


async def test_pictures_are_kept_and_none_is_asked_of_a_stranger(
    tmp_path: Path, server: HelmServer, address: str
) -> None:
    svg = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
    server.extra |= {
        "tide.png": Answer(200, PNG),
        "moon.svg": Answer(200, svg),
        "page.png": Answer(200, b"<html><svg></svg></html>"),
    }
    server.add("star", "1.0.0", lines="icon: page.png\n")
    data = "data:image/png;base64," + base64.b64encode(PNG).decode()
    server.add("sun", "1.0.0", lines=f"icon: {data}\n")
    server.lines["tide-1.1.0.tgz"] = f"icon: {address}/tide.png\n"
    server.lines["moon-0.3.0.tgz"] = "icon: moon.svg\n"
    service = await _read(tmp_path, address)
    icons = {one.ref.chart: one.icon for one in _seen(service).charts}
    assert {name: icon.suffix for name, icon in icons.items() if icon} == {
        "tide": ".png",
        "moon": ".svg",
        "sun": ".png",
    }
    assert icons["tide"] is not None
    assert icons["tide"].read_bytes() == PNG
    server.paths()
    await _read(tmp_path, address)
    assert server.paths() == ["/charts/index.yaml", "/charts/page.png"]


async def test_a_cache_that_was_damaged_is_read_again(
    tmp_path: Path, server: HelmServer, address: str
) -> None:
    service = await _read(tmp_path, address)
    chart = service.chart(ADA, "tide")
    content = chart.folder.with_name(f"{chart.folder.name}.json")
    content.write_text("{")
    service = CatalogService(_catalogs(tmp_path, address).sources)
    with pytest.raises(ChartContentMissingError):
        service.chart(ADA, "tide")
    assert (await _read(tmp_path, address)).chart(ADA, "tide").values == {"size": "1Gi"}
    for content in (tmp_path / "data").rglob("*.json"):
        content.write_text(json.dumps({"format": FORMAT, "charts": [{"source": 1}]}))
    assert _names(await _read(tmp_path, address)) == ["moon 0.3.0", "tide 1.1.0"]


async def test_another_location_under_the_same_id_starts_empty(
    tmp_path: Path, server: HelmServer, address: str
) -> None:
    await _read(tmp_path, address)
    service = CatalogService(_catalogs(tmp_path, "https://charts.example").sources)
    assert _names(service) == []
    assert service.installed(ChartRef("lab", "tide", "1.1.0")).values == {"size": "1Gi"}


@asynccontextmanager
async def _running(catalogs: ChartCatalogs) -> AsyncIterator[CatalogService]:
    async with catalogs.running():
        yield CatalogService(catalogs.sources)


async def test_two_catalogues_with_one_id_are_refused(tmp_path: Path) -> None:
    written: dict[str, Any] = {"id": "lab", "location": "https://charts.example"}
    with pytest.raises(CatalogSettingsError):
        ChartCatalogs([written, written], data=tmp_path)


async def test_a_folder_may_be_a_catalogue_of_a_cluster(tmp_path: Path, address: str) -> None:
    (tmp_path / "own charts").mkdir()
    location = (tmp_path / "own charts").as_uri()
    service = await _read(tmp_path, location, excludedCharts=[])
    assert _seen(service).id == "lab"
    assert _seen(service).reading is None
