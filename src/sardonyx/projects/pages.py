"""Show a person's projects, and let them choose where they work."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from sardonyx.projects.models import Actor
from sardonyx.projects.service import authorised_project
from sardonyx.text import N_, Text
from sardonyx.web.gateway import local_path
from sardonyx.web.projects import PROJECT_COOKIE, with_project
from sardonyx.web.session import current_actor, is_secure
from sardonyx.web.views import CurrentViewer

router = APIRouter()

_REASONS = {
    "not_included": N_("the platform's rules do not take it in"),
    "excluded": N_("the platform's rules leave it out"),
    "not_usable": N_("no project can have its name"),
}
_CHOICE_SECONDS = 365 * 24 * 3600


@router.get("/projects")
async def projects_page(viewer: CurrentViewer) -> HTMLResponse:
    """Show where the person may act, and which groups give no project and why."""
    ignored = [(one.group, viewer.say(_REASONS[one.reason])) for one in viewer.actor.ignored_groups]
    return await viewer.render("projects/projects.html", ignored=ignored)


@router.post("/projects/choose")
async def choose(
    request: Request,
    actor: Annotated[Actor, Depends(current_actor)],
    project: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the field's name
) -> RedirectResponse:
    """Work in another project from now on. Raises ProjectNotFoundError."""
    chosen = authorised_project(actor, project)
    answer = RedirectResponse(
        with_project(local_path(next), chosen.id), 303, headers={"cache-control": "no-store"}
    )
    answer.set_cookie(
        PROJECT_COOKIE,
        chosen.id,
        max_age=_CHOICE_SECONDS,
        httponly=True,
        secure=is_secure(request.app.state.platform.public_url),
        samesite="lax",
        path="/",
    )
    return answer


@router.post("/projects/open")
async def open_projects(viewer: CurrentViewer) -> RedirectResponse:
    """Try again to make the places of the person's projects ready."""
    onboarding = viewer.platform.onboarding
    left = () if onboarding is None else await onboarding.again(viewer.actor)
    if left:
        return viewer.go("/projects", Text(N_("Not everything is ready yet.")), tone="warning")
    return viewer.go("/projects", Text(N_("Your projects are ready.")))
