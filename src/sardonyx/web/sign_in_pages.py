"""Let a browser in, by a one-time link or the organisation's identity provider, and out again.

The end of a sign-in at the provider is bound to the browser that began it: what is needed to
finish it is sealed in a cookie of that browser, and its state must be in the provider's answer.
"""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from sardonyx.platform import Platform
from sardonyx.projects.errors import SignInFlowError
from sardonyx.web.gateway import local_path
from sardonyx.web.projects import PROJECT_COOKIE
from sardonyx.web.session import PORTAL_COOKIE, is_secure, session_token, set_session
from sardonyx.web.views import render

router = APIRouter()

WANTED_COOKIE = "wanted"
WANTED_SECONDS = 3600
FLOW_COOKIE = "sign-in-"
FLOW_SECONDS = 600
PLACES_WAITED_FOR = timedelta(seconds=3)
_PATH = "/sign-in"
_NOT_KEPT = {"cache-control": "no-store"}


@router.get("/sign-in")
async def sign_in(request: Request, t: str = "", out: bool = False) -> Response:
    """Swap a one-time token for a session; without one, say how to sign in.

    Raises OneTimeLinkError.
    """
    if not t:
        return sign_in_page(request, signed_out=out)
    platform = request.app.state.platform
    session = await platform.sign_in.enter(t)
    wanted = local_path(request.cookies.get(WANTED_COOKIE, "/"))
    answer = RedirectResponse(wanted, status_code=303, headers=_NOT_KEPT)
    answer.delete_cookie(WANTED_COOKIE, path=_PATH)
    set_session(
        answer,
        session,
        seconds=int(platform.session_life.total_seconds()),
        secure=is_secure(platform.public_url),
    )
    return answer


@router.get("/sign-in/start")
async def start(request: Request) -> Response:
    """Send the browser to the identity provider. Raises IdentityProviderUnavailableError."""
    platform: Platform = request.app.state.platform
    if platform.provider is None:
        return RedirectResponse(_PATH, 303, headers=_NOT_KEPT)
    wanted = local_path(request.cookies.get(WANTED_COOKIE, "/"))
    begun = await platform.provider.begin(wanted=wanted)
    answer = RedirectResponse(begun.address, 303, headers=_NOT_KEPT)
    answer.set_cookie(
        FLOW_COOKIE + begun.name,
        begun.kept.reveal(),
        max_age=FLOW_SECONDS,
        path=_PATH,
        httponly=True,
        secure=is_secure(platform.public_url),
        samesite="lax",  # the provider's redirect is a navigation that another site began
    )
    return answer


@router.get("/sign-in/callback")
async def callback(request: Request) -> Response:
    """Take the provider's answer and sign the browser in, with a session made just now.

    Raises what SignInProvider.finish raises.
    """
    platform: Platform = request.app.state.platform
    answered = dict(request.query_params)
    if platform.provider is None:
        raise SignInFlowError
    name = FLOW_COOKIE + platform.provider.flow_name(answered)
    kept = request.cookies.get(name, "")
    finished = await platform.provider.finish(kept=kept, answer=answered)
    session = await platform.sign_in.signed_in(
        finished.actor.username, instead_of=request.cookies.get(PORTAL_COOKIE)
    )
    if platform.onboarding is not None:
        platform.onboarding.begin(finished.actor)
        # So that the first page finds its bucket and namespace; a slow cluster keeps nobody out.
        await platform.onboarding.settled(finished.actor, within=PLACES_WAITED_FOR)
    answer = RedirectResponse(local_path(finished.wanted), 303, headers=_NOT_KEPT)
    answer.delete_cookie(name, path=_PATH)
    answer.delete_cookie(WANTED_COOKIE, path=_PATH)
    set_session(
        answer,
        session,
        seconds=int(platform.session_life.total_seconds()),
        secure=is_secure(platform.public_url),
    )
    return answer


@router.get("/sign-in/end")
async def end(request: Request) -> Response:
    """Lead to the page that ends the sign-in at the provider too."""
    platform: Platform = request.app.state.platform
    address = None if platform.provider is None else await platform.provider.end_address()
    return RedirectResponse(address or f"{_PATH}?out=1", 303, headers=_NOT_KEPT)


@router.post("/sign-out")
async def sign_out(request: Request) -> RedirectResponse:
    """Forget this browser's session, and those of services it opened."""
    token = session_token(request)
    if token:
        await request.app.state.platform.sign_in.sign_out(token)
    answer = RedirectResponse(f"{_PATH}?out=1", status_code=303)
    answer.delete_cookie(PORTAL_COOKIE, path="/")
    answer.delete_cookie(PROJECT_COOKIE, path="/")
    return answer


def sign_in_page(
    request: Request, *, status: int = 200, why: str = "", signed_out: bool = False
) -> HTMLResponse:
    """Return the page that says how to sign in here."""
    provider = getattr(request.app.state.platform, "provider", None)
    return render(
        request,
        "web/sign_in.html",
        status=status,
        why=why,
        provider=None if provider is None else provider.title,
        signed_out=signed_out,
    )


def remember_wanted(answer: Response, request: Request) -> None:
    """Let the sign-in that follows lead back to the very address that was asked for."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    answer.set_cookie(
        WANTED_COOKIE,
        wanted,
        max_age=WANTED_SECONDS,
        path=_PATH,
        httponly=True,
        secure=is_secure(request.app.state.platform.public_url),
        samesite="lax",
    )
