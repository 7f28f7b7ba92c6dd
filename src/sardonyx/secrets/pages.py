"""Show secrets: folders, one set of keys with hidden values, an editor, deletion.

`/secrets/<path>` is a folder when the path is empty or ends in `/`. A value leaves the server
only when it is asked for (`?show=1`); a field left empty keeps the value that is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from sardonyx.errors import HTTP_STATUS, UserError
from sardonyx.files.rows import Crumb, natural
from sardonyx.secrets.errors import SecretNotFoundError
from sardonyx.text import N_, Text
from sardonyx.values import Secret
from sardonyx.web.views import CurrentViewer, Viewer, quote_key

router = APIRouter()


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key of a secret; `value` is empty unless it was asked to be shown."""

    key: str
    value: str


@router.get("/secrets")
async def secrets_root() -> RedirectResponse:
    return RedirectResponse("/secrets/", status_code=307)


@router.get("/secrets/{path:path}")
async def secrets_page(viewer: CurrentViewer, request: Request, path: str) -> Response:
    """Show a folder or a secret."""
    query = request.query_params
    if query.get("confirm") == "delete":
        return await viewer.render(
            "secrets/delete.html", place=path, address=f"/secrets/{quote_key(path)}"
        )
    if path == "" or path.endswith("/"):
        return await _folder(viewer, path)
    return await _secret(viewer, path, shown=bool(query.get("show")))


@router.post("/secrets/{path:path}")
async def act(viewer: CurrentViewer, request: Request, path: str) -> Response:
    """Create, save or delete the secret at `path`."""
    form = await request.form()
    secrets, actor, project = viewer.platform.secrets, viewer.actor, viewer.project.id
    match form.get("action"):
        case "delete":
            done = await secrets.delete(actor, project, path)
            said = Text(N_("Deleted: “{path}”."), {"path": path})
            return viewer.go(f"/secrets/{_parent(path)}", said, commands=done.commands)
        case "create":
            return await _create(viewer, path, form)
        case _:
            return await _save(viewer, path, form)


async def _folder(viewer: Viewer, path: str, *, status: int = 200, **again: object) -> HTMLResponse:
    secrets = viewer.platform.secrets
    place = path.removesuffix("/")
    found = await secrets.folder(viewer.actor, viewer.project.id, place)
    context: dict[str, object] = {"problem": None, "typed": "", **again}
    return await viewer.render(
        "secrets/folder.html",
        status=status,
        place=path,
        crumbs=_crumbs(viewer, path),
        folders=[
            Crumb(name.removesuffix("/"), f"/secrets/{quote_key(path + name.removesuffix('/'))}/")
            for name in sorted(found.folders, key=natural)
        ],
        secrets=[
            Crumb(name, f"/secrets/{quote_key(path + name)}")
            for name in sorted(found.secrets, key=natural)
        ],
        commands=secrets.folder_commands(viewer.actor, viewer.project.id, place),
        **context,
    )


async def _secret(
    viewer: Viewer,
    path: str,
    *,
    shown: bool = False,
    problem: UserError | None = None,
    status: int = 200,
) -> HTMLResponse:
    secrets = viewer.platform.secrets
    found = await secrets.read(viewer.actor, viewer.project.id, path)
    return await viewer.render(
        "secrets/secret.html",
        status=status,
        place=path,
        name=path.rpartition("/")[2],
        address=f"/secrets/{quote_key(path)}",
        crumbs=_crumbs(viewer, path),
        rows=[KeyRow(key, value.reveal() if shown else "") for key, value in found.entries.items()],
        version=found.version,
        shown=shown,
        problem=problem,
        commands=secrets.read_commands(viewer.actor, viewer.project.id, path),
    )


async def _create(viewer: Viewer, folder: str, form: FormData) -> Response:
    """Make a secret with its first key; the folder is shown again when that cannot be."""
    name, key, value = (str(form.get(part, "")).strip() for part in ("name", "key", "value"))
    path = folder + name.strip("/")
    try:
        done = await viewer.platform.secrets.write(
            viewer.actor,
            viewer.project.id,
            path,
            {key: Secret(value)},
            expected_version=0,
        )
    except UserError as error:
        status = HTTP_STATUS[error.kind]
        return await _folder(viewer, folder, status=status, problem=error, typed=name)
    said = Text(N_("Saved: “{path}”."), {"path": path})
    return viewer.go(f"/secrets/{quote_key(path)}", said, commands=done.commands)


async def _save(viewer: Viewer, path: str, form: FormData) -> Response:
    secrets = viewer.platform.secrets
    keys = [str(item).strip() for item in form.getlist("key")]
    values = [str(item) for item in form.getlist("value")]
    remove = [str(item) for item in form.getlist("remove")]
    entries = {
        key: Secret(value)
        for key, value in zip(keys, values, strict=False)
        if key and value and key not in remove
    }
    version = str(form.get("version", ""))
    try:
        done = await secrets.change(
            viewer.actor,
            viewer.project.id,
            path,
            entries,
            remove=remove,
            expected_version=int(version) if version.isdigit() else None,
        )
    except SecretNotFoundError:
        raise
    except UserError as error:
        return await _secret(viewer, path, problem=error, status=HTTP_STATUS[error.kind])
    said = Text(N_("Saved: “{path}”."), {"path": path})
    return viewer.go(f"/secrets/{quote_key(path)}", said, commands=done.commands)


def _crumbs(viewer: Viewer, path: str) -> list[Crumb]:
    way = [Crumb(viewer.project.secrets_folder, "/secrets/")]
    parts = [part for part in path.split("/") if part]
    for index, part in enumerate(parts):
        place = "/".join(parts[: index + 1]) + "/"
        way.append(Crumb(part, f"/secrets/{quote_key(place)}"))
    return way


def _parent(path: str) -> str:
    head, slash, _ = path.rpartition("/")
    return quote_key(head + slash)
