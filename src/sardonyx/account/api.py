"""REST of a person's own choices and of the record of changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from sardonyx.account.models import AuditFilter, Preferences, Theme
from sardonyx.projects.models import Actor
from sardonyx.web.session import current_actor

router = APIRouter(prefix="/account", tags=["account"])
Person = Annotated[Actor, Depends(current_actor)]


class PreferencesBody(BaseModel):
    """A person's choices; null means: as the browser or the machine's Git says."""

    language: str | None = None
    theme: Theme = Theme.SYSTEM
    gitName: str | None = None  # noqa: N815 - the wire is camelCase
    gitEmail: str | None = None  # noqa: N815


class AuditBody(BaseModel):
    """One change. number: give it as `before` for the changes below."""

    at: datetime
    username: str
    action: str
    target: str
    result: str
    number: int


@router.get("/preferences")
async def preferences(request: Request, actor: Person) -> PreferencesBody:
    """Return the person's choices."""
    kept = await request.app.state.platform.accounts.preferences(actor)
    return PreferencesBody(
        language=kept.language, theme=kept.theme, gitName=kept.git_name, gitEmail=kept.git_email
    )


@router.put("/preferences")
async def save_preferences(
    request: Request, actor: Person, body: PreferencesBody
) -> PreferencesBody:
    """Keep the person's choices."""
    await request.app.state.platform.accounts.save(
        actor,
        Preferences(
            language=body.language,
            theme=body.theme,
            git_name=body.gitName,
            git_email=body.gitEmail,
        ),
    )
    return body


@router.get("/audit")
async def audit(
    request: Request,
    actor: Person,
    by: Annotated[str, Query(max_length=255)] = "",
    action: Annotated[str, Query(max_length=63)] = "",
    target: Annotated[str, Query(max_length=255)] = "",
    since: datetime | None = None,
    until: datetime | None = None,
    failed: bool = False,
    before: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[AuditBody]:
    """Return the newest changes first: one's own, everybody's for an administrator."""
    asked = AuditFilter(
        by=by,
        action=action,
        target=target,
        since=None if since is None else in_utc(since),
        until=None if until is None else in_utc(until),
        failed=failed,
        before=before,
        limit=limit,
    )
    entries = await request.app.state.platform.accounts.audit(actor, asked)
    return [
        AuditBody(
            at=e.at,
            username=e.username,
            action=e.action,
            target=e.target,
            result=e.result,
            number=e.number,
        )
        for e in entries
    ]


def in_utc(moment: datetime) -> datetime:
    """Return the moment in UTC; one without a zone is taken to be in UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
