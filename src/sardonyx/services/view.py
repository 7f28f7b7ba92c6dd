"""Own how services look in REST and on the command line's `--json`: the fields of design.md 8.

Pydantic models of the border; the words of findings are in the reader's language.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.alias_generators import to_camel

from sardonyx.done import Commands
from sardonyx.errors import Problem
from sardonyx.launcher.models import UNSET, PatchEntry
from sardonyx.services.findings import worded
from sardonyx.services.launching import LaunchRequest
from sardonyx.services.models import Finding, Loss, Service, TimelineEvent
from sardonyx.services.planning import Preview
from sardonyx.services.service import ServiceCredential


class View(BaseModel):
    """What REST sends and takes: camelCase names, unknown ones refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )


class FindingView(View):
    """Why a service does not advance, and what to do."""

    code: str
    severity: str
    title: str
    detail: str
    next: str
    evidence: str

    @classmethod
    def of(cls, finding: Finding, language: str) -> FindingView:
        said = worded(finding)
        return cls(
            code=finding.code,
            severity=finding.severity.value,
            title=said.title.in_language(language),
            detail=said.explanation.in_language(language),
            next=said.next_step.in_language(language),
            evidence=finding.evidence,
        )


class TimelineEventView(View):
    """One step: when, which, how it went, plain facts about it."""

    at: datetime
    step: str
    status: str
    detail: dict[str, str | int | float]
    progress: float | None

    @classmethod
    def of(cls, event: TimelineEvent) -> TimelineEventView:
        return cls(
            at=event.at,
            step=event.step,
            status=event.status.value,
            detail=dict(event.detail),
            progress=event.progress,
        )


class CommandsView(View):
    """Commands that do the same: ours, and those of the tool underneath."""

    platform: str
    underneath: str

    @classmethod
    def of(cls, commands: Commands) -> CommandsView:
        return cls(platform=commands.platform, underneath=commands.underneath)


class ServiceSummary(View):
    """A service in a list."""

    name: str
    friendly_name: str
    catalog: str
    chart: str
    version: str
    project: str
    owner: str
    shared: bool
    state: str
    urls: list[str]
    address: str | None
    started_at: datetime | None
    created_at: datetime
    revision: int
    standing: str
    suspendable: bool
    findings: list[FindingView]


class ServiceView(ServiceSummary):
    """A service with its story, its notes (Markdown) and the commands that run it."""

    timeline: list[TimelineEventView]
    notes: str
    commands: CommandsView
    chart_withdrawn: bool = Field(
        default=False, description="Its owner removed the chart; the service goes on with it."
    )


class ServiceList(View):
    """A page of the services of a project that one may see, newest start first.

    `total` counts those of all pages; `next` is there when more follow: give it back as `cursor`.
    """

    services: list[ServiceSummary]
    total: int
    next: str | None = None


def summary(service: Service, language: str) -> ServiceSummary:
    """Return a service as a list shows it."""
    return ServiceSummary(
        name=service.name,
        friendly_name=service.friendly_name,
        catalog=service.chart.catalog,
        chart=service.chart.chart,
        version=service.chart.version,
        project=service.project,
        owner=service.owner,
        shared=service.shared,
        state=service.state.value,
        urls=list(service.urls),
        address=service.address,
        started_at=service.started_at,
        created_at=service.created_at,
        revision=service.revision,
        standing=service.standing.value,
        suspendable=service.suspendable,
        findings=[FindingView.of(finding, language) for finding in service.findings],
    )


def whole(service: Service, language: str) -> ServiceView:
    """Return a service with its timeline, notes and commands."""
    return ServiceView(
        **summary(service, language).model_dump(),
        timeline=[TimelineEventView.of(event) for event in service.timeline],
        notes=service.notes_by_language.get(language, service.notes),
        commands=CommandsView.of(service.commands),
        chart_withdrawn=service.chart_withdrawn,
    )


class PatchEntryBody(View):
    """One edit of the values; without `value` it deletes."""

    path: list[str | int] = Field(min_length=1)
    value: JsonValue = None

    def entry(self) -> PatchEntry:
        """Return the edit as the launcher takes it."""
        value = self.value if "value" in self.model_fields_set else UNSET
        return PatchEntry(tuple(self.path), value)


class LaunchBody(View):
    """What to launch. `values` merge over the computed defaults; `set` are `PATH=VALUE` texts."""

    chart: str = Field(default="", description="Needed unless `link` names it.")
    link: str | None = Field(
        default=None,
        max_length=200_000,
        description="A launcher's address, or its part after “?”; all else here wins over it.",
        examples=["/launch/sardonyx/jupyter-python?cpu.cores=3"],
    )
    catalog: str | None = None
    version: str | None = None
    name: str | None = Field(default=None, description="The service's exact name, if not drawn.")
    friendly_name: str | None = None
    shared: bool | None = Field(
        default=None, description="Whether the group sees it; null: as `link` says, else not."
    )
    s3_profile: str | None = None
    all_defaults: bool = Field(
        default=False, description="Send also what only the chart's values.yaml knows."
    )
    values: dict[str, JsonValue] = Field(default_factory=dict)
    set: list[str] = Field(default_factory=list, examples=[["cpu.cores=3"]])
    patch: list[PatchEntryBody] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_a_chart(self) -> LaunchBody:
        if not self.chart and self.link is None:
            message = "chart: say what to launch, by its name or a link"
            raise ValueError(message)
        return self

    def request(self) -> LaunchRequest:
        """Return what the service layer is asked, but for `link` (see `linking`)."""
        return LaunchRequest(
            chart=self.chart,
            catalog=self.catalog,
            version=self.version,
            name=self.name,
            friendly_name=self.friendly_name,
            shared=self.shared,
            s3_profile=self.s3_profile,
            all_defaults=self.all_defaults,
            values=self.values,
            settings=tuple(self.set),
            patch=tuple(entry.entry() for entry in self.patch),
        )


class RenameBody(View):
    """What may be edited of a service."""

    friendly_name: str


class ProblemView(View):
    """A fault of the input: where (JSON pointer in the values), and what."""

    pointer: str
    code: str
    level: str
    message: str

    @classmethod
    def of(cls, problem: Problem, language: str) -> ProblemView:
        return cls(
            pointer=problem.pointer,
            code=problem.code,
            level=problem.level,
            message=problem.message.in_language(language),
        )


class PreviewView(View):
    """What a launch would do; `refused` says that it would not be accepted as it stands."""

    name: str
    friendly_name: str
    refused: bool
    values: JsonValue
    problems: list[ProblemView]
    findings: list[FindingView]
    commands: CommandsView

    @classmethod
    def of(cls, preview: Preview, language: str) -> PreviewView:
        return cls(
            name=preview.release,
            friendly_name=preview.friendly_name,
            refused=preview.refused,
            values=preview.values,
            problems=[ProblemView.of(problem, language) for problem in preview.problems],
            findings=[FindingView.of(finding, language) for finding in preview.findings],
            commands=CommandsView.of(preview.commands),
        )


class LossView(View):
    """What deleting would lose: a file only there, unsaved Git work. Size in bytes."""

    kind: str
    path: str
    size: int
    count: int

    @classmethod
    def of(cls, loss: Loss) -> LossView:
        return cls(kind=loss.kind, path=loss.path, size=loss.size, count=loss.count)


class LossList(View):
    losses: list[LossView]


class CredentialView(View):
    """What opens a service's address for a program, and until when.

    `header` is `password` for a service with a password of its own, which does not expire.
    """

    address: str
    header: str
    value: str
    expires: datetime | None

    @classmethod
    def of(cls, credential: ServiceCredential) -> CredentialView:
        return cls(
            address=credential.address,
            header=credential.header,
            value=credential.value.reveal(),
            expires=credential.expires,
        )


class OpenView(View):
    """An address that opens the service once, within minutes."""

    url: str


class DeletedView(View):
    """What was deleted, and the commands that do the same."""

    name: str
    commands: CommandsView


class ProjectView(View):
    """A place to work."""

    id: str
    name: str
    group: str | None
    bucket: str


class ProjectList(View):
    projects: list[ProjectView]


class MeView(View):
    """Who is calling."""

    username: str
    full_name: str
    email: str
    is_admin: bool
    personal_project: str
    projects: list[ProjectView]
