"""What a launch would be, as the platform tells it before one."""

from __future__ import annotations

from dataclasses import dataclass, field

from sardonyx.client import models
from sardonyx.client.calls import Answer, Call, path
from sardonyx.client.models import Commands, Fields, Finding
from sardonyx.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class InputProblem:
    """A fault of what was given: where (JSON pointer in the values), and what.

    level: `error` refuses the launch, `warning` is only told.
    """

    pointer: str
    code: str
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a launch would do; `refused` says that it would not be accepted as it stands."""

    name: str
    friendly_name: str
    refused: bool
    values: JsonObject = field(repr=False)
    problems: tuple[InputProblem, ...]
    findings: tuple[Finding, ...]
    commands: Commands
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class FormField:
    """One setting of a form. value: None where it is not set, and for a secret.

    widget: how a page shows it. options: what may be chosen, None for anything. minimum and
    maximum are in `unit`. origin: who gave the value (`const`, `context`, `schema`, `chart`,
    `user`).
    """

    pointer: str
    label: str
    help: str
    widget: str
    type: str
    value: Json
    is_set: bool
    changed: bool
    disabled: bool
    secret: bool
    options: tuple[Json, ...] | None
    minimum: float | None
    maximum: float | None
    unit: str
    origin: str | None
    halves: tuple[FormField, ...]


@dataclass(frozen=True, slots=True)
class FormGroup:
    """Settings under one heading; of role `list`: one child for each item."""

    pointer: str
    label: str
    help: str
    role: str
    children: tuple[FormGroup | FormField, ...]

    def fields(self) -> tuple[FormField, ...]:
        """Return every setting below, each end of a range by itself."""
        found: list[FormField] = []
        for child in self.children:
            if isinstance(child, FormGroup):
                found += child.fields()
            else:
                found += child.halves or (child,)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the launch page would show. id: keeps its random items, for the next draft.

    values: secrets stand as `$VAR`. link: below the platform's own address. name and commands:
    None while there is no plan; `problems` say why.
    """

    id: str
    catalog: str
    chart: str
    version: str
    versions: tuple[str, ...]
    form: FormGroup = field(repr=False)
    values: JsonObject = field(repr=False)
    problems: tuple[InputProblem, ...]
    findings: tuple[Finding, ...]
    refused: bool
    link: str
    name: str | None
    commands: Commands | None
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)


def preview_call(project: str | None, body: JsonObject) -> Call[Preview]:
    """Say what a launch would do."""
    where = path("projects", project, "services")
    return Call("POST", where, _preview, query={"dryRun": "true"}, body=body)


def schema_call(project: str | None, body: JsonObject) -> Call[JsonObject]:
    """Return the JSON Schema of a launch's values."""
    return Call("POST", path("projects", project, "drafts", "schema"), _schema, body=body)


def _schema(answer: Answer) -> JsonObject:
    return Fields(answer.document).document


def draft_call(project: str | None, body: JsonObject) -> Call[Draft]:
    """Say what a launch would be, with its form."""
    return Call("POST", path("projects", project, "drafts"), _draft, body=body)


def _preview(answer: Answer) -> Preview:
    read = Fields(answer.document)
    return Preview(
        name=read.text("name"),
        friendly_name=read.text("friendlyName"),
        refused=read.flag("refused"),
        values=Fields(read.document.get("values")).document,
        problems=tuple(input_problem(one) for one in read.items("problems")),
        findings=tuple(models.finding(one) for one in read.items("findings")),
        commands=models.commands_of(read.document.get("commands")),
        raw=read.document,
    )


def _draft(answer: Answer) -> Draft:
    read = Fields(answer.document)
    commands = read.document.get("commands")
    return Draft(
        id=read.text("draft"),
        catalog=read.text("catalog"),
        chart=read.text("chart"),
        version=read.text("version"),
        versions=tuple(str(one) for one in read.items("versions")),
        form=_group(read.document.get("form")),
        values=Fields(read.document.get("values")).document,
        problems=tuple(input_problem(one) for one in read.items("problems")),
        findings=tuple(models.finding(one) for one in read.items("findings")),
        refused=read.flag("refused"),
        link=read.text("link"),
        name=read.optional("name"),
        commands=None if commands is None else models.commands_of(commands),
        raw=read.document,
    )


def input_problem(document: Json) -> InputProblem:
    """Return the problem a JSON object describes."""
    read = Fields(document)
    names = ("pointer", "code", "level", "message")
    return InputProblem(**{name: read.text(name) for name in names})


def _group(document: Json) -> FormGroup:
    read = Fields(document)
    return FormGroup(
        pointer=read.text("pointer"),
        label=read.text("label"),
        help=read.text("help"),
        role=read.text("role"),
        children=tuple(_child(one) for one in read.items("children")),
    )


def _child(document: Json) -> FormGroup | FormField:
    return _group(document) if "children" in Fields(document).document else _field(document)


def _field(document: Json) -> FormField:
    read = Fields(document)
    options = read.document.get("options")
    return FormField(
        pointer=read.text("pointer"),
        label=read.text("label"),
        help=read.text("help"),
        widget=read.text("widget"),
        type=read.text("type"),
        value=read.document.get("value"),
        is_set=read.flag("isSet"),
        changed=read.flag("changed"),
        disabled=read.flag("disabled"),
        secret=read.flag("secret"),
        options=tuple(options) if isinstance(options, list) else None,
        minimum=_number(read.document.get("minimum")),
        maximum=_number(read.document.get("maximum")),
        unit=read.text("unit"),
        origin=read.optional("origin"),
        halves=tuple(_field(one) for one in read.items("halves")),
    )


def _number(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) else None
