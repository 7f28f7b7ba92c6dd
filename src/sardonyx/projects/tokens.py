"""Make, list and revoke the tokens that a person's programs carry.

A token is shown once; only its SHA-256 is kept. It speaks for the person, with their rights of
the moment, until it ends or is revoked.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sardonyx.projects.audit import Audit
from sardonyx.projects.errors import ApiTokenInvalidError, ApiTokenNotFoundError
from sardonyx.values import Secret

# A mark that people and scanners of leaked secrets recognise.
PREFIX = "sxp_"
LONGEST_LIFE = timedelta(days=365)
USUAL_LIFE = timedelta(days=90)
NAME_LENGTH = 100
MOST_TOKENS = 100
_USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """One token of a person. number: names it in addresses, opens nothing."""

    number: str
    username: str
    name: str
    created: datetime
    expires: datetime
    last_used: datetime | None = None


class ApiTokenRecords(Protocol):
    """Keeps tokens under their digest."""

    async def add_api_token(self, digest: str, token: ApiToken) -> None: ...

    async def api_token(self, digest: str) -> ApiToken | None: ...

    async def note_use(self, digest: str, at: datetime) -> None: ...

    async def api_tokens(self, username: str) -> Sequence[ApiToken]:
        """Return the person's tokens, the newest first, those that ended too."""

    async def drop_api_token(self, username: str, number: str) -> ApiToken | None:
        """Forget one token of the person; None when there is none of that number."""


class ApiTokens:
    """The tokens of everybody's programs."""

    def __init__(
        self,
        *,
        records: ApiTokenRecords,
        audit: Audit,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._records = records
        self._audit = audit
        self._clock = clock

    async def make(
        self, username: str, name: str, *, life: timedelta = USUAL_LIFE
    ) -> tuple[ApiToken, Secret]:
        """Return a new token and its text, which nobody can have again.

        Raises ApiTokenInvalidError for a name of no or several lines, for a life that is not
        within (0, LONGEST_LIFE], and for more than MOST_TOKENS.
        """
        words = name.strip()
        if not 0 < len(words) <= NAME_LENGTH or not words.isprintable():
            raise ApiTokenInvalidError(reason="name", field="name")
        if not timedelta() < life <= LONGEST_LIFE:
            raise ApiTokenInvalidError(reason="life", field="days")
        if len(await self._records.api_tokens(username)) >= MOST_TOKENS:
            raise ApiTokenInvalidError(reason="number")
        text = PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        token = ApiToken(secrets.token_hex(8), username, words, now, now + life)
        await self._records.add_api_token(_digest(text), token)
        await self._audit.record(username, "token.make", f"{words} ({token.number})", "done")
        return token, Secret(text)

    async def listed(self, username: str) -> Sequence[ApiToken]:
        """Return the person's tokens, the newest first, those that ended too."""
        return await self._records.api_tokens(username)

    async def revoke(self, username: str, number: str) -> ApiToken:
        """Make a token of the person worthless at once. Raises ApiTokenNotFoundError."""
        dropped = await self._records.drop_api_token(username, number)
        if dropped is None:
            raise ApiTokenNotFoundError(number=number)
        await self._audit.record(username, "token.revoke", f"{dropped.name} ({number})", "done")
        return dropped

    async def speaker(self, text: str) -> ApiToken | None:
        """Return the token that `text` is, None when it is none, has ended or was revoked."""
        if not text.startswith(PREFIX):
            return None
        digest = _digest(text)
        token = await self._records.api_token(digest)
        now = self._clock()
        if token is None or token.expires <= now:
            return None
        if token.last_used is None or now - token.last_used >= _USE_NOTED_EVERY:
            await self._records.note_use(digest, now)
        return token


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
