"""Show how to bring a chart of one's own: where it is, what it would do, then the launcher."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import UploadFile

from sardonyx.catalog.cards import launch_address
from sardonyx.catalog.errors import ChartSourceError
from sardonyx.catalog.own import ChartSource
from sardonyx.catalog.own_api import own_charts_of
from sardonyx.catalog.own_view import review_view
from sardonyx.errors import HTTP_STATUS
from sardonyx.text import N_, Text
from sardonyx.web.problem_lines import problem_lines
from sardonyx.web.views import CurrentViewer

router = APIRouter()

_BLOCK = 1024 * 1024
_FIELDS = ("address", "chart", "version", "folder", "branch")


@router.get("/catalog/any")
async def bring(viewer: CurrentViewer, request: Request) -> HTMLResponse:
    """Ask where the chart is. Raises OwnChartsOffError."""
    own_charts_of(request)
    return await viewer.render("catalog/any.html", given=dict.fromkeys(_FIELDS, ""), error=None)


@router.post("/catalog/any")
async def fetch(viewer: CurrentViewer, request: Request) -> Response:
    """Fetch it and go to its review; or say why it cannot be had."""
    own = own_charts_of(request)
    async with request.form() as form:
        given = {name: str(form.get(name) or "").strip()[:2000] for name in _FIELDS}
        file = form.get("archive")
        try:
            if isinstance(file, UploadFile) and file.filename:
                done = await own.review_archive(viewer.actor, file.filename, _blocks(file))
            else:
                done = await own.review(viewer.actor, ChartSource(**given))
        except ChartSourceError as error:
            return await viewer.render(
                "catalog/any.html",
                status=HTTP_STATUS[error.kind],
                given=given,
                error=error,
                problems=problem_lines(error.problems, viewer.language),
            )
    return viewer.go(f"/catalog/any/{done.result.digest}", commands=done.commands)


@router.get("/catalog/any/{digest}")
async def reviewed(viewer: CurrentViewer, request: Request, digest: str) -> HTMLResponse:
    """Show what the chart creates and asks for."""
    found = await own_charts_of(request).reviewed(viewer.actor, digest)
    view = review_view(digest, found, viewer.language)
    return await viewer.render("catalog/any_review.html", found=view)


@router.post("/catalog/any/{digest}")
async def keep(viewer: CurrentViewer, request: Request, digest: str) -> Response:
    """Keep the chart, and open its launcher."""
    ref = await own_charts_of(request).keep(viewer.actor, digest)
    kept = Text(N_("It is in your catalogue now, and stays there for its services."))
    return viewer.go(f"{launch_address(ref)}?version={ref.version}", kept)


async def _blocks(file: UploadFile) -> AsyncIterator[bytes]:
    while block := await file.read(_BLOCK):
        yield block
