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
from sardonyx.client.models import Credential, Fields, Loss, Me, Project, Service
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
class Call(Generic[T]):
    """One request, and how to read its answer. `path` may name the caller's own project: OWN."""

    method: str
    path: str
    read: Callable[[Answer], T]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


# Stands in a path for the caller's own project, which the client finds out: no part of a path
# that was quoted has a brace.
OWN = "{own}"


def path(*parts: str | None) -> str:
    """Return an address under REST v1; each part is one segment, None one's own project.

    Raises NoSuchNameError for what no segment can be: it would lead to another address.
    """
    for part in parts:
        if part is not None and (part in ("", ".", "..") or "/" in part):
            raise NoSuchNameError(name=part)
    return API + "".join("/" + (OWN if part is None else quote(part, safe="")) for part in parts)


def of_project(address: str, own: str) -> str:
    """Return an address with the caller's own project in its place."""
    return address.replace(OWN, quote(own, safe=""))


def raw(answer: Answer) -> JsonObject:
    """Return the answer's JSON object as it came."""
    return Fields(answer.document).document


def one_service(answer: Answer) -> Service:
    return models.service(answer.document, etag=answer.headers.get("etag"))


def me() -> Call[Me]:
    """Say who is calling."""
    return Call("GET", path("me"), lambda answer: models.me(answer.document))


def projects() -> Call[tuple[Project, ...]]:
    """List the caller's projects."""

    def read(answer: Answer) -> tuple[Project, ...]:
        return tuple(models.project(one) for one in Fields(answer.document).items("projects"))

    return Call("GET", path("projects"), read)


@dataclass(frozen=True, slots=True)
class ServicePage:
    """One page of a project's services; `cursor` asks for the next, `total` counts all."""

    services: tuple[Service, ...]
    total: int
    cursor: str | None


def services(
    project: str | None, *, cursor: str | None = None, limit: int = LONGEST_PAGE
) -> Call[ServicePage]:
    """List a project's services, a page at a time."""

    def read(answer: Answer) -> ServicePage:
        read = Fields(answer.document)
        found = tuple(models.service(one) for one in read.items("services"))
        return ServicePage(found, read.integer("total"), read.optional("next"))

    query = {"limit": str(limit)} | ({} if cursor is None else {"cursor": cursor})
    return Call("GET", path("projects", project, "services"), read, query=query)


def launch(
    project: str | None, body: JsonObject, *, idempotency_key: str | None = None
) -> Call[Service]:
    """Launch a service. body: fields of `LaunchBody` (chart, catalog, version, values, set, …)."""
    headers = {} if idempotency_key is None else {"idempotency-key": idempotency_key}
    return Call(
        "POST", path("projects", project, "services"), one_service, body=body, headers=headers
    )


def service(project: str | None, name: str) -> Call[Service]:
    """Show one service."""
    return Call("GET", path("projects", project, "services", name), one_service)


def change(project: str | None, name: str, verb: str) -> Call[Service]:
    """Pause, resume or restart a service."""
    return Call("POST", path("projects", project, "services", name, verb), one_service)


def rename(project: str | None, name: str, words: str, *, etag: str | None) -> Call[Service]:
    """Give a service other words, if it is still as `etag` says."""
    return Call(
        "PATCH",
        path("projects", project, "services", name),
        one_service,
        body={"friendlyName": words},
        headers={} if etag is None else {"if-match": etag},
    )


def edit(
    project: str | None, name: str, body: JsonObject, *, etag: str | None = None
) -> Call[Service]:
    """Change values or version of a service. body: version, values, set, patch."""
    return Call(
        "POST",
        path("projects", project, "services", name, "edit"),
        one_service,
        body=body,
        headers={} if etag is None else {"if-match": etag},
    )


def values(project: str | None, name: str) -> Call[JsonObject]:
    """Give the values a service was launched with; secrets stand as `$VAR`."""

    def read(answer: Answer) -> JsonObject:
        return Fields(raw(answer).get("values")).document

    return Call("GET", path("projects", project, "services", name, "values"), read)


def roll_back(
    project: str | None, name: str, revision: int, *, etag: str | None = None
) -> Call[Service]:
    """Return to an earlier state."""
    return Call(
        "POST",
        path("projects", project, "services", name, "rollback"),
        one_service,
        body={"revision": revision},
        headers={} if etag is None else {"if-match": etag},
    )


def share(project: str | None, name: str, *, shared: bool) -> Call[Service]:
    """Let the group see a service, or its owner alone."""
    where = path("projects", project, "services", name, "share")
    return Call("POST", where, one_service, body={"shared": shared})


def duplicate(
    project: str | None, name: str, words: str | None, *, idempotency_key: str | None = None
) -> Call[Service]:
    """Launch a service with the same settings, and secrets of its own."""
    return Call(
        "POST",
        path("projects", project, "services", name, "duplicate"),
        one_service,
        body={} if words is None else {"friendlyName": words},
        headers={} if idempotency_key is None else {"idempotency-key": idempotency_key},
    )


def delete(project: str | None, name: str) -> Call[JsonObject]:
    """Delete a service."""
    return Call("DELETE", path("projects", project, "services", name), raw)


def losses(project: str | None, name: str) -> Call[tuple[Loss, ...]]:
    """Say what deleting would lose."""

    def read(answer: Answer) -> tuple[Loss, ...]:
        return tuple(models.loss(item) for item in Fields(answer.document).items("losses"))

    return Call("GET", path("projects", project, "services", name, "losses"), read)


def credential(project: str | None, name: str) -> Call[Credential]:
    """Give a credential for the service's address."""
    return Call(
        "GET",
        path("projects", project, "services", name, "credential"),
        lambda answer: models.credential(answer.document),
    )


def open_address(project: str | None, name: str, *, wanted: str = "/") -> Call[str]:
    """Give an address that opens the service once."""
    return Call(
        "POST",
        path("projects", project, "services", name, "open"),
        lambda answer: Fields(answer.document).text("url"),
        query={"next": wanted},
    )


def logs(project: str | None, name: str, *, lines: int, previous: bool = False) -> Call[str]:
    """Give the last lines of the log; previous: of the run before the present one."""
    return Call(
        "GET",
        path("projects", project, "services", name, "logs"),
        lambda answer: answer.text,
        query={"lines": str(lines), **({"previous": "true"} if previous else {})},
    )
