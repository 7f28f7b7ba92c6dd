"""Record what people change: who, what, on which, with which result."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from sardonyx.errors import PlatformError

DONE = "done"


class Audit(Protocol):
    """Keeps who changed what, with which result."""

    async def record(self, username: str, action: str, target: str, result: str) -> None: ...


@asynccontextmanager
async def audited(audit: Audit, username: str, action: str, target: str) -> AsyncIterator[None]:
    """Record the block's end: `done`, or the code of the error that it raised."""
    try:
        yield
    except PlatformError as error:
        await audit.record(username, action, target, error.code)
        raise
    await audit.record(username, action, target, DONE)
