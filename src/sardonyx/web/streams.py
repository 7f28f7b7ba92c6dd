"""End streams whose person may no longer see what they show.

A stream of server-sent events lasts for hours; the session behind it may be signed out, and a
group's rights taken away meanwhile. Every CHECKED_EVERY the person is looked up again.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sardonyx.errors import PlatformError
from sardonyx.projects.models import Actor
from sardonyx.web.session import session_token

CHECKED_EVERY_SECONDS = 30.0
_EVENTS = "text/event-stream"


class WatchedStreams:
    """End an event stream once its session is over or its person lost a project.

    every: seconds between two looks. Pure ASGI: other answers pass untouched, at no cost.
    """

    def __init__(self, app: ASGIApp, *, every: float = CHECKED_EVERY_SECONDS) -> None:
        self._app = app
        self._every = every

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answering = asyncio.current_task()
        assert answering is not None  # noqa: S101 - a coroutine runs in a task
        watching: asyncio.Task[None] | None = None
        is_over = False

        async def watch() -> None:
            nonlocal is_over
            await self._until_over(Request(scope))
            is_over = True
            answering.cancel()

        async def watched(message: Message) -> None:
            nonlocal watching
            if message["type"] == "http.response.start":
                kind = Headers(raw=message["headers"]).get("content-type", "")
                if kind.startswith(_EVENTS):
                    watching = asyncio.create_task(watch())
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            if not is_over:
                raise
            answering.uncancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def _until_over(self, request: Request) -> None:
        """Return when the stream must end; never for one that asks for nobody."""
        began = await self._actor(request)
        while True:
            await asyncio.sleep(self._every)
            if began is None:
                continue
            try:
                now = await self._actor(request)
            except PlatformError:  # the database is away: what is shown stays
                continue
            if now is None or not _projects(began) <= _projects(now):
                return

    async def _actor(self, request: Request) -> Actor | None:
        platform = request.app.state.platform
        actor: Actor | None = await platform.sign_in.actor(session_token(request))
        return actor


def _projects(actor: Actor) -> frozenset[str]:
    return frozenset(project.id for project in actor.projects)
