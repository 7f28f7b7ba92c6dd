"""Serve running services over REST v1: parse, one call, render.

Addresses: design.md 8. `/me` and `/projects` are here too: they say where services can be.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import PlainTextResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from sardonyx.files.places import place_of
from sardonyx.projects.models import Project
from sardonyx.services import change_api, draft_api, event_api
from sardonyx.services.draft_api import asked_launch
from sardonyx.services.errors import ServiceNotFoundError
from sardonyx.services.listing import LONGEST_PAGE, PAGE
from sardonyx.services.models import Service, TimelineEvent
from sardonyx.services.requests import IfMatch, Language, Me, Served, expected_etag, tagged
from sardonyx.services.view import (
    CommandsView,
    CredentialView,
    DeletedView,
    LaunchBody,
    LossList,
    LossView,
    MeView,
    OpenView,
    PreviewView,
    ProjectList,
    ProjectView,
    RenameBody,
    ServiceList,
    ServiceView,
    TimelineEventView,
    summary,
    whole,
)
from sardonyx.web.gateway import service_link

router = APIRouter(tags=["services"])
router.include_router(change_api.router)
router.include_router(draft_api.router)
router.include_router(event_api.router)
_SETTLED_LINES = 10_000


@router.get("/me")
async def me(actor: Me) -> MeView:
    """Say who is calling."""
    return MeView(
        username=actor.username,
        full_name=actor.full_name,
        email=actor.email,
        is_admin=actor.is_admin,
        personal_project=actor.default_project.id,
        projects=[_project(project) for project in actor.projects],
    )


@router.get("/projects")
async def projects(actor: Me) -> ProjectList:
    """List the projects where the caller may act."""
    return ProjectList(projects=[_project(project) for project in actor.projects])


@router.get("/projects/{project}/services")
async def list_services(
    project: str,
    actor: Me,
    services: Served,
    language: Language,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
    cursor: str | None = None,
) -> ServiceList:
    """List one's own services and those shared in the project, newest start first, by pages."""
    page = await services.listing(actor, project, cursor=cursor, limit=limit)
    return ServiceList(
        services=[summary(service, language) for service in page.services],
        total=page.total,
        next=page.next,
    )


@router.post(
    "/projects/{project}/services",
    status_code=202,
    response_model=ServiceView | PreviewView,
    responses={200: {"model": PreviewView, "description": "What a dry run would do"}},
)
async def launch(
    request: Request,
    response: Response,
    project: str,
    body: LaunchBody,
    actor: Me,
    services: Served,
    language: Language,
    dry_run: Annotated[bool, Query(alias="dryRun")] = False,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> ServiceView | PreviewView:
    """Launch a service, or with `dryRun=true` say what a launch would do."""
    asked = asked_launch(services, actor, project, body)
    if dry_run:
        draft = await services.open_request(
            actor, project=project, request=asked, language=language
        )
        preview = await services.preview(
            actor,
            project=project,
            draft=draft,
            friendly_name=asked.friendly_name,
            name=asked.name,
            shared=asked.is_shared,
        )
        response.status_code = 200
        return PreviewView.of(preview, language)
    done = await services.launch_once(
        actor, project=project, request=asked, language=language, idempotency_key=idempotency_key
    )
    response.headers["Location"] = f"{request.url.path}/{done.result.name}"
    return whole(done.result, language)


@router.get("/projects/{project}/events")
async def project_events(
    request: Request, project: str, actor: Me, services: Served, language: Language
) -> EventSourceResponse:
    """Stream each service of the project as it is and whenever it changes (`service`)."""
    await services.listing(actor, project, limit=1)  # a wrong project is refused before it

    async def stream() -> AsyncGenerator[bytes, None]:
        async with aclosing(services.follow(actor, project)) as pages:
            async for page in pages:  # a page goes out as one piece: a thousand writes are slow
                if page:
                    yield b"".join(_encoded(service, language) for service in page)

    return EventSourceResponse(stream())


@router.get("/projects/{project}/services/{name}")
async def show(
    response: Response, project: str, name: str, actor: Me, services: Served, language: Language
) -> ServiceView:
    """Show one service; its `ETag` goes into `If-Match` of a change."""
    return tagged(response, await services.show(actor, project, name), language)


@router.patch("/projects/{project}/services/{name}")
async def rename(
    response: Response,
    project: str,
    name: str,
    body: RenameBody,
    actor: Me,
    services: Served,
    language: Language,
    if_match: IfMatch = None,
) -> ServiceView:
    """Give a service other words."""
    done = await services.rename(
        actor, project, name, body.friendly_name, expected_etag=expected_etag(if_match)
    )
    return tagged(response, done.result, language)


@router.delete("/projects/{project}/services/{name}", status_code=202)
async def delete(project: str, name: str, actor: Me, services: Served) -> DeletedView:
    """Stop a service and remove its files; see `losses` first."""
    done = await services.delete(actor, project, name)
    return DeletedView(name=name, commands=CommandsView.of(done.commands))


@router.post("/projects/{project}/services/{name}/pause", status_code=202)
async def pause(
    project: str, name: str, actor: Me, services: Served, language: Language
) -> ServiceView:
    """Stop the program and keep its files."""
    return whole((await services.pause(actor, project, name)).result, language)


@router.post("/projects/{project}/services/{name}/resume", status_code=202)
async def resume(
    project: str, name: str, actor: Me, services: Served, language: Language
) -> ServiceView:
    """Start again what is paused, stopped or failed."""
    return whole((await services.resume(actor, project, name)).result, language)


@router.post("/projects/{project}/services/{name}/restart", status_code=202)
async def restart(
    project: str, name: str, actor: Me, services: Served, language: Language
) -> ServiceView:
    """Stop and start again."""
    return whole((await services.restart(actor, project, name)).result, language)


@router.get("/projects/{project}/services/{name}/losses")
async def losses(project: str, name: str, actor: Me, services: Served) -> LossList:
    """Say what deleting the service would lose."""
    return LossList(
        losses=[LossView.of(loss) for loss in await services.losses(actor, project, name)]
    )


@router.get("/projects/{project}/services/{name}/credential")
async def credential(
    response: Response, project: str, name: str, actor: Me, services: Served
) -> CredentialView:
    """Give a short-lived credential for the service's address."""
    response.headers["Cache-Control"] = "no-store"
    return CredentialView.of(await services.credential(actor, project, name))


@router.post("/projects/{project}/services/{name}/open")
async def open_address(
    request: Request,
    response: Response,
    project: str,
    name: str,
    actor: Me,
    services: Served,
    next: Annotated[str, Query(max_length=2000)] = "/",  # noqa: A002 - the parameter's public name
) -> OpenView:
    """Give an address that opens the service in a browser once, within minutes."""
    await services.page(actor, project, name)
    response.headers["Cache-Control"] = "no-store"
    return OpenView(url=await service_link(request, actor, name, next, project=project))


@router.get(
    "/projects/{project}/services/{name}/logs",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {}, "text/event-stream": {}}}},
)
async def logs(
    project: str,
    name: str,
    actor: Me,
    services: Served,
    lines: Annotated[int, Query(ge=1, le=_SETTLED_LINES)] = 200,
    follow: bool = False,
    previous: bool = False,
) -> Response:
    """Give the last lines; with `follow=true` stream them and what is written next (`log`).

    With `previous=true`: those of the run before, after a crash; nothing is written there next.
    """
    if not follow or previous:
        text = await services.logs(actor, project, name, lines=lines, previous=previous)
        return PlainTextResponse(text)
    kept = ""
    try:
        await services.events(actor, project, name)  # a wrong name is refused before the stream
    except ServiceNotFoundError:
        kept = await services.logs(actor, project, name, lines=lines)
        if not kept:
            raise

    async def stream() -> AsyncGenerator[dict[str, str], None]:
        if kept:  # of a service that is gone: nothing is written there next
            yield _event("log", json.dumps({"text": kept}))
            return
        async with aclosing(services.follow_logs(actor, project, name, lines=lines)) as texts:
            async for text in texts:
                yield _event("log", json.dumps({"text": text}))

    return EventSourceResponse(stream())


@router.get("/projects/{project}/services/{name}/events")
async def events(
    project: str, name: str, actor: Me, services: Served, language: Language
) -> EventSourceResponse:
    """Stream the timeline from its beginning (`timeline`) and the service's changes (`service`)."""
    await services.events(actor, project, name)  # a wrong name is refused before the stream

    async def stream() -> AsyncGenerator[dict[str, str], None]:
        told: list[TimelineEvent] = []
        async with aclosing(services.watch(actor, project, name)) as changes:
            async for service in changes:
                for number, event in enumerate(service.timeline):
                    if number < len(told) and told[number] == event:
                        continue  # a step that goes on is told again, with the same id
                    view = TimelineEventView.of(event).model_dump_json(by_alias=True)
                    yield {**_event("timeline", view), "id": str(number)}
                told = list(service.timeline)
                yield _event("service", summary(service, language).model_dump_json(by_alias=True))

    return EventSourceResponse(stream())


def _encoded(service: Service, language: str) -> bytes:
    text = summary(service, language).model_dump_json(by_alias=True)
    return ServerSentEvent(text, event="service").encode()


def _event(name: str, data: str) -> dict[str, str]:
    return {"event": name, "data": data}


def _project(project: Project) -> ProjectView:
    return ProjectView(
        id=project.id, name=project.name, group=project.group, bucket=place_of(project)
    )
