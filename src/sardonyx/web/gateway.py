"""Let the signed-in person, and nobody else, through the front door to their services.

A cookie does not cross host names, so the portal hands over by a one-time address: portal
`/open/<release>` -> `/_sardonyx/enter` on the service's host -> a cookie of that host alone.
The front door asks `/_sardonyx/auth` before every request it passes on.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from sardonyx.errors import HTTP_STATUS, UserError
from sardonyx.projects.errors import ForeignRequestError, ServiceSignInError
from sardonyx.projects.models import Actor
from sardonyx.projects.sign_in import (
    SERVICE_COOKIE,
    SERVICE_SESSION_LIFE,
    SignIn,
    service_audience,
)
from sardonyx.web.projects import chosen_project
from sardonyx.web.security import hostname, is_foreign
from sardonyx.web.session import current_actor, request_language, session_token

router = APIRouter(include_in_schema=False)


@router.get("/open/{release}")
async def open_service(
    request: Request,
    release: str,
    next: str = "/",  # noqa: A002
) -> Response:
    """Send the person to their service, signed in there."""
    actor = await current_actor(request)
    project = chosen_project(request, actor).id
    address = await service_link(request, actor, release, next, project=project)
    return RedirectResponse(address, status_code=302)


async def service_link(
    request: Request, actor: Actor, release: str, wanted: str, *, project: str
) -> str:
    """Return an address that opens `release`, once where it is behind the front door.

    Raises ServiceNotFoundError, ServiceHasNoPageError.
    """
    platform = request.app.state.platform
    if platform.service_host is None:  # it has an address of its own, and its own sign-in
        page: str = await platform.services.page(actor, project, release)
        return page
    await platform.services.show(actor, project, release)
    token = await platform.sign_in.one_time_token(
        actor.username, audience=service_audience(release), within=session_token(request)
    )
    query = urlencode({"t": token.reveal(), "next": local_path(wanted)})
    origin = f"http://{platform.service_host.format(release=release)}"
    return f"{origin}/_sardonyx/enter?{query}"


@router.get("/_sardonyx/enter")
async def enter(request: Request, t: str, next: str = "/") -> Response:  # noqa: A002
    """Swap the one-time token for the service host's cookie."""
    release = hostname(request.headers["host"]).removesuffix(".localhost")
    sign_in: SignIn = request.app.state.platform.sign_in
    session = await sign_in.enter(t, audience=service_audience(release))
    answer = RedirectResponse(local_path(next), status_code=303)
    answer.set_cookie(
        SERVICE_COOKIE,
        session.reveal(),
        max_age=int(SERVICE_SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        path="/",
    )
    answer.headers["cache-control"] = "no-store"
    return answer


@router.get("/_sardonyx/here")
async def here() -> Response:
    """Answer a page that asks whether its browser finds the service's host name."""
    headers = {"cache-control": "no-store", "cross-origin-resource-policy": "cross-origin"}
    return Response(status_code=204, headers=headers)


@router.get("/_sardonyx/auth")
async def authorise(request: Request, name: str, via: str) -> Response:
    """Answer the front door: 204 lets the request pass, anything else is sent back."""
    sign_in: SignIn = request.app.state.platform.sign_in
    headers = request.headers
    if via == "address":
        _, _, token = headers.get("authorization", "").partition(" ")
    else:
        token = request.cookies.get(SERVICE_COOKIE, "")
        origin = headers.get("origin")
        # Caddy checks no Origin: a page of another service could else open a WebSocket here.
        if origin is not None and is_foreign(origin, headers.get("host", "")):
            return _refusal(request, ForeignRequestError())
    actor = await sign_in.actor(token, audience=service_audience(name))
    if actor is not None and _may_see(request, actor, name):
        return Response(status_code=204)
    is_page = headers.get("x-forwarded-method") == "GET" and "text/html" in headers.get(
        "accept", ""
    )
    if via == "host" and is_page:
        portal = request.app.state.platform.public_url
        wanted = quote(local_path(headers.get("x-forwarded-uri", "/")), safe="")
        return RedirectResponse(f"{portal}/open/{name}?next={wanted}", 302)
    return _refusal(request, ServiceSignInError(name=name))


def _may_see(request: Request, actor: Actor, name: str) -> bool:
    """Tell whether the service is the person's or shared with them, now.

    A token lasts for days; meanwhile the service may be another's of the same name, or no
    longer be shared.
    """
    services = request.app.state.platform.services
    return any(services.may_see(actor, project.id, name) for project in actor.projects)


def local_path(wanted: str) -> str:
    """Return `wanted` when it is a path of the same host, else `/` (no open redirect)."""
    if not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    if "\\" in wanted or any(ord(character) < 32 for character in wanted):
        return "/"
    return wanted


def _refusal(request: Request, error: UserError) -> Response:
    language = request_language(request)
    return JSONResponse(
        {
            "code": error.code,
            "title": error.title_text().in_language(language),
            "detail": error.detail_text().in_language(language),
            "next": error.next_text().in_language(language),
            "status": HTTP_STATUS[error.kind],
        },
        status_code=HTTP_STATUS[error.kind],
        media_type="application/problem+json",
        headers={"cache-control": "no-store"},
    )
