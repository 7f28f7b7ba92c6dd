"""Saved configurations from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sardonyx.client import models
from sardonyx.client.calls import Answer, Call, path, raw
from sardonyx.client.models import Fields, Service
from sardonyx.client.operations import Area, C_co, operation
from sardonyx.values import Json, JsonObject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Configuration:
    """One saved configuration. link: path and query that open the launcher with it."""

    id: str
    etag: str
    friendly_name: str
    catalog: str
    chart: str
    version: str
    shared: bool | None
    s3_profile: str | None
    changed_by: str
    changed_at: datetime
    link: str
    patch: Sequence[Json] = field(repr=False)
    raw: JsonObject = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a saving kept; notices: what was left out of it, and why, in the caller's language."""

    configuration: Configuration
    notices: tuple[str, ...]
    raw: JsonObject = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import kept, and each that it left out with the reason."""

    configurations: tuple[Configuration, ...]
    skipped: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]
    raw: JsonObject = field(repr=False, compare=False)


class ConfigurationArea(Area[C_co]):
    """Saved configurations. `project` is one's personal project when it is not given."""

    @operation
    def list(self, *, project: str | None = None) -> Call[tuple[Configuration, ...]]:
        """Return them in their order."""
        return _call("GET", project, (), _listed)

    @operation
    def show(self, number: str, *, project: str | None = None) -> Call[Configuration]:
        """Return one by its id."""
        return _call("GET", project, (number,), _one)

    @operation
    def save(
        self,
        friendly_name: str | None,
        body: JsonObject,
        *,
        new: bool = False,
        etag: str | None = None,
        project: str | None = None,
    ) -> Call[Kept]:
        """Keep what `body` (as a launch's: chart or link, values, set, patch) asks under a name.

        One of that name is replaced: not with `new`, and with `etag` only as it was then.
        """
        headers = {"if-none-match": "*"} if new else {}
        if etag is not None:
            headers["if-match"] = f'"{etag}"'
        asked: JsonObject = dict(body)
        if friendly_name is not None:
            asked["friendlyName"] = friendly_name
        return _call("POST", project, (), _kept, body=asked, headers=headers)

    @operation
    def rename(
        self,
        number: str,
        friendly_name: str,
        *,
        etag: str | None = None,
        project: str | None = None,
    ) -> Call[Configuration]:
        """Give one another name, if it is still as `etag` says."""
        headers = {} if etag is None else {"if-match": f'"{etag}"'}
        body: JsonObject = {"friendlyName": friendly_name}
        return _call("PATCH", project, (number,), _one, body=body, headers=headers)

    @operation
    def move(
        self, number: str, to: str, *, project: str | None = None
    ) -> Call[tuple[Configuration, ...]]:
        """Move one in the list: `up`, `down`, `top` or `bottom`."""
        return _call("POST", project, (number, "move"), _listed, body={"to": to})

    @operation
    def delete(
        self, number: str, *, etag: str | None = None, project: str | None = None
    ) -> Call[JsonObject]:
        """Delete one, if it is still as `etag` says."""
        headers = {} if etag is None else {"if-match": f'"{etag}"'}
        return _call("DELETE", project, (number,), raw, headers=headers)

    @operation
    def launch(
        self, number: str, *, idempotency_key: str | None = None, project: str | None = None
    ) -> Call[Service]:
        """Launch one and return at once."""
        headers = {} if idempotency_key is None else {"idempotency-key": idempotency_key}
        return _call("POST", project, (number, "launch"), _service, headers=headers)

    @operation
    def export(self, *, project: str | None = None) -> Call[Json]:
        """Return all of them as the file that Onyxia reads too."""
        return _call("GET", project, ("export",), lambda answer: answer.document)

    @operation
    def values(self, number: str, *, project: str | None = None) -> Call[str]:
        """Return the text of one's values.yaml, without secrets."""
        return _call("GET", project, (number, "values"), lambda answer: answer.text)

    @operation
    def import_document(
        self,
        document: Json,
        *,
        clash: str = "skip",
        chart: str | None = None,
        catalog: str | None = None,
        friendly_name: str | None = None,
        project: str | None = None,
    ) -> Call[Imported]:
        """Keep the configurations of an export; with `chart`: of that chart's values.

        clash: `skip`, `rename` or `overwrite`, where a name is taken.
        """
        query = {"clash": clash}
        for name, value in (
            ("chart", chart),
            ("catalog", catalog),
            ("friendlyName", friendly_name),
        ):
            if value is not None:
                query[name] = value
        return _call("POST", project, ("import",), _imported, body=document, query=query)


def _call(
    method: str,
    project: str | None,
    parts: Sequence[str],
    read: Callable[[Answer], T],
    *,
    body: Json = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> Call[T]:
    return Call(
        method,
        path("projects", project, "configurations", *parts),
        read,
        query=query or {},
        body=body,
        headers=headers or {},
    )


def configuration(document: Json) -> Configuration:
    """Return the configuration a JSON object describes."""
    read = Fields(document)
    shared = read.document.get("shared")
    return Configuration(
        id=read.text("id"),
        etag=read.text("etag"),
        friendly_name=read.text("friendlyName"),
        catalog=read.text("catalog"),
        chart=read.text("chart"),
        version=read.text("version"),
        shared=shared if isinstance(shared, bool) else None,
        s3_profile=read.optional("s3Profile"),
        changed_by=read.text("changedBy"),
        changed_at=read.moment("changedAt"),
        link=read.text("link"),
        patch=tuple(read.items("patch")),
        raw=read.document,
    )


def _one(answer: Answer) -> Configuration:
    return configuration(answer.document)


def _listed(answer: Answer) -> tuple[Configuration, ...]:
    return tuple(configuration(one) for one in Fields(answer.document).items("configurations"))


def _kept(answer: Answer) -> Kept:
    read = Fields(answer.document)
    return Kept(configuration(read.document.get("configuration")), _told(read), read.document)


def _service(answer: Answer) -> Service:
    return models.service(Fields(answer.document).document.get("service"))


def _imported(answer: Answer) -> Imported:
    read = Fields(answer.document)
    skipped = [Fields(one) for one in read.items("skipped")]
    return Imported(
        configurations=_listed(answer),
        skipped=tuple(
            (one.text("name"), Fields(one.document.get("reason")).text("message"))
            for one in skipped
        ),
        notices=_told(read),
        raw=read.document,
    )


def _told(read: Fields) -> tuple[str, ...]:
    return tuple(Fields(one).text("message") for one in read.items("notices"))
