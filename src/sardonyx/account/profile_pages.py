"""Show a person's profile: the administrator's form, saved only when they say so."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from sardonyx.account.errors import ProfileInvalidError
from sardonyx.account.profiles import shown_values
from sardonyx.errors import HTTP_STATUS
from sardonyx.launcher.models import path_text
from sardonyx.launcher.profile import FittedProfile, injected, switched_items
from sardonyx.launcher.yaml_text import write
from sardonyx.services.form_view import (
    counts,
    field_id,
    posted_form,
    read_posted,
    shown_fields,
    write_patch,
)
from sardonyx.text import N_, Text
from sardonyx.values import pointer
from sardonyx.web.problem_lines import problem_lines
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter(prefix="/account/profile")
_CHECK = "/account/profile/check"


@router.get("")
async def profile(viewer: CurrentViewer) -> HTMLResponse:
    """Show the profile as it was saved. Raises ProfileNotOfferedError."""
    saved = await viewer.platform.accounts.profiles.saved(viewer.actor, language=viewer.language)
    return await _page(viewer, saved)


@router.post("/check")
async def check(viewer: CurrentViewer, request: Request) -> HTMLResponse:
    """Return the form again with what is typed so far judged; nothing is saved."""
    edited, _ = await _posted(viewer, request)
    body = viewer.fragment("account/profile_form.html", **_context(viewer, edited, unsaved=True))
    return HTMLResponse(body)


@router.post("")
async def save(viewer: CurrentViewer, request: Request) -> Response:
    """Save the profile; a button of the form without script only shows it changed."""
    edited, form = await _posted(viewer, request)
    if form.is_edit:
        return await _page(viewer, edited, unsaved=True)
    try:
        done = await viewer.platform.accounts.profiles.save(viewer.actor, edited)
    except ProfileInvalidError as refused:
        return await _page(viewer, edited, unsaved=True, status=HTTP_STATUS[refused.kind])
    said = Text(N_("Saved. Services launched from now on have it."))
    return viewer.go("/account/profile", said, commands=done.commands)


@router.post("/forget-rest")
async def forget_rest(viewer: CurrentViewer) -> Response:
    """Remove what does not fit the form any more."""
    profiles = viewer.platform.accounts.profiles
    saved = await profiles.saved(viewer.actor, language=viewer.language)
    await profiles.save(viewer.actor, saved, forget_rest=True)
    return viewer.go("/account/profile", Text(N_("Removed.")))


async def _posted(viewer: Viewer, request: Request) -> tuple[FittedProfile, Any]:
    form = await posted_form(request)
    posted = read_posted(form)
    shows_switches = form.get("switches") == "true"
    edited = await viewer.platform.accounts.profiles.edited(
        viewer.actor,
        patch=posted.patch,
        problems=posted.problems,
        edits=posted.edits,
        on={str(one) for one in form.getlist("inject")} if shows_switches else None,
        language=viewer.language,
    )
    return edited, posted


async def _page(
    viewer: Viewer, shown: FittedProfile, *, unsaved: bool = False, status: int = 200
) -> HTMLResponse:
    context = _context(viewer, shown, unsaved=unsaved)
    return await viewer.render("account/profile.html", status=status, **context)


def _context(viewer: Viewer, shown: FittedProfile, *, unsaved: bool) -> dict[str, Any]:
    draft = shown.draft
    places = shown_fields(draft.form, (one.pointer for one in shown.problems))
    switches = {pointer(path): path not in shown.held_back for path in switched_items(draft.form)}
    return {
        "form": draft.form,
        "check_at": _CHECK,
        "patch": write_patch(draft.patch),
        "unsaved": unsaved,
        "changed": bool(draft.patch),
        "problems": problem_lines(shown.problems, viewer.language, places),
        "switches": switches,
        "rest": [path_text(entry.path) for entry in shown.rest],
        "values": write(injected(shown_values(draft), shown.held_back)),
        "field_id": field_id,
        "counts": counts,
    }
