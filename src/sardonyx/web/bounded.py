"""Judge the size of a form that is sent while it is read: what is too much is never kept."""

from __future__ import annotations

from fastapi import Request
from starlette.types import Message


class BodyTooLargeError(Exception):
    """More was sent than is taken."""


def bounded(request: Request, most: int) -> Request:
    """Return the request with a body of `most` bytes at the most.

    Whoever reads more gets BodyTooLargeError; a form that was begun leaves no file then.
    """
    announced = request.headers.get("content-length", "")
    read = int(announced) if announced.isascii() and announced.isdigit() else 0
    too_large = read > most
    read = 0

    async def receive() -> Message:
        nonlocal read
        if too_large:
            raise BodyTooLargeError
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > most:
            raise BodyTooLargeError
        return message

    return Request(request.scope, receive)
