"""Load a part of the portal when it is first asked for: no page waits for what it does not need."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Collection
from types import ModuleType

from starlette.types import ASGIApp, Receive, Scope, Send


class LoadedLater:
    """Loads a module, and adds what it has, before the first request below a prefix is answered.

    besides: paths below the prefix that are answered without it. Other requests do not wait; of
    those that do, all wait for one loading. One that fails is tried again by the next request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        prefix: str,
        besides: Collection[str],
        module: str,
        add: Callable[[ModuleType], None],
    ) -> None:
        self._app = app
        self._prefix = f"{prefix}/"
        self._besides = besides
        self._module = module
        self._add = add
        self._loading = asyncio.Lock()
        self._is_added = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._is_added and self._is_asked(scope):
            async with self._loading:
                if not self._is_added:
                    # In a thread: streams and pages go on meanwhile.
                    self._add(await asyncio.to_thread(importlib.import_module, self._module))
                    self._is_added = True
        await self._app(scope, receive, send)

    def _is_asked(self, scope: Scope) -> bool:
        if scope["type"] != "http":
            return False
        path: str = scope["path"]
        return path.startswith(self._prefix) and path not in self._besides
