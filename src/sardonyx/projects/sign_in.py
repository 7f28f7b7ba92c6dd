"""Decide who is signed in: one-time links, sessions, and the entry tickets of services.

Tokens are 256 random bits; only their SHA-256 is kept, so that the database alone opens nothing.
A token is good for one *audience*: the portal (pages, REST, command line) or one service's host.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sardonyx.projects.audit import Audit
from sardonyx.projects.errors import OneTimeLinkError, SignInRequiredError
from sardonyx.projects.models import Actor
from sardonyx.projects.ports import IdentityProvider
from sardonyx.projects.tokens import ApiTokens
from sardonyx.values import Secret

PORTAL = "portal"
SERVICE_COOKIE = "sxs"
SERVICE_SESSION_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token stands for. parent: digest of the session it ends with, empty for none."""

    username: str
    audience: str
    expires: datetime
    parent: str = ""


class SignInRecords(Protocol):
    """Keeps grants under the digest of their token; expired ones count as absent."""

    async def add_link(self, digest: str, grant: Grant) -> None: ...

    async def take_link(self, digest: str, now: datetime) -> Grant | None:
        """Return the link's grant and forget it, in one step: a second call gets None."""

    async def add_session(self, digest: str, grant: Grant) -> None: ...

    async def session(self, digest: str, now: datetime) -> Grant | None: ...

    async def drop_session(self, digest: str) -> None:
        """Forget the session, and all sessions and links that have it as parent."""


class SignIn:
    """Issues and checks tokens."""

    def __init__(
        self,
        *,
        records: SignInRecords,
        identities: IdentityProvider,
        session_life: timedelta,
        link_life: timedelta,
        tokens: ApiTokens | None = None,
        audit: Audit | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._records = records
        self._identities = identities
        self._session_life = session_life
        self._link_life = link_life
        self._tokens = tokens
        self._audit = audit
        self._clock = clock

    async def one_time_token(
        self, username: str, *, audience: str = PORTAL, within: str | None = None
    ) -> Secret:
        """Return a token that `enter` accepts once, within minutes.

        within: the session token it was asked with; signing out of that ends what it opens.
        """
        token = secrets.token_urlsafe(32)
        parent = _digest(within) if within else ""
        grant = Grant(username, audience, self._clock() + self._link_life, parent)
        await self._records.add_link(_digest(token), grant)
        return Secret(token)

    async def enter(self, one_time_token: str, *, audience: str = PORTAL) -> Secret:
        """Swap a one-time token for a session token. Raises OneTimeLinkError."""
        grant = await self._records.take_link(_digest(one_time_token), self._clock())
        if grant is None or grant.audience != audience:
            raise OneTimeLinkError
        if audience == PORTAL:
            await self._told(grant.username, "sign_in", "link")
        return await self._open(grant.username, audience, None, grant.parent)

    async def signed_in(self, username: str, *, instead_of: str | None = None) -> Secret:
        """Return a new session of somebody who has just proved who they are.

        instead_of: the session that this browser had before; it ends. No token that existed
        before a sign-in is worth anything after it, so nobody can plant one.
        """
        if instead_of:
            await self._records.drop_session(_digest(instead_of))
        await self._told(username, "sign_in", "provider")
        return await self._open(username, PORTAL, None, "")

    async def session_token(
        self, username: str, *, audience: str = PORTAL, life: timedelta | None = None
    ) -> Secret:
        """Return a new session token."""
        return await self._open(username, audience, life, "")

    async def _open(
        self, username: str, audience: str, life: timedelta | None, parent: str
    ) -> Secret:
        if life is None:
            life = self._session_life if audience == PORTAL else SERVICE_SESSION_LIFE
        token = secrets.token_urlsafe(32)
        grant = Grant(username, audience, self._clock() + life, parent)
        await self._records.add_session(_digest(token), grant)
        return Secret(token)

    async def adopt(self, token: Secret, username: str, *, life: timedelta) -> None:
        """Make a token drawn elsewhere (the command line's, kept in its file) a session."""
        grant = Grant(username, PORTAL, self._clock() + life)
        await self._records.add_session(_digest(token.reveal()), grant)

    async def actor(self, session_token: str | None, *, audience: str = PORTAL) -> Actor | None:
        """Return who the token speaks for, None when it is unknown, old or for another place.

        None as well when the identity provider no longer stands for the person.
        """
        if not session_token:
            return None
        username = await self._speaker(session_token, audience)
        if username is None:
            return None
        try:
            return await self._identities.actor(username)
        except SignInRequiredError:
            return None

    async def _speaker(self, token: str, audience: str) -> str | None:
        if self._tokens is not None and audience == PORTAL:
            program = await self._tokens.speaker(token)
            if program is not None:
                return program.username
        grant = await self._records.session(_digest(token), self._clock())
        return grant.username if grant is not None and grant.audience == audience else None

    async def sign_out(self, session_token: str) -> None:
        """Make the token worthless, and every service's session that came from it."""
        digest = _digest(session_token)
        grant = await self._records.session(digest, self._clock())
        await self._records.drop_session(digest)
        if grant is not None:
            await self._told(grant.username, "sign_out", grant.audience)

    async def _told(self, username: str, action: str, target: str) -> None:
        if self._audit is not None:
            await self._audit.record(username, action, target, "done")


def service_audience(release: str, project: str = "") -> str:
    """Return the audience of tokens that open one service.

    project: where names repeat across projects; empty where a release's name is the only one.
    """
    return f"service/{project}/{release}" if project else f"service/{release}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
