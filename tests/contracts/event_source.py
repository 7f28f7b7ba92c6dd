"""What every EventSource does, however it learns what a cluster says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from sardonyx.services.errors import EventsForbiddenError
from sardonyx.services.ports import EventSource

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROJECT = "user-ada"


@dataclass(frozen=True, slots=True)
class Told:
    """A source, and how a test lets the cluster speak.

    say: uid, seconds after AT, project, release (an object of it is there; empty: no object is).
    refuse: takes away the right to read the events of PROJECT.
    """

    source: EventSource
    say: Callable[[str, int, str, str], None]
    refuse: Callable[[], None]

    def uids(self, project: str = PROJECT) -> list[str]:
        return [one.evidence.uid for one in self.source.events(project)]


class EventSourceContract:
    """`told` is of a cluster that has said nothing."""

    async def test_a_project_of_which_nothing_was_said_has_no_events(self, told: Told) -> None:
        assert told.uids() == []

    async def test_the_newest_come_first_and_each_once(self, told: Told) -> None:
        for uid, seconds in (("b", 2), ("a", 5), ("c", 1), ("a", 5)):
            told.say(uid, seconds, PROJECT, "")
        assert told.uids() == ["a", "b", "c"]
        first = next(iter(told.source.events(PROJECT))).evidence
        assert first.created == AT + timedelta(seconds=5)

    async def test_projects_are_apart(self, told: Told) -> None:
        told.say("a", 1, PROJECT, "")
        told.say("b", 1, "soil", "")
        assert (told.uids(), told.uids("soil")) == (["a"], ["b"])

    async def test_an_event_says_whose_object_it_is_about(self, told: Told) -> None:
        told.say("a", 2, PROJECT, "one")
        told.say("b", 1, PROJECT, "")
        assert [one.release for one in told.source.events(PROJECT)] == ["one", ""]

    async def test_what_comes_after_the_call_wakes_its_reader_alone(self, told: Told) -> None:
        async with (
            aclosing(told.source.changes(PROJECT)) as ours,
            aclosing(told.source.changes("soil")) as theirs,
            asyncio.timeout(20),
        ):
            other = asyncio.ensure_future(anext(theirs))
            told.say("a", 1, PROJECT, "")
            await anext(ours)
            assert not other.done()
            told.say("b", 1, "soil", "")
            await other

    async def test_a_refused_right_is_told(self, told: Told) -> None:
        told.say("a", 1, PROJECT, "")
        told.refuse()
        with pytest.raises(EventsForbiddenError):
            told.source.events(PROJECT)

    async def test_the_same_can_be_had_without_the_platform(self, told: Told) -> None:
        assert f"kubectl get events --namespace {PROJECT}" in told.source.underneath(PROJECT)
