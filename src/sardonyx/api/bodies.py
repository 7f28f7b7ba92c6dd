"""Bound what is sent while it is read: what is too much is never kept.

The framework reads a body before it knows who sends it, so the bound of the whole portal stands
in front of everything else. Its own `max_body_size` would answer in bare English words.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The longest form is a page of settings, posted whole; the longest document a set of values.
LARGEST_BODY = 8 * 1024 * 1024
_STREAMS = "sardonyx.body"
_READ_ON_BYTES = 64 * 1024
_READ_ON_SECONDS = 2.0


class BodyTooLargeError(HTTPException):
    """More was sent than `most` bytes. The framework passes its own kind of error alone."""

    def __init__(self, most: int) -> None:
        super().__init__(413)
        self.most = most


class BoundedBodies:
    """Refuse bodies above `most` bytes, announced or not, but where a route `takes_streams`.

    Pure ASGI: nothing is held back. Whoever reads too far gets BodyTooLargeError, once as much
    again was read on and dropped, so that the refusal arrives.
    """

    def __init__(self, app: ASGIApp, *, most: int = LARGEST_BODY) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(Request(scope, receive), self._most)

        async def bounded_receive() -> Message:
            try:
                return await body.receive()
            except BodyTooLargeError:
                await read_on(receive, most=self._most)
                raise

        scope[_STREAMS] = body  # in place: who watches from outside reads the route here afterwards
        await self._app(scope, bounded_receive, send)


def takes_streams(request: Request) -> None:
    """Let the route that depends on it read a body of any size: it bounds, or passes on, itself.

    It must take no body as an argument: that is read before.
    """
    body = request.scope.get(_STREAMS)
    if isinstance(body, _Body):
        body.most = None


def bounded(request: Request, most: int) -> Request:
    """Return the request with a body of `most` bytes at the most.

    Whoever reads more gets BodyTooLargeError; a form that was begun leaves no file then.
    """
    return Request(request.scope, _Body(request, most).receive)


class _Body:
    def __init__(self, request: Request, most: int | None) -> None:
        announced = request.headers.get("content-length", "")
        self._request = request
        self._announced = int(announced) if announced.isascii() and announced.isdigit() else 0
        self._read = 0
        self.most = most

    async def receive(self) -> Message:
        if self.most is not None and self._announced > self.most:
            raise BodyTooLargeError(self.most)
        message = await self._request.receive()
        self._read += len(message.get("body", b""))
        if self.most is not None and self._read > self.most:
            raise BodyTooLargeError(self.most)
        return message


async def read_on(
    receive: Receive, *, most: int = _READ_ON_BYTES, seconds: float = _READ_ON_SECONDS
) -> None:
    """Read a short body that nobody wants, so that the refusal arrives; keep none of it.

    A server that closes a connection with unread bytes resets it, and what it answered may be
    lost on the way. A long or slow body is worth no waiting: its sender sees the connection end.
    """
    read = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while read < most:
                message = await receive()
                read += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
