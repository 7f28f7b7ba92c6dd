"""Show the catalogue: cards to launch from, a search, and charts that could not be read."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse

from sardonyx.catalog import cards
from sardonyx.catalog.errors import ChartNotFoundError
from sardonyx.catalog.models import ListedChart
from sardonyx.catalog.service import one_of_each
from sardonyx.text import localized
from sardonyx.web.views import CurrentViewer

router = APIRouter()

# An icon is a stranger's file: alone in its frame it may draw, and nothing else.
_ICON_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, max-age=86400",
}


@router.get("/catalog")
async def catalog_page(viewer: CurrentViewer, search: str = "") -> HTMLResponse:
    """Show the charts, those found by `search` only when it is given."""
    service, language, words = viewer.platform.catalog, viewer.language, search.split()
    catalogs = service.catalogs(viewer.actor, project=viewer.project)

    def shelf(charts: Iterable[ListedChart], title: str = "", description: str = "") -> cards.Shelf:
        made = (
            cards.card(chart, language, words, runs_here=service.runs_here(chart))
            for chart in charts
        )
        return cards.Shelf(title, description, tuple(made))

    full = [one for one in catalogs if one.charts]
    if words:
        found = service.search(viewer.actor, search, language=language, project=viewer.project)
        shelves = [shelf(found)] if found else []
    elif len(full) == 1:
        shelves = [shelf(one_of_each(full[0]))]
    else:
        shelves = [
            shelf(
                one_of_each(one),
                localized(one.name, language),
                localized(one.description, language),
            )
            for one in full
        ]
    return await viewer.render(
        "catalog/catalog.html",
        shelves=shelves,
        unread=[away for one in catalogs if (away := cards.unread(one, language))],
        faults=[fault for one in catalogs for fault in cards.faults(one, language)],
        search=search,
        brings=viewer.platform.own_charts is not None,
    )


@router.get("/catalog/{catalog}/{chart}/icon")
async def icon(viewer: CurrentViewer, catalog: str, chart: str) -> FileResponse:
    """Return a chart's icon. Raises ChartNotFoundError, also when it has none."""
    found = viewer.platform.catalog.listed(viewer.actor, chart, catalog=catalog)
    if found.icon is None:
        raise ChartNotFoundError(chart=chart, catalog=catalog)
    media = cards.PICTURES[found.icon.suffix]
    return FileResponse(found.icon, media_type=media, headers=_ICON_HEADERS)
