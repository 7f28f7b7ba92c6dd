"""REST of files: bytes under `files/{key}`, actions beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from sardonyx.api import paths
from sardonyx.api.bodies import takes_streams
from sardonyx.api.documents import commands_json
from sardonyx.api.ranges import RangeUnsatisfiableError, attachment, byte_range
from sardonyx.files.errors import ObjectNameError, UploadInterruptedError
from sardonyx.files.models import StoredObject
from sardonyx.files.names import EmptyNameError, file_name, printable
from sardonyx.files.service import Files
from sardonyx.files.view import (
    credentials_json,
    listing_json,
    object_json,
    table_json,
)
from sardonyx.projects.models import Actor
from sardonyx.text import N_
from sardonyx.web.session import current_actor

paths.register()
router = APIRouter(prefix="/projects/{project}", tags=["files"])

# What people upload is never shown as a page of ours, whatever it pretends to be.
_SAFE_DOWNLOAD = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox",
    "cache-control": "private, no-cache",
    "accept-ranges": "bytes",
}


class FolderNotConfirmedError(ObjectNameError):
    detail = N_("“{key}” is a folder: deleting it deletes all that is in it.")
    next_step = N_("Add recursive=true if that is what you want.")


class Transfer(BaseModel):
    """Copy or move one file inside the project."""

    model_config = ConfigDict(extra="forbid")

    source: str
    to: str
    overwrite: bool = False


class Names(BaseModel):
    """Files to delete."""

    model_config = ConfigDict(extra="forbid")

    keys: list[str] = Field(min_length=1, max_length=10_000)


class SqlQuery(BaseModel):
    """One SELECT over the table `data`; at most `rows` rows come back."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(min_length=1, max_length=100_000)
    rows: int = Field(default=1000, ge=1, le=10_000)


def files_of(request: Request) -> Files:
    """Return the platform's file service."""
    files: Files = request.app.state.platform.files
    return files


Who = Annotated[Actor, Depends(current_actor)]
Service = Annotated[Files, Depends(files_of)]


@router.get("/files")
async def list_files(
    project: str, who: Who, files: Service, prefix: str = "", cursor: str | None = None
) -> JSONResponse:
    """List one folder."""
    listing = await files.listing(who, project, prefix, cursor=cursor)
    commands = files.folder_commands(who, project, prefix)
    return JSONResponse({**listing_json(listing), "commands": commands_json(commands)})


@router.get("/files:recent")
async def recent_files(
    project: str, who: Who, files: Service, limit: Annotated[int, Query(ge=1, le=100)] = 10
) -> JSONResponse:
    """List the files written last, newest first."""
    found = await files.recent(who, project, limit)
    return JSONResponse({"files": [object_json(stored) for stored in found]})


@router.post("/files:copy", status_code=201)
async def copy_file(project: str, body: Transfer, who: Who, files: Service) -> JSONResponse:
    done = await files.copy(who, project, body.source, body.to, overwrite=body.overwrite)
    return JSONResponse({**object_json(done.result), "commands": commands_json(done.commands)}, 201)


@router.post("/files:move", status_code=201)
async def move_file(project: str, body: Transfer, who: Who, files: Service) -> JSONResponse:
    done = await files.move(who, project, body.source, body.to, overwrite=body.overwrite)
    return JSONResponse({**object_json(done.result), "commands": commands_json(done.commands)}, 201)


@router.post("/files:delete")
async def delete_files(project: str, body: Names, who: Who, files: Service) -> JSONResponse:
    done = await files.delete(who, project, body.keys)
    return JSONResponse({"deleted": done.result, "commands": commands_json(done.commands)})


@router.post("/files:sample", status_code=201)
async def add_sample(project: str, who: Who, files: Service) -> JSONResponse:
    """Put the sample table (level: invented) into the project."""
    done = await files.add_sample(who, project)
    return JSONResponse({**object_json(done.result), "commands": commands_json(done.commands)}, 201)


@router.put("/files/{key:whole}", status_code=201, dependencies=[Depends(takes_streams)])
async def upload_file(
    project: str, key: str, request: Request, who: Who, files: Service
) -> JSONResponse:
    """Store the body under `key`, whole or not at all; `If-None-Match: *` never replaces."""
    done = await files.upload(
        who,
        project,
        key,
        _body(request, key),
        overwrite=request.headers.get("if-none-match") != "*",
        size=_announced(request),
    )
    return JSONResponse(
        {**object_json(done.result), "commands": commands_json(done.commands)},
        201,
        headers={"etag": quoted_etag(done.result)},
    )


@router.head("/files/{key:whole}")
async def describe_file(project: str, key: str, who: Who, files: Service) -> Response:
    stored = await files.describe(who, project, key)
    return Response(headers=_download_headers(stored) | {"content-length": str(stored.size)})


@router.get("/files/{key:whole}")
async def download_file(
    project: str, key: str, request: Request, who: Who, files: Service
) -> Response:
    """Send a file, or the part that `Range` names, always as an attachment."""
    stored = await files.describe(who, project, key)
    headers = _download_headers(stored)
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    try:
        part = byte_range(request.headers.get("range"), stored.size)
    except RangeUnsatisfiableError:
        return Response(status_code=416, headers={"content-range": f"bytes */{stored.size}"})
    if part is None:
        content = await files.download(who, project, key)
        headers["content-length"] = str(stored.size)
        return StreamingResponse(content, headers=headers)
    content = await files.download(who, project, key, start=part.start, length=part.length)
    headers["content-length"] = str(part.length)
    headers["content-range"] = part.content_range(stored.size)
    return StreamingResponse(content, 206, headers=headers)


@router.delete("/files/{key:whole}")
async def delete_file(
    project: str, key: str, who: Who, files: Service, recursive: bool = False
) -> JSONResponse:
    """Delete a file, or with `recursive` the folder whose name ends in `/`."""
    if not key:
        raise EmptyNameError(key=key, field="key")
    if key.endswith("/") and not recursive:
        raise FolderNotConfirmedError(key=printable(key), field="recursive")
    if key.endswith("/"):
        done = await files.delete_folder(who, project, key)
    else:
        await files.describe(who, project, key)
        done = await files.delete(who, project, [key])
    return JSONResponse({"deleted": done.result, "commands": commands_json(done.commands)})


@router.get("/preview/{key:whole}")
async def preview_file(
    project: str,
    key: str,
    who: Who,
    files: Service,
    rows: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> JSONResponse:
    """Return the first rows of a Parquet, CSV or JSON file."""
    done = await files.preview(who, project, key, rows=rows)
    return JSONResponse({**table_json(done.result), "commands": commands_json(done.commands)})


@router.post("/query/{key:whole}")
async def query_file(
    project: str, key: str, body: SqlQuery, who: Who, files: Service
) -> JSONResponse:
    """Run one SELECT in which `data` is the file."""
    done = await files.query(who, project, key, body.sql, rows=body.rows)
    return JSONResponse({**table_json(done.result), "commands": commands_json(done.commands)})


@router.get("/credentials", tags=["account"])
async def storage_credentials(project: str, who: Who, files: Service) -> JSONResponse:
    """Return short-lived S3 keys for one's own tools."""
    keys = await files.credentials(who, project)
    return JSONResponse(credentials_json(keys), headers={"cache-control": "no-store"})


def quoted_etag(stored: StoredObject) -> str:
    """Return the ETag as HTTP writes it, in quotes, whether or not the store quotes it."""
    return '"' + stored.etag.strip('"') + '"'


async def _body(request: Request, key: str) -> AsyncIterator[bytes]:
    """Yield the request's body. Raises UploadInterruptedError when the sender goes away."""
    received = 0
    try:
        async for block in request.stream():
            received += len(block)
            if block:
                yield block
    except ClientDisconnect as error:
        raise UploadInterruptedError(key=printable(key), received=received) from error


def _announced(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _download_headers(stored: StoredObject) -> dict[str, str]:
    return {
        **_SAFE_DOWNLOAD,
        "content-type": "application/octet-stream",
        "content-disposition": attachment(file_name(stored.key)),
        "etag": quoted_etag(stored),
        "last-modified": stored.modified.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    }
