"""Serve the catalogue over REST v1: parse, one call, render."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse
from pydantic import JsonValue

from sardonyx.catalog.cards import PICTURES
from sardonyx.catalog.errors import CatalogRefreshRefusedError, IconNotFoundError
from sardonyx.catalog.models import Chart, ListedChart
from sardonyx.catalog.resolved import resolved
from sardonyx.catalog.service import CatalogService
from sardonyx.catalog.view import (
    CatalogList,
    ChartList,
    ChartView,
    RefreshAsked,
    ReportView,
    catalog_view,
    report_view,
    summary,
    whole,
)
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.service import authorised_project
from sardonyx.web.session import current_actor, request_language

router = APIRouter(tags=["catalogue"])

# An icon is a picture by somebody else: shown as one, never run as a page of ours.
_PICTURE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}


def catalog_of(request: Request) -> CatalogService:
    """Return the process's catalogue."""
    catalog: CatalogService = request.app.state.platform.catalog
    return catalog


Me = Annotated[Actor, Depends(current_actor)]
Language = Annotated[str, Depends(request_language)]
Served = Annotated[CatalogService, Depends(catalog_of)]
CatalogId = Annotated[str | None, Query(description="Without it: the first that has the chart.")]
Version = Annotated[str | None, Query(description="Without it: the newest, no pre-release.")]


def place(
    actor: Me, project: Annotated[str | None, Query(description="Without it: any of yours.")] = None
) -> Project | None:
    """Return the project a question is about. Raises ProjectNotFoundError."""
    return None if project is None else authorised_project(actor, project)


Place = Annotated[Project | None, Depends(place)]


@dataclass(frozen=True, slots=True)
class Named:
    """What an address says of a chart."""

    chart: str
    catalog: str | None
    version: str | None
    project: Project | None


def named(chart: str, project: Place, catalog: CatalogId = None, version: Version = None) -> Named:
    """Return what the address says."""
    return Named(chart, catalog, version, project)


Address = Annotated[Named, Depends(named)]


def chosen(actor: Me, served: Served, asked: Address) -> Chart:
    """Return the chart an address names."""
    return served.chart(
        actor, asked.chart, catalog=asked.catalog, version=asked.version, project=asked.project
    )


Chosen = Annotated[Chart, Depends(chosen)]


@router.get("/catalog")
def catalogs(actor: Me, served: Served, language: Language, project: Place) -> CatalogList:
    """List the catalogues, their charts, and the charts that could not be read."""
    return CatalogList(
        catalogs=[
            catalog_view(one, language, runs_here=served.runs_here)
            for one in served.catalogs(actor, project=project)
        ]
    )


@router.post("/catalog/refresh", status_code=202)
def refresh(actor: Me, served: Served) -> RefreshAsked:
    """Have every catalogue and the schemas read again soon; for administrators."""
    if not actor.is_admin:
        raise CatalogRefreshRefusedError
    return RefreshAsked(catalogs=list(served.reload()))


@router.get("/catalog-report")
def catalog_report(actor: Me, served: Served, language: Language) -> ReportView:
    """Tell an administrator what the offered charts ask for and do not get here."""
    return report_view(served.report(actor), language)


@router.get("/catalog-search")  # not below “/catalog/”, where a chart may be called so
def search(
    actor: Me,
    served: Served,
    language: Language,
    project: Place,
    text: Annotated[str, Query(max_length=200)] = "",
) -> ChartList:
    """Find charts by words of their names, titles, descriptions and keywords."""
    found = served.search(actor, text, language=language, project=project)
    return ChartList(
        charts=[summary(chart, language, runs_here=served.runs_here(chart)) for chart in found]
    )


@router.get("/catalog/{chart}")
def show(found: Chosen, actor: Me, served: Served, language: Language, project: Place) -> ChartView:
    """Show a chart: versions, schema, values, readme."""
    ref = found.ref
    versions = served.versions(actor, ref.chart, catalog=ref.catalog, project=project)
    return whole(found, versions, language, runs_here=served.runs_here(found))


@router.get("/catalog/{chart}/schema")
def schema(
    found: Chosen,
    actor: Me,
    served: Served,
    for_me: Annotated[
        bool,
        Query(alias="resolved", description="With references followed, for the person's roles."),
    ] = False,
) -> dict[str, JsonValue]:
    """Return the schema of a chart's values; empty when it has none."""
    if not for_me:
        return found.schema or {}
    return resolved(found.schema or {}, served.overrides(actor))


@router.get("/catalog/{chart}/values")
def values(found: Chosen) -> dict[str, JsonValue]:
    """Return a chart's own values."""
    return found.values


@router.get("/catalog/{chart}/readme", response_class=PlainTextResponse)
def readme(found: Chosen) -> PlainTextResponse:
    """Return a chart's readme, as Markdown."""
    return PlainTextResponse(found.readme, media_type="text/markdown")


@router.get("/catalog/{chart}/icon", response_class=FileResponse)
def icon(actor: Me, served: Served, asked: Address, request: Request) -> Response:
    """Return a chart's icon."""
    found = served.listed(
        actor, asked.chart, catalog=asked.catalog, version=asked.version, project=asked.project
    )
    return icon_response(found, request)


def icon_response(chart: ListedChart, request: Request) -> Response:
    """Return the icon's bytes, 304 when the caller has them. Raises IconNotFoundError."""
    if chart.icon is None:
        raise IconNotFoundError(chart=chart.ref.chart)
    content = chart.icon.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {**_PICTURE, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=PICTURES[chart.icon.suffix], headers=headers)
