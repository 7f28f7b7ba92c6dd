"""Own how a draft of the launcher looks in REST: its form, values, problems, plan and link."""

from __future__ import annotations

from pydantic import Field, JsonValue

from sardonyx.errors import UserError
from sardonyx.launcher.configurations import entry_document
from sardonyx.launcher.form import FormField, FormGroup
from sardonyx.launcher.links import without_secrets
from sardonyx.launcher.masking import masked
from sardonyx.launcher.models import Unset
from sardonyx.launcher.patch import diff
from sardonyx.launcher.scalars import at
from sardonyx.services.launching import OpenDraft
from sardonyx.services.planning import Preview
from sardonyx.services.view import (
    CommandsView,
    FindingView,
    LaunchBody,
    ProblemView,
    View,
)
from sardonyx.values import JsonObject


class DraftBody(LaunchBody):
    """A launch as it is being filled in. draft: the id of an earlier answer, to go on with it."""

    draft: str | None = Field(default=None, max_length=100)


class FieldView(View):
    """One setting. value: absent where it is not set; a secret is never here, only that it is.

    A secret inside a block of any content stands as `$VAR`. options: what may be chosen. minimum,
    maximum and step are in `unit`. origin: who gave the value (`const`, `context`, `schema`,
    `chart`, `user`). halves: the two ends of a range. reason: why a `notice` stands in place of
    the setting.
    """

    pointer: str
    label: str
    help: str
    widget: str
    type: str
    value: JsonValue = None
    is_set: bool
    changed: bool
    disabled: bool
    secret: bool
    options: list[JsonValue] | None = None
    offered: bool
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    unit: str = ""
    pattern: str | None = None
    origin: str | None = None
    reason: str = ""
    halves: list[FieldView] = Field(default_factory=list)


class GroupView(View):
    """Settings under one heading; role `list`: one child for each item."""

    pointer: str
    label: str
    help: str
    role: str
    can_add: bool
    can_remove: bool
    children: list[GroupView | FieldView]


class DraftView(View):
    """A draft: what would be launched, and what stands in its way.

    draft: the id that keeps its random items; give it with the next body. values: a secret stands
    as `$VAR`. patch: what differs from the defaults, secrets left out; an entry without a value
    takes one away. link: below the platform's own address, nothing secret in it. name (of the
    service) and commands: absent while there is no plan; `problems` say why.
    """

    draft: str
    catalog: str
    chart: str
    version: str
    versions: list[str]
    s3_profile: str | None
    s3_profiles: list[str]
    form: GroupView
    values: JsonValue
    patch: list[dict[str, JsonValue]]
    problems: list[ProblemView]
    refused: bool
    link: str
    name: str | None = None
    findings: list[FindingView] = Field(default_factory=list)
    commands: CommandsView | None = None


def draft_view(
    opened: OpenDraft,
    *,
    versions: tuple[str, ...],
    link: str,
    preview: Preview | None,
    refusal: UserError | None,
    language: str,
) -> DraftView:
    """Return a draft with its plan, or with why there is none."""
    draft = opened.draft
    problems = [ProblemView.of(one, language) for one in opened.problems + draft.problems]
    if refusal is not None:
        said = refusal.detail_text().in_language(language)
        problems.insert(0, ProblemView(pointer="", code=refusal.code, level="error", message=said))
    refused = preview.refused if preview is not None else True
    shown = masked(draft.values, draft.secret_paths)
    return DraftView(
        draft=opened.id,
        catalog=draft.chart.ref.catalog,
        chart=draft.chart.ref.chart,
        version=draft.chart.ref.version,
        versions=list(versions),
        s3_profile=opened.s3_profile,
        s3_profiles=list(opened.s3_profiles),
        form=form_view(draft.form, shown),
        values=shown,
        patch=[
            entry_document(one)
            for one in without_secrets(diff(draft.defaults, draft.values), draft.secret_paths)
        ],
        problems=problems,
        refused=refused or any(one.level == "error" for one in problems),
        link=link,
        name=None if preview is None else preview.release,
        findings=[FindingView.of(one, language) for one in (preview.findings if preview else ())],
        commands=None if preview is None else CommandsView.of(preview.commands),
    )


def form_view(group: FormGroup, shown: JsonObject) -> GroupView:
    """Return a group. shown: the draft's values with `$VAR` in place of each secret."""
    return GroupView(
        pointer=group.pointer,
        label=group.label,
        help=group.help,
        role=group.role.value,
        can_add=group.can_add,
        can_remove=group.can_remove,
        children=[
            form_view(one, shown) if isinstance(one, FormGroup) else _field(one, shown)
            for one in group.children
        ],
    )


def _field(field: FormField, shown: JsonObject) -> FieldView:
    value = field.value
    if isinstance(value, (dict, list)):  # a block of any content
        value = at(shown, field.path)
    return FieldView(
        pointer=field.pointer,
        label=field.label,
        help=field.help,
        widget=field.widget.value,
        type=field.kind.value,
        value=None if isinstance(value, Unset) or field.secret else value,
        is_set=field.is_set,
        changed=field.is_changed,
        disabled=field.disabled,
        secret=field.secret,
        options=[one.value for one in field.options] if field.options else None,
        offered=field.offered,
        minimum=field.minimum,
        maximum=field.maximum,
        step=field.step,
        unit=field.unit,
        pattern=field.pattern,
        origin=None if field.origin is None else field.origin.value,
        reason=field.reason,
        halves=[_field(half, shown) for half in field.halves],
    )
