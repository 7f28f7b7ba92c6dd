"""Show the tokens of a person's programs and the record of changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse

from sardonyx.account.models import AuditFilter
from sardonyx.errors import HTTP_STATUS, UserError
from sardonyx.projects.errors import NotOfferedHereError
from sardonyx.projects.models import Actor
from sardonyx.projects.tokens import ApiTokens
from sardonyx.text import N_, Text
from sardonyx.values import Secret
from sardonyx.web.session import browser_actor
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter()
LIVES = (7, 30, 90, 365)
_PAGE = 100
InBrowser = Annotated[Actor, Depends(browser_actor)]


@router.get("/account/tokens")
async def tokens(
    viewer: CurrentViewer, name: Annotated[str, Query(max_length=100)] = ""
) -> HTMLResponse:
    """Show the tokens. name: proposed for a new one, as `sardonyx login` does."""
    return await _tokens(viewer, name=name)


@router.post("/account/tokens")
async def make_token(
    viewer: CurrentViewer,
    _: InBrowser,
    name: Annotated[str, Form()],
    days: Annotated[int, Form()] = 90,
) -> HTMLResponse:
    """Make a token and show it, this once: the answer to the form, which is kept nowhere."""
    try:
        made = await _service(viewer).make(
            viewer.actor.username, name, life=timedelta(days=max(0, min(days, 100_000)))
        )
    except UserError as error:
        return await _tokens(viewer, name=name, problem=error)
    return await _tokens(viewer, made=made[1])


@router.post("/account/tokens/{number}/revoke")
async def revoke_token(viewer: CurrentViewer, number: str) -> RedirectResponse:
    """Make a token worthless. Raises ApiTokenNotFoundError."""
    revoked = await _service(viewer).revoke(viewer.actor.username, number)
    said = Text(N_("“{name}” opens nothing any more."), {"name": revoked.name})
    return viewer.go("/account/tokens", said)


@router.get("/account/audit")
async def audit(
    viewer: CurrentViewer,
    by: Annotated[str, Query(max_length=255)] = "",
    action: Annotated[str, Query(max_length=63)] = "",
    target: Annotated[str, Query(max_length=255)] = "",
    since: str = "",
    until: str = "",
    failed: bool = False,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> HTMLResponse:
    """Show what changed: one's own changes, everybody's for an administrator."""
    first, last = _day(since), _day(until)
    asked = AuditFilter(
        by=by.strip() if viewer.actor.is_admin else "",
        action=action.strip(),
        target=target.strip(),
        since=first,
        until=None if last is None else last + timedelta(days=1),
        failed=failed,
        before=before,
        limit=_PAGE + 1,
    )
    found = await viewer.platform.accounts.audit(viewer.actor, asked)
    typed = {"by": asked.by, "action": asked.action, "target": asked.target}
    typed |= {"since": since if first else "", "until": until if last else ""}
    kept = {**typed, **({"failed": "true"} if failed else {})}
    older = ""
    if len(found) > _PAGE:
        query = {name: value for name, value in kept.items() if value}
        older = "/account/audit?" + urlencode({**query, "before": found[_PAGE - 1].number})
    return await viewer.render(
        "account/audit.html",
        entries=found[:_PAGE],
        asked=typed,
        failed=failed,
        older=older,
        everybody=viewer.actor.is_admin,
    )


async def _tokens(
    viewer: Viewer, *, name: str = "", made: Secret | None = None, problem: UserError | None = None
) -> HTMLResponse:
    listed = await _service(viewer).listed(viewer.actor.username)
    return await viewer.render(
        "account/tokens.html",
        status=200 if problem is None else HTTP_STATUS[problem.kind],
        listed=listed,
        now=datetime.now(UTC),
        name=name,
        lives=LIVES,
        made=None if made is None else made.reveal(),
        problem=problem,
        address=viewer.platform.public_url,
    )


def _service(viewer: Viewer) -> ApiTokens:
    service = viewer.platform.tokens
    if service is None:
        raise NotOfferedHereError
    return service


def _day(text: str) -> datetime | None:
    """Return the beginning of a day (`2026-11-23`) in UTC; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
