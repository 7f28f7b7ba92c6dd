"""Render every error of the REST API as one problem document (RFC 9457).

`application/problem+json` with `type, title, status, code, detail, field, next, problems`, in
the language the caller asked for. An error nobody foresaw becomes an incident number that
finds the log line, never a stack trace.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sardonyx.api.bodies import BodyTooLargeError
from sardonyx.api.errors import (
    HttpRefusedError,
    IncidentError,
    NoSuchAddressError,
    RequestInvalidError,
    RequestTooLargeError,
)
from sardonyx.api.language import request_language
from sardonyx.errors import HTTP_STATUS, PlatformError, Problem, SystemFault
from sardonyx.text import Text
from sardonyx.values import Json, JsonObject, pointer

PROBLEM_MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "tag:sardonyx.dev,2025:error:"

_SHOWN: dict[str, Any] = {
    "content": {
        PROBLEM_MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "code", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "field": {"type": ["string", "null"]},
                    "next": {"type": "string"},
                    "problems": {"type": "array", "items": {"type": "object"}},
                },
            }
        }
    }
}
# What every operation may answer beside its own: named in OpenAPI of each router.
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request is refused; `code` and `next` say why.", **_SHOWN},
    422: {"description": "What was sent is not possible; `problems` say where.", **_SHOWN},
    "5XX": {"description": "The platform or a part of it failed.", **_SHOWN},
}

Page = Callable[[Request, PlatformError], Awaitable[Response]]

_log = structlog.get_logger(__name__)


def problem_document(error: PlatformError, *, status: int, language: str) -> JsonObject:
    """Return the problem document of `error`; what is unknown is left out, never null."""
    document: JsonObject = {
        "type": TYPE_PREFIX + error.code,
        "title": error.title_text().in_language(language),
        "status": status,
        "code": error.code,
        "detail": error.detail_text().in_language(language),
    }
    if error.field is not None:
        document["field"] = error.field
    if error.next_step:
        document["next"] = error.next_text().in_language(language)
    if error.problems:
        document["problems"] = [_problem(problem, language) for problem in error.problems]
    return document


def problem_response(
    request: Request, error: PlatformError, *, status: int | None = None
) -> Response:
    """Return `error` as an HTTP answer in the caller's language."""
    status = status or HTTP_STATUS[error.kind]
    language = request_language(request)
    return JSONResponse(
        problem_document(error, status=status, language=language),
        status_code=status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers={"content-language": language, "cache-control": "no-store"},
    )


def install(app: FastAPI, *, page: Page | None = None) -> None:
    """Let `app` render its errors. `page` renders those of addresses outside `/api`."""

    async def render(request: Request, error: PlatformError, status: int | None = None) -> Response:
        if isinstance(error, SystemFault) and not isinstance(error, IncidentError):
            _log.error("fault", code=error.code, path=request.url.path, stack=_stack(error))
        if page is not None and not request.url.path.startswith("/api"):
            return await page(request, error)
        return problem_response(request, error, status=status)

    async def platform_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, PlatformError)  # noqa: S101 - what it is registered for
        return await render(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return await render(request, request_invalid(error))

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        known: PlatformError = HttpRefusedError(reason=str(error.detail))
        if error.status_code == 404:
            known = NoSuchAddressError(path=request.url.path)
        if isinstance(error, BodyTooLargeError):
            known = RequestTooLargeError(most=error.most // (1024 * 1024))
        return await render(request, known, error.status_code)

    app.add_exception_handler(PlatformError, platform_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)
    app.add_middleware(Incidents, render=render)


def request_invalid(error: RequestValidationError) -> RequestInvalidError:
    """Return the faults that the framework found in a request, each with its JSON pointer."""
    found = tuple(
        Problem(
            # The first part is where it was looked for: body, query, path, header.
            pointer=pointer(tuple(fault["loc"][1:])),
            code=str(fault["type"]),
            level="error",
            message=Text("{message}", {"message": str(fault["msg"])}),
        )
        for fault in error.errors()
    )
    return RequestInvalidError(
        field=found[0].pointer.removeprefix("/") if found else None, problems=found
    )


class Incidents:
    """Turn an unforeseen exception into an incident: logged once, with a number to find it."""

    def __init__(
        self, app: ASGIApp, *, render: Callable[[Request, PlatformError], Awaitable[Response]]
    ) -> None:
        self._app = app
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            incident = secrets.token_hex(4)
            _log.error("incident", incident=incident, path=scope["path"], stack=_stack(error))
            if started:
                # The answer is half sent: only a broken connection tells the caller.
                raise
            known = error if isinstance(error, PlatformError) else IncidentError(incident=incident)
            response = await self._render(Request(scope), known)
            if isinstance(known, IncidentError):
                response.status_code = 500
            await response(scope, receive, send)


def _stack(error: Exception) -> str:
    """Return the trace as text: log renderers may add local variables, secrets among them."""
    return "".join(traceback.format_exception(error))


def _problem(problem: Problem, language: str) -> dict[str, Json]:
    return {
        "pointer": problem.pointer,
        "code": problem.code,
        "level": problem.level,
        "message": problem.message.in_language(language),
    }
