"""What signing in needs from outside."""

from __future__ import annotations

from typing import Protocol

from sardonyx.projects.models import Actor
from sardonyx.values import Secret


class IdentityProvider(Protocol):
    """Knows who a person is, and vouches for them to the store and the secrets."""

    async def actor(self, username: str) -> Actor:
        """Return the person named `username`. Raises ProjectNotFoundError's kin when unknown."""

    async def web_identity(self, username: str) -> Secret:
        """Return a fresh OpenID Connect token whose subject is `username`.

        Audience `sardonyx`, ES256, minutes long. S3 (STS) and the secret store accept it.
        """
