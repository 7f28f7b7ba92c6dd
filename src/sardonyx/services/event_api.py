"""Serve a project's cluster events over REST v1: parse, one call, render."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from sardonyx.services.cluster_events import ClusterEvent
from sardonyx.services.project_events import LONGEST_LIST, SHOWN
from sardonyx.services.requests import Me, Told
from sardonyx.services.view import CommandsView, View

router = APIRouter(tags=["services"])
_EVENTS = "/projects/{project}/cluster-events"


class ClusterEventView(View):
    """What the cluster said, in its own words. `service` is null where it is about none."""

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

    @classmethod
    def of(cls, event: ClusterEvent) -> ClusterEventView:
        return cls(
            uid=event.uid,
            created=event.created,
            last_seen=event.at,
            severity=event.severity.value,
            about=event.about,
            reason=event.reason,
            message=event.message,
            count=event.count,
            service=event.service or None,
            unread=event.unread,
        )


class ClusterEventList(View):
    """Events, the newest first; `more`: older ones are left out.

    `unread` counts those of all, up to 100. Give `until` back to count these as read.
    """

    events: list[ClusterEventView]
    unread: int
    more: bool
    until: datetime | None
    commands: CommandsView


class LookBody(View):
    """Until when events were looked at."""

    until: AwareDatetime | None = Field(default=None, description="As a list gave it; null: now.")


class LookedView(View):
    """How many events are unread now."""

    unread: int
    commands: CommandsView


@router.get(_EVENTS)
async def cluster_events(
    project: str,
    actor: Me,
    events: Told,
    limit: Annotated[int, Query(ge=1, le=LONGEST_LIST)] = SHOWN,
) -> ClusterEventList:
    """List what the cluster said of the services one may see, the newest first."""
    done = await events.list(actor, project, limit=limit)
    found = done.result
    return ClusterEventList(
        events=[ClusterEventView.of(one) for one in found.events],
        unread=found.unread,
        more=found.more,
        until=found.until,
        commands=CommandsView.of(done.commands),
    )


@router.post(f"{_EVENTS}/read")
async def mark_read(project: str, body: LookBody, actor: Me, events: Told) -> LookedView:
    """Count the project's events as read."""
    done = await events.look(actor, project, body.until)
    return LookedView(unread=done.result, commands=CommandsView.of(done.commands))
