"""Judge what a cluster said: how grave an event is, whether it was read, whether it is fresh. Pure.

Source: launcher.md 17. What events mean for the person is `cluster_diagnosis`'.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sardonyx.services.evidence import EventEvidence
from sardonyx.services.models import Severity

FRESH = timedelta(seconds=7)
COUNTED = 100  # unread events are counted no further
# What passes by itself while a service starts.
_HARMLESS = ("probe failed:", "unbound immediate PersistentVolumeClaims")
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """One event in the cluster's own words, on one line, without control characters.

    at: when it was seen last; created: when first, which is what an event's age is. about: the
    object's kind and name. service: whose object that is, empty for none; title: what people call
    it. unread: not a mere information, and newer than what was looked at.
    """

    at: datetime
    created: datetime
    severity: Severity
    about: str
    reason: str
    message: str
    count: int
    uid: str = ""
    service: str = ""
    title: str = ""
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """Until when a project's events were looked at: by any member, and by the person themselves.

    The first is Onyxia's `clusterNotificationCheckoutTime`, which members share. None: never.
    """

    project: datetime | None = None
    person: datetime | None = None

    def at(self, *, by_all: bool) -> datetime:
        """Return until when an event counts as read. by_all: all members see it.

        What its owner alone sees, another's look has not read.
        """
        return (self.project if by_all else self.person) or _NEVER

    @property
    def earliest(self) -> datetime:
        """No event that is older is unread."""
        return min(self.at(by_all=True), self.at(by_all=False))


@dataclass(frozen=True, slots=True)
class EventList:
    """Events as a person sees them, the newest first.

    unread: how many are, COUNTED at most. more: whether older ones were left out. until: up to
    when all is read once this was looked at, None when there is nothing.
    """

    events: tuple[ClusterEvent, ...]
    unread: int
    more: bool
    until: datetime | None


def cluster_events(events: Iterable[EventEvidence]) -> tuple[ClusterEvent, ...]:
    """Return the events of a release, each once, what was seen last first."""
    told = (told_event(one) for one in {one.uid or id(one): one for one in events}.values())
    return tuple(sorted(told, key=lambda one: one.at, reverse=True))


def told_event(
    event: EventEvidence, *, service: str = "", title: str = "", looked: datetime | None = None
) -> ClusterEvent:
    """Return an event as it is shown. looked: until when such events were read."""
    severity = _severity(event)
    created = event.created or event.last
    return ClusterEvent(
        at=event.last,
        created=created,
        severity=severity,
        about=_line(f"{event.kind} {event.name}"),
        reason=_line(event.reason),
        message=_line(event.message),
        count=event.count,
        uid=event.uid,
        service=service,
        title=title,
        unread=looked is not None and severity is not Severity.INFO and created > looked,
    )


def event_list(events: Iterable[ClusterEvent], looked: Looked, *, limit: int) -> EventList:
    """Return the first `limit` of `events`, which come the newest first, and count the unread."""
    shown: list[ClusterEvent] = []
    known: set[str] = set()
    unread, until, more = 0, None, False
    for one in events:
        if one.uid and one.uid in known:
            continue
        known.add(one.uid)
        until = until or one.created
        if len(shown) < limit:
            shown.append(one)
        else:
            more = True
            if unread >= COUNTED or one.created <= looked.earliest:
                break
        unread = min(unread + one.unread, COUNTED)
    return EventList(tuple(shown), unread, more, until)


def fresh(events: Iterable[ClusterEvent], *, now: datetime) -> tuple[ClusterEvent, ...]:
    """Return those of `events`, the newest first, that deserve a toast."""
    found = []
    for one in events:
        if now - one.created >= FRESH:
            break
        if one.severity is not Severity.INFO:
            found.append(one)
    return tuple(found)


def _severity(event: EventEvidence) -> Severity:
    if any(words in event.message for words in _HARMLESS):
        return Severity.INFO
    if event.is_error:
        return Severity.ERROR
    return Severity.WARNING if event.is_warning else Severity.INFO


def _line(text: str) -> str:
    """Return a text that anybody may have written as one line, harmless in a terminal too."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
