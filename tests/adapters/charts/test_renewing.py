"""Whether a chart's services renew their keys is read from the chart alone, wherever it is from."""

from __future__ import annotations

import io
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.charts.archives import HelmServer, chart_archive
from tests.adapters.charts.test_oci import Registry, registry_at
from tests.charts.servers import serving

from sardonyx.adapters.charts.any_source import AnyChartFetcher
from sardonyx.adapters.charts.catalogs import ChartCatalogs
from sardonyx.adapters.charts.confined import ConfinedReader
from sardonyx.adapters.charts.own_shelf import SharedShelf
from sardonyx.adapters.charts.store import DiskCache
from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.own_charts import SqlOwnCharts
from sardonyx.catalog.models import ChartRef
from sardonyx.catalog.service import CatalogService, CatalogSource

RENEWS = {
    "1.0.0": "annotations: {sardonyx.dev/credentials: renewing}\n",
    "1.1.0": "annotations: {sardonyx.dev/credentials: plain}\n",
    "1.2.0": "",
}
ARCHIVES = {version: chart_archive(version=version, about=text) for version, text in RENEWS.items()}


def folder(tmp_path: Path) -> CatalogService:
    for version, archive in ARCHIVES.items():
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(tmp_path / "lab", filter="data")
        (tmp_path / "lab" / "tide").rename(tmp_path / "lab" / version)
    return CatalogService([CatalogSource("lab", "Lab", tmp_path / "lab")])


@contextmanager
def repository() -> Iterator[str]:
    server = HelmServer()
    for version, about in RENEWS.items():
        server.add("tide", version, about=about)
    with serving(server.answer) as base:
        yield f"{base}/charts"


async def read(tmp_path: Path, location: str, **settings: Any) -> CatalogService:
    """Return the catalogue as a platform shows it that starts after one reading."""
    written: dict[str, Any] = {"id": "lab", "location": location, **settings}
    written["multipleServicesMode"] = "all"
    await ChartCatalogs([written], data=tmp_path / "data").read_once()
    return CatalogService(ChartCatalogs([written], data=tmp_path / "data").sources)


async def own(tmp_path: Path) -> tuple[CatalogService, str]:
    reader = ConfinedReader()
    records = SqlOwnCharts(sqlite_database(tmp_path / "portal.sqlite"))
    fetcher = AnyChartFetcher(reader=reader)
    shelf = SharedShelf(records, DiskCache(tmp_path / "one"), reader)
    catalog = ""
    for archive in ARCHIVES.values():

        async def content(archive: bytes = archive) -> AsyncIterator[bytes]:
            yield archive

        with shelf.scratch() as scratch:
            brought = await fetcher.unpack(content(), scratch / "c")
            await shelf.wait("ada", scratch / "c", brought)
        chart = await shelf.waiting("ada", brought.digest)
        catalog = (await shelf.keep("ada", brought.digest, chart, ())).catalog
    # Another replica knows it from the database.
    other = SharedShelf(records, DiskCache(tmp_path / "two"), reader)
    await other.ready("ada")
    await fetcher.close()
    await reader.close()
    records.close()
    return CatalogService((), personal=other), catalog


@pytest.mark.parametrize("source", ["folder", "helm", "oci", "own"])
async def test_a_chart_says_itself_whether_it_renews(tmp_path: Path, source: str) -> None:
    catalog = "lab"
    if source == "folder":
        service = folder(tmp_path)
    elif source == "helm":
        with repository() as location:
            service = await read(tmp_path, location)
    elif source == "oci":
        with registry_at(Registry(ARCHIVES)) as location:
            service = await read(tmp_path, location, plainHttp=True)
    else:
        service, catalog = await own(tmp_path)
    found = {
        version: service.installed(ChartRef(catalog, "tide", version)).renewing
        for version in RENEWS
    }
    assert found == {"1.0.0": True, "1.1.0": False, "1.2.0": False}
