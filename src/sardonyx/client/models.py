"""What the platform answers, as frozen models. `raw` is the JSON document as it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sardonyx.client.errors import AnswerFormatError
from sardonyx.values import Json, JsonObject, Secret


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a service does not advance, and what to do, in the caller's language."""

    code: str
    severity: str
    title: str
    detail: str
    next: str
    evidence: str


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One step of a launch; `progress` in [0, 1] while it goes on."""

    at: datetime
    step: str
    status: str
    detail: Mapping[str, str | int | float]
    progress: float | None


@dataclass(frozen=True, slots=True)
class Commands:
    """Commands that do the same: ours, and those of the tool underneath."""

    platform: str
    underneath: str


@dataclass(frozen=True, slots=True)
class Service:
    """A running service. A list's elements have no timeline, notes or commands.

    chart_withdrawn: its owner removed the chart of their own that it goes on with.
    """

    name: str
    friendly_name: str
    catalog: str
    chart: str
    version: str
    project: str
    owner: str
    shared: bool
    state: str
    urls: tuple[str, ...]
    address: str | None
    started_at: datetime | None
    findings: tuple[Finding, ...]
    timeline: tuple[TimelineEvent, ...] = ()
    notes: str = ""
    commands: Commands | None = None
    chart_withdrawn: bool = False
    etag: str | None = None
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Project:
    """A place to work. group: None for one's own."""

    id: str
    name: str
    group: str | None
    bucket: str


@dataclass(frozen=True, slots=True)
class Me:
    """Who is calling. project: where they act when they name none."""

    username: str
    full_name: str
    email: str
    is_admin: bool
    project: str
    projects: tuple[Project, ...]
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Loss:
    """What deleting would lose; size in bytes."""

    kind: str
    path: str
    size: int
    count: int


@dataclass(frozen=True, slots=True)
class Credential:
    """Send `header: value` to `address` until `expires`.

    `header` is `password` for a service with a password of its own, which does not expire.
    """

    address: str
    header: str
    value: Secret
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event: its name and its JSON document."""

    name: str
    data: JsonObject


class Fields:
    """Reads the fields of one JSON object; raises AnswerFormatError for a missing one."""

    def __init__(self, document: Json) -> None:
        if not isinstance(document, dict):
            raise AnswerFormatError(name="{}")
        self.document: JsonObject = document

    def text(self, name: str) -> str:
        value = self.document.get(name)
        if not isinstance(value, str):
            raise AnswerFormatError(name=name)
        return value

    def optional(self, name: str) -> str | None:
        return None if self.document.get(name) is None else self.text(name)

    def integer(self, name: str) -> int:
        value = self.document.get(name)
        if not isinstance(value, int):
            raise AnswerFormatError(name=name)
        return value

    def flag(self, name: str) -> bool:
        return self.document.get(name) is True

    def moment(self, name: str) -> datetime:
        try:
            return datetime.fromisoformat(self.text(name))
        except ValueError as error:
            raise AnswerFormatError(name=name) from error

    def optional_moment(self, name: str) -> datetime | None:
        return None if self.document.get(name) is None else self.moment(name)

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(str(one) for one in self.items(name))

    def items(self, name: str) -> list[Json]:
        value = self.document.get(name, [])
        if not isinstance(value, list):
            raise AnswerFormatError(name=name)
        return value


def service(document: Json, *, etag: str | None = None) -> Service:
    """Return the service a JSON object describes."""
    read = Fields(document)
    commands = read.document.get("commands")
    return Service(
        name=read.text("name"),
        friendly_name=read.text("friendlyName"),
        catalog=read.text("catalog"),
        chart=read.text("chart"),
        version=read.text("version"),
        project=read.text("project"),
        owner=read.text("owner"),
        shared=read.flag("shared"),
        state=read.text("state"),
        urls=tuple(str(url) for url in read.items("urls")),
        address=read.optional("address"),
        started_at=read.optional_moment("startedAt"),
        findings=tuple(finding(item) for item in read.items("findings")),
        timeline=tuple(timeline_event(item) for item in read.items("timeline")),
        notes=read.optional("notes") or "",
        commands=None if commands is None else commands_of(commands),
        chart_withdrawn=read.document.get("chartWithdrawn") is True,
        etag=etag,
        raw=read.document,
    )


def me(document: Json) -> Me:
    """Return the caller a JSON object describes."""
    read = Fields(document)
    return Me(
        username=read.text("username"),
        full_name=read.text("fullName"),
        email=read.text("email"),
        is_admin=read.flag("isAdmin"),
        project=read.text("personalProject"),
        projects=tuple(project(one) for one in read.items("projects")),
        raw=read.document,
    )


def project(document: Json) -> Project:
    """Return the project a JSON object describes."""
    read = Fields(document)
    return Project(read.text("id"), read.text("name"), read.optional("group"), read.text("bucket"))


def finding(document: Json) -> Finding:
    """Return the finding a JSON object describes."""
    read = Fields(document)
    names = ("code", "severity", "title", "detail", "next", "evidence")
    return Finding(**{name: read.text(name) for name in names})


def timeline_event(document: Json) -> TimelineEvent:
    """Return the step a JSON object describes."""
    read = Fields(document)
    progress = read.document.get("progress")
    detail = read.document.get("detail", {})
    return TimelineEvent(
        at=read.moment("at"),
        step=read.text("step"),
        status=read.text("status"),
        detail={
            k: v for k, v in Fields(detail).document.items() if isinstance(v, str | int | float)
        },
        progress=float(progress) if isinstance(progress, int | float) else None,
    )


def loss(document: Json) -> Loss:
    """Return the loss a JSON object describes."""
    read = Fields(document)
    return Loss(read.text("kind"), read.text("path"), read.integer("size"), read.integer("count"))


def credential(document: Json) -> Credential:
    """Return the credential a JSON object describes."""
    read = Fields(document)
    return Credential(
        address=read.text("address"),
        header=read.text("header"),
        value=Secret(read.text("value")),
        expires=read.optional_moment("expires"),
    )


def commands_of(document: Json) -> Commands:
    """Return the commands a JSON object describes."""
    read = Fields(document)
    return Commands(platform=read.text("platform"), underneath=read.text("underneath"))
