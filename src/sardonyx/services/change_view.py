"""Own how changes of services look in REST and on the command line's `--json`."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, JsonValue

from sardonyx.services.change_planning import ChangePreview
from sardonyx.services.comparing import ObjectChange, ValueChange
from sardonyx.services.launching import ChangeRequest
from sardonyx.services.models import QuotaUse, Revision
from sardonyx.services.view import (
    CommandsView,
    FindingView,
    PatchEntryBody,
    ProblemView,
    View,
)


class ChangeBody(View):
    """What to change. `values` merge over those it runs with; `set` are `PATH=VALUE` texts.

    `version` is the chart's, where it is to be another one.
    """

    version: str | None = None
    values: dict[str, JsonValue] = Field(default_factory=dict)
    set: list[str] = Field(default_factory=list, examples=[["resources.limits.memory=8Gi"]])
    patch: list[PatchEntryBody] = Field(default_factory=list)

    def request(self) -> ChangeRequest:
        """Return what the service layer is asked."""
        return ChangeRequest(
            version=self.version,
            values=self.values,
            settings=tuple(self.set),
            patch=tuple(entry.entry() for entry in self.patch),
        )


class RollbackBody(View):
    """Which earlier state to return to."""

    revision: int = Field(ge=1)


class ShareBody(View):
    """Whether the group sees the service."""

    shared: bool


class DuplicateBody(View):
    """How to call the copy; without words it is called like the service."""

    friendly_name: str | None = None


class ValueChangeView(View):
    """One value that differs; of a secret only that it does."""

    path: str
    before: str | None
    after: str | None
    secret: bool

    @classmethod
    def of(cls, change: ValueChange) -> ValueChangeView:
        return cls(path=change.path, before=change.before, after=change.after, secret=change.secret)


class ObjectChangeView(View):
    """One object that differs: `added`, `removed` or `changed`, and how (unified diff)."""

    kind: str
    name: str
    change: str
    diff: str

    @classmethod
    def of(cls, change: ObjectChange) -> ObjectChangeView:
        return cls(kind=change.kind, name=change.name, change=change.change, diff=change.diff)


class ChangePreviewView(View):
    """What a change would make different.

    `objects` is null where nobody was asked or could tell; `etag` goes into `If-Match` of the
    change itself.
    """

    name: str
    revision: int
    etag: str
    chart: str
    before_version: str
    after_version: str
    refused: bool
    changes: list[ValueChangeView]
    objects: list[ObjectChangeView] | None
    values: JsonValue
    problems: list[ProblemView]
    findings: list[FindingView]
    commands: CommandsView

    @classmethod
    def of(cls, preview: ChangePreview, language: str) -> ChangePreviewView:
        objects = preview.objects
        return cls(
            name=preview.release,
            revision=preview.revision,
            etag=preview.etag,
            chart=preview.after.chart,
            before_version=preview.before.version,
            after_version=preview.after.version,
            refused=preview.refused,
            changes=[ValueChangeView.of(one) for one in preview.values],
            objects=None if objects is None else [ObjectChangeView.of(one) for one in objects],
            values=preview.sent,
            problems=[ProblemView.of(problem, language) for problem in preview.problems],
            findings=[FindingView.of(finding, language) for finding in preview.findings],
            commands=CommandsView.of(preview.commands),
        )


class RevisionView(View):
    """What a service was. `status`: deployed (now), superseded, failed, pending."""

    number: int
    at: datetime
    status: str
    catalog: str
    chart: str
    version: str
    description: str
    values: JsonValue

    @classmethod
    def of(cls, revision: Revision) -> RevisionView:
        return cls(
            number=revision.number,
            at=revision.at,
            status=revision.status,
            catalog=revision.chart.catalog,
            chart=revision.chart.chart,
            version=revision.chart.version,
            description=revision.description,
            values=revision.values,
        )


class RevisionList(View):
    """The states that can be returned to, newest first."""

    revisions: list[RevisionView]


class QuotaView(View):
    """One allowance: Kubernetes' name of the resource, quantities as they are written."""

    resource: str
    used: str
    hard: str

    @classmethod
    def of(cls, use: QuotaUse) -> QuotaView:
        return cls(resource=use.resource, used=use.used, hard=use.hard)


class QuotaList(View):
    """The project's allowances; empty where there are no limits."""

    quota: list[QuotaView]


class ValuesView(View):
    """The values a service was launched with; secrets stand as `$VAR`."""

    values: JsonValue
