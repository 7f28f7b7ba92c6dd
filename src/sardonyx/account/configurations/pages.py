"""Act on saved configurations from pages: save, launch, rename, order, delete, files.

They are listed on home and on the services page (`cards`); the launcher holds the box that saves
(`account/save_configuration.html`), whose button posts the whole launcher here.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.datastructures import FormData, UploadFile

from sardonyx.account.configurations import auto_launch
from sardonyx.account.configurations.cards import conflict, setting_rows
from sardonyx.account.configurations.commands import chart_address, launch_address
from sardonyx.account.configurations.errors import (
    ConfigurationChangedError,
    ConfigurationNotFoundError,
    ImportFormatError,
    ImportTooLargeError,
)
from sardonyx.account.configurations.models import (
    LARGEST_IMPORT,
    NEW,
    Clash,
    Expected,
    Imported,
    KeptConfiguration,
    Move,
    Saved,
)
from sardonyx.account.configurations.service import ValuesOf
from sardonyx.api.ranges import attachment
from sardonyx.done import Done
from sardonyx.errors import HTTP_STATUS, Problem, UserError
from sardonyx.services.form_view import posted_form, read_posted
from sardonyx.services.launch_state import LaunchPage, open_page
from sardonyx.text import N_, Text
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter()
router.include_router(auto_launch.router)
_AT = "/configurations/{number}"
_LISTED = "/services#configurations"
_TAG = re.compile(r"([a-z]{12})\.[0-9]{1,9}")


@router.post("/launch/{catalog}/{chart}/save")
async def save(viewer: CurrentViewer, request: Request, catalog: str, chart: str) -> Response:
    """Keep what stands in the launcher, secrets left out.

    With script the answer goes into the launcher's own box; without, it is a page of its own.
    """
    form = await posted_form(request)
    page = await open_page(
        viewer.platform.services,
        viewer.actor,
        project=viewer.project.id,
        catalog=catalog,
        chart=chart,
        posted=read_posted(form),
        language=viewer.language,
    )
    name = page.friendly_name or page.opened.draft.chart.ref.chart
    asked = _text(form, "save")
    try:
        done = await _saved(viewer, page, name, asked)
    except ConfigurationChangedError as changed:
        return await _conflict(viewer, request, form, changed)
    except UserError as refused:
        if "hx-request" not in request.headers:
            raise
        return _box(viewer, error=refused)
    kept = done.result.kept
    if "hx-request" in request.headers:
        return _box(viewer, done=done)
    return viewer.go(
        f"{chart_address(kept.configuration)}?configuration={kept.id}",
        _said(viewer, done.result),
        commands=done.commands,
    )


async def _saved(viewer: Viewer, page: LaunchPage, name: str, asked: str) -> Done[Saved]:
    """Keep the page as its button says: `new`, `edit:` one, or `over:` what is there."""
    configurations = viewer.platform.configurations
    shared, profile = page.posted.shared, page.opened.s3_profile
    edited = _TAG.fullmatch(asked.removeprefix("edit:"))
    if edited and asked.startswith("edit:"):
        try:
            return await configurations.replace(
                viewer.actor,
                project=viewer.project.id,
                number=edited[1],
                draft=page.opened,
                friendly_name=name,
                shared=shared,
                s3_profile=profile,
                tag=edited[0],
            )
        except ConfigurationNotFoundError:  # deleted meanwhile: what is here is kept as a new one
            pass
    over = _TAG.fullmatch(asked.removeprefix("over:"))
    return await configurations.save(
        viewer.actor,
        project=viewer.project.id,
        draft=page.opened,
        friendly_name=name,
        shared=shared,
        s3_profile=profile,
        expected=Expected(tag=over[0]) if over and asked.startswith("over:") else NEW,
    )


def _box(viewer: Viewer, **context: object) -> HTMLResponse:
    given = {"done": None, "error": None, "conflict": None, "saved_over": "", **context}
    return HTMLResponse(viewer.fragment("account/configurations/saved.html", **given))


async def _conflict(
    viewer: Viewer, request: Request, form: FormData, changed: ConfigurationChangedError
) -> Response:
    """Show both versions; what was typed stays in the launcher, or goes along in the page."""
    assert changed.mine is not None and changed.theirs is not None  # noqa: S101 - of a saving
    shown = conflict(viewer, changed.mine, changed.theirs)
    if "hx-request" in request.headers:
        return _box(viewer, conflict=shown, saved_over=f"over:{changed.theirs.tag}")
    kept = [
        (name, value)
        for name, value in form.multi_items()
        if isinstance(value, str) and name not in ("save", "friendly_name")
    ]
    return await viewer.render(
        "account/configurations/conflict.html",
        status=HTTP_STATUS[changed.kind],
        conflict=shown,
        saved_over=f"over:{changed.theirs.tag}",
        kept=kept,
        name=changed.mine.friendly_name,
        save_at=request.url.path,
    )


@router.post(f"{_AT}/launch")
async def launch(viewer: CurrentViewer, number: str) -> RedirectResponse:
    """Launch one's own at once; what another member saved is shown and confirmed first."""
    configurations = viewer.platform.configurations
    kept = await configurations.show(viewer.actor, viewer.project.id, number)
    if kept.set_by != viewer.actor.username:
        return viewer.go(launch_address(kept.configuration, auto_launch=True))
    try:
        done = await configurations.launch(
            viewer.actor, viewer.project.id, number, language=viewer.language
        )
    except UserError as refused:
        if refused.code != "launch_refused":
            raise
        return viewer.go(
            f"{chart_address(kept.configuration)}?configuration={kept.id}",
            refused.detail_text(),
            tone="warning",
        )
    said = [Text(N_("Launched. It opens as soon as it answers."))]
    said += [one.message for one in done.result.notices]
    name = done.result.service.name
    return viewer.go(f"/services/{name}", _joined(viewer, said), commands=done.commands)


@router.post(f"{_AT}/rename")
async def rename(
    viewer: CurrentViewer,
    number: str,
    friendly_name: Annotated[str, Form()],
    tag: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Give one another name."""
    done = await viewer.platform.configurations.rename(
        viewer.actor, viewer.project.id, number, friendly_name, tag=tag or None
    )
    said = Text(N_("Now called “{name}”."), {"name": done.result.configuration.friendly_name})
    return viewer.go(_LISTED, said, commands=done.commands)


@router.post(f"{_AT}/move")
async def move(viewer: CurrentViewer, number: str, to: Annotated[Move, Form()]) -> RedirectResponse:
    """Move one in the list."""
    configurations = viewer.platform.configurations
    done = await configurations.move(viewer.actor, viewer.project.id, number, to)
    return viewer.go(_LISTED, Text(N_("Moved.")), commands=done.commands)


@router.get(f"{_AT}/delete")
async def ask_delete(viewer: CurrentViewer, number: str) -> HTMLResponse:
    """Say what it holds, and ask."""
    kept = await viewer.platform.configurations.show(viewer.actor, viewer.project.id, number)
    return await viewer.render(
        "account/configurations/delete.html",
        kept=kept,
        settings=setting_rows(viewer, kept.configuration),
        is_group=viewer.project.group is not None,
    )


@router.post(f"{_AT}/delete")
async def delete(
    viewer: CurrentViewer, number: str, tag: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Delete one, if it is still what was shown."""
    configurations = viewer.platform.configurations
    kept = await configurations.show(viewer.actor, viewer.project.id, number)
    done = await configurations.delete(viewer.actor, viewer.project.id, number, tag=tag or None)
    said = Text(N_("Deleted: “{path}”."), {"path": kept.configuration.friendly_name})
    return viewer.go(_LISTED, said, commands=done.commands)


@router.get(f"{_AT}/values")
async def values(viewer: CurrentViewer, number: str) -> Response:
    """Give one as values.yaml."""
    kept, text = await viewer.platform.configurations.values(
        viewer.actor, viewer.project.id, number, language=viewer.language
    )
    name = f"{kept.configuration.friendly_name}.values.yaml"
    return _file(PlainTextResponse(text, media_type="application/yaml"), name)


@router.get("/configurations/export")
async def export(viewer: CurrentViewer) -> Response:
    """Give all of them as one file."""
    written = await viewer.platform.configurations.export(viewer.actor, viewer.project.id)
    return _file(JSONResponse(written), f"configurations-{viewer.project.id}.json")


@router.post("/configurations/import")
async def import_file(viewer: CurrentViewer, request: Request) -> Response:
    """Keep the configurations of a file, and tell which were not kept."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > LARGEST_IMPORT + 64 * 1024:  # the form around it
        raise ImportTooLargeError(most=LARGEST_IMPORT // 1024, field="file")
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise ImportFormatError(reason=viewer.say(N_("no file was chosen")), field="file")
        content, filename = await file.read(LARGEST_IMPORT + 1), file.filename
        clash, asked = _text(form, "clash"), _text(form, "chart")
    how = Clash(clash) if clash in set(Clash) else Clash.SKIP
    configurations, actor, project = viewer.platform.configurations, viewer.actor, viewer.project
    catalog, _, chart = asked.partition("/")
    if chart:
        name = filename.removesuffix(".yaml").removesuffix(".yml").removesuffix(".values")
        of = ValuesOf(chart, name[:100] or chart, catalog=catalog)
        done = await configurations.import_values(
            actor, project.id, content, of, clash=how, language=viewer.language
        )
    else:
        done = await configurations.import_document(
            actor, project.id, content, clash=how, language=viewer.language
        )
    return await viewer.render(
        "account/configurations/imported.html",
        imported=done.result,
        commands=done.commands,
        words=_reasons(viewer, done.result),
    )


async def edited(viewer: Viewer, catalog: str, chart: str) -> KeptConfiguration | None:
    """Return the configuration that the address of a chart's launcher names, None for none.

    Raises ConfigurationNotFoundError.
    """
    number = viewer.request.query_params.get("configuration")
    if number is None:
        return None
    kept = await viewer.platform.configurations.show(viewer.actor, viewer.project.id, number)
    if (kept.configuration.catalog, kept.configuration.chart) != (catalog, chart):
        raise ConfigurationNotFoundError(name=number[:80], project=viewer.project.id)
    return kept


def _reasons(viewer: Viewer, imported: Imported) -> list[tuple[str, str]]:
    """Return each that was left out with its reason."""
    return [(one.name, _words(viewer, one.reason)) for one in imported.skipped]


def _words(viewer: Viewer, problem: Problem) -> str:
    words = problem.message.in_language(viewer.language)
    return f"{words} ({problem.pointer})" if problem.pointer else words


def _said(viewer: Viewer, saved: Saved) -> Text:
    name = saved.kept.configuration.friendly_name
    words = [Text(N_("Saved: “{path}”."), {"path": name}), *(one.message for one in saved.notices)]
    return _joined(viewer, words)


def _joined(viewer: Viewer, words: list[Text]) -> Text:
    return Text("{words}", {"words": " ".join(one.in_language(viewer.language) for one in words)})


def _file(answer: Response, name: str) -> Response:
    answer.headers["content-disposition"] = attachment(name)
    answer.headers["cache-control"] = "no-store"
    return answer


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
