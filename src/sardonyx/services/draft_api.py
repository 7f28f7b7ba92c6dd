"""Serve drafts of the launcher over REST v1: all that its page knows, nothing launched."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import JsonValue

from sardonyx.catalog.cards import launch_address
from sardonyx.errors import UserError
from sardonyx.launcher.editor import editor_schema
from sardonyx.projects.models import Actor
from sardonyx.services.draft_view import DraftBody, DraftView, draft_view
from sardonyx.services.launching import LaunchRequest
from sardonyx.services.linking import linked, written_launch
from sardonyx.services.requests import Language, Me, Served
from sardonyx.services.service import Services
from sardonyx.services.view import LaunchBody

router = APIRouter()


@router.post("/projects/{project}/drafts")
async def draft(
    response: Response,
    project: str,
    body: DraftBody,
    actor: Me,
    services: Served,
    language: Language,
) -> DraftView:
    """Say what a launch would be: form, values, problems, findings, link and commands.

    The same checks as of the launch itself. Secrets are in none of it.
    """
    response.headers["Cache-Control"] = "no-store"
    asked = asked_launch(services, actor, project, body)
    opened = await services.open_request(
        actor, project=project, request=asked, language=language, draft_id=body.draft
    )
    preview, refusal = None, None
    try:
        preview = await services.preview(
            actor,
            project=project,
            draft=opened,
            friendly_name=asked.friendly_name,
            name=asked.name,
            shared=asked.is_shared,
        )
    except UserError as error:
        refusal = error
    ref = opened.draft.chart.ref
    link = written_launch(opened, friendly_name=asked.friendly_name, shared=asked.shared)
    return draft_view(
        opened,
        versions=services.versions(actor, project=project, chart=ref.chart, catalog=ref.catalog),
        link=f"{launch_address(ref)}?{link.query}",
        preview=preview,
        refusal=refusal,
        language=language,
    )


@router.post("/projects/{project}/drafts/schema")
async def draft_schema(
    response: Response,
    project: str,
    body: DraftBody,
    actor: Me,
    services: Served,
    language: Language,
) -> dict[str, JsonValue]:
    """Return the JSON Schema of a launch's values as editors take it (launcher.md 9.3).

    References are followed; its `enum` are the choices of this person in this project, its
    `default` what would be sent. No secret is in it.
    """
    response.headers["Cache-Control"] = "no-store"
    asked = asked_launch(services, actor, project, body)
    opened = await services.open_request(
        actor, project=project, request=asked, language=language, draft_id=body.draft
    )
    return editor_schema(opened.draft)


def asked_launch(services: Services, actor: Actor, project: str, body: LaunchBody) -> LaunchRequest:
    """Return the launch that a body asks for, its link read. Raises ChartNotFoundError."""
    request = body.request()
    if body.link is None:
        return request
    return linked(services, actor, project=project, request=request, link=body.link)
