"""What a cluster says of a project's services, from Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sardonyx.client.calls import Answer, Call, path
from sardonyx.client.models import Commands, Fields, commands_of
from sardonyx.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """What the cluster said, in its own words. severity: info, warning or error.

    created, last_seen: when the first and the last time. service: None where it is about none.
    """

    uid: str
    created: datetime
    last_seen: datetime
    severity: str
    about: str
    reason: str
    message: str
    count: int
    service: str | None
    unread: bool


@dataclass(frozen=True, slots=True)
class ClusterEvents:
    """Events, the newest first. unread: of all, 100 at most; more: older ones are left out.

    until: what `read_cluster_events` takes, so that what came since stays unread.
    """

    events: tuple[ClusterEvent, ...]
    unread: int
    more: bool
    until: datetime | None
    commands: Commands
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)


def cluster_events(project: str | None, *, limit: int) -> Call[ClusterEvents]:
    """List what the cluster said, the newest first."""
    where = path("projects", project, "cluster-events")
    return Call("GET", where, _events, query={"limit": str(limit)})


def read_cluster_events(project: str | None, until: datetime | None) -> Call[int]:
    """Count as read what was there `until` then, None: now; say what is unread yet."""
    body: JsonObject = {} if until is None else {"until": until.isoformat()}
    where = path("projects", project, "cluster-events", "read")
    return Call("POST", where, lambda answer: Fields(answer.document).integer("unread"), body=body)


def _events(answer: Answer) -> ClusterEvents:
    read = Fields(answer.document)
    return ClusterEvents(
        events=tuple(_event(one) for one in read.items("events")),
        unread=read.integer("unread"),
        more=read.flag("more"),
        until=read.optional_moment("until"),
        commands=commands_of(read.document.get("commands")),
        raw=read.document,
    )


def _event(document: Json) -> ClusterEvent:
    read = Fields(document)
    return ClusterEvent(
        uid=read.text("uid"),
        created=read.moment("created"),
        last_seen=read.moment("lastSeen"),
        severity=read.text("severity"),
        about=read.text("about"),
        reason=read.text("reason"),
        message=read.text("message"),
        count=read.integer("count"),
        service=read.optional("service"),
        unread=read.flag("unread"),
    )
