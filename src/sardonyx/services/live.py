"""Stream what changes on the pages of services, as server-sent events of ready HTML."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from markupsafe import escape

from sardonyx.errors import PlatformError
from sardonyx.services.cards import card, rows
from sardonyx.services.notes import safe_html
from sardonyx.web.views import Viewer

_TICK = 2.0  # seconds between two looks at what moves by itself (durations)

SHOWN_LOG = 200  # lines
BEGIN = "\f"  # a new page: what <sx-log> showed before is gone
Event = dict[str, str]


async def list_changes(viewer: Viewer, *, cursor: str | None, limit: int) -> AsyncIterator[Event]:
    """Yield a page of the list of services, now and each time it is another."""
    services, shown = viewer.platform.services, ""
    async for _ in _changes(viewer, None):
        page = await services.listing(viewer.actor, viewer.project.id, cursor=cursor, limit=limit)
        html = viewer.fragment("services/rows.html", cards=rows(viewer, page.services))
        if html != shown:  # what changed may be on another page
            shown = html
            yield {"event": "list", "data": html}


async def service_changes(viewer: Viewer, name: str) -> AsyncGenerator[Event, None]:
    """Yield the story of one service after each change, and its log as it grows."""
    queue: asyncio.Queue[Event | None] = asyncio.Queue(maxsize=64)
    tasks = [
        asyncio.create_task(_story(viewer, name, queue)),
        asyncio.create_task(_log(viewer, name, queue)),
    ]
    try:
        while (event := await queue.get()) is not None:
            yield event
    finally:
        await _end(*tasks)


async def _story(viewer: Viewer, name: str, queue: asyncio.Queue[Event | None]) -> None:
    try:
        async for _ in _changes(viewer, name):
            service = await viewer.platform.services.show(viewer.actor, viewer.project.id, name)
            shown, notes = card(viewer, service), safe_html(service.notes)
            for part in ("head", "story", "use"):
                html = viewer.fragment(
                    f"services/{part}.html", service=service, card=shown, notes=notes
                )
                await queue.put({"event": part, "data": html})
    except PlatformError:  # it is gone, or its part is down: the browser asks again
        await queue.put(None)


async def _log(viewer: Viewer, name: str, queue: asyncio.Queue[Event | None]) -> None:
    """Put the log: its end first, in place of what is shown, which may have grown meanwhile."""
    services, begin = viewer.platform.services, BEGIN
    following = services.follow_logs(viewer.actor, viewer.project.id, name, lines=SHOWN_LOG)
    try:
        async for text in following:
            shown = escape(text.replace(BEGIN, " "))
            await queue.put({"event": "log", "data": f"{begin}{shown}"})
            begin = ""
    except PlatformError:
        return


async def _changes(viewer: Viewer, name: str | None) -> AsyncIterator[None]:
    """Yield at once, at each change, and every two seconds while something moves.

    Ends when the services can no longer be watched.
    """
    services = viewer.platform.services
    changed = asyncio.Event()

    async def watch() -> None:
        try:
            async for service in services.observe(viewer.actor, viewer.project.id):
                if name is None or service.name == name:
                    changed.set()
        finally:
            changed.set()

    watching = asyncio.create_task(watch())
    try:
        while not watching.done():
            yield
            moving = services.is_moving(viewer.actor, viewer.project.id, name)
            try:
                async with asyncio.timeout(_TICK if moving else None):
                    await changed.wait()
            except TimeoutError:
                continue
            changed.clear()
    finally:
        await _end(watching)


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Stop tasks this module started, and wait until they have."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
