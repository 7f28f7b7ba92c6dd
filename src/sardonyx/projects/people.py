"""Keep who signed in by the identity provider, so that they are known after a restart."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sardonyx.values import JsonObject


@dataclass(frozen=True, slots=True)
class KeptPerson:
    """What is kept of a person. updated: when the provider last said these claims.

    subject: issuer and subject of their token. sealed: their tokens, readable with the key file
    alone; empty when there are none.
    """

    username: str
    subject: str
    claims: JsonObject = field(repr=False)
    sealed: str = field(repr=False)
    updated: datetime


class PeopleRecords(Protocol):
    """Keeps people by their name."""

    async def person(self, username: str) -> KeptPerson | None: ...

    async def keep_person(self, person: KeptPerson) -> None:
        """Keep the person, in the place of an older record of that name."""

    async def lease_person(self, username: str, *, now: datetime, until: datetime) -> bool:
        """Return whether the caller alone may renew the person's tokens, until then.

        `keep_person` and `release_person` end it.
        """

    async def release_person(self, username: str) -> None: ...

    async def end_sessions(self, username: str) -> None:
        """Forget the person's sessions, links and sealed tokens; API tokens stay."""

    async def end_access(self, username: str) -> None:
        """Forget every session, link and API token of the person, and their sealed tokens."""
