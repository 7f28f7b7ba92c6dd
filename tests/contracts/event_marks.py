"""What every EventMarks does, wherever the marks are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sardonyx.services.cluster_events import Looked
from sardonyx.services.ports import EventMarks

NOW = datetime(2026, 3, 1, 12, 30, 1, 500, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
Open = Callable[[], EventMarks]


class EventMarksContract:
    """`opened` opens the same empty marks, once for each replica."""

    async def test_at_first_nobody_looked(self, opened: Open) -> None:
        assert await opened().looked("soil", "ada") == Looked(None, None)

    async def test_a_look_is_the_project_s_and_the_person_s(self, opened: Open) -> None:
        await opened().look("soil", "ada", EARLIER)
        await opened().look("soil", "eve", NOW)
        marks = opened()
        assert await marks.looked("soil", "ada") == Looked(NOW, EARLIER)
        assert await marks.looked("soil", "eve") == Looked(NOW, NOW)
        assert await marks.looked("soil", "Bob.L@example.org") == Looked(NOW, None)
        assert await marks.looked("air", "ada") == Looked(None, None)

    async def test_a_mark_never_goes_back(self, opened: Open) -> None:
        marks = opened()
        await marks.look("soil", "ada", NOW)
        await marks.look("soil", "ada", EARLIER)
        assert await marks.looked("soil", "ada") == Looked(NOW, NOW)
        await marks.look("soil", "eve", EARLIER)
        assert await marks.looked("soil", "eve") == Looked(NOW, EARLIER)
