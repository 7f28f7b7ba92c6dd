"""Show home, the ten-minute tour, and what is still being prepared."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from sardonyx.account.configurations.cards import panel
from sardonyx.catalog.cards import launch_address
from sardonyx.errors import PlatformError
from sardonyx.files.models import StoredObject
from sardonyx.services.cards import ServiceCard, rows
from sardonyx.services.listing import Listing
from sardonyx.web.views import CurrentViewer, Viewer, quote_key

router = APIRouter()

NOTEBOOK = "jupyter-python"
NEWEST, RECENT, SAVED = 4, 5, 4


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
    page, notebooks, recent, saved = await asyncio.gather(
        _newest(viewer), own_notebooks(viewer), _recent(viewer), panel(viewer, limit=SAVED)
    )
    cards = rows(viewer, page.services)
    return await viewer.render(
        "web/home.html",
        cards=cards,
        more=page.next is not None,
        files=recent,
        files_reached=recent is not None,
        saved=saved,
        short=True,
        notebook=notebook_address(viewer, notebooks),
        started=bool(cards or recent or (saved and saved.cards)),
        first_name=(viewer.actor.full_name or viewer.actor.username).split(" ")[0],
    )


@router.get("/tour")
async def tour(viewer: CurrentViewer) -> HTMLResponse:
    """Lead through the main job in ten minutes."""
    notebook = notebook_address(viewer, await own_notebooks(viewer))
    return await viewer.render("web/tour.html", notebook=notebook)


@router.get("/preparing")
async def preparing(viewer: CurrentViewer) -> HTMLResponse:
    """Return the strip that says which parts still start; empty when all are ready."""
    return await viewer.render("web/strip.html")


async def own_notebooks(viewer: Viewer) -> list[ServiceCard]:
    """Return the cards of one's own JupyterLabs, newest start first."""
    try:
        found = await viewer.platform.services.list(viewer.actor, viewer.project.id, chart=NOTEBOOK)
    except PlatformError:  # home stands while a part is down; the part's own page says why
        return []
    return [one for one in rows(viewer, found) if one.is_own]


def notebook_address(viewer: Viewer, notebooks: list[ServiceCard]) -> str:
    """Return what “open JupyterLab” leads to: the one that runs, else its launcher."""
    ours = notebook_service(notebooks)
    if ours is not None:
        return ours.open_address if ours.can_open else ours.address
    try:
        return launch_address(viewer.platform.catalog.chart(viewer.actor, NOTEBOOK).ref)
    except PlatformError:
        return f"/catalog?search={quote('jupyter')}"


def notebook_service(notebooks: list[ServiceCard]) -> ServiceCard | None:
    """Return one's own JupyterLab, the one that runs first; None where there is none."""
    first = notebooks[0] if notebooks else None
    return next((one for one in notebooks if one.can_open), first)


async def _newest(viewer: Viewer) -> Listing:
    try:
        return await viewer.platform.services.listing(viewer.actor, viewer.project.id, limit=NEWEST)
    except PlatformError:  # as above
        return Listing((), total=0)


async def _recent(viewer: Viewer) -> list[RecentFile] | None:
    if not viewer.platform.has_files:
        return None
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
