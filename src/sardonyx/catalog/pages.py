"""Show the catalogue: cards to launch from, a search, and charts that could not be read."""

from __future__ import annotations

import mimetypes

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse

from sardonyx.catalog import cards
from sardonyx.catalog.errors import ChartNotFoundError
from sardonyx.catalog.service import one_of_each
from sardonyx.web.views import CurrentViewer

router = APIRouter()

# An icon is a stranger's file: alone in its frame it may draw, and nothing else.
_ICON_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "cache-control": "private, max-age=86400",
}


@router.get("/catalog")
async def catalog_page(viewer: CurrentViewer, search: str = "") -> HTMLResponse:
    """Show the charts, those found by `search` only when it is given."""
    service = viewer.platform.catalog
    words = search.split()
    catalogs = service.catalogs(viewer.actor)
    if words:
        found = service.search(viewer.actor, search, language=viewer.language)
    else:
        found = tuple(chart for catalog in catalogs for chart in one_of_each(catalog))
    return await viewer.render(
        "catalog/catalog.html",
        cards=[cards.card(chart, viewer.language, words) for chart in found],
        faults=[fault for one in catalogs for fault in cards.faults(one, viewer.language)],
        search=search,
    )


@router.get("/catalog/{catalog}/{chart}/icon")
async def icon(viewer: CurrentViewer, catalog: str, chart: str) -> FileResponse:
    """Return a chart's icon. Raises ChartNotFoundError, also when it has none."""
    found = viewer.platform.catalog.chart(viewer.actor, chart, catalog=catalog)
    if found.icon is None:
        raise ChartNotFoundError(chart=chart, catalog=catalog)
    media = mimetypes.guess_type(found.icon.name)[0] or "application/octet-stream"
    return FileResponse(found.icon, media_type=media, headers=_ICON_HEADERS)
