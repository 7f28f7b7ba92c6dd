"""Serve saved configurations over REST v1: parse, one call, render.

`ETag` of one is its version: in `If-Match` it guards against another's change (412, with what
both have otherwise), and `If-None-Match: *` refuses to replace one of the same name.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, TypedDict

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from sardonyx.account.configurations.errors import ConfigurationTagError, ImportTooLargeError
from sardonyx.account.configurations.models import (
    ANY,
    LARGEST_IMPORT,
    NEW,
    Clash,
    ConfigurationList,
    Expected,
    Saved,
)
from sardonyx.account.configurations.service import Configurations, ValuesOf
from sardonyx.account.configurations.view import (
    ConfigurationDeletedView,
    ConfigurationListView,
    ConfigurationView,
    ImportedView,
    LaunchedView,
    MoveBody,
    MovedView,
    RenameConfigurationBody,
    SaveBody,
    SavedView,
)
from sardonyx.api.ranges import attachment
from sardonyx.done import Done
from sardonyx.services.draft_api import asked_launch
from sardonyx.services.launching import OpenDraft
from sardonyx.services.requests import Language, Me, Served
from sardonyx.services.view import CommandsView

router = APIRouter(prefix="/projects/{project}/configurations", tags=["configurations"])
_ID = "/{number}"
_FILE = {"schema": {"type": "string", "format": "binary"}}
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "It is as `If-None-Match` says."}
}


def configurations_of(request: Request) -> Configurations:
    """Return the platform's saved configurations."""
    configurations: Configurations = request.app.state.platform.configurations
    return configurations


def matched(if_match: Annotated[str | None, Header()] = None) -> str | None:
    """Return the tag that `If-Match` names, None for any. Raises ConfigurationTagError."""
    if if_match in (None, "*"):
        return None
    tag = str(if_match).strip().removeprefix("W/").strip('"')
    number, dot, version = tag.partition(".")
    if not (dot and number.isalpha() and version.isdigit() and tag.isascii()):
        raise ConfigurationTagError(tag=tag[:40], field="If-Match")
    return tag


class KeptSettings(TypedDict):
    """What a body asks to keep, as `save` and `replace` take it."""

    draft: OpenDraft
    friendly_name: str
    shared: bool
    s3_profile: str | None


async def kept_settings(
    project: str, body: SaveBody, actor: Me, services: Served, language: Language
) -> KeptSettings:
    """Open the draft of a body. Raises ChartNotFoundError and its kin."""
    asked = asked_launch(services, actor, project, body)
    return KeptSettings(
        draft=await services.open_request(actor, project=project, request=asked, language=language),
        friendly_name=asked.friendly_name or asked.chart,
        shared=asked.is_shared,
        s3_profile=asked.s3_profile,
    )


Settings = Annotated[KeptSettings, Depends(kept_settings)]
ProjectConfigurations = Annotated[Configurations, Depends(configurations_of)]
IfMatch = Annotated[str | None, Depends(matched)]
IfNoneMatch = Annotated[str | None, Header()]


@router.get("", response_model=ConfigurationListView, responses=_NOT_MODIFIED)
async def list_configurations(
    response: Response,
    project: str,
    actor: Me,
    kept: ProjectConfigurations,
    if_none_match: IfNoneMatch = None,
) -> ConfigurationListView | Response:
    """List the saved configurations in their order."""
    listed = await kept.list(actor, project)
    tag = _list_tag(listed)
    if if_none_match == tag:
        return Response(status_code=304, headers={"etag": tag})
    response.headers["etag"] = tag
    return ConfigurationListView.of(listed)


@router.post("", status_code=201)
async def save(
    response: Response,
    project: str,
    settings: Settings,
    actor: Me,
    kept: ProjectConfigurations,
    language: Language,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> SavedView:
    """Keep settings of a chart under a name, in the place of one of that name.

    `If-None-Match: *`: only where there is none. `If-Match`: only over that version.
    """
    expected = NEW if if_none_match == "*" else Expected(tag=if_match) if if_match else ANY
    done = await kept.save(actor, project=project, **settings, expected=expected)
    return _saved(done, response, language)


@router.get("/export", response_class=JSONResponse)
async def export(project: str, actor: Me, kept: ProjectConfigurations) -> JSONResponse:
    """Give all of them as the file that Onyxia's portal reads too."""
    return JSONResponse(
        await kept.export(actor, project),
        headers={"content-disposition": attachment(f"configurations-{project}.json")},
    )


@router.post(
    "/import",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {}}, "application/yaml": _FILE},
        }
    },
)
async def import_file(
    request: Request,
    project: str,
    actor: Me,
    kept: ProjectConfigurations,
    language: Language,
    clash: Clash = Clash.SKIP,
    chart: Annotated[
        str | None, Query(max_length=200, description="The file is this chart's values.yaml.")
    ] = None,
    catalog: Annotated[str | None, Query(max_length=200)] = None,
    version: Annotated[str | None, Query(max_length=200)] = None,
    friendly_name: Annotated[str | None, Query(alias="friendlyName", max_length=200)] = None,
) -> ImportedView:
    """Keep the configurations of a file: an export, Onyxia's old keys, or a chart's values.yaml."""
    content = await _body(request)
    if chart is None:
        done = await kept.import_document(actor, project, content, clash=clash, language=language)
    else:
        of = ValuesOf(chart, friendly_name or chart, catalog=catalog, version=version)
        done = await kept.import_values(actor, project, content, of, clash=clash, language=language)
    return ImportedView.of(done.result, done.commands, language)


@router.get(_ID, response_model=ConfigurationView, responses=_NOT_MODIFIED)
async def show(
    response: Response,
    project: str,
    number: str,
    actor: Me,
    kept: ProjectConfigurations,
    if_none_match: IfNoneMatch = None,
) -> ConfigurationView | Response:
    """Show one; its `ETag` goes into `If-Match` of a change."""
    found = await kept.show(actor, project, number)
    tag = f'"{found.tag}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"etag": tag})
    response.headers["etag"] = tag
    return ConfigurationView.of(found)


@router.put(_ID)
async def replace(
    response: Response,
    project: str,
    number: str,
    settings: Settings,
    actor: Me,
    kept: ProjectConfigurations,
    language: Language,
    if_match: IfMatch = None,
) -> SavedView:
    """Keep other settings in the place of one, under the name given."""
    done = await kept.replace(actor, project=project, number=number, **settings, tag=if_match)
    return _saved(done, response, language)


@router.patch(_ID)
async def rename(
    response: Response,
    project: str,
    number: str,
    body: RenameConfigurationBody,
    actor: Me,
    kept: ProjectConfigurations,
    if_match: IfMatch = None,
) -> ConfigurationView:
    """Give one another name."""
    done = await kept.rename(actor, project, number, body.friendly_name, tag=if_match)
    response.headers["etag"] = f'"{done.result.tag}"'
    return ConfigurationView.of(done.result)


@router.delete(_ID)
async def delete(
    project: str, number: str, actor: Me, kept: ProjectConfigurations, if_match: IfMatch = None
) -> ConfigurationDeletedView:
    """Delete one. Services that it launched go on."""
    done = await kept.delete(actor, project, number, tag=if_match)
    return ConfigurationDeletedView(id=number, commands=CommandsView.of(done.commands))


@router.post(f"{_ID}/move")
async def move(
    response: Response,
    project: str,
    number: str,
    body: MoveBody,
    actor: Me,
    kept: ProjectConfigurations,
) -> MovedView:
    """Move one in the list."""
    done = await kept.move(actor, project, number, body.to)
    response.headers["etag"] = _list_tag(done.result)
    listed = ConfigurationListView.of(done.result)
    return MovedView(configurations=listed.configurations, commands=CommandsView.of(done.commands))


@router.post(f"{_ID}/launch", status_code=202)
async def launch(
    response: Response,
    project: str,
    number: str,
    actor: Me,
    kept: ProjectConfigurations,
    language: Language,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> LaunchedView:
    """Launch one at once."""
    done = await kept.launch(
        actor, project, number, language=language, idempotency_key=idempotency_key
    )
    name = done.result.service.name
    response.headers["Location"] = f"/api/v1/projects/{project}/services/{name}"
    return LaunchedView.of(done.result, language)


@router.get(
    f"{_ID}/values",
    response_class=PlainTextResponse,
    responses={200: {"content": {"application/yaml": {}}}},
)
async def values(
    project: str, number: str, actor: Me, kept: ProjectConfigurations, language: Language
) -> PlainTextResponse:
    """Give the values that one launches with as values.yaml, without its secrets."""
    found, text = await kept.values(actor, project, number, language=language)
    name = f"{found.configuration.friendly_name}.values.yaml"
    headers = {"content-disposition": attachment(name)}
    return PlainTextResponse(text, headers=headers, media_type="application/yaml")


async def _body(request: Request) -> bytes:
    """Return the file sent, read no further than its limit. Raises ImportTooLargeError."""
    content = bytearray()
    async for block in request.stream():
        content += block
        if len(content) > LARGEST_IMPORT:
            raise ImportTooLargeError(most=LARGEST_IMPORT // 1024, field="file")
    return bytes(content)


def _list_tag(listed: ConfigurationList) -> str:
    tags = " ".join(one.tag for one in listed.configurations)
    return f'"{hashlib.sha256(tags.encode()).hexdigest()[:24]}"'


def _saved(done: Done[Saved], response: Response, language: str) -> SavedView:
    response.headers["etag"] = f'"{done.result.kept.tag}"'
    return SavedView.of(done.result, done.commands, language)
