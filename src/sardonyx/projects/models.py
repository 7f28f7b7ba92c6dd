"""Who acts, and where: people and projects as the rest of the platform sees them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sardonyx.projects.errors import NoPersonalProjectError, NoProjectError
from sardonyx.values import JsonObject


@dataclass(frozen=True, slots=True)
class Project:
    """A place to work: a namespace, a bucket and a folder of secrets under one id.

    `group` is the group as the identity provider writes it, None for a personal project. On one
    machine there is `user-<name>`. prefix: the project's folder where the bucket is shared with
    others, ending in `/`; empty where the bucket is the project's own. own_namespace: the
    namespace where it is not named like the project (a region of a single namespace).
    """

    id: str
    name: str
    bucket: str
    secrets_folder: str
    group: str | None = None
    prefix: str = ""
    own_namespace: str = ""

    @property
    def namespace(self) -> str:
        return self.own_namespace or self.id


@dataclass(frozen=True, slots=True)
class IgnoredGroup:
    """A group that gives no project, and why: `not_included`, `excluded`, `not_usable`."""

    group: str
    reason: str


@dataclass(frozen=True, slots=True)
class Actor:
    """The person (or their program) behind a call.

    username: on one machine an RFC 1123 label; from an identity provider as its claim says
    (`Ada.L@example.org`), so that it compares with what Onyxia and Kubernetes call the person.
    Names of namespaces, buckets and folders are those of `projects`, made safe. roles: sorted.
    claims: those of the identity token, empty on one machine. They take no part in equality.
    groups_claim: the name of the one that `groups` are of, a key or a path with dots.
    """

    username: str
    full_name: str
    email: str
    projects: tuple[Project, ...]
    is_admin: bool = False
    claims: JsonObject = field(default_factory=dict, compare=False, repr=False)
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    ignored_groups: tuple[IgnoredGroup, ...] = ()
    groups_claim: str = field(default="groups", compare=False)

    @property
    def personal_project(self) -> Project:
        """The project of this person alone. Raises NoPersonalProjectError."""
        for project in self.projects:
            if project.group is None:
                return project
        raise NoPersonalProjectError(username=self.username)

    @property
    def default_project(self) -> Project:
        """Where the person acts when no project is named: their own, else the first.

        Raises NoProjectError.
        """
        for project in self.projects:
            if project.group is None:
                return project
        if not self.projects:
            raise NoProjectError(username=self.username)
        return self.projects[0]
