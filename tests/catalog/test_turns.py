"""Turns are counted for each person, and come back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sardonyx.catalog.errors import ChartReviewsTooManyError, ChartSourceError
from sardonyx.catalog.own import MOST_REVIEWS, OwnCharts
from sardonyx.catalog.own_folder import FolderShelf
from sardonyx.catalog.own_ports import ChartSource, Rehearsed
from sardonyx.catalog.turns import Turns
from sardonyx.projects.models import Actor

BEGUN = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
STEPS = st.lists(st.tuples(st.sampled_from(["ada", "eve"]), st.integers(0, 40)), max_size=80)


@given(STEPS)
def test_nobody_takes_more_than_the_most_in_any_span(steps: list[tuple[str, int]]) -> None:
    now = [BEGUN]
    turns = Turns(3, HOUR, clock=lambda: now[0])
    taken: dict[str, list[datetime]] = {"ada": [], "eve": []}
    for who, minutes in steps:
        now[0] += timedelta(minutes=minutes)
        lately = [at for at in taken[who] if at > now[0] - HOUR]
        assert turns.take(who) is (len(lately) < 3)
        if len(lately) < 3:
            taken[who].append(now[0])


class _Nothing:
    """Brings no chart, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.asked = 0

    async def fetch(self, source: ChartSource, place: Path) -> Any:
        self.asked += 1
        raise ChartSourceError(address=source.address)

    async def unpack(self, content: AsyncIterator[bytes], place: Path) -> Any:
        self.asked += 1
        raise ChartSourceError(address=".tgz")


class _Audit:
    async def record(self, *line: object) -> None: ...


async def _nothing(*_: object) -> Rehearsed:
    return Rehearsed()


async def _content() -> AsyncIterator[bytes]:
    yield b""


@pytest.mark.parametrize("on_cluster", [True, False])
async def test_on_a_cluster_one_person_has_so_many_reviews_in_an_hour(
    tmp_path: Path, on_cluster: bool
) -> None:
    fetcher, now = _Nothing(), [BEGUN]
    own = OwnCharts(
        fetcher=fetcher,
        shelf=FolderShelf(tmp_path),
        kept=lambda actor: (),
        launched=lambda actor, catalog: (),
        audit=cast(Any, _Audit()),
        rehearse=_nothing if on_cluster else None,
        clock=lambda: now[0],
    )
    ada, eve = (Actor(name, name, "", ()) for name in ("ada", "eve"))
    for _ in range(MOST_REVIEWS):
        with pytest.raises(ChartSourceError):
            await own.review(ada, ChartSource("https://charts.example/tide.tgz"))
    refused = ChartReviewsTooManyError if on_cluster else ChartSourceError
    with pytest.raises(refused):
        await own.review(ada, ChartSource("https://charts.example/tide.tgz"))
    with pytest.raises(refused):
        await own.review_archive(ada, "tide.tgz", _content())
    assert fetcher.asked == MOST_REVIEWS + (0 if on_cluster else 2)
    with pytest.raises(ChartSourceError):
        await own.review(eve, ChartSource("https://charts.example/tide.tgz"))
    now[0] += HOUR
    with pytest.raises(ChartSourceError):
        await own.review(ada, ChartSource("https://charts.example/tide.tgz"))
