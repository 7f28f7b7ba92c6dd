"""Show a project's settings: the password of its services."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from sardonyx.text import N_, Text
from sardonyx.web.views import CurrentViewer

router = APIRouter()


@router.get("/projects/settings")
async def settings(viewer: CurrentViewer, password: bool = False) -> HTMLResponse:
    """Show the settings of the project one works in; `password=1` shows its password."""
    passwords = viewer.platform.accounts.passwords
    done = await passwords.show(viewer.actor, viewer.project.id) if password else None
    return await viewer.render(
        "account/project.html",
        password=done.result.reveal() if done else None,
        commands=passwords.commands(viewer.actor, viewer.project.id),
    )


@router.post("/projects/settings/password/renew")
async def renew_password(viewer: CurrentViewer) -> RedirectResponse:
    """Draw another password, and show it."""
    done = await viewer.platform.accounts.passwords.renew(viewer.actor, viewer.project.id)
    said = Text(N_("The password was renewed. Services that run keep the old one."))
    return viewer.go("/projects/settings?password=1", said, commands=done.commands)
