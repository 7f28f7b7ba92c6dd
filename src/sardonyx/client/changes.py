"""What a change would make different, what a service was before, and what may be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sardonyx.client import models
from sardonyx.client.calls import Answer, Call, path
from sardonyx.client.drafts import InputProblem, input_problem
from sardonyx.client.models import Commands, Fields, Finding
from sardonyx.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One value that differs; None where it is not there. Of a secret only that it does."""

    path: str
    before: str | None
    after: str | None
    secret: bool


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that differs: `added`, `removed` or `changed`, and how (unified diff)."""

    kind: str
    name: str
    change: str
    diff: str


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change would make different; `refused` says that it would not be accepted.

    etag: of the state it was compared with, for the change itself. objects: None where nobody was
    asked, or could tell. values: what would be sent; secrets stand as `$VAR`.
    """

    name: str
    revision: int
    etag: str
    chart: str
    before_version: str
    after_version: str
    refused: bool
    changes: tuple[ValueChange, ...]
    objects: tuple[ObjectChange, ...] | None
    values: JsonObject = field(repr=False)
    problems: tuple[InputProblem, ...]
    findings: tuple[Finding, ...]
    commands: Commands
    raw: JsonObject = field(repr=False, compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.changes or self.objects) and self.before_version == self.after_version


@dataclass(frozen=True, slots=True)
class Revision:
    """What a service was. status: `deployed` (now), `superseded`, `failed` or `pending`."""

    number: int
    at: datetime
    status: str
    catalog: str
    chart: str
    version: str
    description: str
    values: JsonObject = field(repr=False)
    raw: JsonObject = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """One allowance: Kubernetes' name of the resource, quantities as they are written."""

    resource: str
    used: str
    hard: str
    raw: JsonObject = field(repr=False, compare=False)


def preview_edit(
    project: str | None, name: str, body: JsonObject, *, objects: bool = True
) -> Call[ChangePreview]:
    """Say what a change would make different. objects: also what would be created."""
    query = {"dryRun": "true", "objects": "true" if objects else "false"}
    where = path("projects", project, "services", name, "edit")
    return Call("POST", where, _preview, query=query, body=body)


def preview_roll_back(project: str | None, name: str, revision: int) -> Call[ChangePreview]:
    """Say what returning to an earlier state would make different."""
    where = path("projects", project, "services", name, "rollback")
    return Call("POST", where, _preview, query={"dryRun": "true"}, body={"revision": revision})


def history(project: str | None, name: str) -> Call[tuple[Revision, ...]]:
    """List the earlier states of a service, newest first."""

    def read(answer: Answer) -> tuple[Revision, ...]:
        return tuple(_revision(one) for one in Fields(answer.document).items("revisions"))

    return Call("GET", path("projects", project, "services", name, "history"), read)


def quota(project: str | None) -> Call[tuple[QuotaUse, ...]]:
    """Say what a project may use, and what is used of it."""

    def read(answer: Answer) -> tuple[QuotaUse, ...]:
        return tuple(_quota(one) for one in Fields(answer.document).items("quota"))

    return Call("GET", path("projects", project, "quota"), read)


def _preview(answer: Answer) -> ChangePreview:
    read = Fields(answer.document)
    objects = read.document.get("objects")
    return ChangePreview(
        name=read.text("name"),
        revision=read.integer("revision"),
        etag=read.text("etag"),
        chart=read.text("chart"),
        before_version=read.text("beforeVersion"),
        after_version=read.text("afterVersion"),
        refused=read.flag("refused"),
        changes=tuple(_value_change(one) for one in read.items("changes")),
        objects=None
        if objects is None
        else tuple(_object_change(one) for one in read.items("objects")),
        values=Fields(read.document.get("values")).document,
        problems=tuple(input_problem(one) for one in read.items("problems")),
        findings=tuple(models.finding(one) for one in read.items("findings")),
        commands=models.commands_of(read.document.get("commands")),
        raw=read.document,
    )


def _value_change(document: Json) -> ValueChange:
    read = Fields(document)
    return ValueChange(
        path=read.text("path"),
        before=read.optional("before"),
        after=read.optional("after"),
        secret=read.flag("secret"),
    )


def _object_change(document: Json) -> ObjectChange:
    read = Fields(document)
    return ObjectChange(**{name: read.text(name) for name in ("kind", "name", "change", "diff")})


def _revision(document: Json) -> Revision:
    read = Fields(document)
    return Revision(
        number=read.integer("number"),
        at=read.moment("at"),
        status=read.text("status"),
        catalog=read.text("catalog"),
        chart=read.text("chart"),
        version=read.text("version"),
        description=read.text("description"),
        values=Fields(read.document.get("values")).document,
        raw=read.document,
    )


def _quota(document: Json) -> QuotaUse:
    read = Fields(document)
    return QuotaUse(read.text("resource"), read.text("used"), read.text("hard"), read.document)
