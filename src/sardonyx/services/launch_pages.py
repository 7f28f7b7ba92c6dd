"""Show the launcher: few fields first, everything folded below, what will be created beside.

A page posts its whole form at each edit (`check`) and is answered with the pieces that changed;
what asks the runtime (`look`) follows when the typing stops. Without script the same form is
posted to the page itself, and every answer is the whole page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import FormData

from sardonyx.account.configurations.auto_launch import Followed, follow, is_asked
from sardonyx.account.configurations.commands import link_query
from sardonyx.account.configurations.models import KeptConfiguration
from sardonyx.account.configurations.pages import edited
from sardonyx.catalog.cards import launch_address
from sardonyx.catalog.models import ChartRef
from sardonyx.errors import HTTP_STATUS, PlatformError, UserError
from sardonyx.launcher.editor import complete, editor_schema
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.patch import apply
from sardonyx.launcher.yaml_text import write
from sardonyx.services.comparing import shown_values
from sardonyx.services.errors import LaunchRefusedError, ServiceExistsError
from sardonyx.services.form_view import Posted, View, posted_form, read_posted
from sardonyx.services.launch_state import LaunchPage, open_page, other_name, shown_opening
from sardonyx.services.launch_view import OWN_PARAMETERS, page_context
from sardonyx.text import N_, Text
from sardonyx.web.problem_lines import ProblemLine
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter()

# Where our charts of notebooks take the file to show first.
_OPENED_FIRST = ("open", "path")
_VIEW_COOKIE = "launch_view"
_YEAR = 365 * 24 * 3600


@router.get("/launch/{catalog}/{chart}")
async def launch_page(
    viewer: CurrentViewer,
    request: Request,
    catalog: str,
    chart: str,
    file: str | None = None,
    like: str | None = None,
) -> HTMLResponse:
    """Open the launcher of a chart as a link says (launcher.md 12).

    file: open a notebook that reads it first. like: a service whose settings are copied, without
    its secrets.
    """
    services, actor, project = viewer.platform.services, viewer.actor, viewer.project.id
    kept = await edited(viewer, catalog, chart)
    query = _link_query(request) if kept is None else link_query(kept.configuration)
    followed = Followed()
    if is_asked(query):  # a GET never launches: a page asks, or posts by itself
        followed = await follow(viewer, catalog, chart, query)
        if followed.page is not None:
            return followed.page
    read = services.read_link(actor, project=project, chart=chart, catalog=catalog, query=query)
    link = read.link
    patch: tuple[PatchEntry, ...] = ()
    s3_profile = link.s3_profile
    if like:
        copied = await services.copied(actor, project, like, language=viewer.language)
        patch, s3_profile = copied.patch, s3_profile or copied.s3_profile
    if file:
        name, _ = viewer.platform.files.notebook(actor, project, file)
        patch = (PatchEntry(_OPENED_FIRST, name),)
    posted = Posted(
        version=link.version,
        friendly_name=link.name or "",
        shared=link.shared is True,
        patch=(*patch, *link.patch),
        s3_profile=s3_profile,
        view=View.YAML if request.cookies.get(_VIEW_COOKIE) == View.YAML else View.FORM,
    )
    page = await _opened(viewer, catalog, chart, posted)
    told = read.problems if followed.warning is None else (followed.warning, *read.problems)
    page = replace(page, opened=replace(page.opened, problems=told + page.opened.problems))
    return await _rendered(viewer, await _previewed(viewer, page), file=file, editing=kept)


@router.post("/launch/{catalog}/{chart}/check")
async def check(viewer: CurrentViewer, request: Request, catalog: str, chart: str) -> HTMLResponse:
    """Return the pieces of the page that change with what is typed so far; launches nothing."""
    posted = read_posted(await posted_form(request))
    try:
        page = await _opened(viewer, catalog, chart, posted)
    except PlatformError as gone:  # the page keeps all it has
        return HTMLResponse(viewer.fragment("services/launch_gone.html", error=gone))
    context = page_context(viewer, page)
    context["sections"] = page.changed_sections()
    context["whole"] = page.view is not posted.shown or page.view is View.FORM
    answer = HTMLResponse(viewer.fragment("services/launch_checked.html", **context))
    return _remembering(answer, viewer, page)


@router.post("/launch/{catalog}/{chart}/complete")
async def completions(
    viewer: CurrentViewer,
    request: Request,
    catalog: str,
    chart: str,
) -> JSONResponse:
    """Return what may stand at a place of the text that is edited (from 1); nothing elsewhere."""
    posted = read_posted(await posted_form(request))
    opened = await viewer.platform.services.open_form(
        viewer.actor,
        project=viewer.project.id,
        opening=shown_opening(posted, catalog=catalog, chart=chart),
        language=viewer.language,
    )
    found = complete(opened.draft, posted.text or "", posted.line, posted.column)
    return JSONResponse(
        [
            {
                "label": one.label,
                "apply": one.insert,
                "column": one.column,
                "detail": one.detail,
                "info": one.help,
            }
            for one in found
        ]
    )


@router.post("/launch/{catalog}/{chart}/schema")
async def schema(viewer: CurrentViewer, request: Request, catalog: str, chart: str) -> JSONResponse:
    """Return the JSON Schema of the values as a file, for editors (launcher.md 9.3)."""
    posted = read_posted(await posted_form(request))
    page = await _opened(viewer, catalog, chart, posted)
    return JSONResponse(
        editor_schema(page.opened.draft),
        headers={
            "content-disposition": f'attachment; filename="{chart}.schema.json"',
            "cache-control": "no-store",
        },
    )


@router.post("/launch/{catalog}/{chart}/look")
async def look(viewer: CurrentViewer, request: Request, catalog: str, chart: str) -> HTMLResponse:
    """Return what the runtime says of the launch: findings, and what is unfolded of the rest."""
    posted = read_posted(await posted_form(request))
    page = await _previewed(viewer, await _opened(viewer, catalog, chart, posted))
    context = page_context(viewer, page)
    return HTMLResponse(viewer.fragment("services/launch_looked.html", **context))


@router.post("/launch/{catalog}/{chart}/script")
async def script(viewer: CurrentViewer, request: Request, catalog: str, chart: str) -> Response:
    """Return the commands that launch without the platform, as a file (launcher.md 15)."""
    posted = read_posted(await posted_form(request))
    page = await _previewed(viewer, await _opened(viewer, catalog, chart, posted))
    if page.preview is None:
        return await _rendered(viewer, page)
    return Response(
        f"#!/bin/sh\n{page.preview.commands.underneath}",
        media_type="text/x-shellscript",
        headers={
            "content-disposition": f'attachment; filename="launch-{page.preview.release}.sh"',
            "cache-control": "no-store",
        },
    )


@router.post("/launch/{catalog}/{chart}")
async def launch_now(
    viewer: CurrentViewer, request: Request, catalog: str, chart: str, file: str | None = None
) -> Response:
    """Launch, and go to the service; or show again what stands in the way."""
    form = await posted_form(request)
    posted = read_posted(form)
    try:
        page = await _opened(viewer, catalog, chart, posted)
    except UserError as gone:
        return await _kept(viewer, request, gone, form)
    if posted.is_edit or page.moved:  # a button of the form, on a page without script
        return await _rendered(viewer, await _previewed(viewer, page), file=file)
    try:
        done = await viewer.platform.services.launch(
            viewer.actor,
            project=viewer.project.id,
            draft=page.opened,
            friendly_name=page.friendly_name,
            shared=posted.shared,
        )
    except UserError as refused:
        if isinstance(refused, ServiceExistsError):
            page = await _renamed(viewer, page)
        page = await _previewed(viewer, page)
        status = HTTP_STATUS[refused.kind]
        return await _rendered(viewer, page, file=file, status=status, refused=refused)
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
            warned = failed.detail_text()
            return viewer.go(f"/services/{name}", warned, commands=done.commands, tone="warning")
    said = Text(N_("Launched. It opens as soon as it answers."))
    return viewer.go(f"/services/{name}", said, commands=done.commands)


async def _opened(viewer: Viewer, catalog: str, chart: str, posted: Posted) -> LaunchPage:
    """Return the state of the page that `posted` makes, without asking the runtime."""
    page = await open_page(
        viewer.platform.services,
        viewer.actor,
        project=viewer.project.id,
        catalog=catalog,
        chart=chart,
        posted=posted,
        language=viewer.language,
    )
    page = replace(page, friendly_name=posted.friendly_name or page.opened.draft.chart.ref.chart)
    return await _named(viewer, page)


async def _named(viewer: Viewer, page: LaunchPage) -> LaunchPage:
    """Return the page with the name its service would have, or why it can have none."""
    try:
        release = viewer.platform.services.release_name(
            viewer.actor,
            project=viewer.project.id,
            draft=page.opened,
            friendly_name=page.friendly_name,
            shared=page.posted.shared,
        )
    except UserError as error:
        return replace(page, refusal=error)
    return replace(page, release=release)


async def _renamed(viewer: Viewer, page: LaunchPage) -> LaunchPage:
    """Return the page with all that was typed, under a name that no service has."""
    opened = await other_name(
        viewer.platform.services,
        viewer.actor,
        project=viewer.project.id,
        page=page,
        language=viewer.language,
    )
    return await _named(viewer, opened)


async def _previewed(viewer: Viewer, page: LaunchPage) -> LaunchPage:
    """Return the page with what a launch would do, unless it has no name to be launched by."""
    if page.refusal is not None:
        return page
    try:
        preview = await viewer.platform.services.preview(
            viewer.actor,
            project=viewer.project.id,
            draft=page.opened,
            friendly_name=page.friendly_name,
            shared=page.posted.shared,
            objects="created" in page.posted.looked_at,
        )
    except UserError as refusal:  # the name was taken while the page was made
        return replace(page, refusal=refusal)
    return replace(page, preview=preview)


async def _rendered(
    viewer: Viewer,
    page: LaunchPage,
    *,
    file: str | None = None,
    status: int = 200,
    refused: UserError | None = None,
    editing: KeptConfiguration | None = None,
) -> HTMLResponse:
    """Return the whole page. refused: why the launch was, which the page may not know itself."""
    context = {**page_context(viewer, page, file=file), "editing": editing}
    told_already = isinstance(refused, LaunchRefusedError) or page.refusal is not None
    if refused is not None and not told_already:
        words = [refused.detail_text()]
        if isinstance(refused, ServiceExistsError):
            words.append(Text(N_("It has another name now, below: launch again.")))
        said = " ".join(one.in_language(viewer.language) for one in words)
        anchor = "friendly" if refused.field in ("name", "friendlyName") else ""
        where = (
            viewer.say(N_("Name")) if anchor else refused.title_text().in_language(viewer.language)
        )
        context["problems"] = (ProblemLine(anchor, where, said, "error"), *context["problems"])
    answer = await viewer.render("services/launch.html", status=status, **context)
    return _remembering(answer, viewer, page)


async def _kept(viewer: Viewer, request: Request, gone: UserError, form: FormData) -> HTMLResponse:
    """Return a page that holds all that was typed, where its chart is no longer there."""
    kept = [
        (name, value)
        for name, value in form.multi_items()
        if isinstance(value, str) and name != "look"
    ]
    edits = apply({}, read_posted(form).patch)
    return await viewer.render(
        "services/launch_kept.html",
        status=HTTP_STATUS[gone.kind],
        error=gone,
        again_at=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        kept=kept,
        edits=write(shown_values(edits, frozenset())) if edits else "",
    )


def _remembering(answer: HTMLResponse, viewer: Viewer, page: LaunchPage) -> HTMLResponse:
    """Let the browser remember which view a person likes for this chart."""
    posted = page.posted
    if posted.view is not posted.shown and posted.is_edit:
        ref = page.opened.draft.chart.ref
        answer.set_cookie(
            _VIEW_COOKIE,
            posted.view.value,
            max_age=_YEAR if posted.view is View.YAML else 0,
            path=launch_address(ChartRef(ref.catalog, ref.chart, "")),
            secure=viewer.request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
    return answer


def _link_query(request: Request) -> str:
    """Return the query without the parameters that are the page's own, all else untouched."""
    parts: Sequence[str] = request.url.query.split("&")
    return "&".join(one for one in parts if one.partition("=")[0] not in OWN_PARAMETERS)
