"""Let a refusal arrive although what it refuses is still being sent.

A server that closes a connection with unread bytes resets it, and what it answered may be lost on
the way: the sender sees a broken connection in place of the reason. Pure ASGI.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sardonyx.api.bodies import read_on
from sardonyx.catalog.models import LARGEST_ARCHIVE
from sardonyx.web.security import SAFE_METHODS

# Of an upload that is refused: as far as people may have meant it, and no further.
_READ_ON_BYTES = 5 * LARGEST_ARCHIVE
_READ_ON_SECONDS = 30.0
# A stranger's is not worth it; what is too long by itself was read on where that was seen.
_NOT_READ_ON = (401, 413)


class RefusalsArrive:
    """Read a body that nobody wants to its end before the refusal is sent; keep none of it.

    One that is too long or too slow is worth no waiting: its sender sees the connection end.
    """

    def __init__(
        self, app: ASGIApp, *, most: int = _READ_ON_BYTES, seconds: float = _READ_ON_SECONDS
    ) -> None:
        self._app = app
        self._most = most
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        # What announces itself as too long is not begun.
        is_read = _announced(Headers(scope=scope)) > self._most

        async def received() -> Message:
            nonlocal is_read
            message = await receive()
            if message["type"] != "http.request" or not message.get("more_body", False):
                is_read = True
            return message

        async def sent(message: Message) -> None:
            nonlocal is_read
            if message["type"] == "http.response.start" and not is_read:
                is_read = True
                status = message["status"]
                if status >= 400 and status not in _NOT_READ_ON:
                    await read_on(receive, most=self._most, seconds=self._seconds)
            await send(message)

        await self._app(scope, received, sent)


def _announced(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0
