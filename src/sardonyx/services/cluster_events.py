"""Tell what a cluster said of a release: its events, newest first, by how grave each is. Pure.

Source: launcher.md 17. What they mean for the person is `cluster_diagnosis`'.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sardonyx.services.evidence import EventEvidence
from sardonyx.services.models import Severity

# What passes by itself while a service starts.
_HARMLESS = ("probe failed:", "unbound immediate PersistentVolumeClaims")


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """One event in the cluster's own words. about: the object's kind and name."""

    at: datetime
    severity: Severity
    about: str
    message: str
    count: int


def cluster_events(events: Iterable[EventEvidence]) -> tuple[ClusterEvent, ...]:
    """Return the events of a release, newest first."""
    told = (
        ClusterEvent(one.last, _severity(one), f"{one.kind} {one.name}", one.message, one.count)
        for one in events
    )
    return tuple(sorted(told, key=lambda one: one.at, reverse=True))


def _severity(event: EventEvidence) -> Severity:
    if any(words in event.message for words in _HARMLESS):
        return Severity.INFO
    if event.is_error:
        return Severity.ERROR
    return Severity.WARNING if event.is_warning else Severity.INFO
