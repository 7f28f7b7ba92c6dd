"""Make the state of a launch page from what it posts: one draft, whichever view it is edited in.

What a page shows is a draft over its last patch; what was typed since is read against that
very draft, then laid over the one that is asked for (another version, another profile).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sardonyx.errors import Problem, UserError
from sardonyx.launcher.draft import Draft, patched
from sardonyx.launcher.editor import Marked, check_text, editor_text
from sardonyx.launcher.form import FormField, FormGroup, read_submission
from sardonyx.launcher.models import PatchEntry
from sardonyx.projects.models import Actor
from sardonyx.services.form_view import Posted, View, write_patch
from sardonyx.services.launching import OpenDraft, Opening
from sardonyx.services.planning import Preview
from sardonyx.services.service import Services


@dataclass(frozen=True, slots=True)
class LaunchPage:
    """One state of the launch page.

    shown: the draft the browser shows now, None when it shows none of this one; opened: the
    draft it shall show. text: of the YAML view; given: grows when the text is not what was
    typed, so that an open editor takes it; marks: what is wrong in it, by its places. unread: what
    was typed or posted and makes no settings. refusal:
    why there can be no preview. moved: what would be launched is not what the page was made for
    (another version, another profile).
    """

    posted: Posted
    shown: OpenDraft | None
    opened: OpenDraft
    view: View
    text: str
    given: int
    marks: tuple[Marked, ...]
    friendly_name: str
    unread: tuple[Problem, ...] = ()
    release: str = ""
    preview: Preview | None = None
    refusal: UserError | None = None

    @property
    def moved(self) -> bool:
        posted, opened = self.posted, self.opened
        version, profile = posted.version, posted.s3_profile
        return bool(
            (version and version != opened.draft.chart.ref.version)
            or (profile and opened.draft.uses_s3 and profile != opened.s3_profile)
        )

    @property
    def stamp(self) -> str:
        """Names the state: a page that has it shows exactly this draft."""
        return _stamp(self.opened, self.view)

    @property
    def is_continued(self) -> bool:
        """Whether the browser shows the draft as it was before the last edit, in this view."""
        if self.shown is None or self.view is not self.posted.shown:
            return False
        return self.posted.stamp == _stamp(self.shown, self.view)

    def changed_sections(self) -> Sequence[FormGroup | FormField] | None:
        """Return the sections of the form that look different now; None: all of them, or the
        text with its marks."""
        if self.view is View.YAML or not self.is_continued or self.shown is None:
            return None
        before, after = self.shown.draft.form.children, self.opened.draft.form.children
        same_page = (
            self.shown.draft.chart.ref == self.opened.draft.chart.ref
            and self.shown.s3_profile == self.opened.s3_profile
            and [_place(one) for one in before] == [_place(one) for one in after]
        )
        if not same_page:
            return None
        return [new for old, new in zip(before, after, strict=True) if old != new]


def _place(section: FormGroup | FormField) -> tuple[str, str]:
    return section.pointer, section.role if isinstance(section, FormGroup) else ""


def _stamp(opened: OpenDraft, view: View) -> str:
    draft = opened.draft
    told = [
        opened.id,
        draft.chart.ref.version,
        draft.chart.digest,
        opened.all_defaults,
        opened.s3_profile,
        opened.language,
        view,
        write_patch(draft.patch),
        draft.defaults,
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


async def open_page(
    services: Services,
    actor: Actor,
    *,
    project: str,
    catalog: str,
    chart: str,
    posted: Posted,
    language: str,
) -> LaunchPage:
    """Return the state that `posted` makes. Raises ChartNotFoundError when the chart is gone."""

    async def opened(opening: Opening) -> OpenDraft:
        return await services.open_form(actor, project=project, opening=opening, language=language)

    first = shown_opening(posted, catalog=catalog, chart=chart)
    shown = await opened(first)
    edit = _edited(shown.draft, posted)
    asked = replace(
        first,
        version=posted.version or first.version,
        s3_profile=posted.s3_profile or first.s3_profile,
        all_defaults=posted.all_asked,
        patch=edit.patch,
        draft_id=shown.id,
    )
    only_typed = _place_of(asked) == _place_of(first)
    if not only_typed:
        made = await opened(asked)
    elif write_patch(edit.patch) == write_patch(posted.patch):
        made = shown
    else:
        made = replace(shown, draft=patched(shown.draft, edit.patch))
    has_form = bool(made.draft.form.children)
    view = posted.view if has_form and not edit.unread else View.YAML
    unread = (*posted.problems, *edit.unread)
    if unread:
        made = replace(made, problems=(*unread, *made.problems))
    text, given, marks = "", posted.given, edit.marks
    if view is View.YAML:
        if edit.is_text and (edit.unread or only_typed):
            text = posted.text or ""
        else:
            text, given = editor_text(made.draft), given + 1
            marks = check_text(made.draft, text).problems
    return LaunchPage(
        posted=posted,
        shown=shown if posted.draft_id == shown.id else None,
        opened=made,
        view=view,
        text=text,
        given=given,
        marks=marks,
        friendly_name=posted.friendly_name,
        unread=unread,
    )


async def other_name(
    services: Services, actor: Actor, *, project: str, page: LaunchPage, language: str
) -> LaunchPage:
    """Return the page with all that was typed in a draft of another suffix.

    A draft's suffix names its service; it cannot be launched where that name was taken since.
    """
    before = page.opened
    opening = Opening(
        chart=before.draft.chart.ref.chart,
        catalog=before.draft.chart.ref.catalog,
        version=before.draft.chart.ref.version,
        patch=before.draft.patch,
        s3_profile=before.s3_profile,
        all_defaults=before.all_defaults,
    )
    made = await services.open_form(actor, project=project, opening=opening, language=language)
    page = replace(page, shown=None, opened=made, refusal=None)
    if page.view is View.FORM:
        return page
    if page.unread:  # the text makes no patch: it stands as it was typed
        return replace(page, opened=replace(made, problems=(*page.unread, *made.problems)))
    text = editor_text(made.draft)
    marks = check_text(made.draft, text).problems
    return replace(page, text=text, given=page.given + 1, marks=marks)


def shown_opening(posted: Posted, *, catalog: str, chart: str) -> Opening:
    """Return the opening whose draft the browser shows, before what was typed since."""
    return Opening(
        chart=chart,
        catalog=catalog,
        version=posted.shown_version or posted.version,
        patch=posted.patch,
        s3_profile=posted.shown_s3 or posted.s3_profile,
        all_defaults=posted.all_defaults,
        draft_id=posted.draft_id,
    )


def _place_of(opening: Opening) -> tuple[str | None, str | None, bool]:
    return opening.version, opening.s3_profile, opening.all_defaults


@dataclass(frozen=True, slots=True)
class _Edit:
    """What was typed: the patch it makes; why a text makes none; whether the text stands."""

    patch: tuple[PatchEntry, ...]
    unread: tuple[Problem, ...] = ()
    marks: tuple[Marked, ...] = ()
    is_text: bool = False


def _edited(draft: Draft, posted: Posted) -> _Edit:
    if posted.text is None:
        patch = read_submission(draft, posted.edits) if posted.edits else posted.patch
        return _Edit(patch)
    report = check_text(draft, posted.text)
    if posted.edits:  # a reset: it begins from what the text says, where that can be read
        base = draft if report.patch is None else patched(draft, report.patch)
        return _Edit(read_submission(base, posted.edits))
    if report.patch is None:
        unread = tuple(one.problem for one in report.problems)
        return _Edit(posted.patch, unread, report.problems, is_text=True)
    return _Edit(report.patch, (), report.problems, is_text=True)
