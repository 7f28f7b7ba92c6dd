"""Show files: a folder, one file with its first rows, uploads, downloads, deletion.

`/files/<key>` is a folder when the key is empty or ends in `/`, else a file. What is done to
either is posted to its own address, as the form's `action`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from starlette.datastructures import FormData, UploadFile

from sardonyx.api.bodies import takes_streams
from sardonyx.errors import PlatformError, UserError
from sardonyx.files import rows as view
from sardonyx.files.errors import ObjectExistsError
from sardonyx.files.formats import format_of_name
from sardonyx.files.models import Table
from sardonyx.files.places import place_of
from sardonyx.text import N_, Text
from sardonyx.web.home_pages import notebook_address, notebook_service, own_notebooks
from sardonyx.web.views import CurrentViewer, Viewer, quote_key

router = APIRouter()

SHOWN_ROWS = 50
QUERY_ROWS = 500
BLOCK = 1 << 20  # bytes read at a time from a form's file
FIRST_QUERY = "SELECT * FROM data LIMIT 20"
_NUMERIC = ("INT", "DECIMAL", "DOUBLE", "FLOAT", "REAL", "HUGEINT")


@router.get("/files")
async def files_root() -> RedirectResponse:
    """Lead to the root folder: relative addresses inside need its final `/`."""
    return RedirectResponse("/files/", status_code=307)


@router.get("/files/{key:path}")
async def files_page(viewer: CurrentViewer, request: Request, key: str) -> Response:
    """Show a folder or a file, or send the file itself (`?download=1`)."""
    query = request.query_params
    if query.get("confirm") == "delete":
        return await _ask(viewer, key, [key])
    if key == "" or key.endswith("/"):
        return await _folder(viewer, request, key)
    if query.get("download"):
        return await _download(viewer, key)
    return await _file(viewer, key, query.get("sql"))


@router.post("/files/{key:path}", dependencies=[Depends(takes_streams)])
async def act(viewer: CurrentViewer, request: Request, key: str) -> Response:
    """Do what the form's `action` says with `key`."""
    async with request.form() as form:
        action = form.get("action")
        if action == "upload":
            return await _upload(viewer, key, form)
        if action == "notebook":
            return await _open_notebook(viewer, key)
        if action == "sample":
            done = await viewer.platform.files.add_sample(viewer.actor, viewer.project.id)
            said = Text(N_("The sample is in your files."))
            return viewer.go(f"/files/{quote_key(done.result.key)}", said, commands=done.commands)
        names = [name for name in form.getlist("key") if isinstance(name, str)] or [key]
        if action == "delete":
            return await _delete(viewer, key, names)
        return await _ask(viewer, key, names)


async def _folder(viewer: Viewer, request: Request, prefix: str) -> HTMLResponse:
    files, query = viewer.platform.files, request.query_params
    sort = query.get("sort", "name")
    descending = query.get("order") == "desc"
    listing = await files.listing(
        viewer.actor, viewer.project.id, prefix, cursor=query.get("cursor")
    )
    return await viewer.render(
        "files/folder.html",
        prefix=prefix,
        crumbs=view.crumbs(place_of(viewer.project), prefix),
        rows=view.rows(listing, sort=sort, descending=descending),
        headings=view.sort_links(prefix, sort, descending),
        cursor=listing.cursor,
        total=view.total_size(listing.objects),
        commands=files.folder_commands(viewer.actor, viewer.project.id, prefix),
    )


async def _file(viewer: Viewer, key: str, sql: str | None) -> HTMLResponse:
    files, actor, project = viewer.platform.files, viewer.actor, viewer.project.id
    stored = await files.describe(actor, project, key)
    is_table = format_of_name(key) is not None
    answer: Table | None = None
    commands = files.download_commands(actor, project, key)
    problem: PlatformError | None = None
    if is_table:
        try:
            if sql:
                done = await files.query(actor, project, key, sql, rows=QUERY_ROWS)
            else:
                done = await files.preview(actor, project, key, rows=SHOWN_ROWS)
            answer, commands = done.result, done.commands
        except UserError as error:
            problem = error
    notebooks = await own_notebooks(viewer)
    ours = notebook_service(notebooks)
    return await viewer.render(
        "files/file.html",
        stored=stored,
        name=key.rpartition("/")[2],
        folder=f"/files/{quote_key(view.parent(key))}",
        address=f"/files/{quote_key(key)}",
        crumbs=view.crumbs(place_of(viewer.project), key),
        is_table=is_table,
        table=answer,
        numeric=[_is_numeric(column.type) for column in answer.columns] if answer else [],
        problem=problem,
        sql=sql or FIRST_QUERY,
        asked=bool(sql),
        snippet=await files.snippet(actor, project, key),
        notebook=f"{notebook_address(viewer, notebooks)}?{urlencode({'file': key})}",
        notebook_is_there=ours is not None,
        notebook_answers=ours is not None and ours.can_open,
        commands=commands,
    )


async def _open_notebook(viewer: Viewer, key: str) -> RedirectResponse:
    """Open a notebook that reads the file in the person's JupyterLab; kept when it was there."""
    actor, project = viewer.actor, viewer.project.id
    ours = notebook_service(await own_notebooks(viewer))
    if ours is None:  # ended since the page was shown
        return viewer.go(f"/files/{quote_key(key)}")
    name, content = viewer.platform.files.notebook(actor, project, key, language=viewer.language)
    await viewer.platform.services.place_file(actor, project, ours.name, name, content)
    if ours.can_open:
        return viewer.go(f"{ours.open_address}?{urlencode({'next': f'/lab/tree/{name}'})}")
    said = N_("The notebook “{file}” is in the folder of your JupyterLab.")
    return viewer.go(ours.address, Text(said, {"file": name}))


async def _download(viewer: Viewer, key: str) -> StreamingResponse:
    files = viewer.platform.files
    stored = await files.describe(viewer.actor, viewer.project.id, key)
    content = await files.download(viewer.actor, viewer.project.id, key)
    name = quote(key.rpartition("/")[2], safe="")
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{name}",
        "content-length": str(stored.size),
        "etag": f'"{stored.etag}"',
        "cache-control": "no-store",
    }
    return StreamingResponse(content, media_type="application/octet-stream", headers=headers)


async def _ask(viewer: Viewer, key: str, names: list[str]) -> HTMLResponse:
    """Say how much would be deleted, and ask."""
    count = size = 0
    for name in names:
        if name.endswith("/"):
            inside, inside_size = await viewer.platform.files.count_folder(
                viewer.actor, viewer.project.id, name
            )
        else:
            one = await viewer.platform.files.describe(viewer.actor, viewer.project.id, name)
            inside, inside_size = 1, one.size
        count, size = count + inside, size + inside_size
    back = key if key == "" or key.endswith("/") else view.parent(key)
    if names == [key]:
        back = view.parent(key)
    return await viewer.render(
        "files/delete.html",
        names=names,
        count=count,
        size=size,
        action=f"/files/{quote_key(back)}",
    )


async def _delete(viewer: Viewer, folder: str, names: list[str]) -> RedirectResponse:
    files, actor, project = viewer.platform.files, viewer.actor, viewer.project.id
    single = [name for name in names if not name.endswith("/")]
    count = 0
    commands = None
    if single:
        done = await files.delete(actor, project, single)
        count, commands = done.result, done.commands
    for prefix in (name for name in names if name.endswith("/")):
        done = await files.delete_folder(actor, project, prefix)
        count, commands = count + done.result, done.commands
    said = Text(N_("Deleted: {count} file(s)."), {"count": count})
    return viewer.go(f"/files/{quote_key(folder)}", said, commands=commands)


async def _upload(viewer: Viewer, prefix: str, form: FormData) -> RedirectResponse:
    """Store the files of a plain form (a page without script)."""
    stored, kept, commands = 0, [], None
    for file in form.getlist("file"):
        if not isinstance(file, UploadFile) or not file.filename:
            continue
        try:
            done = await viewer.platform.files.upload(
                viewer.actor,
                viewer.project.id,
                prefix + file.filename,
                _blocks(file),
                overwrite=form.get("replace") == "true",
                size=file.size,
            )
        except ObjectExistsError:
            kept.append(file.filename)
            continue
        stored, commands = stored + 1, done.commands
    address = f"/files/{quote_key(prefix)}"
    if kept:
        said = Text(
            N_("Stored: {count}. Already there and left as they are: {names}."),
            {"count": stored, "names": ", ".join(kept)},
        )
        return viewer.go(address, said, commands=commands, tone="warning")
    said = Text(N_("Stored: {count} file(s)."), {"count": stored})
    return viewer.go(address, said, commands=commands)


async def _blocks(file: UploadFile) -> AsyncIterator[bytes]:
    while block := await file.read(BLOCK):
        yield block


def _is_numeric(kind: str) -> bool:
    return any(word in kind.upper() for word in _NUMERIC) and "[" not in kind
