"""Show the launcher: few fields first, everything folded below, what will be created beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from sardonyx.catalog.cards import card as chart_card
from sardonyx.errors import HTTP_STATUS, PlatformError, UserError
from sardonyx.files.places import place_of
from sardonyx.launcher.draft import Draft
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

# Where our charts of notebooks take the file to show first.
_OPENED_FIRST = ("open", "path")


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
    viewer: CurrentViewer,
    catalog: str,
    chart: str,
    version: str | None = None,
    file: str | None = None,
    like: str | None = None,
) -> HTMLResponse:
    """Open the launcher of a chart; with `file`, to open a notebook that reads it first.

    like: a service whose settings are copied, without its secrets.
    """
    patch: tuple[PatchEntry, ...] = ()
    if like:
        _, patch = await viewer.platform.services.copied(
            viewer.actor, viewer.project.id, like, language=viewer.language
        )
    if file:
        name, _ = viewer.platform.files.notebook(viewer.actor, viewer.project.id, file)
        patch = (PatchEntry(_OPENED_FIRST, name),)
    posted = Posted(None, version, "", False, patch, {}, False)
    launch = await _opened(viewer, catalog, chart, posted)
    return await viewer.render("services/launch.html", **_context(viewer, launch), file=file)


@router.post("/launch/{catalog}/{chart}/check")
async def check(viewer: CurrentViewer, request: Request, catalog: str, chart: str) -> HTMLResponse:
    """Return the form again with what is typed so far judged; nothing is launched."""
    launch = await _opened(viewer, catalog, chart, read_posted(await request.form()))
    return HTMLResponse(viewer.fragment("services/draft.html", **_context(viewer, launch)))


@router.post("/launch/{catalog}/{chart}")
async def launch_now(
    viewer: CurrentViewer, request: Request, catalog: str, chart: str, file: str | None = None
) -> Response:
    """Launch, and go to the service; or show again what stands in the way."""
    posted = read_posted(await request.form())
    launch = await _opened(viewer, catalog, chart, posted)
    if posted.is_edit:  # a button of the form, on a page without script
        return await viewer.render("services/launch.html", **_context(viewer, launch), file=file)
    try:
        done = await viewer.platform.services.launch(
            viewer.actor,
            project=viewer.project.id,
            draft=launch.opened,
            friendly_name=launch.friendly_name,
            shared=launch.shared,
        )
    except UserError as refused:
        context = {**_context(viewer, launch), "refused": True, "file": file}
        return await viewer.render(
            "services/launch.html", status=HTTP_STATUS[refused.kind], **context
        )
    name = done.result.name
    if file:
        notebook, content = viewer.platform.files.notebook(
            viewer.actor, viewer.project.id, file, language=viewer.language
        )
        try:
            await viewer.platform.services.place_file(
                viewer.actor, viewer.project.id, name, notebook, content
            )
        except PlatformError as failed:  # it was launched all the same
            return viewer.go(f"/services/{name}", failed.detail_text(), tone="warning")
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


@dataclass(frozen=True, slots=True)
class Inside:
    """What a launch finds inside, as the chart and the values have it."""

    files: bool
    secrets: bool
    git: bool
    found: bool

    @classmethod
    def of(cls, draft: Draft) -> Inside:
        """Return what `draft` switches on; `found`: other services discover this one."""
        discover = (draft.chart.local or {}).get("discover")
        return cls(
            files=_is_on(draft, "s3"),
            secrets=_is_on(draft, "vault"),
            git=_is_on(draft, "git"),
            found=isinstance(discover, dict) and bool(discover.get("provides")),
        )


def _is_on(draft: Draft, block: str) -> bool:
    values = draft.merged.get(block)
    return isinstance(values, dict) and values.get("enabled") is True


def _context(viewer: Viewer, launch: Launch) -> dict[str, Any]:
    draft, preview = launch.opened.draft, launch.preview
    ref = draft.chart.ref
    shown = chart_card(draft.chart, viewer.language)
    versions = viewer.platform.catalog.versions(viewer.actor, ref.chart, catalog=ref.catalog)
    return {
        "card": shown,
        "check_at": f"{shown.launch}/check",
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
        "bucket": place_of(viewer.project),
        "has": Inside.of(draft),
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
