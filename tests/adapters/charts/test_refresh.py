"""Catalogues kept fresh behind the requests, and the worker that reads what strangers wrote."""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.charts.archives import HelmServer, chart_archive
from tests.catalog.folders import ADA
from tests.charts.servers import Answer, Asked, serving

from sardonyx.adapters.charts.catalogs import ChartCatalogs
from sardonyx.adapters.charts.confined import ConfinedReader, UnreadableChartError
from sardonyx.adapters.charts.fetch import Access
from sardonyx.adapters.charts.helm_repository import HelmRepository
from sardonyx.adapters.charts.icons import Icons
from sardonyx.adapters.charts.repository import RemoteCatalog
from sardonyx.adapters.charts.store import DiskCache
from sardonyx.catalog.faults import RepositoryError
from sardonyx.catalog.models import Catalog
from sardonyx.catalog.service import CatalogService
from sardonyx.catalog.settings import catalog_settings

_GENEROUS = 60.0


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_GENEROUS):
        while not holds():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.02)


@pytest.fixture
def server() -> HelmServer:
    made = HelmServer()
    made.add("tide", "1.0.0")
    return made


@pytest.fixture
def address(server: HelmServer) -> Iterator[str]:
    with serving(server.answer) as base:
        yield base


def _catalogs(
    tmp_path: Path, location: str, *, refresh: float = 300, at_least: float = 5
) -> ChartCatalogs:
    written: dict[str, Any] = {"id": "lab", "location": location, "timeout": "30s"}
    return ChartCatalogs(
        [written],
        data=tmp_path / "data",
        refresh=timedelta(seconds=refresh),
        at_least=timedelta(seconds=at_least),
    )


def _seen(service: CatalogService) -> Catalog:
    (catalog,) = service.catalogs(ADA)
    return catalog


def _names(service: CatalogService) -> list[str]:
    return [f"{one.ref.chart} {one.ref.version}" for one in _seen(service).charts]


async def test_a_catalogue_is_read_again_by_itself(
    tmp_path: Path, server: HelmServer, address: str
) -> None:
    catalogs = _catalogs(tmp_path, address, refresh=0.05, at_least=0)
    service = CatalogService(catalogs.sources)
    assert _names(service) == []
    async with catalogs.running():
        await _until(lambda: _names(service) == ["tide 1.0.0"])
        server.add("tide", "1.1.0")
        await _until(lambda: _names(service) == ["tide 1.1.0"])


async def test_a_catalogue_is_read_again_when_it_is_asked_from_any_thread(
    tmp_path: Path, server: HelmServer, address: str
) -> None:
    catalogs = _catalogs(tmp_path, address, refresh=3600, at_least=0)
    service = CatalogService(catalogs.sources)
    async with catalogs.running():
        await _until(lambda: _names(service) == ["tide 1.0.0"])
        server.add("tide", "1.1.0")
        thread = threading.Thread(target=service.reload)
        thread.start()
        thread.join()
        await _until(lambda: _names(service) == ["tide 1.1.0"])
    service.reload()  # after the end: nothing to tell, nothing to raise


async def test_no_question_waits_for_a_repository(tmp_path: Path, server: HelmServer) -> None:
    release = threading.Event()

    def slow(asked: Asked) -> Answer:
        release.wait(_GENEROUS)
        return server.answer(asked)

    with serving(slow) as base:
        catalogs = _catalogs(tmp_path, base)
        service = CatalogService(catalogs.sources)
        async with catalogs.running():
            await asyncio.sleep(0)
            assert _names(service) == []
            assert service.search(ADA, "tide", language="en") == ()
            release.set()
            await _until(lambda: _names(service) == ["tide 1.0.0"])


async def test_charts_are_shown_as_they_come_the_first_time(
    tmp_path: Path, server: HelmServer
) -> None:
    for number in range(8):
        server.add(f"moon{number}", "1.0.0")
    release = threading.Event()

    def half(asked: Asked) -> Answer:
        if asked.path.startswith("/moon7"):
            release.wait(_GENEROUS)
        return server.answer(asked)

    with serving(half) as base:
        catalogs = _catalogs(tmp_path, base)
        service = CatalogService(catalogs.sources)
        async with catalogs.running():
            await _until(lambda: len(_names(service)) == 8)
            assert "moon7 1.0.0" not in _names(service)
            release.set()
            await _until(lambda: len(_names(service)) == 9)


def _index(charts: int, versions: int) -> bytes:
    """Return an index like those of large repositories: 600 bytes for each version."""
    draw = random.Random(1)
    lines = ["apiVersion: v1", "entries:"]
    for chart in range(charts):
        lines.append(f"  chart-{chart}:")
        for version in range(versions):
            lines += [
                f"  - name: chart-{chart}",
                f"    version: 1.{version}.0",
                f"    digest: {draw.getrandbits(256):064x}",
                f"    description: {'A chart that does something useful. ' * 8}",
                '    created: "2026-01-01T10:00:00.000Z"',
                "    keywords: [one, two, three]",
                f"    urls: [chart-{chart}-1.{version}.0.tgz]",
            ]
    return "\n".join(lines).encode()


async def test_the_platform_answers_while_a_large_index_is_read(tmp_path: Path) -> None:
    content = _index(300, 20)
    assert len(content) > 2_500_000
    (tmp_path / "index.yaml").write_bytes(content)
    reader = ConfinedReader()
    turns = 0
    reading = asyncio.create_task(reader.index(tmp_path / "index.yaml", tmp_path / "entries"))
    while not reading.done():
        turns += 1
        await asyncio.sleep(0.001)
    await reading
    await reader.close()
    # The loop went round all the time: it was another process that read.
    assert turns > 20
    assert (tmp_path / "entries").stat().st_size > 1_000_000


async def test_a_reading_that_does_not_end_is_ended_and_the_next_one_works(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endless")
    reader = ConfinedReader(seconds=1.0)
    with pytest.raises(RepositoryError) as refused:
        await reader.index(tmp_path / "endless", tmp_path / "entries")
    assert refused.value.problem.code == "archive_unread"
    patient = ConfinedReader()
    (tmp_path / "chart.tgz").write_bytes(chart_archive())
    for turn in ("one", "two"):
        listing = await patient.chart(
            tmp_path / "chart.tgz", tmp_path / turn, tmp_path / f"{turn}.json"
        )
        assert listing["chart"] == "tide"
    await patient.close()
    await reader.close()


async def test_a_reading_that_is_given_up_leaves_no_answer_to_the_next(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endless")
    (tmp_path / "chart.tgz").write_bytes(chart_archive())
    reader = ConfinedReader()
    reading = asyncio.create_task(reader.index(tmp_path / "endless", tmp_path / "entries"))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    listing = await reader.chart(tmp_path / "chart.tgz", tmp_path / "one", tmp_path / "one.json")
    assert listing["version"] == "1.0.0"
    await reader.close()


@pytest.mark.heavy
async def test_an_index_made_to_fill_memory_costs_one_reading(tmp_path: Path) -> None:
    content = b'{"apiVersion": "v1", "entries": {"a": [' + b"[]," * 20_000_000 + b"[]]}}"
    (tmp_path / "index.yaml").write_bytes(content)
    reader = ConfinedReader()
    with pytest.raises(RepositoryError) as refused:
        await reader.index(tmp_path / "index.yaml", tmp_path / "entries")
    assert refused.value.problem.code in {"archive_too_large", "archive_unread"}
    (tmp_path / "index.yaml").write_bytes(_index(1, 1))
    await reader.index(tmp_path / "index.yaml", tmp_path / "entries")
    await reader.close()


async def test_a_text_that_nests_without_end_costs_one_reading(tmp_path: Path) -> None:
    (tmp_path / "chart.tgz").write_bytes(chart_archive())
    (tmp_path / "bomb.tgz").write_bytes(chart_archive(files={"values.yaml": "[" * 1_900_000}))
    reader = ConfinedReader()
    with pytest.raises(UnreadableChartError):
        await reader.chart(tmp_path / "bomb.tgz", tmp_path / "bomb", tmp_path / "bomb.json")
    assert not (tmp_path / "bomb").exists()
    await reader.chart(tmp_path / "chart.tgz", tmp_path / "one", tmp_path / "one.json")
    await reader.close()


async def test_what_could_not_be_had_is_asked_for_again_in_its_time(
    tmp_path: Path, server: HelmServer, address: str
) -> None:
    server.archives["moon-1.0.0.tgz"] = b"no archive"
    server.lines["tide-1.0.0.tgz"] = "icon: tide.png\n"
    now = datetime(2026, 11, 23, tzinfo=UTC)
    cache, reader = DiskCache(tmp_path), ConfinedReader()
    remote = HelmRepository(address, (), Access(frozenset({"127.0.0.1"})), reader)
    catalog = RemoteCatalog(
        catalog_settings({"id": "lab", "location": address}),
        remote,
        cache=cache,
        reader=reader,
        icons=Icons(cache, clock=lambda: now),
        clock=lambda: now,
    )
    try:
        asked = []
        for hours in (0, 0.5, 1, 24):
            now += timedelta(hours=hours)
            await catalog.refresh()
            asked.append(sorted(set(server.paths()) - {"/index.yaml"}))
    finally:
        await catalog.close()
        await reader.close()
    assert asked == [
        ["/moon-1.0.0.tgz", "/tide-1.0.0.tgz", "/tide.png"],
        [],
        ["/tide.png"],
        ["/moon-1.0.0.tgz", "/tide.png"],
    ]
