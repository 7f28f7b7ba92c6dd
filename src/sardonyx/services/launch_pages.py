"""Show the launcher: few fields first, everything folded below, what will be created beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from sardonyx.catalog.cards import card as chart_card
from sardonyx.errors import HTTP_STATUS, UserError
from sardonyx.launcher.form import read_submission
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.yaml_text import write
from sardonyx.services.form_view import (
    Posted,
    counts,
    field_id,
    read_posted,
    shown_fields,
    write_patch,
)
from sardonyx.services.launching import OpenDraft
from sardonyx.services.planning import Preview
from sardonyx.services.view import FindingView
from sardonyx.text import N_, Text, localized
from sardonyx.web.problem_lines import ProblemLine, problem_lines
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Launch:
    """One state of the launch page: the draft, what was typed beside it, what it would make."""

    opened: OpenDraft
    friendly_name: str
    shared: bool
    preview: Preview | None
    refusal: UserError | None


@router.get("/launch/{catalog}/{chart}")
async def launch_page(
    viewer: CurrentViewer, catalog: str, chart: str, version: str | None = None
) -> HTMLResponse:
    """Open the launcher of a chart."""
    posted = Posted(None, version, "", False, (), {}, False)
    launch = await _opened(viewer, catalog, chart, posted)
    return await viewer.render("services/launch.html", **_context(viewer, launch))


@router.post("/launch/{catalog}/{chart}/check")
async def check(viewer: CurrentViewer, request: Request, catalog: str, chart: str) -> HTMLResponse:
    """Return the form again with what is typed so far judged; nothing is launched."""
    launch = await _opened(viewer, catalog, chart, read_posted(await request.form()))
    return HTMLResponse(viewer.fragment("services/draft.html", **_context(viewer, launch)))


@router.post("/launch/{catalog}/{chart}")
async def launch_now(viewer: CurrentViewer, request: Request, catalog: str, chart: str) -> Response:
    """Launch, and go to the service; or show again what stands in the way."""
    posted = read_posted(await request.form())
    launch = await _opened(viewer, catalog, chart, posted)
    if posted.is_edit:  # a button of the form, on a page without script
        return await viewer.render("services/launch.html", **_context(viewer, launch))
    try:
        done = await viewer.platform.services.launch(
            viewer.actor,
            project=viewer.project.id,
            draft=launch.opened,
            friendly_name=launch.friendly_name,
            shared=launch.shared,
        )
    except UserError as refused:
        context = {**_context(viewer, launch), "refused": True}
        return await viewer.render(
            "services/launch.html", status=HTTP_STATUS[refused.kind], **context
        )
    name = done.result.name
    return viewer.go(f"/services/{name}", Text(N_("Launched. It opens as soon as it answers.")))


async def _opened(viewer: Viewer, catalog: str, chart: str, posted: Posted) -> Launch:
    """Return the state of the page that `posted` makes."""
    services = viewer.platform.services

    async def draft(draft_id: str | None, patch: tuple[PatchEntry, ...]) -> OpenDraft:
        return await services.open_draft(
            viewer.actor,
            project=viewer.project.id,
            chart=chart,
            catalog=catalog,
            version=posted.version,
            patch=patch,
            language=viewer.language,
            draft_id=draft_id,
        )

    opened = await draft(posted.draft_id, posted.patch)
    if posted.edits:
        opened = await draft(opened.id, read_submission(opened.draft, posted.edits))
    title = localized(opened.draft.chart.title, viewer.language)
    preview, refusal = None, None
    try:
        preview = await services.preview(
            viewer.actor,
            project=viewer.project.id,
            draft=opened,
            friendly_name=posted.friendly_name or title,
            shared=posted.shared,
        )
    except UserError as error:
        refusal = error
    return Launch(opened, posted.friendly_name or title, posted.shared, preview, refusal)


def _context(viewer: Viewer, launch: Launch) -> dict[str, Any]:
    draft, preview = launch.opened.draft, launch.preview
    ref = draft.chart.ref
    versions = viewer.platform.catalog.versions(viewer.actor, ref.chart, catalog=ref.catalog)
    return {
        "card": chart_card(draft.chart, viewer.language),
        "draft_id": launch.opened.id,
        "form": draft.form,
        "patch": write_patch(draft.patch),
        "changed": len(draft.patch),
        "friendly_name": launch.friendly_name,
        "version": ref.version,
        "versions": versions,
        "is_group": viewer.project.group is not None,
        "shared": launch.shared,
        "problems": _problems(viewer, launch),
        "release": preview.release if preview else "",
        "values": write(preview.values) if preview else "",
        "commands": preview.commands if preview else None,
        "findings": [
            FindingView.of(one, viewer.language) for one in (preview.findings if preview else ())
        ],
        "git_name": viewer.preferences.git_name or viewer.actor.full_name,
        "git_email": viewer.preferences.git_email or viewer.actor.email,
        "bucket": viewer.project.bucket,
        "refused": False,
        "field_id": field_id,
        "counts": counts,
    }


def _problems(viewer: Viewer, launch: Launch) -> tuple[ProblemLine, ...]:
    draft = launch.opened.draft
    known = (*launch.opened.problems, *draft.problems)
    lines = problem_lines(known, viewer.language, shown_fields(draft.form))
    if launch.refusal is not None:
        said = launch.refusal.detail_text().in_language(viewer.language)
        lines = (ProblemLine("friendly", viewer.say(N_("Name")), said, "error"), *lines)
    return lines
