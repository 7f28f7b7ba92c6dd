"""Serve charts that a person brings over REST v1: review first, then keep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from sardonyx.api.bodies import takes_streams
from sardonyx.catalog.errors import OwnChartsOffError
from sardonyx.catalog.own import OwnCharts
from sardonyx.catalog.own_view import (
    KeptNow,
    OwnChartView,
    RemovedView,
    ReviewView,
    SourceBody,
    kept_view,
    own_chart_view,
    removed_view,
    review_view,
)
from sardonyx.projects.models import Actor
from sardonyx.web.session import READS_CHARTS, current_actor, request_language

router = APIRouter(tags=["catalogue"])


def own_charts_of(request: Request) -> OwnCharts:
    """Return the service. Raises OwnChartsOffError where there is none."""
    found: OwnCharts | None = request.app.state.platform.own_charts
    if found is None:
        raise OwnChartsOffError
    return found


Me = Annotated[Actor, Depends(current_actor)]
Language = Annotated[str, Depends(request_language)]
Own = Annotated[OwnCharts, Depends(own_charts_of)]


@router.post("/chart-reviews", status_code=201)
async def review_chart(body: SourceBody, actor: Me, own: Own, language: Language) -> ReviewView:
    """Fetch a chart and say what it creates and asks for; nothing of it runs."""
    done = await own.review(actor, body.source())
    return review_view(done.result.digest, done.result.review, language, done.commands)


@router.put("/chart-archives/{name}", status_code=201, dependencies=[Depends(takes_streams)])
async def review_archive(
    name: str, request: Request, actor: Me, own: Own, language: Language
) -> ReviewView:
    """Say what the archive in the body (`.tgz`) creates and asks for; nothing of it runs."""
    done = await own.review_archive(actor, name, _body(request))
    return review_view(done.result.digest, done.result.review, language, done.commands)


@router.get("/chart-reviews/{digest}")
async def reviewed_chart(
    digest: str,
    actor: Me,
    own: Own,
    language: Language,
    anew: Annotated[bool, Query(description="Ask the cluster again; see `askedAt`.")] = False,
) -> ReviewView:
    """Return a review again."""
    return review_view(digest, await own.reviewed(actor, digest, anew=anew), language)


@router.post("/chart-reviews/{digest}/keep", status_code=201)
async def keep_chart(digest: str, actor: Me, own: Own) -> KeptNow:
    """Offer a reviewed chart in the catalogue `own`, to be launched as any other."""
    return kept_view(await own.keep(actor, digest))


@router.get("/own-charts", dependencies=READS_CHARTS)
async def own_charts(actor: Me, own: Own, language: Language) -> list[OwnChartView]:
    """List the charts of the catalogue `own`, with the services launched from each."""
    return [own_chart_view(chart, services, language) for chart, services in own.mine(actor)]


@router.delete("/own-charts/{chart}", dependencies=READS_CHARTS)
async def remove_chart(
    chart: str,
    actor: Me,
    own: Own,
    version: Annotated[str | None, Query(description="Without it: all its versions.")] = None,
) -> RemovedView:
    """Take a chart out of the catalogue `own`; services launched from it go on."""
    return removed_view(await own.remove(actor, chart, version))


async def _body(request: Request) -> AsyncIterator[bytes]:
    async for block in request.stream():
        yield block
