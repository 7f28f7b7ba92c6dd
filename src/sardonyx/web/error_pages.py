"""Show errors as pages: what happened, what to do next, an incident's number."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from sardonyx.errors import HTTP_STATUS, PlatformError
from sardonyx.projects.errors import OneTimeLinkError, SignInRequiredError
from sardonyx.web.problem_lines import problem_lines
from sardonyx.web.session import request_language
from sardonyx.web.views import render


async def page(request: Request, error: PlatformError) -> Response:
    """Return `error` as a page, in the language the browser asks for."""
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
    if isinstance(error, SignInRequiredError | OneTimeLinkError):
        why = detail if isinstance(error, OneTimeLinkError) else ""
        return render(request, "web/sign_in.html", status=status, why=why)
    return _error_page(request, error, status, language, title, detail)


def _error_page(
    request: Request, error: PlatformError, status: int, language: str, title: str, detail: str
) -> HTMLResponse:
    return render(
        request,
        "web/error.html",
        status=status,
        title=title,
        detail=detail,
        next=error.next_text().in_language(language) if error.next_step else "",
        problems=problem_lines(error.problems, language),
    )


def _wants_page(request: Request) -> bool:
    accept = request.headers.get("accept", "*/*")
    return "text/html" in accept or accept == "*/*"
