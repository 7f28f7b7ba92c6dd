"""Count and log each answer, and serve the figures on a port of their own.

Pure ASGI and outermost: what a middleware refuses is counted too. One log line for each answer
but the probes'; the address without its query, which may hold a one-time token.
"""

from __future__ import annotations

import time
from typing import Protocol

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = structlog.get_logger(__name__)
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FIGURES = "text/plain; version=0.0.4; charset=utf-8"


class RequestMeter(Protocol):
    """Counts answers."""

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None: ...

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""


class Observed:
    """An application whose answers are counted and logged."""

    def __init__(self, app: ASGIApp, meter: RequestMeter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        told = False

        def tell(status: int) -> None:
            nonlocal told
            if not told:
                told = True
                self._tell(scope, status, time.monotonic() - began)

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                tell(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            tell(499)  # the caller went away, or a fault broke the answer before it began

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or "none"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._meter.request(method=method, route=route, status=status, seconds=seconds)
        if scope["path"] not in _PROBES:
            _log.info(
                "request",
                method=method,
                route=route,
                path=scope["path"],
                status=status,
                seconds=round(seconds, 4),
            )


def figures_application(meter: RequestMeter) -> Starlette:
    """Return what the second port serves: `/metrics`, and nothing of the portal."""

    async def metrics(_: Request) -> Response:
        return Response(meter.text(), media_type=FIGURES)

    return Starlette(routes=[Route("/metrics", metrics)])
