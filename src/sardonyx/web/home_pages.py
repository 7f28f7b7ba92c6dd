"""Show home, the ten-minute tour, and what is still being prepared."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from sardonyx.catalog.cards import launch_address
from sardonyx.errors import PlatformError
from sardonyx.files.models import StoredObject
from sardonyx.services.cards import ServiceCard, card
from sardonyx.services.models import Service
from sardonyx.web.views import CurrentViewer, Viewer, quote_key

router = APIRouter()

NOTEBOOK = "jupyter-python"
RECENT = 5


@dataclass(frozen=True, slots=True)
class RecentFile:
    """A file written lately, and where its preview is."""

    name: str
    folder: str
    address: str
    stored: StoredObject


@router.get("/")
async def home(viewer: CurrentViewer) -> HTMLResponse:
    """Say how to start; later, where to continue."""
    found, recent = await asyncio.gather(_services(viewer), _recent(viewer))
    cards = [card(viewer, one) for one in found]
    return await viewer.render(
        "web/home.html",
        cards=cards[:4],
        more=len(cards) > 4,
        files=recent,
        files_reached=recent is not None,
        notebook=notebook_address(viewer, cards),
        started=bool(cards or recent),
        first_name=(viewer.actor.full_name or viewer.actor.username).split(" ")[0],
    )


@router.get("/tour")
async def tour(viewer: CurrentViewer) -> HTMLResponse:
    """Lead through the main job in ten minutes."""
    found = [card(viewer, one) for one in await _services(viewer)]
    return await viewer.render("web/tour.html", notebook=notebook_address(viewer, found))


@router.get("/preparing")
async def preparing(viewer: CurrentViewer) -> HTMLResponse:
    """Return the strip that says which parts still start; empty when all are ready."""
    return await viewer.render("web/strip.html")


def notebook_address(viewer: Viewer, cards: list[ServiceCard]) -> str:
    """Return what “open JupyterLab” leads to: the one that runs, else its launcher."""
    ours = notebook_service(cards)
    if ours is not None:
        return ours.open_address if ours.can_open else ours.address
    try:
        return launch_address(viewer.platform.catalog.chart(viewer.actor, NOTEBOOK).ref)
    except PlatformError:
        return f"/catalog?search={quote('jupyter')}"


def notebook_service(cards: list[ServiceCard]) -> ServiceCard | None:
    """Return one's own JupyterLab, the one that runs first; None where there is none."""
    ours = [one for one in cards if one.name.startswith(NOTEBOOK) and one.is_own]
    return next((one for one in ours if one.can_open), ours[0] if ours else None)


async def _services(viewer: Viewer) -> list[Service]:
    try:
        return list(await viewer.platform.services.list(viewer.actor, viewer.project.id))
    except PlatformError:  # home stands while a part is down; the part's own page says why
        return []


async def _recent(viewer: Viewer) -> list[RecentFile] | None:
    try:
        found = await viewer.platform.files.recent(viewer.actor, viewer.project.id, RECENT)
    except PlatformError:
        return None
    return [
        RecentFile(
            name=one.key.rpartition("/")[2],
            folder=one.key.rpartition("/")[0],
            address=f"/files/{quote_key(one.key)}",
            stored=one,
        )
        for one in found
    ]
