"""Show how to bring a chart of one's own: where it is, what it would do, then the launcher."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import UploadFile

from sardonyx.api.bodies import BodyTooLargeError, bounded, takes_streams
from sardonyx.catalog.cards import launch_address
from sardonyx.catalog.errors import (
    ChartAddressRefusedError,
    ChartArchiveRefusedError,
    ChartNotFoundError,
    ChartSourceError,
)
from sardonyx.catalog.models import LARGEST_ARCHIVE
from sardonyx.catalog.own import OwnCharts
from sardonyx.catalog.own_api import own_charts_of
from sardonyx.catalog.own_ports import OWN_CATALOG, ChartSource
from sardonyx.catalog.own_view import own_chart_view, review_view
from sardonyx.errors import HTTP_STATUS, Problem, UserError
from sardonyx.text import N_, Text
from sardonyx.web.problem_lines import problem_lines
from sardonyx.web.session import READS_CHARTS
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter()

_BLOCK = 1024 * 1024
_AROUND = 64 * 1024  # bytes of the form beside the archive
_FIELDS = ("address", "chart", "version", "folder", "branch")


@router.get("/catalog/any", dependencies=READS_CHARTS)
async def bring(viewer: CurrentViewer, request: Request) -> HTMLResponse:
    """Ask where the chart is. Raises OwnChartsOffError."""
    return await _asked(viewer, own_charts_of(request), dict.fromkeys(_FIELDS, ""))


@router.post("/catalog/any", dependencies=[Depends(takes_streams)])
async def fetch(viewer: CurrentViewer, request: Request) -> Response:
    """Fetch it and go to its review; or say why it cannot be had."""
    own = own_charts_of(request)
    given = dict.fromkeys(_FIELDS, "")
    try:
        async with bounded(request, LARGEST_ARCHIVE + _AROUND).form(max_files=1) as form:
            given = {name: str(form.get(name) or "").strip()[:2000] for name in _FIELDS}
            file = form.get("archive")
            if isinstance(file, UploadFile) and file.filename:
                done = await own.review_archive(viewer.actor, file.filename, _blocks(file))
            else:
                done = await own.review(viewer.actor, ChartSource(**given))
    except BodyTooLargeError:
        return await _asked(viewer, own, given, _too_large())
    except (ChartSourceError, ChartAddressRefusedError, ChartArchiveRefusedError) as error:
        return await _asked(viewer, own, given, error)
    return viewer.go(f"/catalog/any/{done.result.digest}", commands=done.commands)


@router.get("/catalog/any/{digest}")
async def reviewed(
    viewer: CurrentViewer, request: Request, digest: str, anew: bool = False
) -> HTMLResponse:
    """Show what the chart creates and asks for; anew: as the cluster says it now."""
    found = await own_charts_of(request).reviewed(viewer.actor, digest, anew=anew)
    view = review_view(digest, found, viewer.language)
    on_cluster = own_charts_of(request).on_cluster
    return await viewer.render("catalog/any_review.html", found=view, on_cluster=on_cluster)


@router.post("/catalog/any/{digest}")
async def keep(viewer: CurrentViewer, request: Request, digest: str) -> Response:
    """Keep the chart, and open its launcher."""
    done = await own_charts_of(request).keep(viewer.actor, digest)
    ref = done.result
    kept = Text(N_("It is in your catalogue now, and stays there for its services."))
    address = f"{launch_address(ref)}?version={ref.version}"
    return viewer.go(address, kept, commands=done.commands)


@router.get("/catalog/own/{chart}/{version}/remove", dependencies=READS_CHARTS)
async def ask_remove(
    viewer: CurrentViewer, request: Request, chart: str, version: str
) -> HTMLResponse:
    """Say which services go on, and ask. Raises ChartNotFoundError."""
    for one, services in own_charts_of(request).mine(viewer.actor):
        if (one.ref.chart, one.ref.version) == (chart, version):
            view = own_chart_view(one, services, viewer.language)
            return await viewer.render("catalog/own_remove.html", chart=view)
    raise ChartNotFoundError(chart=chart, catalog=OWN_CATALOG)


@router.post("/catalog/own/{chart}/{version}/remove", dependencies=READS_CHARTS)
async def remove(viewer: CurrentViewer, request: Request, chart: str, version: str) -> Response:
    """Take the chart out of the person's catalogue."""
    done = await own_charts_of(request).remove(viewer.actor, chart, version)
    said = Text(
        N_("“{chart}” {version} is no longer in your catalogue."),
        {"chart": chart, "version": version},
    )
    return viewer.go("/catalog/any", said, commands=done.commands)


async def _asked(
    viewer: Viewer, own: OwnCharts, given: dict[str, str], error: UserError | None = None
) -> HTMLResponse:
    """Show the form again, with what was given and what is wrong with it."""
    return await viewer.render(
        "catalog/any.html",
        status=200 if error is None else HTTP_STATUS[error.kind],
        given=given,
        error=error,
        problems=problem_lines(error.problems, viewer.language) if error else (),
        allowance=own.allowance,
        most=LARGEST_ARCHIVE // _BLOCK,
        mine=[own_chart_view(one, used, viewer.language) for one, used in own.mine(viewer.actor)],
    )


def _too_large() -> ChartSourceError:
    message = Text(N_("It has more than {most} MB."), {"most": LARGEST_ARCHIVE // _BLOCK})
    problem = Problem("", "archive_too_large", "error", message)
    return ChartSourceError(address=".tgz", problems=(problem,))


async def _blocks(file: UploadFile) -> AsyncIterator[bytes]:
    while block := await file.read(_BLOCK):
        yield block
