"""Launcher 17: quotas and events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sardonyx.services.cluster_events import cluster_events
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
    message: str = "m", *, kind: str = "Normal", seconds: int = 0, count: int = 1
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
