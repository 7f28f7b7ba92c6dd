"""Let a browser in by a one-time link, and out again; say how to get a link."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from sardonyx.web.gateway import local_path
from sardonyx.web.session import PORTAL_COOKIE, session_token, set_session
from sardonyx.web.views import render

router = APIRouter()

WANTED_COOKIE = "wanted"
WANTED_SECONDS = 3600


@router.get("/sign-in")
async def sign_in(request: Request, t: str = "") -> Response:
    """Swap a one-time token for a session; without one, say how to get it.

    Raises OneTimeLinkError.
    """
    if not t:
        return render(request, "web/sign_in.html", why="")
    platform = request.app.state.platform
    session = await platform.sign_in.enter(t)
    wanted = local_path(request.cookies.get(WANTED_COOKIE, "/"))
    answer = RedirectResponse(wanted, status_code=303, headers={"cache-control": "no-store"})
    answer.delete_cookie(WANTED_COOKIE, path="/sign-in")
    set_session(answer, session, seconds=int(platform.session_life.total_seconds()))
    return answer


def remember_wanted(answer: Response, request: Request) -> None:
    """Let the sign-in that follows lead back to the very address that was asked for."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    answer.set_cookie(
        WANTED_COOKIE,
        wanted,
        max_age=WANTED_SECONDS,
        path="/sign-in",
        httponly=True,
        samesite="lax",
    )


@router.post("/sign-out")
async def sign_out(request: Request) -> RedirectResponse:
    """Forget this browser's session."""
    token = session_token(request)
    if token:
        await request.app.state.platform.sign_in.sign_out(token)
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(PORTAL_COOKIE, path="/")
    return answer
