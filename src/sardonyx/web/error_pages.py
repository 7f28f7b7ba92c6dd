"""Show errors as pages: what happened, what to do next, an incident's number."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from sardonyx.errors import HTTP_STATUS, PlatformError, UserError
from sardonyx.projects.errors import (
    IdentityTokenRefusedError,
    OneTimeLinkError,
    SignInAgainError,
    SignInFlowError,
    SignInRefusedError,
    SignInRequiredError,
)
from sardonyx.web.problem_lines import problem_lines
from sardonyx.web.session import optional_actor, request_language
from sardonyx.web.sign_in_pages import remember_wanted, sign_in_page
from sardonyx.web.views import render, viewer_anywhere

# What is answered by the page that lets people sign in, with the reason.
_SIGN_IN = (
    IdentityTokenRefusedError,
    OneTimeLinkError,
    SignInAgainError,
    SignInFlowError,
    SignInRefusedError,
    SignInRequiredError,
)


async def page(request: Request, error: PlatformError) -> Response:
    """Return `error` as a page; a person's own mistake keeps the navigation around it.

    A fault of ours is shown bare: what the frame needs may be what is broken.
    """
    if isinstance(error, UserError) and not isinstance(error, _SIGN_IN) and _wants_page(request):
        actor = await optional_actor(request)
        if actor is not None and actor.projects:
            shown = await viewer_anywhere(request, actor)
            status = HTTP_STATUS[error.kind] if error.code != "no_such_address" else 404
            words = _words(error, shown.language)
            return await shown.render("web/error.html", status=status, **words)
    return response(request, error)


def response(request: Request, error: PlatformError, *, status: int | None = None) -> Response:
    """Return `error` as a page; a program that asks for no page gets the bare words."""
    language = request_language(request)
    status = status or HTTP_STATUS[error.kind]
    if error.code in ("no_such_address",):
        status = 404
    title = error.title_text().in_language(language)
    detail = error.detail_text().in_language(language)
    if not _wants_page(request):
        body = {"code": error.code, "title": title, "detail": detail, "status": status}
        return JSONResponse(body, status, media_type="application/problem+json")
    if isinstance(error, _SIGN_IN):
        why = "" if isinstance(error, SignInRequiredError) else detail
        answer = sign_in_page(request, status=status, why=why)
        if request.method == "GET" and isinstance(error, SignInRequiredError | SignInAgainError):
            remember_wanted(answer, request)
        return answer
    return render(request, "web/error.html", status=status, **_words(error, language))


def _words(error: PlatformError, language: str) -> dict[str, Any]:
    return {
        "title": error.title_text().in_language(language),
        "detail": error.detail_text().in_language(language),
        "next": error.next_text().in_language(language) if error.next_step else "",
        "problems": problem_lines(error.problems, language),
    }


def _wants_page(request: Request) -> bool:
    accept = request.headers.get("accept", "*/*")
    return "text/html" in accept or accept == "*/*"
