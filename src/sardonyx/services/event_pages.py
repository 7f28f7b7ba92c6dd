"""Show what the cluster said of a project's services, and count it as read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime
from sse_starlette import EventSourceResponse

from sardonyx.services.live import event_changes
from sardonyx.services.requests import Told
from sardonyx.text import N_, Text
from sardonyx.web.views import CurrentViewer

# Not under `/services/`, where every name is that of a service.
router = APIRouter()


@router.get("/events")
async def events_page(viewer: CurrentViewer, events: Told) -> HTMLResponse:
    """Show the events, the newest first. A look alone changes nothing: see `mark_read`."""
    done = await events.list(viewer.actor, viewer.project.id)
    return await viewer.render("services/events.html", found=done.result, commands=done.commands)


@router.get("/events/stream")
async def events_stream(viewer: CurrentViewer, events: Told) -> EventSourceResponse:
    """Send the events again each time they are others."""
    await events.unread(viewer.actor, viewer.project.id)  # a refusal comes before the stream
    return EventSourceResponse(event_changes(viewer))


@router.post("/events/read")
async def mark_read(
    request: Request,
    viewer: CurrentViewer,
    events: Told,
    until: Annotated[AwareDatetime, Form()],
) -> Response:
    """Count as read what the page showed; a script asks while the page is looked at."""
    done = await events.look(viewer.actor, viewer.project.id, until)
    if "hx-request" in request.headers:
        return Response(status_code=204)
    return viewer.go("/events", Text(N_("These events count as read.")), commands=done.commands)
