"""Read what every REST call on services carries: who, in which language, on which state."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request, Response

from sardonyx.projects.models import Actor
from sardonyx.services.errors import NoEventsError
from sardonyx.services.models import Service
from sardonyx.services.project_events import ProjectEvents
from sardonyx.services.service import Services, etag
from sardonyx.services.view import ServiceView, whole
from sardonyx.web.session import charts_ready, current_actor, request_language


def services_of(request: Request, _: Annotated[None, Depends(charts_ready)]) -> Services:
    """Return the process's service layer, which reads the person's charts."""
    services: Services = request.app.state.platform.services
    return services


def events_of(request: Request) -> ProjectEvents:
    """Return who knows events. Raises NoEventsError where nobody does."""
    events: ProjectEvents | None = getattr(request.app.state.platform, "events", None)
    if events is None:
        raise NoEventsError
    return events


Me = Annotated[Actor, Depends(current_actor)]
Language = Annotated[str, Depends(request_language)]
Served = Annotated[Services, Depends(services_of)]
Told = Annotated[ProjectEvents, Depends(events_of)]
IfMatch = Annotated[str | None, Header()]


def expected_etag(if_match: str | None) -> str | None:
    """Return the tag that `If-Match` names; None for any."""
    if if_match in (None, "*"):
        return None
    return str(if_match).strip().removeprefix("W/").strip('"')


def tagged(response: Response, service: Service, language: str) -> ServiceView:
    """Return the service's view, and put its tag into the answer."""
    response.headers["ETag"] = f'"{etag(service)}"'
    return whole(service, language)
