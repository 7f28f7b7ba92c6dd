"""Judge what a cluster said: how grave an event is, whether it was read, whether it is fresh. Pure.

Source: launcher.md 17. What events mean for the person is `cluster_diagnosis`'.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from sardonyx.services.evidence import EventEvidence
from sardonyx.services.models import Severity

FRESH = timedelta(seconds=7)
COUNTED = 100  # unread events are counted no further
# What passes by itself while a service starts.
_HARMLESS = ("probe failed:", "unbound immediate PersistentVolumeClaims")
_NEVER = datetime.min.replace(tzinfo=UTC)
_EVER = datetime.max.replace(tzinfo=UTC)


class VisibleEvent(NamedTuple):
    """An event that a person may see. looked: until when such ones were read.

    service: whose object it is about, empty for none; title: what people call that.
    """

    evidence: EventEvidence
    looked: datetime
    service: str = ""
    title: str = ""


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
        """Until then everything is read."""
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
    once = {one.uid or id(one): one for one in events}.values()
    told = (told_event(VisibleEvent(one, _EVER)) for one in once)
    return tuple(sorted(told, key=lambda one: one.at, reverse=True))


def told_event(event: VisibleEvent) -> ClusterEvent:
    """Return an event as it is shown."""
    evidence = event.evidence
    return ClusterEvent(
        at=evidence.last,
        created=_created(evidence),
        severity=_severity(evidence),
        about=_line(f"{evidence.kind} {evidence.name}"),
        reason=_line(evidence.reason),
        message=_line(evidence.message),
        count=evidence.count,
        uid=evidence.uid,
        service=event.service,
        title=event.title,
        unread=_is_unread(event),
    )


def event_list(events: Iterable[VisibleEvent], looked: Looked, *, limit: int) -> EventList:
    """Return the first `limit` of `events`, which come the newest first, and count the unread.

    Of thousands that are only counted nothing is made.
    """
    shown: list[ClusterEvent] = []
    known: set[str] = set()
    unread, until, more, earliest = 0, None, False, looked.earliest
    for one in events:
        uid, created = one.evidence.uid, _created(one.evidence)
        if uid and uid in known:
            continue
        known.add(uid)
        until = until or created
        if len(shown) < limit:
            shown.append(told_event(one))
        else:
            more = True
            if unread >= COUNTED or created <= earliest:
                break
        unread = min(unread + _is_unread(one), COUNTED)
    return EventList(tuple(shown), unread, more, until)


def fresh(events: Iterable[VisibleEvent], *, now: datetime) -> tuple[ClusterEvent, ...]:
    """Return those of `events`, the newest first, that deserve a toast."""
    young = takewhile(lambda one: now - _created(one.evidence) < FRESH, events)
    return tuple(told_event(one) for one in young if _severity(one.evidence) is not Severity.INFO)


def _created(event: EventEvidence) -> datetime:
    return event.created or event.last


def _is_unread(event: VisibleEvent) -> bool:
    evidence = event.evidence
    return _created(evidence) > event.looked and _severity(evidence) is not Severity.INFO


def _severity(event: EventEvidence) -> Severity:
    if not (event.is_error or event.is_warning):
        return Severity.INFO
    if any(words in event.message for words in _HARMLESS):
        return Severity.INFO
    return Severity.ERROR if event.is_error else Severity.WARNING


def _line(text: str) -> str:
    """Return a text that anybody may have written as one line, harmless in a terminal too."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())
