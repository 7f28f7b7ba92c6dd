"""Show the stores a person has keys to themselves: try them, change them, forget them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from sardonyx.account.errors import StorageRefusedError, StorageUnreachableError
from sardonyx.account.storage import StorageAsked
from sardonyx.errors import HTTP_STATUS, UserError
from sardonyx.launcher.own_profiles import OwnProfile
from sardonyx.text import N_, Text
from sardonyx.values import Secret
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter(prefix="/account/storage")
_PAGE = "/account/storage"
_TEST, _ANYWAY = "test", "anyway"


@router.get("")
async def storage(
    viewer: CurrentViewer, change: Annotated[str, Query(max_length=100)] = ""
) -> HTMLResponse:
    """Show the stores, and the form of a new one or of the one to change."""
    if not change:
        proposed = viewer.platform.accounts.storage.proposed
        blank = StorageAsked(
            "", proposed.url, proposed.region, path_style=proposed.path_style_access
        )
        return await _page(viewer, blank)
    found = await viewer.platform.accounts.storage.found(viewer.actor, change)
    return await _page(viewer, _asked(found), changed=found)


@router.post("")
async def keep(
    request: Request,
    viewer: CurrentViewer,
    name: Annotated[str, Form(max_length=100)],
    url: Annotated[str, Form(max_length=400)],
    region: Annotated[str, Form(max_length=400)] = "",
    folder: Annotated[str, Form(max_length=1200)] = "",
    style: Annotated[str, Form()] = "path",
    anonymous: Annotated[bool, Form()] = False,
    access_key_id: Annotated[str, Form()] = "",
    secret_access_key: Annotated[str, Form()] = "",
    session_token: Annotated[str, Form()] = "",
    act: Annotated[str, Form()] = "",
) -> Response:
    """Keep a store once it answers; `act=test` only tries it, `act=anyway` does not try.

    A script asks for what to say alone, so that the keys stay in the form while one corrects it.
    """
    asked = StorageAsked(
        name=name,
        url=url,
        region=region,
        path_style=style != "host",
        folder=folder,
        anonymous=anonymous,
        access_key_id=access_key_id,
        secret_access_key=Secret(secret_access_key),
        session_token=Secret(session_token),
    )
    own, by_script = viewer.platform.accounts.storage, "hx-request" in request.headers
    problem: UserError | None = None
    try:
        if act == _TEST:
            await own.check(viewer.actor, asked)
        else:
            done = await own.keep(viewer.actor, asked, unchecked=act == _ANYWAY)
            said = N_("“{name}” is kept. Launch forms offer it now.")
            there = viewer.go(_PAGE, Text(said, {"name": done.result.name}), commands=done.commands)
            if not by_script:
                return there
            return Response(headers={"HX-Redirect": there.headers["location"]})
    except UserError as refused:
        problem = refused
    if by_script:
        return HTMLResponse(viewer.fragment("account/storage_said.html", **_said(problem)))
    return await _page(viewer, asked, problem=problem, answers=problem is None)


@router.post("/{name}/test")
async def test(viewer: CurrentViewer, name: str) -> Response:
    """Reach a store with the keys that were given."""
    try:
        done = await viewer.platform.accounts.storage.test(viewer.actor, name)
    except (StorageUnreachableError, StorageRefusedError) as problem:
        return viewer.go(_PAGE, problem.detail_text(), tone="error")
    return viewer.go(_PAGE, Text(N_("“{name}” answers."), {"name": name}), commands=done.commands)


@router.post("/{name}/remove")
async def remove(viewer: CurrentViewer, name: str) -> Response:
    """Forget a store and its keys."""
    done = await viewer.platform.accounts.storage.remove(viewer.actor, name)
    said = Text(N_("“{name}” and its keys are forgotten."), {"name": name})
    return viewer.go(_PAGE, said, commands=done.commands)


async def _page(
    viewer: Viewer,
    asked: StorageAsked,
    *,
    changed: OwnProfile | None = None,
    problem: UserError | None = None,
    answers: bool = False,
) -> HTMLResponse:
    listed = await viewer.platform.accounts.storage.listed(viewer.actor)
    kept = changed or next((one for one in listed if one.name == asked.name), None)
    return await viewer.render(
        "account/storage.html",
        status=200 if problem is None else HTTP_STATUS[problem.kind],
        listed=listed,
        asked=asked,
        kept=kept,
        has_keys=kept is not None and kept.access_key_id is not None,
        **_said(problem, answers=answers),
    )


def _said(problem: UserError | None, *, answers: bool | None = None) -> dict[str, Any]:
    """Return what the line above the buttons says: what is wrong, or that the store answers."""
    return {
        "problem": problem,
        "may_keep": isinstance(problem, (StorageUnreachableError, StorageRefusedError)),
        "answers": problem is None if answers is None else answers,
    }


def _asked(store: OwnProfile) -> StorageAsked:
    return StorageAsked(
        name=store.name,
        url=store.url,
        region=store.region or "",
        path_style=store.path_style_access,
        folder=store.bookmarks[0][1] if store.bookmarks else "",
        anonymous=store.access_key_id is None,
    )
