"""People's own charts in two replicas of one database: whose they are, and that both have them."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.adapters.charts.archives import chart_archive
from tests.servers.postgresql import RunningPostgresql, running_postgresql

from sardonyx.adapters.charts.any_source import AnyChartFetcher
from sardonyx.adapters.charts.confined import ConfinedReader, UnreadableChartError
from sardonyx.adapters.charts.own_shelf import SharedShelf
from sardonyx.adapters.charts.store import DiskCache
from sardonyx.adapters.sql.database import Database, postgresql_database, sqlite_database
from sardonyx.adapters.sql.own_charts import MOST_KEPT, MOST_WAITING, SqlOwnCharts
from sardonyx.catalog.errors import (
    CatalogNotFoundError,
    ChartContentMissingError,
    ChartNotFoundError,
    OwnChartsFullError,
    ReviewGoneError,
)
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.catalog.service import CatalogService
from sardonyx.projects.models import Actor
from sardonyx.values import JsonObject

ADA, EVE = (Actor(name, name, f"{name}@stat.example", ()) for name in ("Ada.L@stat", "eve"))


@pytest.fixture(scope="module")
def server() -> Iterator[RunningPostgresql]:
    with running_postgresql() as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Database]:
    """Open the same empty database, once for each replica."""
    if request.param == "sqlite":
        return lambda: sqlite_database(tmp_path / "portal.sqlite")
    server: RunningPostgresql = request.getfixturevalue("server")
    address = server.fresh()
    return lambda: postgresql_database(address, server.password)


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a platform: its own disk and memory."""

    shelf: SharedShelf
    fetcher: AnyChartFetcher
    records: SqlOwnCharts
    disk: Path

    @property
    def catalog(self) -> CatalogService:
        return CatalogService((), processes=False, personal=self.shelf)

    async def sent(self, username: str, archive: bytes) -> str:
        """Have an archive wait; return its digest."""

        async def content() -> AsyncIterator[bytes]:
            yield archive

        with self.shelf.scratch() as scratch:
            brought = await self.fetcher.unpack(content(), scratch / "c")
            await self.shelf.wait(username, scratch / "c", brought)
        return brought.digest

    async def kept(
        self, username: str, archive: bytes, *, used: Collection[ChartRef] = ()
    ) -> ChartRef:
        digest = await self.sent(username, archive)
        chart = await self.shelf.waiting(username, digest)
        return await self.shelf.keep(username, digest, chart, used)

    def names(self, actor: Actor) -> list[str]:
        (own,) = self.catalog.catalogs(actor)
        return [f"{one.ref.chart} {one.ref.version}" for one in own.charts]


@pytest.fixture
async def replicas(
    engine: Callable[[], Database], tmp_path: Path
) -> AsyncIterator[tuple[Replica, Replica]]:
    made = []
    reader = ConfinedReader()
    for name in ("one", "two"):
        records = SqlOwnCharts(engine())
        disk = tmp_path / name
        shelf = SharedShelf(records, DiskCache(disk), reader)
        made.append(Replica(shelf, AnyChartFetcher(reader=reader), records, disk))
    yield made[0], made[1]
    await reader.close()
    for one in made:
        one.records.close()


async def test_what_one_replica_fetched_another_shows_keeps_and_installs(
    replicas: tuple[Replica, Replica],
) -> None:
    one, two = replicas
    digest = await one.sent(ADA.username, chart_archive())
    waiting = await two.shelf.waiting(ADA.username, digest)
    assert waiting.values == {"size": "1Gi"}
    assert two.catalog.installed(waiting.ref).folder == waiting.folder  # a dry run finds it so
    assert two.names(ADA) == []
    ref = await two.shelf.keep(ADA.username, digest, waiting, ())
    assert two.names(ADA) == ["tide 1.0.0"]
    await one.shelf.ready(ADA.username)
    assert one.names(ADA) == ["tide 1.0.0"]
    for catalog in ("own", ref.catalog, None):
        chart = one.catalog.chart(ADA, "tide", catalog=catalog)
        assert (chart.ref, chart.schema is not None) == (ref, True)
    assert (one.catalog.installed(ref).folder / "templates" / "one.yaml").is_file()
    with pytest.raises(ReviewGoneError):
        await one.shelf.waiting(ADA.username, digest)


async def test_another_person_neither_sees_nor_keeps_it(
    replicas: tuple[Replica, Replica],
) -> None:
    one, two = replicas
    digest = await one.sent(ADA.username, chart_archive())
    with pytest.raises(ReviewGoneError):
        await two.shelf.waiting(EVE.username, digest)
    ref = await one.kept(ADA.username, chart_archive())
    await two.shelf.ready(EVE.username)
    assert two.names(EVE) == []
    with pytest.raises(CatalogNotFoundError):
        two.catalog.chart(EVE, "tide", catalog=ref.catalog)
    for catalog in ("own", None):
        with pytest.raises(ChartNotFoundError):
            two.catalog.chart(EVE, "tide", catalog=catalog)
    # Her own of the same name and version is another one.
    hers = await two.kept(EVE.username, chart_archive(files={"values.yaml": "size: 9Gi\n"}))
    assert hers.catalog != ref.catalog
    await one.shelf.at_hand(hers)
    assert one.catalog.installed(hers).values == {"size": "9Gi"}
    assert one.catalog.installed(ref).values == {"size": "1Gi"}


async def test_the_replica_that_carries_out_a_launch_gets_the_chart(
    replicas: tuple[Replica, Replica],
) -> None:
    one, two = replicas
    ref = await one.kept(ADA.username, chart_archive())
    with pytest.raises(ChartNotFoundError):
        two.catalog.installed(ref)
    await two.shelf.at_hand(ref)
    assert two.catalog.installed(ref).ref == ref
    for other in (ChartRef("lab", "tide", "1.0.0"), ChartRef("own-0", "tide", "1.0.0")):
        await two.shelf.at_hand(other)
        with pytest.raises(ChartNotFoundError):
            two.catalog.installed(other)


async def test_the_same_version_is_replaced_everywhere(replicas: tuple[Replica, Replica]) -> None:
    one, two = replicas
    await one.kept(ADA.username, chart_archive())
    await two.shelf.ready(ADA.username)
    ref = await one.kept(ADA.username, chart_archive(files={"values.yaml": "size: 2Gi\n"}))
    await one.kept(ADA.username, chart_archive(version="1.1.0"))
    await two.shelf.ready(ADA.username)
    assert two.names(ADA) == ["tide 1.1.0", "tide 1.0.0"]
    assert two.catalog.installed(ref).values == {"size": "2Gi"}


async def test_what_is_removed_is_offered_nowhere_and_kept_for_its_services(
    replicas: tuple[Replica, Replica],
) -> None:
    one, two = replicas
    first = await one.kept(ADA.username, chart_archive())
    second = await one.kept(ADA.username, chart_archive(version="1.1.0"))
    await two.kept(EVE.username, chart_archive())
    await two.shelf.ready(ADA.username)
    await one.shelf.remove(ADA.username, [first, second], {first})
    await two.shelf.ready(ADA.username)
    for replica in replicas:
        assert replica.names(ADA) == []
        assert replica.catalog.installed(first).withdrawn
        with pytest.raises(ChartNotFoundError):
            replica.catalog.installed(second)
        with pytest.raises(ChartNotFoundError):
            replica.catalog.chart(ADA, first.chart, catalog="own")
        with pytest.raises(ChartNotFoundError):
            await replica.shelf.remove(ADA.username, [first], ())
    assert two.names(EVE) == ["tide 1.0.0"]
    # A replica that comes later has it for the services too.
    shutil.rmtree(two.disk / "charts")
    (two.disk / "charts").mkdir()
    await two.shelf.at_hand(first)
    assert two.catalog.installed(first).withdrawn
    # Brought again it is offered again; once nothing runs of it, another removal forgets it.
    again = await one.kept(ADA.username, chart_archive())
    assert again == first and not one.catalog.installed(first).withdrawn
    third = await one.kept(ADA.username, chart_archive("moon"))
    await one.shelf.remove(ADA.username, [first], {first})
    await one.shelf.remove(ADA.username, [third], ())
    with pytest.raises(ChartNotFoundError):
        one.catalog.installed(first)
    assert await one.records.numbers() != {}  # Grace's


async def test_what_is_kept_stays_and_what_waits_makes_room(
    replicas: tuple[Replica, Replica],
) -> None:
    one, _ = replicas
    for minor in range(MOST_KEPT):
        await one.kept(ADA.username, chart_archive(version=f"1.{minor}.0"))
    with pytest.raises(OwnChartsFullError) as full:
        await one.kept(ADA.username, chart_archive("moon"))
    assert full.value.values["oldest"] == "tide 1.0.0"
    # One that was taken away makes no room while a service has it still: the disk is the same.
    oldest = ChartRef(one.shelf.catalog_of(ADA.username), "tide", "1.0.0")
    await one.shelf.remove(ADA.username, [oldest], {oldest})
    with pytest.raises(OwnChartsFullError) as full:
        await one.kept(ADA.username, chart_archive("moon"), used={oldest})
    assert full.value.values["oldest"] == "tide 1.1.0"  # what can be removed
    assert one.catalog.installed(oldest).withdrawn
    await one.kept(ADA.username, chart_archive("moon"))
    with pytest.raises(ChartNotFoundError):
        one.catalog.installed(oldest)
    moon = ChartRef(oldest.catalog, "moon", "1.0.0")
    await one.shelf.remove(ADA.username, [moon], ())
    await one.kept(ADA.username, chart_archive())
    await one.kept(ADA.username, chart_archive(version="1.3.0", files={"values.yaml": "a: 1\n"}))
    await one.kept(EVE.username, chart_archive("moon"))
    found = one.names(ADA)
    assert len(found) == MOST_KEPT
    assert found[-1] == "tide 1.0.0"
    first = await one.sent(ADA.username, chart_archive("moon"))
    for minor in range(MOST_WAITING):
        await one.sent(ADA.username, chart_archive("moon", f"1.{minor}.1"))
    with pytest.raises(ReviewGoneError):
        await one.shelf.waiting(ADA.username, first)
    assert len(one.names(ADA)) == MOST_KEPT  # what waits takes the room of nothing kept


async def test_a_disk_that_was_lost_is_filled_again(replicas: tuple[Replica, Replica]) -> None:
    one, _ = replicas
    ref = await one.kept(ADA.username, chart_archive())
    shutil.rmtree(one.disk / "charts")
    (one.disk / "charts").mkdir()
    assert one.names(ADA) == []
    await one.shelf.ready(ADA.username)
    content = next((one.disk / "charts").glob("*.json"))
    content.write_text("{")
    fresh = SharedShelf(one.records, DiskCache(one.disk), ConfinedReader())
    await fresh.ready(ADA.username)
    own = fresh.of(ADA)
    with pytest.raises(ChartContentMissingError):
        own.whole(own.catalog().charts[0])
    await one.shelf.ready(ADA.username)
    assert isinstance(one.catalog.installed(ref), Chart)


async def test_many_requests_at_once_are_all_served(replicas: tuple[Replica, Replica]) -> None:
    one, two = replicas
    await one.kept(ADA.username, chart_archive())
    await asyncio.gather(*(two.shelf.ready(ADA.username) for _ in range(20)))
    assert two.names(ADA) == ["tide 1.0.0"]


class Reader:
    """Reads as the worker does; those in `held` never end, those in `refused` are none."""

    def __init__(self, *, held: Sequence[bytes] = (), refused: Sequence[bytes] = ()) -> None:
        self._real = ConfinedReader()
        self._held, self._refused = held, refused
        self.read: list[bytes] = []

    async def chart(self, file: Path, folder: Path, content: Path) -> JsonObject:
        archive = file.read_bytes()
        self.read.append(archive)
        if archive in self._held:
            await asyncio.Event().wait()
        if archive in self._refused:
            raise UnreadableChartError(())
        return await self._real.chart(file, folder, content)

    async def close(self) -> None:
        await self._real.close()


@asynccontextmanager
async def fresh_disk(
    records: SqlOwnCharts, disk: Path, reader: Reader
) -> AsyncIterator[SharedShelf]:
    """Give the shelf of a replica that was just rolled out: its disk is empty."""
    shelf = SharedShelf(records, DiskCache(disk), reader)  # type: ignore[arg-type]
    try:
        yield shelf
    finally:
        await shelf.close()
        await reader.close()


async def test_nobody_waits_for_what_another_s_chart_takes(
    replicas: tuple[Replica, Replica], tmp_path: Path
) -> None:
    one, _ = replicas
    slow, quick = chart_archive(), chart_archive("moon")
    await one.kept(ADA.username, slow)
    await one.kept(EVE.username, quick)
    reader = Reader(held=[slow])
    async with fresh_disk(one.records, tmp_path / "fresh", reader) as shelf, asyncio.timeout(60):
        await shelf.known(ADA.username)
        await shelf.known(ADA.username)
        assert shelf.of(ADA).catalog().charts == ()
        await shelf.ready(EVE.username)
        assert [chart.ref.chart for chart in shelf.of(EVE).catalog().charts] == ["moon"]
    assert sorted(reader.read) == sorted([slow, quick])  # each once, however often it was asked for


async def test_what_cannot_be_unpacked_is_not_tried_at_each_request(
    replicas: tuple[Replica, Replica], tmp_path: Path
) -> None:
    one, _ = replicas
    archive = chart_archive()
    ref = await one.kept(ADA.username, archive)
    reader = Reader(refused=[archive])
    async with fresh_disk(one.records, tmp_path / "fresh", reader) as shelf:
        for _ in range(3):
            await shelf.ready(ADA.username)
        await shelf.at_hand(ref)
    assert reader.read == [archive]


async def test_what_nobody_has_any_more_leaves_the_disk_after_a_while(
    replicas: tuple[Replica, Replica],
) -> None:
    one, _ = replicas
    archives = [chart_archive("moon", f"1.{minor}.1") for minor in range(MOST_WAITING + 1)]
    first = await one.sent(ADA.username, archives[0])
    for archive in archives[1:]:
        await one.sent(ADA.username, archive)
    folder = one.disk / "charts" / first
    await one.shelf.known(ADA.username)
    assert folder.is_dir()  # somebody may still read it
    an_hour_ago = time.time() - 3_600
    for path in (one.disk / "charts").iterdir():
        os.utime(path, (an_hour_ago, an_hour_ago))
    await one.sent(ADA.username, archives[0])
    await one.sent(ADA.username, chart_archive("tide"))
    await one.shelf.known(ADA.username)
    left = {path.name for path in (one.disk / "charts").iterdir() if path.is_dir()}
    assert first in left
    assert len(left) == MOST_WAITING


async def test_an_id_is_drawn_once_for_each_person(replicas: tuple[Replica, Replica]) -> None:
    one, two = replicas
    names = ("ada", "Ada", "ada ", "a/d", "ådä")
    refs = [await one.kept(name, chart_archive()) for name in names]
    again = [await two.kept(name, chart_archive("moon")) for name in names]
    assert [ref.catalog for ref in again] == [ref.catalog for ref in refs]
    assert len({ref.catalog for ref in refs}) == len(names)
    assert all(re.fullmatch(r"own-[0-9a-f]{16}", ref.catalog) for ref in refs)


async def test_two_replicas_that_meet_a_person_at_once_draw_one_id(
    replicas: tuple[Replica, Replica],
) -> None:
    one, two = replicas
    refs = await asyncio.gather(
        one.kept(ADA.username, chart_archive()), two.kept(ADA.username, chart_archive("moon"))
    )
    assert len({ref.catalog for ref in refs}) == 1
    await one.shelf.ready(ADA.username)
    assert one.names(ADA) == ["moon 1.0.0", "tide 1.0.0"]
