"""Serve the catalogue over REST v1: parse, one call, render."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse
from pydantic import JsonValue

from sardonyx.catalog.errors import IconNotFoundError
from sardonyx.catalog.models import Chart
from sardonyx.catalog.service import CatalogService
from sardonyx.catalog.view import (
    CatalogList,
    ChartList,
    ChartView,
    catalog_view,
    summary,
    whole,
)
from sardonyx.projects.models import Actor
from sardonyx.web.session import current_actor, request_language

router = APIRouter(tags=["catalogue"])

# An icon is a picture by somebody else: shown as one, never run as a page of ours.
_PICTURE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}
_ICON_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}


def catalog_of(request: Request) -> CatalogService:
    """Return the process's catalogue."""
    catalog: CatalogService = request.app.state.platform.catalog
    return catalog


Me = Annotated[Actor, Depends(current_actor)]
Language = Annotated[str, Depends(request_language)]
Served = Annotated[CatalogService, Depends(catalog_of)]
CatalogId = Annotated[str | None, Query(description="Without it: the first that has the chart.")]
Version = Annotated[str | None, Query(description="Without it: the newest, no pre-release.")]


def chosen(
    chart: str, actor: Me, served: Served, catalog: CatalogId = None, version: Version = None
) -> Chart:
    """Return the chart an address names."""
    return served.chart(actor, chart, catalog=catalog, version=version)


Chosen = Annotated[Chart, Depends(chosen)]


@router.get("/catalog")
def catalogs(actor: Me, served: Served, language: Language) -> CatalogList:
    """List the catalogues, their charts, and the charts that could not be read."""
    return CatalogList(catalogs=[catalog_view(one, language) for one in served.catalogs(actor)])


@router.get("/catalog/search")
def search(
    actor: Me, served: Served, language: Language, text: Annotated[str, Query(max_length=200)] = ""
) -> ChartList:
    """Find charts by words of their names, titles, descriptions and keywords."""
    found = served.search(actor, text, language=language)
    return ChartList(charts=[summary(chart, language) for chart in found])


@router.get("/catalog/{chart}")
def show(found: Chosen, actor: Me, served: Served, language: Language) -> ChartView:
    """Show a chart: versions, schema, values, readme."""
    versions = served.versions(actor, found.ref.chart, catalog=found.ref.catalog)
    return whole(found, versions, language)


@router.get("/catalog/{chart}/schema")
def schema(found: Chosen) -> dict[str, JsonValue]:
    """Return the schema of a chart's values; empty when it has none."""
    return found.schema or {}


@router.get("/catalog/{chart}/values")
def values(found: Chosen) -> dict[str, JsonValue]:
    """Return a chart's own values."""
    return found.values


@router.get("/catalog/{chart}/readme", response_class=PlainTextResponse)
def readme(found: Chosen) -> PlainTextResponse:
    """Return a chart's readme, as Markdown."""
    return PlainTextResponse(found.readme, media_type="text/markdown")


@router.get("/catalog/{chart}/icon", response_class=FileResponse)
def icon(found: Chosen, request: Request) -> Response:
    """Return a chart's icon."""
    return icon_response(found, request)


def icon_response(chart: Chart, request: Request) -> Response:
    """Return the icon's bytes, 304 when the caller has them. Raises IconNotFoundError."""
    if chart.icon is None:
        raise IconNotFoundError(chart=chart.ref.chart)
    content = chart.icon.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {**_PICTURE, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_ICON_TYPES[chart.icon.suffix], headers=headers)
