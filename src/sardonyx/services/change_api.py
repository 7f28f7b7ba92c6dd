"""Serve changes of running services over REST v1: parse, one call, render."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from sardonyx.services.change_view import (
    ChangeBody,
    ChangePreviewView,
    DuplicateBody,
    QuotaList,
    QuotaView,
    RevisionList,
    RevisionView,
    RollbackBody,
    ShareBody,
    ValuesView,
)
from sardonyx.services.requests import IfMatch, Language, Me, Served, expected_etag, tagged
from sardonyx.services.view import ServiceView, whole

router = APIRouter(tags=["services"])
_SERVICE = "/projects/{project}/services/{name}"
DryRun = Annotated[bool, Query(alias="dryRun")]
_PREVIEW = {200: {"model": ChangePreviewView, "description": "What a dry run would do"}}


@router.post(
    f"{_SERVICE}/edit",
    status_code=202,
    response_model=ServiceView | ChangePreviewView,
    responses=_PREVIEW,  # type: ignore[arg-type]
)
async def edit(
    response: Response,
    project: str,
    name: str,
    body: ChangeBody,
    actor: Me,
    services: Served,
    language: Language,
    dry_run: DryRun = False,
    objects: Annotated[bool, Query(description="Also compare what would be created.")] = True,
    if_match: IfMatch = None,
) -> ServiceView | ChangePreviewView:
    """Change values or version of a service, or with `dryRun=true` say what that would change."""
    change = await services.open_change_request(
        actor, project, name, body.request(), language=language
    )
    if dry_run:
        preview = await services.preview_change(actor, change, objects=objects)
        response.status_code = 200
        return ChangePreviewView.of(preview, language)
    done = await services.change(actor, change, expected_etag=expected_etag(if_match))
    return tagged(response, done.result, language)


@router.get(f"{_SERVICE}/values")
async def values(project: str, name: str, actor: Me, services: Served) -> ValuesView:
    """Give the values a service was launched with; secrets stand as `$VAR`."""
    return ValuesView(values=await services.values(actor, project, name))


@router.get(f"{_SERVICE}/history")
async def history(project: str, name: str, actor: Me, services: Served) -> RevisionList:
    """List the earlier states of a service, newest first."""
    found = await services.history(actor, project, name)
    return RevisionList(revisions=[RevisionView.of(one) for one in found])


@router.post(
    f"{_SERVICE}/rollback",
    status_code=202,
    response_model=ServiceView | ChangePreviewView,
    responses=_PREVIEW,  # type: ignore[arg-type]
)
async def roll_back(
    response: Response,
    project: str,
    name: str,
    body: RollbackBody,
    actor: Me,
    services: Served,
    language: Language,
    dry_run: DryRun = False,
    if_match: IfMatch = None,
) -> ServiceView | ChangePreviewView:
    """Return to an earlier state, or with `dryRun=true` say what that would change."""
    if dry_run:
        preview = await services.preview_roll_back(actor, project, name, body.revision)
        response.status_code = 200
        return ChangePreviewView.of(preview, language)
    done = await services.roll_back(
        actor, project, name, body.revision, expected_etag=expected_etag(if_match)
    )
    return tagged(response, done.result, language)


@router.post(f"{_SERVICE}/share")
async def share(
    response: Response,
    project: str,
    name: str,
    body: ShareBody,
    actor: Me,
    services: Served,
    language: Language,
    if_match: IfMatch = None,
) -> ServiceView:
    """Let the group see a service, or its owner alone."""
    done = await services.share(
        actor, project, name, shared=body.shared, expected_etag=expected_etag(if_match)
    )
    return tagged(response, done.result, language)


@router.post(f"{_SERVICE}/adopt")
async def adopt(
    project: str, name: str, actor: Me, services: Served, language: Language
) -> ServiceView:
    """Become the owner of a service that has none; for administrators."""
    return whole((await services.adopt(actor, project, name)).result, language)


@router.post(f"{_SERVICE}/duplicate", status_code=202)
async def duplicate(
    request: Request,
    response: Response,
    project: str,
    name: str,
    body: DuplicateBody,
    actor: Me,
    services: Served,
    language: Language,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> ServiceView:
    """Launch a service with the same settings, and secrets of its own."""
    done = await services.duplicate(
        actor,
        project,
        name,
        friendly_name=body.friendly_name,
        language=language,
        idempotency_key=idempotency_key,
    )
    place = request.url.path.rpartition(f"/{name}/")[0]
    response.headers["Location"] = f"{place}/{done.result.name}"
    return whole(done.result, language)


@router.get("/projects/{project}/quota")
async def quota(project: str, actor: Me, services: Served) -> QuotaList:
    """Say what the project may use, and what is used of it."""
    return QuotaList(quota=[QuotaView.of(one) for one in services.quota(actor, project)])
