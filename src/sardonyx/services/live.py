"""Stream what changes on the pages of services, as server-sent events of ready HTML."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from markupsafe import escape

from sardonyx.errors import PlatformError
from sardonyx.services.cards import card, rows
from sardonyx.services.errors import EventsForbiddenError
from sardonyx.services.event_cards import Toasts, allowance, events_told
from sardonyx.services.notes import safe_html
from sardonyx.services.project_events import ProjectEvents
from sardonyx.web.views import Viewer

_TICK = 2.0  # seconds between two looks at what moves by itself (durations)
_PACE = 1.0  # seconds between two lists of events, at least

SHOWN_LOG = 200  # lines
BEGIN = "\f"  # a new page: what <sx-log> showed before is gone
Event = dict[str, str]


async def list_changes(
    viewer: Viewer, *, cursor: str | None, limit: int
) -> AsyncGenerator[Event, None]:
    """Yield a page of the list of services and what stands above it, each when it is another.

    Warnings that come meanwhile are told once (`toast`).
    """
    services, shown, toasts = viewer.platform.services, dict[str, str](), Toasts(viewer)
    async for _ in _changes(viewer, None):
        page = await services.listing(viewer.actor, viewer.project.id, cursor=cursor, limit=limit)
        parts = {
            "list": viewer.fragment("services/rows.html", cards=rows(viewer, page.services)),
            "all": viewer.fragment(
                "services/all.html", own_count=services.count_own(viewer.actor, viewer.project.id)
            ),
            "quota": viewer.fragment("services/quota.html", gauges=allowance(viewer)),
            "events": viewer.fragment(
                "services/events_button.html", told=await events_told(viewer)
            ),
        }
        for name, html in parts.items():
            if shown.get(name) != html:  # what changed may be on another page
                shown[name] = html
                yield {"event": name, "data": html}
        for html in toasts.new():
            yield {"event": "toast", "data": html}


async def event_changes(viewer: Viewer) -> AsyncGenerator[Event, None]:
    """Yield the events of the project, now and each time they are others.

    What was unread when the page was opened stays marked as new.
    """
    events, shown = viewer.platform.events, ""
    if events is None:
        return
    looked = await events.looked(viewer.actor, viewer.project.id)
    async for _ in _changes(viewer, None):
        try:
            done = await events.list(viewer.actor, viewer.project.id, looked=looked)
        except EventsForbiddenError:  # the right was taken away: the page says so when reloaded
            return
        html = viewer.fragment("services/event_rows.html", found=done.result)
        if html != shown:
            shown = html
            yield {"event": "rows", "data": html}
        await asyncio.sleep(_PACE)  # a pod that fails says so many times a second


async def service_changes(viewer: Viewer, name: str) -> AsyncGenerator[Event, None]:
    """Yield the story of one service after each change, and its log as it grows."""
    queue: asyncio.Queue[Event | None] = asyncio.Queue(maxsize=64)
    tasks = [
        asyncio.create_task(_story(viewer, name, queue)),
        asyncio.create_task(_log(viewer, name, queue)),
        asyncio.create_task(_warnings(viewer, queue)),
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


async def _warnings(viewer: Viewer, queue: asyncio.Queue[Event | None]) -> None:
    """Put each warning that comes, of whichever service, and those that came just now."""
    events, toasts = viewer.platform.events, Toasts(viewer)
    if events is None:
        return
    try:
        async with aclosing(events.observe(viewer.actor, viewer.project.id)) as changes:
            async for _ in changes:
                for html in toasts.new():
                    await queue.put({"event": "toast", "data": html})
    except Exception:  # no warning would come any more: the browser asks again
        await queue.put(None)
        raise


async def _changes(viewer: Viewer, name: str | None) -> AsyncIterator[None]:
    """Yield at once, at each change, and every two seconds while something moves.

    name: of the only service that matters; else events and quotas do too. Ends when either can no
    longer be watched.
    """
    services, events = viewer.platform.services, viewer.platform.events
    changed = asyncio.Event()

    async def watch() -> None:
        try:
            async for service in services.observe(viewer.actor, viewer.project.id):
                if name is None or service.name == name:
                    changed.set()
        finally:
            changed.set()

    async def watch_events(told: ProjectEvents) -> None:
        try:
            async with aclosing(told.observe(viewer.actor, viewer.project.id)) as changes:
                async for _ in changes:
                    changed.set()
        finally:
            changed.set()

    tasks = [asyncio.create_task(watch())]
    if name is None and events is not None:
        tasks.append(asyncio.create_task(watch_events(events)))
    try:
        await asyncio.sleep(0)  # listening before the first look: no change is missed
        changed.clear()
        while not any(task.done() for task in tasks):
            yield
            moving = services.is_moving(viewer.actor, viewer.project.id, name)
            try:
                async with asyncio.timeout(_TICK if moving else None):
                    await changed.wait()
            except TimeoutError:
                continue
            changed.clear()
    finally:
        await _end(*tasks)


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Stop tasks this module started, and wait until they have."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
