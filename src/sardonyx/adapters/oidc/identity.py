"""Know the one person of a machine, and vouch for them and for the platform itself."""

from __future__ import annotations

import getpass
import os
import pwd
import re
from dataclasses import dataclass

from sardonyx.adapters.oidc.issuer import ADMIN_AUDIENCE, PLATFORM_SUBJECT, Issuer
from sardonyx.projects.errors import SignInRequiredError
from sardonyx.projects.models import Actor, Project
from sardonyx.values import Secret

# "user-" and the name together are a bucket and a namespace: 63 characters at most.
_NAME_LENGTH = 58


@dataclass(frozen=True, slots=True)
class OnePerson:
    """The identity provider of one machine: whoever owns the home, and nobody else."""

    issuer: Issuer
    person: Actor

    @classmethod
    def of_login(cls, issuer: Issuer, login: str | None = None) -> OnePerson:
        """Return the provider for the login name (default: who runs this process)."""
        return cls(issuer, local_person(login or _login()))

    async def actor(self, username: str) -> Actor:
        """Return the person. Raises SignInRequiredError for any other name."""
        if username != self.person.username:
            raise SignInRequiredError
        return self.person

    async def web_identity(self, username: str) -> Secret:
        """Return a token of some minutes for S3 and the secret store."""
        return self.issuer.mint((await self.actor(username)).username)

    def platform_identity(self) -> Secret:
        """Return the platform's own token: it configures the secret store, nothing else."""
        return self.issuer.mint(PLATFORM_SUBJECT, ADMIN_AUDIENCE)


def _login() -> str:
    """Return the login name of the account; variables such as USER change from shell to shell."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account that only a container's runtime knows
        return getpass.getuser()


def local_person(login: str) -> Actor:
    """Return the person with this login name and their one, personal project."""
    username = person_label(login)
    try:
        full_name = pwd.getpwnam(login).pw_gecos.split(",")[0].strip()
    except KeyError:  # a login that only the environment names
        full_name = ""
    return Actor(
        username=username,
        full_name=full_name or login,
        email=f"{username}@localhost",
        projects=(personal_project(username),),
        is_admin=True,
    )


def personal_project(username: str) -> Project:
    """Return the personal project: one id names its bucket, namespace and secrets' folder."""
    return project_of_id(f"user-{username}")


def project_of_id(identifier: str) -> Project:
    """Return the project of an id on one machine, where every name is the id."""
    return Project(id=identifier, name=identifier, bucket=identifier, secrets_folder=identifier)


def person_label(login: str) -> str:
    """Return the login name as an RFC 1123 label: lower case, digits and inner dashes."""
    label = re.sub(r"[^a-z0-9]+", "-", login.lower()).strip("-")[:_NAME_LENGTH].strip("-")
    return label or "person"
