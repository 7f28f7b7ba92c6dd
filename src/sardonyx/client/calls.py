"""Build the requests of REST v1 and read their answers; the sync and async clients share them.

Pure: nothing is sent here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote

from sardonyx.client import models
from sardonyx.client.errors import NoSuchNameError
from sardonyx.client.models import Credential, Fields, Loss, Service
from sardonyx.values import Json, JsonObject

T = TypeVar("T")
API = "/api/v1"
LONGEST_PAGE = 1_000  # of services in one answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the JSON document (or text), and the headers by small letters."""

    document: Json
    text: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InProject:
    """In which project a request acts; None: in the caller's own."""

    id: str | None = None


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and how to read its answer. `path` is below that of `project`, if any."""

    method: str
    path: str
    read: Callable[[Answer], T]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    project: InProject | None = None

    @property
    def needs_own_project(self) -> bool:
        """Whether `address` must be told the caller's own project."""
        return self.project is not None and self.project.id is None

    def address(self, own_project: str | None = None) -> str:
        """Return the whole path. Raises NoSuchNameError."""
        if self.project is None:
            return self.path
        return path("projects", self.project.id or own_project or "") + self.path


def path(*parts: str) -> str:
    """Return an address under REST v1; each part is one segment.

    Raises NoSuchNameError for what no segment can be: it would lead to another address.
    """
    return API + segments(*parts)


def segments(*parts: str) -> str:
    """Return parts of an address, each one segment after a slash. Raises NoSuchNameError."""
    for part in parts:
        if part in ("", ".", "..") or "/" in part:
            raise NoSuchNameError(name=part)
    return "".join("/" + quote(part, safe="") for part in parts)


def raw(answer: Answer) -> JsonObject:
    """Return the answer's JSON object as it came."""
    return Fields(answer.document).document


def one_service(answer: Answer) -> Service:
    return models.service(answer.document, etag=answer.headers.get("etag"))


def me() -> Call[JsonObject]:
    """Say who is calling."""
    return Call("GET", path("me"), raw)


def projects() -> Call[JsonObject]:
    """List the caller's projects."""
    return Call("GET", path("projects"), raw)


@dataclass(frozen=True, slots=True)
class ServicePage:
    """One page of a project's services; `cursor` asks for the next, `total` counts all."""

    services: tuple[Service, ...]
    total: int
    cursor: str | None


def services(
    project: str, *, cursor: str | None = None, limit: int = LONGEST_PAGE
) -> Call[ServicePage]:
    """List a project's services, a page at a time."""

    def read(answer: Answer) -> ServicePage:
        read = Fields(answer.document)
        found = tuple(models.service(one) for one in read.items("services"))
        return ServicePage(found, read.integer("total"), read.optional("next"))

    query = {"limit": str(limit)} | ({} if cursor is None else {"cursor": cursor})
    return Call("GET", path("projects", project, "services"), read, query=query)


def launch(project: str, body: JsonObject, *, idempotency_key: str | None = None) -> Call[Service]:
    """Launch a service. body: fields of `LaunchBody` (chart, catalog, version, values, set, …)."""
    headers = {} if idempotency_key is None else {"idempotency-key": idempotency_key}
    return Call(
        "POST", path("projects", project, "services"), one_service, body=body, headers=headers
    )


def preview(project: str, body: JsonObject) -> Call[JsonObject]:
    """Say what a launch would do."""
    return Call(
        "POST", path("projects", project, "services"), raw, query={"dryRun": "true"}, body=body
    )


def service(project: str, name: str) -> Call[Service]:
    """Show one service."""
    return Call("GET", path("projects", project, "services", name), one_service)


def change(project: str, name: str, verb: str) -> Call[Service]:
    """Pause, resume or restart a service."""
    return Call("POST", path("projects", project, "services", name, verb), one_service)


def rename(project: str, name: str, words: str, *, etag: str | None) -> Call[Service]:
    """Give a service other words, if it is still as `etag` says."""
    return Call(
        "PATCH",
        path("projects", project, "services", name),
        one_service,
        body={"friendlyName": words},
        headers={} if etag is None else {"if-match": etag},
    )


def edit(project: str, name: str, body: JsonObject, *, etag: str | None = None) -> Call[Service]:
    """Change values or version of a service. body: version, values, set, patch."""
    return Call(
        "POST",
        path("projects", project, "services", name, "edit"),
        one_service,
        body=body,
        headers={} if etag is None else {"if-match": etag},
    )


def preview_edit(
    project: str, name: str, body: JsonObject, *, objects: bool = True
) -> Call[JsonObject]:
    """Say what a change would make different. objects: also what would be created."""
    query = {"dryRun": "true", "objects": "true" if objects else "false"}
    where = path("projects", project, "services", name, "edit")
    return Call("POST", where, raw, query=query, body=body)


def values(project: str, name: str) -> Call[JsonObject]:
    """Give the values a service was launched with; secrets stand as `$VAR`."""

    def read(answer: Answer) -> JsonObject:
        return Fields(raw(answer).get("values")).document

    return Call("GET", path("projects", project, "services", name, "values"), read)


def history(project: str, name: str) -> Call[list[JsonObject]]:
    """List the earlier states of a service, newest first."""

    def read(answer: Answer) -> list[JsonObject]:
        return [Fields(one).document for one in Fields(answer.document).items("revisions")]

    return Call("GET", path("projects", project, "services", name, "history"), read)


def roll_back(project: str, name: str, revision: int, *, etag: str | None = None) -> Call[Service]:
    """Return to an earlier state."""
    return Call(
        "POST",
        path("projects", project, "services", name, "rollback"),
        one_service,
        body={"revision": revision},
        headers={} if etag is None else {"if-match": etag},
    )


def preview_roll_back(project: str, name: str, revision: int) -> Call[JsonObject]:
    """Say what returning to an earlier state would make different."""
    where = path("projects", project, "services", name, "rollback")
    return Call("POST", where, raw, query={"dryRun": "true"}, body={"revision": revision})


def share(project: str, name: str, *, shared: bool) -> Call[Service]:
    """Let the group see a service, or its owner alone."""
    where = path("projects", project, "services", name, "share")
    return Call("POST", where, one_service, body={"shared": shared})


def duplicate(
    project: str, name: str, words: str | None, *, idempotency_key: str | None = None
) -> Call[Service]:
    """Launch a service with the same settings, and secrets of its own."""
    return Call(
        "POST",
        path("projects", project, "services", name, "duplicate"),
        one_service,
        body={} if words is None else {"friendlyName": words},
        headers={} if idempotency_key is None else {"idempotency-key": idempotency_key},
    )


def quota(project: str) -> Call[list[JsonObject]]:
    """Say what a project may use, and what is used of it."""

    def read(answer: Answer) -> list[JsonObject]:
        return [Fields(one).document for one in Fields(answer.document).items("quota")]

    return Call("GET", path("projects", project, "quota"), read)


def delete(project: str, name: str) -> Call[JsonObject]:
    """Delete a service."""
    return Call("DELETE", path("projects", project, "services", name), raw)


def losses(project: str, name: str) -> Call[tuple[Loss, ...]]:
    """Say what deleting would lose."""

    def read(answer: Answer) -> tuple[Loss, ...]:
        return tuple(models.loss(item) for item in Fields(answer.document).items("losses"))

    return Call("GET", path("projects", project, "services", name, "losses"), read)


def credential(project: str, name: str) -> Call[Credential]:
    """Give a credential for the service's address."""
    return Call(
        "GET",
        path("projects", project, "services", name, "credential"),
        lambda answer: models.credential(answer.document),
    )


def open_address(project: str, name: str, *, wanted: str = "/") -> Call[str]:
    """Give an address that opens the service once."""
    return Call(
        "POST",
        path("projects", project, "services", name, "open"),
        lambda answer: Fields(answer.document).text("url"),
        query={"next": wanted},
    )


def logs(project: str, name: str, *, lines: int, previous: bool = False) -> Call[str]:
    """Give the last lines of the log; previous: of the run before the present one."""
    return Call(
        "GET",
        path("projects", project, "services", name, "logs"),
        lambda answer: answer.text,
        query={"lines": str(lines), **({"previous": "true"} if previous else {})},
    )
