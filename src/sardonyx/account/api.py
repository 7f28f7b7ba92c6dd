"""REST of a person's own choices and of the record of changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from sardonyx.account import profile_api, storage_api
from sardonyx.account.models import AuditFilter, Preferences, Theme
from sardonyx.projects.errors import NotOfferedHereError
from sardonyx.projects.models import Actor
from sardonyx.projects.tokens import ApiToken, ApiTokens
from sardonyx.web.session import browser_actor, current_actor, session_token

router = APIRouter(prefix="/account", tags=["account"])
router.include_router(profile_api.router)
router.include_router(storage_api.router)
Person = Annotated[Actor, Depends(current_actor)]
InBrowser = Annotated[Actor, Depends(browser_actor)]


class PreferencesBody(BaseModel):
    """A person's choices; null means: as the browser or the machine's Git says."""

    language: str | None = None
    theme: Theme = Theme.SYSTEM
    gitName: str | None = None  # noqa: N815 - the wire is camelCase
    gitEmail: str | None = None  # noqa: N815
    gitCacheSeconds: int = 0  # noqa: N815


class AuditBody(BaseModel):
    """One change. number: give it as `before` for the changes below."""

    at: datetime
    username: str
    action: str
    target: str
    result: str
    number: int


class TokenAsked(BaseModel):
    """A token to make: what it is for, and how many days it works."""

    name: str
    days: int = 90


class TokenBody(BaseModel):
    """A token of a program. `token` is its text, in the answer that made it and never again."""

    number: str
    name: str
    created: datetime
    expires: datetime
    lastUsed: datetime | None = None  # noqa: N815
    token: str | None = None


class TokenList(BaseModel):
    """The caller's tokens, the newest first."""

    tokens: list[TokenBody]


@router.get("/tokens", response_model_exclude_none=True)
async def list_tokens(request: Request, actor: Person) -> TokenList:
    """List the tokens of one's programs; none of their texts."""
    listed = await tokens_of(request).listed(actor.username)
    return TokenList(tokens=[_token(one) for one in listed])


@router.post("/tokens", status_code=201, response_model_exclude_none=True)
async def make_token(
    request: Request, response: Response, actor: InBrowser, body: TokenAsked
) -> TokenBody:
    """Make a token; only a browser's session can, never a token."""
    life = timedelta(days=max(0, min(body.days, 100_000)))
    made, text = await tokens_of(request).make(actor.username, body.name, life=life)
    response.headers["Cache-Control"] = "no-store"
    return _token(made, text.reveal())


@router.delete("/tokens/current", status_code=204)
async def revoke_current(request: Request, actor: Person) -> None:
    """Revoke the very token that asks; `sardonyx logout` does. A session is signed out."""
    carried = session_token(request) or ""
    spoken = await tokens_of(request).speaker(carried)
    if spoken is None:
        await request.app.state.platform.sign_in.sign_out(carried)
    else:
        await tokens_of(request).revoke(actor.username, spoken.number)


@router.delete("/tokens/{number}", status_code=204)
async def revoke_token(request: Request, actor: Person, number: str) -> None:
    """Revoke a token at once."""
    await tokens_of(request).revoke(actor.username, number)


def tokens_of(request: Request) -> ApiTokens:
    """Return the platform's tokens. Raises NotOfferedHereError on one machine."""
    service: ApiTokens | None = request.app.state.platform.tokens
    if service is None:
        raise NotOfferedHereError
    return service


def _token(token: ApiToken, text: str | None = None) -> TokenBody:
    return TokenBody(
        number=token.number,
        name=token.name,
        created=token.created,
        expires=token.expires,
        lastUsed=token.last_used,
        token=text,
    )


@router.get("/preferences")
async def preferences(request: Request, actor: Person) -> PreferencesBody:
    """Return the person's choices."""
    kept = await request.app.state.platform.accounts.preferences(actor)
    return PreferencesBody(
        language=kept.language,
        theme=kept.theme,
        gitName=kept.git_name,
        gitEmail=kept.git_email,
        gitCacheSeconds=kept.git_cache_seconds,
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
            git_cache_seconds=body.gitCacheSeconds,
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
