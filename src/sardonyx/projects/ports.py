"""What signing in needs from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class SignInBegun:
    """A sign-in that a browser may finish. address: the provider's page to go to.

    name: tells flows of one browser apart. kept: what the browser must bring back, sealed.
    """

    address: str
    name: str
    kept: Secret


@dataclass(frozen=True, slots=True)
class SignInFinished:
    """Who came back. wanted: the path they had asked for when they were sent to sign in."""

    actor: Actor
    wanted: str


class SignInProvider(Protocol):
    """Lets people sign in by the pages of an organisation's identity provider."""

    @property
    def title(self) -> str:
        """The provider's host name, as the sign-in page names it."""

    async def begin(self, *, wanted: str) -> SignInBegun:
        """Begin a sign-in. Raises IdentityProviderUnavailableError."""

    def flow_name(self, answer: Mapping[str, str]) -> str:
        """Return the name of the flow that the provider's answer belongs to."""

    async def finish(self, *, kept: str, answer: Mapping[str, str]) -> SignInFinished:
        """Return who signed in. answer: the query of the provider's redirect.

        Raises SignInFlowError, SignInRefusedError, IdentityTokenRefusedError,
        UsernameUnusableError, IdentityProviderUnavailableError.
        """

    async def end_address(self) -> str | None:
        """Return the page that ends the sign-in at the provider too, None where there is none."""


class Workspaces(Protocol):
    """Makes ready the place a project works in: on a cluster, its namespace."""

    async def open(self, actor: Actor, project: Project) -> None:
        """Make or refresh the project's place; called at sign-in and before a first launch.

        A place that is ready already is left as it is, apart from what an administrator's
        settings say must be renewed. Raises WorkspaceRefusedError where settings forbid making
        it, a SystemFault when the cluster does not answer.
        """
