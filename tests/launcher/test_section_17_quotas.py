"""Launcher 17: quotas and events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sardonyx.services.cluster_events import (
    EventList,
    Looked,
    VisibleEvent,
    cluster_events,
    event_list,
    fresh,
    told_event,
)
from sardonyx.services.evidence import EventEvidence
from sardonyx.services.models import QuotaUse, Severity
from sardonyx.services.quotas import Marks, gauges

AT = datetime(2026, 5, 4, 9, 12, 33, tzinfo=UTC)


@pytest.mark.parametrize(
    ("used", "limit", "result"),
    [
        # The table, row by row.
        ("500m", "2", (0.25, "good")),
        ("3Gi", "4096Mi", (0.75, "near")),
        ("0", "20Gi", (0.0, "good")),
        ("19", "20", (0.95, "full")),
        ("0", "0", None),
        ("x", "2", None),
        # The text around it.
        ("1", "0", (1.0, "full")),
        ("2", "x", None),
        ("5Ti", "10Ti", (0.5, "good")),
        ("1k", "2000", (0.5, "good")),
    ],
)
def test_an_allowance_is_shown_as(used: str, limit: str, result: Any) -> None:
    shown = gauges([QuotaUse("requests.memory", used, limit)])
    assert [(one.share, one.tone) for one in shown] == ([] if result is None else [result])


def test_the_thresholds_can_be_set() -> None:
    half = [QuotaUse("requests.cpu", "1", "2")]
    assert gauges(half, Marks(near=0.5))[0].tone == "near"
    assert gauges(half, Marks(near=0.1, full=0.5))[0].tone == "full"


def event(
    message: str = "m", *, kind: str = "Normal", seconds: float = 0, count: int = 1, uid: str = ""
) -> EventEvidence:
    return EventEvidence(
        kind="Pod",
        name="rivulet-0",
        is_warning=kind == "Warning",
        reason="r",
        message=message,
        count=count,
        last=AT + timedelta(seconds=seconds),
        is_error=kind == "Error",
        uid=uid,
        created=AT + timedelta(seconds=seconds),
    )


@pytest.mark.parametrize(
    ("kind", "message", "severity"),
    [
        ("Normal", "Pulled", Severity.INFO),
        ("Warning", "Back-off", Severity.WARNING),
        ("Error", "x", Severity.ERROR),
        ("Warning", "Readiness probe failed: 503", Severity.INFO),
        ("Warning", "pod has unbound immediate PersistentVolumeClaims.", Severity.INFO),
    ],
)
def test_an_event_is(kind: str, message: str, severity: Severity) -> None:
    (read,) = cluster_events([event(message, kind=kind, count=3)])
    assert (read.severity, read.message, read.at, read.count) == (severity, message, AT, 3)
    assert read.about == "Pod rivulet-0"


def test_events_are_told_newest_first() -> None:
    read = cluster_events([event("b", seconds=5), event("c"), event("a", seconds=9)])
    assert [one.message for one in read] == ["a", "b", "c"]


def read(looked: float | None, *events: EventEvidence, limit: int = 10) -> EventList:
    """Return the list of a person who looked so many seconds after AT, None: never."""
    at = None if looked is None else AT + timedelta(seconds=looked)
    mark = Looked(at, at)
    told = sorted(events, key=lambda one: one.created or AT, reverse=True)
    return event_list([VisibleEvent(one, mark.at(by_all=True)) for one in told], mark, limit=limit)


def test_events_come_once_by_their_uid_the_newest_first() -> None:
    # One that was said again keeps its uid and its creation.
    again = event("a", uid="1", count=2, seconds=1)
    found = read(None, event("b", uid="2", seconds=3), again, again, event("c", uid="3"))
    assert [one.message for one in found.events] == ["b", "a", "c"]
    twice = cluster_events([event("a", uid="1"), again])
    assert [(one.message, one.count) for one in twice] == [("a", 2)]


@pytest.mark.parametrize(
    ("kind", "message", "seconds", "unread"),
    [
        ("Warning", "Back-off", 1, 1),
        ("Error", "x", 1, 1),
        ("Normal", "Pulled", 1, 0),
        ("Warning", "Readiness probe failed: 503", 1, 0),
        ("Warning", "Back-off", 0, 0),  # as old as the look
        ("Warning", "Back-off", -1, 0),
    ],
)
def test_unread_is_what_is_not_info_and_newer_than_the_checkout_time(
    kind: str, message: str, seconds: int, unread: int
) -> None:
    assert read(0, event(message, kind=kind, seconds=seconds)).unread == unread


def test_whoever_never_looked_has_read_nothing() -> None:
    events = [event("m", kind="Warning", uid=str(number), seconds=number) for number in range(3)]
    assert read(None, *events).unread == 3


@given(
    st.lists(
        st.tuples(st.sampled_from(["Normal", "Warning", "Error"]), st.integers(-50, 50)),
        max_size=150,
    ),
    st.none() | st.integers(-60, 60),
    st.integers(0, 40),
)
def test_what_is_left_out_of_a_list_is_counted_all_the_same(
    drawn: list[tuple[str, int]], looked: int | None, limit: int
) -> None:
    events = [
        event(kind=kind, seconds=seconds, uid=str(number))
        for number, (kind, seconds) in enumerate(drawn)
    ]
    found = read(looked, *events, limit=limit)
    mark = -1_000 if looked is None else looked
    unread = sum(kind != "Normal" and seconds > mark for kind, seconds in drawn)
    assert found.unread == min(unread, 100)
    assert len(found.events) == min(limit, len(drawn))
    assert found.more == (len(drawn) > limit)
    assert found.until == (
        AT + timedelta(seconds=max(seconds for _, seconds in drawn)) if drawn else None
    )
    # A look up to there leaves nothing unread.
    if found.until is not None:
        assert read((found.until - AT).total_seconds(), *events).unread == 0


@pytest.mark.parametrize(
    ("kind", "message", "age", "toasts"),
    [
        ("Warning", "Back-off", 6.9, 1),
        ("Warning", "Back-off", 7, 0),
        ("Warning", "Back-off", -2, 1),  # the cluster's clock is ahead
        ("Error", "x", 1, 1),
        ("Normal", "Pulled", 1, 0),
        ("Warning", "Readiness probe failed: 503", 1, 0),
    ],
)
def test_a_toast_is_for_a_warning_younger_than_seven_seconds(
    kind: str, message: str, age: float, toasts: int
) -> None:
    told = VisibleEvent(event(message, kind=kind, seconds=-age), AT)
    assert len(fresh([told], now=AT)) == toasts


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("one\ntwo\t three\r", "one two three"),
        ("\x1b[2J\x00gone\x9b31m", "[2J gone 31m"),
        ("\u202eesrever\u2066", "esrever"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # pages escape it
        ("naïve — « où »", "naïve — « où »"),
    ],
)
def test_what_anybody_may_have_written_is_one_harmless_line(written: str, shown: str) -> None:
    hostile = replace(event(written), kind=written, name="", reason=written)
    told = told_event(VisibleEvent(hostile, AT))
    assert (told.message, told.about, told.reason) == (shown, shown, shown)
