"""What signing in needs from outside."""

from __future__ import annotations

from typing import Protocol

from sardonyx.projects.models import Actor, Project
from sardonyx.values import Secret


class IdentityProvider(Protocol):
    """Knows who a person is, and vouches for them to the store and the secrets."""

    async def actor(self, username: str) -> Actor:
        """Return the person named `username`. Raises ProjectNotFoundError's kin when unknown."""

    async def web_identity(self, username: str) -> Secret:
        """Return a fresh OpenID Connect token whose subject is `username`.

        Audience `sardonyx`, ES256, minutes long. S3 (STS) and the secret store accept it.
        """


class Workspaces(Protocol):
    """Makes ready the place a project works in: on a cluster, its namespace."""

    async def open(self, actor: Actor, project: Project) -> None:
        """Make or refresh the project's place; called at sign-in and before a first launch.

        A place that is ready already is left as it is, apart from what an administrator's
        settings say must be renewed. Raises WorkspaceRefusedError where settings forbid making
        it, a SystemFault when the cluster does not answer.
        """
