"""Who acts, and where: people and projects as the rest of the platform sees them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sardonyx.values import JsonObject


@dataclass(frozen=True, slots=True)
class Project:
    """A place to work: a namespace, a bucket and a folder of secrets under one id.

    `group` is None for a personal project. On one machine there is `user-<name>`.
    """

    id: str
    name: str
    bucket: str
    secrets_folder: str
    group: str | None = None

    @property
    def namespace(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Actor:
    """The person (or their program) behind a call; `username` is an RFC 1123 label.

    claims: those of their identity token, empty on one machine. They take no part in equality.
    """

    username: str
    full_name: str
    email: str
    projects: tuple[Project, ...]
    is_admin: bool = False
    claims: JsonObject = field(default_factory=dict, compare=False, repr=False)

    @property
    def personal_project(self) -> Project:
        return next(project for project in self.projects if project.group is None)
