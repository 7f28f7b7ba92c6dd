"""Let a browser in by a one-time link, and out again; say how to get a link."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from sardonyx.web.session import PORTAL_COOKIE, session_token, set_session
from sardonyx.web.views import render

router = APIRouter()


@router.get("/sign-in")
async def sign_in(request: Request, t: str = "") -> Response:
    """Swap a one-time token for a session; without one, say how to get it.

    Raises OneTimeLinkError.
    """
    if not t:
        return render(request, "web/sign_in.html", why="")
    platform = request.app.state.platform
    session = await platform.sign_in.enter(t)
    answer = RedirectResponse("/", status_code=303, headers={"cache-control": "no-store"})
    set_session(answer, session, seconds=int(platform.settings.session_life.total_seconds()))
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> RedirectResponse:
    """Forget this browser's session."""
    token = session_token(request)
    if token:
        await request.app.state.platform.sign_in.sign_out(token)
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(PORTAL_COOKIE, path="/")
    return answer
