"""Launcher 17: quotas and events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from tests.launcher.test_section_11_patch import json_values

from sardonyx.launcher.events import read_events
from sardonyx.services.models import QuotaUse, Severity
from sardonyx.services.quotas import gauges

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
    assert gauges(half, near=0.5)[0].tone == "near"
    assert gauges(half, near=0.1, full=0.5)[0].tone == "full"


def event(uid: str = "u", seconds: int = 0, kind: str = "Warning", message: str = "m") -> Any:
    at = (AT + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "metadata": {"uid": uid, "creationTimestamp": at},
        "type": kind,
        "message": message,
    }


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
    (read,) = read_events([event(kind=kind, message=message)])
    assert (read.severity, read.message, read.at) == (severity, message, AT)


def test_events_are_told_once_and_in_order() -> None:
    read = read_events(
        [event("b", 5), event("a", 9), event("b", 5, message="again"), event("c", 1)]
    )
    assert [(one.uid, one.message) for one in read] == [("c", "m"), ("b", "again"), ("a", "m")]


def test_what_is_unread_and_what_is_shown_for_a_moment() -> None:
    warned, told = read_events([event("a", 10), event("b", 11, kind="Normal")])
    assert warned.is_unread(AT)
    assert not warned.is_unread(AT + timedelta(seconds=10))
    assert not told.is_unread(AT)
    assert warned.is_toast(AT + timedelta(seconds=16))
    assert not warned.is_toast(AT + timedelta(seconds=17))
    assert not told.is_toast(AT + timedelta(seconds=11))


@pytest.mark.parametrize(
    "wrong",
    [None, "x", {}, {"metadata": 3}, event(kind="Other"), {**event(), "metadata": {"uid": "u"}}],
)
def test_what_is_no_event_is_left_out(wrong: Any) -> None:
    assert read_events([wrong, event()])[0].uid == "u"
    assert len(read_events([wrong, event("v")])) == 1


@given(json_values)
def test_reading_events_never_raises(item: Any) -> None:
    read_events([item, {"metadata": item, "type": "Normal"}])
