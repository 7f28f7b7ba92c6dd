"""Show a change of a running service: the form, what it makes different, earlier states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sardonyx.errors import HTTP_STATUS, Problem, UserError
from sardonyx.launcher.form import read_submission
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.patch import apply, diff
from sardonyx.services.cards import card
from sardonyx.services.change_planning import ChangePreview, OpenChange
from sardonyx.services.form_view import (
    Posted,
    counts,
    field_id,
    posted_form,
    read_posted,
    shown_fields,
    write_patch,
)
from sardonyx.services.view import FindingView
from sardonyx.text import N_, Text
from sardonyx.web.problem_lines import ProblemLine, problem_lines
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter()
_NOTHING = Posted()


@dataclass(frozen=True, slots=True)
class Change:
    """One state of the page of a change: its draft, and what it would make different."""

    open: OpenChange
    preview: ChangePreview


@router.get("/services/{name}/edit")
async def edit_page(viewer: CurrentViewer, name: str, version: str | None = None) -> HTMLResponse:
    """Open the settings of a service that runs, as it runs."""
    change = await _opened(viewer, name, _NOTHING, version=version)
    return await viewer.render("services/edit.html", **await _context(viewer, change))


@router.post("/services/{name}/edit/check")
async def check(viewer: CurrentViewer, request: Request, name: str) -> HTMLResponse:
    """Return the form again with what is typed so far judged; nothing is changed."""
    change = await _opened(viewer, name, read_posted(await posted_form(request)))
    return HTMLResponse(viewer.fragment("services/change.html", **await _context(viewer, change)))


@router.post("/services/{name}/edit")
async def review(viewer: CurrentViewer, request: Request, name: str) -> HTMLResponse:
    """Show what the change makes different, objects included; or the form, to go on."""
    form = await posted_form(request)
    posted = read_posted(form)
    change = await _opened(viewer, name, posted)
    goes_on = posted.is_edit or "back" in form
    context = await _context(viewer, change)
    if goes_on or change.preview.refused or change.preview.is_empty:
        context["refused"] = not goes_on and change.preview.refused
        context["unchanged"] = not goes_on and change.preview.is_empty
        return await viewer.render("services/edit.html", **context)
    services = viewer.platform.services
    preview = await services.preview_change(viewer.actor, change.open, objects=True)
    return await viewer.render("services/review.html", **_reviewed(viewer, preview, context))


@router.post("/services/{name}/edit/apply")
async def apply_change(viewer: CurrentViewer, request: Request, name: str) -> Response:
    """Change the service, and go to it; or show again what stands in the way."""
    form = await posted_form(request)
    change = await _opened(viewer, name, read_posted(form))
    tag = form.get("etag")
    try:
        done = await viewer.platform.services.change(
            viewer.actor, change.open, expected_etag=tag if isinstance(tag, str) else None
        )
    except UserError as refused:
        context = await _context(viewer, change)
        said = refused.detail_text().in_language(viewer.language)
        line = ProblemLine("", refused.title_text().in_language(viewer.language), said, "error")
        context |= {"refused": True, "problems": context["problems"] or (line,)}
        return await viewer.render(
            "services/edit.html", status=HTTP_STATUS[refused.kind], **context
        )
    said_done = Text(N_("“{name}” is changing."), {"name": done.result.friendly_name})
    return viewer.go(f"/services/{name}", said_done, commands=done.commands)


@router.get("/services/{name}/history")
async def history(viewer: CurrentViewer, name: str) -> HTMLResponse:
    """Show what a service was before."""
    services, actor, project = viewer.platform.services, viewer.actor, viewer.project.id
    service = await services.show(actor, project, name)
    return await viewer.render(
        "services/history.html",
        card=card(viewer, service),
        revisions=await services.history(actor, project, name),
        words=_REVISION_WORDS,
    )


@router.get("/services/{name}/history/{number}")
async def earlier(viewer: CurrentViewer, name: str, number: int) -> HTMLResponse:
    """Show what returning to an earlier state makes different, and ask."""
    services, actor, project = viewer.platform.services, viewer.actor, viewer.project.id
    service = await services.show(actor, project, name)
    preview = await services.preview_roll_back(actor, project, name, number)
    context = {"card": card(viewer, service), "problems": (), "findings": []}
    return await viewer.render(
        "services/return.html", **_reviewed(viewer, preview, context), number=number
    )


@router.post("/services/{name}/rollback")
async def roll_back(
    viewer: CurrentViewer,
    name: str,
    revision: Annotated[int, Form(ge=1)],
    etag: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Return to an earlier state."""
    done = await viewer.platform.services.roll_back(
        viewer.actor, viewer.project.id, name, revision, expected_etag=etag or None
    )
    said = Text(N_("“{name}” returns to its earlier state."), {"name": done.result.friendly_name})
    return viewer.go(f"/services/{name}", said, commands=done.commands)


@router.post("/services/{name}/share")
async def share(
    viewer: CurrentViewer, name: str, shared: Annotated[bool, Form()] = False
) -> RedirectResponse:
    """Let the group see a service, or its owner alone."""
    done = await viewer.platform.services.share(
        viewer.actor, viewer.project.id, name, shared=shared
    )
    words = N_("“{name}” is shared with the group.") if shared else N_("“{name}” is yours alone.")
    said = Text(words, {"name": done.result.friendly_name})
    return viewer.go(f"/services/{name}", said, commands=done.commands)


@router.post("/services/{name}/adopt")
async def adopt(viewer: CurrentViewer, name: str) -> RedirectResponse:
    """Become the owner of a service that has none."""
    done = await viewer.platform.services.adopt(viewer.actor, viewer.project.id, name)
    said = Text(N_("“{name}” is yours now."), {"name": done.result.friendly_name})
    return viewer.go(f"/services/{name}", said, commands=done.commands)


_REVISION_WORDS = {
    "deployed": N_("now"),
    "superseded": N_("earlier"),
    "failed": N_("failed"),
    "pending": N_("under way"),
}


async def _opened(
    viewer: Viewer, name: str, posted: Posted, *, version: str | None = None
) -> Change:
    """Return the state of the page that `posted` makes."""
    services = viewer.platform.services

    async def opened(edits: tuple[PatchEntry, ...]) -> OpenChange:
        return await services.open_change(
            viewer.actor,
            viewer.project.id,
            name,
            version=posted.version or version,
            edits=edits,
            language=viewer.language,
        )

    change = await opened(posted.patch)
    if posted.edits:
        patch = read_submission(change.draft, posted.edits)
        values = apply(change.draft.defaults, patch)
        change = await opened(tuple(diff(change.base, values)))
    if posted.problems:
        seen = change.opened
        change = replace(change, opened=replace(seen, problems=(*posted.problems, *seen.problems)))
    preview = await services.preview_change(viewer.actor, change, objects=False)
    return Change(change, preview)


async def _context(viewer: Viewer, change: Change) -> dict[str, Any]:
    services, opened, preview = viewer.platform.services, change.open, change.preview
    name = opened.seen.release
    service = await services.show(viewer.actor, viewer.project.id, name)
    shown = card(viewer, service)
    draft = opened.draft
    version = draft.chart.ref.version
    versions = services.version_choices(viewer.actor, service)
    known = (*opened.opened.problems, *draft.problems)
    shown_at = shown_fields(draft.form, (one.pointer for one in known))

    def lines(problems: Iterable[Problem]) -> tuple[ProblemLine, ...]:
        return problem_lines(tuple(problems), viewer.language, shown_at)

    return {
        "card": shown,
        "check_at": f"{shown.address}/edit/check",
        "form": draft.form,
        "patch": write_patch(opened.edits),
        "changed": len(opened.edits),
        "version": version,
        "running_version": opened.seen.chart.version,
        "versions": versions if version in versions else (version, *versions),
        "etag": preview.etag,
        "preview": preview,
        "problems": lines(one for one in known if one.level == "error"),
        # What the chart itself leaves open was so before: it is its author's affair.
        "notices": lines(one for one in opened.opened.problems if one.level != "error"),
        "findings": [FindingView.of(one, viewer.language) for one in preview.findings],
        "refused": False,
        "unchanged": False,
        "field_id": field_id,
        "counts": counts,
    }


def _reviewed(viewer: Viewer, preview: ChangePreview, context: dict[str, Any]) -> dict[str, Any]:
    """Return the context of a page that shows a difference, objects included."""
    refusals = [
        ProblemLine("", "", one.message.in_language(viewer.language), one.level)
        for one in preview.problems
        if one.level == "error"
    ]
    return {
        **context,
        "preview": preview,
        "etag": preview.etag,
        "problems": tuple(refusals),
        "findings": [FindingView.of(one, viewer.language) for one in preview.findings],
        "lines": diff_lines,
    }


def diff_lines(text: str) -> list[tuple[str, str]]:
    """Return the lines of a unified difference, each with its kind: added, removed, place, same."""
    kinds = {"+": "added", "-": "removed", "@": "place"}
    return [(kinds.get(line[:1], "same"), line) for line in text.splitlines()]
