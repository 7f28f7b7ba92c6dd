"""REST of secrets: sets of keys under `secrets/{path}`, values masked unless asked for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from sardonyx.api import paths
from sardonyx.api.documents import commands_json
from sardonyx.errors import UserError
from sardonyx.projects.models import Actor
from sardonyx.secrets.models import SecretSet
from sardonyx.secrets.service import Secrets
from sardonyx.text import N_
from sardonyx.values import JsonObject, Secret
from sardonyx.web.session import current_actor

paths.register()
router = APIRouter(prefix="/projects/{project}", tags=["secrets"])

MASK = "••••••••"
_NO_STORE = {"cache-control": "no-store"}


class VersionTagError(UserError):
    code = "version_tag"
    title = N_("The version is not one of ours")
    detail = N_("“{tag}” is not a version of a secret.")
    next_step = N_("Send in If-Match the ETag that reading the secret gave.")


class Entries(BaseModel):
    """The whole set: these keys and no others."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    entries: dict[str, str] = Field(max_length=1000)


class Changes(BaseModel):
    """Keys to set; null removes one."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    entries: dict[str, str | None] = Field(min_length=1, max_length=1000)


def secrets_of(request: Request) -> Secrets:
    """Return the platform's secret service."""
    secrets: Secrets = request.app.state.platform.secrets
    return secrets


def expected_version(
    if_match: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> int | None:
    """Return the version that the caller starts from; 0 when the secret must be new."""
    if if_none_match == "*":
        return 0
    if if_match is None or if_match == "*":
        return None
    tag = if_match.removeprefix("W/").strip('"')
    if not (tag.isascii() and tag.isdigit()):
        raise VersionTagError(tag=if_match[:40], field="If-Match")
    return int(tag)


Who = Annotated[Actor, Depends(current_actor)]
Service = Annotated[Secrets, Depends(secrets_of)]
Expected = Annotated[int | None, Depends(expected_version)]


@router.get("/secrets")
async def list_secrets(project: str, who: Who, secrets: Service, path: str = "") -> JSONResponse:
    """List one folder."""
    folder = await secrets.folder(who, project, path)
    return JSONResponse(
        {
            "path": folder.path,
            "folders": list(folder.folders),
            "secrets": list(folder.secrets),
            "commands": commands_json(secrets.folder_commands(who, project, path)),
        },
        headers=_NO_STORE,
    )


@router.get("/credentials/secrets", tags=["account"])
async def secret_store_token(project: str, who: Who, secrets: Service) -> JSONResponse:
    """Return a token of the secret store for one's own tools."""
    token = await secrets.token(who, project)
    return JSONResponse(
        {
            "environment": {
                "BAO_ADDR": secrets.address,
                "BAO_TOKEN": token.reveal(),
                "VAULT_ADDR": secrets.address,
                "VAULT_TOKEN": token.reveal(),
            }
        },
        headers=_NO_STORE,
    )


@router.get("/secrets/{path:whole}")
async def read_secret(
    project: str, path: str, who: Who, secrets: Service, reveal: bool = False
) -> JSONResponse:
    """Return a secret: its keys, and with `reveal` their values."""
    found = await secrets.read(who, project, path)
    commands = commands_json(secrets.read_commands(who, project, path))
    return _answer(found, commands, reveal=reveal)


@router.put("/secrets/{path:whole}")
async def write_secret(
    project: str, path: str, *, body: Entries, who: Who, secrets: Service, expected: Expected
) -> JSONResponse:
    """Store the whole set. `If-Match` guards against another's change, `If-None-Match: *` too."""
    entries = {key: Secret(value) for key, value in body.entries.items()}
    done = await secrets.write(who, project, path, entries, expected_version=expected)
    return _answer(done.result, commands_json(done.commands))


@router.patch("/secrets/{path:whole}")
async def change_secret(
    project: str, path: str, *, body: Changes, who: Who, secrets: Service, expected: Expected
) -> JSONResponse:
    """Set some keys, remove those given as null, leave the others."""
    done = await secrets.change(
        who,
        project,
        path,
        {key: Secret(value) for key, value in body.entries.items() if value is not None},
        remove=[key for key, value in body.entries.items() if value is None],
        expected_version=expected,
    )
    return _answer(done.result, commands_json(done.commands))


@router.delete("/secrets/{path:whole}")
async def delete_secret(project: str, path: str, who: Who, secrets: Service) -> JSONResponse:
    """Delete a secret with all its versions."""
    done = await secrets.delete(who, project, path)
    return JSONResponse({"deleted": path, "commands": commands_json(done.commands)})


def _answer(found: SecretSet, commands: JsonObject, *, reveal: bool = False) -> JSONResponse:
    return JSONResponse(
        {
            "path": found.path,
            "version": found.version,
            "entries": {
                key: value.reveal() if reveal else MASK for key, value in found.entries.items()
            },
            "commands": commands,
        },
        headers={"etag": f'"{found.version}"', **_NO_STORE},
    )
