"""Show running services: the list, one service with its story, and what can be done to it."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from sse_starlette import EventSourceResponse

from sardonyx.account.configurations.cards import panel
from sardonyx.done import Done
from sardonyx.launcher.yaml_text import write
from sardonyx.services import change_pages, event_pages, launch_pages
from sardonyx.services.cards import card, rows
from sardonyx.services.errors import ServiceNotFoundError
from sardonyx.services.event_cards import allowance, events_told
from sardonyx.services.listing import PAGE
from sardonyx.services.live import SHOWN_LOG, list_changes, service_changes
from sardonyx.services.models import Loss, Service
from sardonyx.services.notes import safe_html
from sardonyx.text import N_, Text
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter()
router.include_router(launch_pages.router)
router.include_router(change_pages.router)
router.include_router(event_pages.router)

WHOLE_LOG = 100_000  # lines of a downloaded log
DELETED_AT_ONCE = 200


@router.get("/services")
async def services_page(viewer: CurrentViewer, cursor: str | None = None) -> HTMLResponse:
    """Show the services of the project, newest first: the first of them, or those after."""
    services = viewer.platform.services
    page = await services.listing(viewer.actor, viewer.project.id, cursor=cursor)
    saved = await panel(viewer)
    look = services.look_commands(viewer.actor, viewer.project.id)
    commands = [("look", viewer.say(N_("This list")), look)]
    if saved is not None:
        commands.append(("saved", viewer.say(N_("Saved configurations")), saved.commands))
    return await viewer.render(
        "services/list.html",
        cards=rows(viewer, page.services),
        cursor=cursor,
        following=page.next,
        total=page.total,
        own_count=services.count_own(viewer.actor, viewer.project.id),
        saved=saved,
        short=False,
        gauges=allowance(viewer),
        told=await events_told(viewer),
        commands=commands,
    )


# What is about all services stands below “-”: no name begins with it.
@router.get("/services/-/stream")
async def services_stream(
    viewer: CurrentViewer,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> EventSourceResponse:
    """Send a page of the list, or its `limit` first, again each time one of them changes."""
    return EventSourceResponse(list_changes(viewer, cursor=cursor, limit=limit))


@router.get("/services/{name}")
async def service_page(viewer: CurrentViewer, name: str, password: bool = False) -> HTMLResponse:
    """Show one service: its story, notes, logs, values and commands.

    password: show the one that its own page asks for.
    """
    services, actor, project = viewer.platform.services, viewer.actor, viewer.project.id
    service = await services.show(actor, project, name)
    found = await services.password(actor, project, name) if password else None
    return await viewer.render(
        "services/service.html",
        service=service,
        card=card(viewer, service),
        notes=safe_html(service.notes),
        log=await services.logs(actor, project, name, lines=SHOWN_LOG),
        values=write(await services.values(actor, project, name)),
        is_group=viewer.project.group is not None,
        copy_at=_copy_address(service),
        password_asked=password,
        password=found.reveal() if found is not None else None,
        look=services.look_commands(actor, project, name),
    )


@router.get("/services/{name}/stream")
async def service_stream(viewer: CurrentViewer, name: str) -> EventSourceResponse:
    """Send the story when it changes, and the log as it grows."""
    await viewer.platform.services.show(viewer.actor, viewer.project.id, name)
    return EventSourceResponse(service_changes(viewer, name))


@router.get("/services/{name}/logs")
async def logs(viewer: CurrentViewer, name: str, previous: bool = False) -> PlainTextResponse:
    """Return the log as a file; previous: that of the run before."""
    text = await viewer.platform.services.logs(
        viewer.actor, viewer.project.id, name, lines=WHOLE_LOG, previous=previous
    )
    headers = {
        "content-disposition": f'attachment; filename="{name}.log"',
        "cache-control": "no-store",
    }
    return PlainTextResponse(text, headers=headers)


@router.get("/services/-/delete")
async def ask_delete_all(viewer: CurrentViewer) -> HTMLResponse:
    """Say which of one's own services would be deleted, what that would lose, and ask."""
    services, actor, project = viewer.platform.services, viewer.actor, viewer.project.id
    own = services.own(actor, project)

    async def lost(service: Service) -> list[Loss] | None:
        try:
            found = await services.losses(actor, project, service.name)
        except ServiceNotFoundError:  # it went meanwhile
            return None
        return [loss for loss in found if loss.kind != "volume_kept"]

    shown = own[:DELETED_AT_ONCE]
    told = zip(shown, await asyncio.gather(*map(lost, shown)), strict=True)
    there = [(service, losses) for service, losses in told if losses is not None]
    return await viewer.render("services/delete_all.html", own=there, count=len(own))


@router.post("/services/-/delete")
async def delete_all(
    viewer: CurrentViewer, name: Annotated[tuple[str, ...], Form()] = ()
) -> RedirectResponse:
    """Delete the services that were named when it was asked; what was launched since stays."""
    done = await viewer.platform.services.delete_own(viewer.actor, viewer.project.id, name)
    said = Text(N_("Your services are being deleted. Their logs stay readable."))
    return viewer.go("/services", said, commands=done.commands)


@router.get("/services/{name}/delete")
async def ask_delete(viewer: CurrentViewer, name: str) -> HTMLResponse:
    """Say what deleting would lose, and ask."""
    services = viewer.platform.services
    service = await services.show(viewer.actor, viewer.project.id, name)
    losses = await services.losses(viewer.actor, viewer.project.id, name)
    return await viewer.render(
        "services/delete.html", service=service, losses=losses, card=card(viewer, service)
    )


@router.post("/services/{name}/delete")
async def delete(viewer: CurrentViewer, name: str) -> RedirectResponse:
    """Delete the service."""
    done = await viewer.platform.services.delete(viewer.actor, viewer.project.id, name)
    said = Text(N_("“{name}” is being deleted. Its log stays readable."), {"name": name})
    return viewer.go("/services", said, commands=done.commands)


@router.post("/services/{name}/pause")
async def pause(viewer: CurrentViewer, name: str) -> RedirectResponse:
    done = await viewer.platform.services.pause(viewer.actor, viewer.project.id, name)
    return _acted(viewer, done, N_("“{name}” is pausing. Its files and settings are kept."))


@router.post("/services/{name}/resume")
async def resume(viewer: CurrentViewer, name: str) -> RedirectResponse:
    done = await viewer.platform.services.resume(viewer.actor, viewer.project.id, name)
    return _acted(viewer, done, N_("“{name}” is starting again."))


@router.post("/services/{name}/restart")
async def restart(viewer: CurrentViewer, name: str) -> RedirectResponse:
    done = await viewer.platform.services.restart(viewer.actor, viewer.project.id, name)
    return _acted(viewer, done, N_("“{name}” is restarting."))


@router.post("/services/{name}/rename")
async def rename(
    viewer: CurrentViewer, name: str, friendly_name: Annotated[str, Form()]
) -> RedirectResponse:
    done = await viewer.platform.services.rename(
        viewer.actor, viewer.project.id, name, friendly_name
    )
    return _acted(viewer, done, N_("Now called “{name}”."))


def _copy_address(service: Service) -> str:
    chart = service.chart
    asked = urlencode({"version": chart.version, "like": service.name})
    return f"/launch/{quote(chart.catalog or '-')}/{quote(chart.chart)}?{asked}"


def _acted(viewer: Viewer, done: Done[Service], words: str) -> RedirectResponse:
    service = done.result
    said = Text(words, {"name": service.friendly_name})
    return viewer.go(f"/services/{service.name}", said, commands=done.commands)
