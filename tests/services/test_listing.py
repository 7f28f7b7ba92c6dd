"""Pages of a long list: each service once, in order, also while others come and go."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.services.fakes import ADA, MINE, NOW
from tests.services.test_service_api import SERVICES, caller, launched
from tests.services.world import World, world

from sardonyx.catalog.models import ChartRef
from sardonyx.services.errors import ListCursorError
from sardonyx.services.listing import cut, in_order
from sardonyx.services.models import Observation, State


def release(name: str, created: datetime = NOW, started: datetime | None = None) -> Observation:
    return Observation(
        release=name,
        project=MINE.id,
        owner="ada",
        friendly_name=name,
        shared=False,
        chart=ChartRef("sardonyx", "postgresql", "1.0.0"),
        revision=1,
        state=State.RUNNING,
        started_at=started,
        created_at=created,
        urls=(),
        address=None,
        notes="",
        timeline=(),
    )


# Few moments, so that many share theirs: created, and started if at all.
TIMES = st.tuples(st.integers(0, 3), st.none() | st.integers(0, 3))
RELEASES = st.lists(TIMES, max_size=25).map(lambda drawn: drawn_releases("", drawn))


def drawn_releases(end: str, drawn: list[tuple[int, int | None]]) -> list[Observation]:
    def moment(hours: int | None) -> datetime | None:
        return None if hours is None else NOW + timedelta(hours=hours)

    return [
        release(f"r{number}{end}", moment(created) or NOW, moment(started))
        for number, (created, started) in enumerate(drawn)
    ]


def all_pages(seen: list[Observation], limit: int) -> list[list[str]]:
    pages, cursor = [], None
    while True:
        page, cursor = cut(in_order(seen), cursor=cursor, limit=limit)
        pages.append([one.release for one in page])
        if cursor is None:
            return pages


@given(RELEASES, st.integers(1, 30))
def test_the_pages_together_are_the_whole_list(seen: list[Observation], limit: int) -> None:
    pages = all_pages(seen, limit)
    assert [name for page in pages for name in page] == [one.release for one in in_order(seen)]
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1] or not seen  # no empty page is asked for


@given(
    st.lists(TIMES, min_size=11, max_size=25),
    st.lists(TIMES, max_size=10),
    st.integers(1, 10),
    st.sets(st.integers(0, 24)),
)
def test_what_comes_or_goes_between_two_pages_shifts_nothing(
    drawn: list[tuple[int, int | None]],
    others: list[tuple[int, int | None]],
    limit: int,
    gone: set[int],
) -> None:
    seen = drawn_releases("", drawn)
    first, cursor = cut(in_order(seen), cursor=None, limit=limit)
    told = {one.release for one in first}
    staying = [one for number, one in enumerate(seen) if number not in gone]
    now = in_order([*staying, *drawn_releases("-new", others)])
    rest, _ = cut(now, cursor=cursor, limit=1_000)
    met = [one.release for one in rest if not one.release.endswith("-new")]
    assert met == [one.release for one in in_order(staying) if one.release not in told]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "%%%", "é", "A" * 500, "MjAyNi0wMy0wMVQxMjowMDowMCBh", "bm8gZGF0ZQ", "_____w"],
    ids=["empty", "short", "signs", "accent", "long", "no_zone", "no_date", "no_text"],
)
async def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    w = world()
    with pytest.raises(ListCursorError):
        await w.services.listing(ADA, MINE.id, cursor=cursor)
    async with caller(w) as client:
        answer = await client.get(SERVICES, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "list_cursor")
    assert answer.json()["field"] == "cursor"


def filled(count: int) -> World:
    w = world()
    for number in range(count):
        w.runtime.put(release(f"postgresql-{number}", NOW + timedelta(seconds=number)))
    return w


async def test_rest_gives_a_hundred_and_the_way_to_the_next() -> None:
    async with caller(filled(250)) as client:
        sizes, names = [], []
        query: dict[str, str] = {}
        while True:
            page = (await client.get(SERVICES, params=query)).json()
            assert page["total"] == 250
            sizes.append(len(page["services"]))
            names += [one["name"] for one in page["services"]]
            if page["next"] is None:
                break
            query = {"cursor": page["next"]}
        assert sizes == [100, 100, 50]
        assert names == [f"postgresql-{number}" for number in reversed(range(250))]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "many"])
async def test_a_limit_out_of_bounds_is_refused(limit: str) -> None:
    async with caller(world()) as client:
        answer = await client.get(SERVICES, params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["field"] == "limit"


async def test_only_the_page_shown_is_judged() -> None:
    w = filled(250)
    looks: list[datetime] = []

    def clock() -> datetime:
        looks.append(NOW)
        return NOW

    w.services._clock = clock
    await w.services.listing(ADA, MINE.id, limit=10)
    assert len(looks) == 10


async def test_following_tells_all_then_what_changes() -> None:
    w = filled(130)
    following = w.services.follow(ADA, MINE.id)
    async with asyncio.timeout(10):
        first, second = await anext(following), await anext(following)
        w.runtime.change("postgresql-7", State.PAUSED)
        (changed,) = await anext(following)
    await following.aclose()
    assert (len(first), len(second)) == (100, 30)
    assert (changed.name, changed.state) == ("postgresql-7", State.PAUSED)


async def test_a_change_while_the_first_pages_go_out_is_not_missed() -> None:
    w = filled(130)
    following = w.services.follow(ADA, MINE.id)
    async with asyncio.timeout(10):
        await anext(following)
        w.runtime.change("postgresql-129", State.PAUSED)  # was on the page that went out
        await anext(following)
        (changed,) = await anext(following)
    await following.aclose()
    assert (changed.name, changed.state) == ("postgresql-129", State.PAUSED)


async def test_the_page_filter_by_chart_is_exact() -> None:
    w = filled(2)
    async with caller(w) as client:
        await launched(client)
    names = [one.name for one in await w.services.list(ADA, MINE.id, chart="postgresql")]
    assert len(names) == 3
    assert await w.services.list(ADA, MINE.id, chart="postgres") == []
