"""Find out who is calling, and in which language to answer.

A browser carries a cookie; a program carries `Authorization: Bearer …`. Both are opaque
session tokens that `projects.sign_in` checks; the cookie's host is the portal's alone.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Response

from sardonyx.api.language import LANGUAGE_COOKIE, request_language
from sardonyx.projects.errors import BrowserOnlyError, SignInRequiredError
from sardonyx.projects.models import Actor
from sardonyx.projects.tokens import PREFIX
from sardonyx.values import Secret

PORTAL_COOKIE = "sardonyx"

__all__ = [
    "LANGUAGE_COOKIE",
    "PORTAL_COOKIE",
    "READS_CHARTS",
    "browser_actor",
    "current_actor",
    "is_secure",
    "optional_actor",
    "request_language",
    "session_token",
    "set_session",
]


async def current_actor(request: Request) -> Actor:
    """Return the signed-in person. Raises SignInRequiredError."""
    actor = await optional_actor(request)
    if actor is None:
        raise SignInRequiredError
    return actor


async def optional_actor(request: Request) -> Actor | None:
    """Return the signed-in person, None when nobody is."""
    platform = request.app.state.platform
    actor: Actor | None = await platform.sign_in.actor(session_token(request))
    if actor is not None and platform.own_charts is not None:
        await platform.own_charts.known(actor)
    return actor


async def charts_ready(request: Request, actor: Annotated[Actor, Depends(current_actor)]) -> None:
    """Have the person's own charts here, for what reads charts; elsewhere nobody waits for them."""
    own_charts = request.app.state.platform.own_charts
    if own_charts is not None:
        await own_charts.ready(actor)


# Of the routers whose routes read charts.
READS_CHARTS = (Depends(charts_ready),)


def session_token(request: Request) -> str | None:
    """Return the token the request carries: a program's header first, else the cookie."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credential:
        return credential.strip()
    return request.cookies.get(PORTAL_COOKIE)


def set_session(response: Response, token: Secret, *, seconds: int, secure: bool = False) -> None:
    """Give the browser its cookie: unreadable by scripts, unsent from other sites' forms.

    secure: the portal is reached by https, and the cookie never goes another way.
    """
    response.set_cookie(
        PORTAL_COOKIE,
        token.reveal(),
        max_age=seconds,
        httponly=True,
        secure=secure,
        samesite="lax",
        path="/",
    )


def is_secure(public_url: str) -> bool:
    """Tell whether browsers reach the portal by https."""
    return public_url.startswith("https://")


async def browser_actor(request: Request) -> Actor:
    """Return the signed-in person, unless a program's token speaks for them.

    Raises SignInRequiredError, BrowserOnlyError.
    """
    actor = await current_actor(request)
    if (session_token(request) or "").startswith(PREFIX):
        raise BrowserOnlyError
    return actor
