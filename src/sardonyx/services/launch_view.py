"""Make what the launch page shows of its state: few words, ready for the templates."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from sardonyx.catalog.cards import card as chart_card
from sardonyx.errors import Problem
from sardonyx.files.places import place_of
from sardonyx.launcher.draft import Draft
from sardonyx.launcher.masking import masked
from sardonyx.launcher.models import Origin, path_text
from sardonyx.launcher.patch import diff
from sardonyx.launcher.references import look_up
from sardonyx.launcher.yaml_text import write
from sardonyx.services.comparing import ValueChange, compare_values
from sardonyx.services.form_view import View, counts, field_id, shown_fields, write_patch
from sardonyx.services.launch_state import LaunchPage
from sardonyx.services.linking import written_launch
from sardonyx.services.view import FindingView
from sardonyx.text import N_
from sardonyx.values import Json, Path, pointer
from sardonyx.web.problem_lines import ProblemLine, problem_lines
from sardonyx.web.projects import QUERY
from sardonyx.web.views import Viewer

# What the launcher's address holds beside the link itself.
OWN_PARAMETERS = ("file", "like", "done", "configuration", QUERY)
_EDITOR = "editor"  # where the text is edited
_ORIGINS = {
    Origin.CONST: N_("fixed by the chart"),
    Origin.CONTEXT: N_("filled for you"),
    Origin.SCHEMA: N_("default of the chart's form"),
    Origin.CHART: N_("the chart's own value"),
    Origin.USER: N_("chosen by you"),
}


@dataclass(frozen=True, slots=True)
class Inside:
    """What a launch finds inside, as the chart and the values have it."""

    files: bool
    secrets: bool
    git: bool
    found: bool

    @classmethod
    def of(cls, draft: Draft) -> Inside:
        """Return what `draft` switches on; `found`: other services discover this one."""
        discover = (draft.chart.local or {}).get("discover")
        return cls(
            files=_is_on(draft, "s3"),
            secrets=_is_on(draft, "vault"),
            git=_is_on(draft, "git"),
            found=isinstance(discover, dict) and bool(discover.get("provides")),
        )


def _files_at(draft: Draft) -> str | None:
    """Return where the storage profile in use works, None where it says no place."""
    place = look_up(("s3", "workingDirectoryPath"), draft.context)
    return place.rstrip("/") if isinstance(place, str) else None


def _is_on(draft: Draft, block: str) -> bool:
    values = draft.merged.get(block)
    return isinstance(values, dict) and values.get("enabled") is True


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that is not the default. reset: pointer that puts it back, empty where another
    line of the same list does."""

    label: str
    change: ValueChange
    reset: str | None


def differences(draft: Draft) -> tuple[Difference, ...]:
    """Return what differs from the defaults; secrets are told, not shown."""
    entries = diff(draft.defaults, draft.values)
    if not entries:
        return ()
    labels = shown_fields(draft.form, (pointer(one.path) for one in entries))
    changes = compare_values(draft.defaults, draft.values, draft.secret_paths)
    lines, told = [], set()
    for entry, change in zip(entries, changes, strict=True):
        place = pointer(_whole_list(entry.path))
        lines.append(
            Difference(
                label=labels.get(pointer(entry.path), ("", ""))[1],
                change=change,
                reset=None if place in told else place,
            )
        )
        told.add(place)
    return tuple(lines)


def _whole_list(path: Path) -> Path:
    """Return the outermost list a path goes through: its items have no default of their own."""
    for length, part in enumerate(path):
        if isinstance(part, int):
            return path[:length]
    return path


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value that will be sent, and where it comes from."""

    path: str
    text: str
    origin: str


def value_rows(draft: Draft, viewer: Viewer) -> tuple[ValueRow, ...]:
    """Return every value of a draft, secrets as `$VAR`, each with its origin in words."""
    rows: list[ValueRow] = []

    def walk(value: Json, path: Path, above: Origin | None) -> None:
        origin = draft.origins.get(path, above)
        if isinstance(value, dict) and value:
            for key, item in value.items():
                walk(item, (*path, key), origin)
        elif isinstance(value, list) and value:
            for index, item in enumerate(value):
                walk(item, (*path, index), origin)
        else:
            said = viewer.say(_ORIGINS[origin]) if origin is not None else ""
            text = value if isinstance(value, str) else write(value).strip()
            rows.append(ValueRow(path_text(path), text, said))

    if draft.values:
        walk(masked(draft.values, draft.secret_paths), (), None)
    return tuple(rows)


def page_context(viewer: Viewer, page: LaunchPage, *, file: str | None = None) -> dict[str, Any]:
    """Return what the templates of the launch page read."""
    opened, draft, preview = page.opened, page.opened.draft, page.preview
    ref = draft.chart.ref
    shown = chart_card(draft.chart, viewer.language)
    # A long link is more than a browser says of the page it comes from: each address says it.
    own = {QUERY: viewer.project.id} if len(viewer.actor.projects) > 1 else {}
    tail = f"?{urlencode(own)}" if own else ""
    shared = page.posted.shared if viewer.project.group is not None else None
    link = written_launch(opened, friendly_name=page.friendly_name, shared=shared)
    kept = {**({"file": file} if file else {}), **own}
    return {
        "card": shown,
        "chart_home": draft.chart.home,
        "sources": [one for one in draft.chart.sources if one.startswith(("http://", "https://"))],
        "launch_at": f"{shown.launch}?{urlencode(kept)}" if kept else shown.launch,
        "check_at": f"{shown.launch}/check{tail}",
        "look_at": f"{shown.launch}/look{tail}",
        "script_at": f"{shown.launch}/script{tail}",
        "schema_at": f"{shown.launch}/schema{tail}",
        "save_at": f"{shown.launch}/save{tail}",
        "complete_at": f"{shown.launch}/complete{tail}",
        "link": f"{viewer.platform.public_url}{shown.launch}?{link.query}",
        "address": f"{shown.launch}?{link.query}"
        + (f"&{urlencode(kept, quote_via=quote)}" if kept else ""),
        "link_left_out": link.left_out,
        "opened": opened,
        "form": draft.form,
        "view": page.view.value,
        "text": page.text,
        "given": page.given,
        "marks": json.dumps(
            [
                {
                    "line": one.line,
                    "column": one.column,
                    "level": one.problem.level,
                    "message": one.problem.message.in_language(viewer.language),
                }
                for one in page.marks
            ]
        ),
        "has_schema": bool(draft.form.children),
        "patch": write_patch(draft.patch),
        "stamp": page.stamp,
        "differences": differences(draft),
        "friendly_name": page.friendly_name,
        "version": ref.version,
        "versions": viewer.platform.catalog.versions(viewer.actor, ref.chart, catalog=ref.catalog),
        "profiles": opened.s3_profiles if draft.uses_s3 and len(opened.s3_profiles) > 1 else (),
        "is_group": viewer.project.group is not None,
        "shared": page.posted.shared,
        **page_problems(viewer, page),
        "release": page.release,
        "commands": preview.commands if preview else None,
        "findings": [
            FindingView.of(one, viewer.language) for one in (preview.findings if preview else ())
        ],
        "objects": preview.objects if preview else None,
        "looked": "created" in page.posted.looked_at,
        "looks_at_values": "sent" in page.posted.looked_at,
        "rows": lambda: value_rows(draft, viewer),
        "git_name": viewer.preferences.git_name or viewer.actor.full_name,
        "git_email": viewer.preferences.git_email or viewer.actor.email,
        "bucket": _files_at(draft) or place_of(viewer.project),
        "has": Inside.of(draft),
        "field_id": field_id,
        "counts": counts,
    }


def page_problems(viewer: Viewer, page: LaunchPage) -> dict[str, tuple[ProblemLine, ...]]:
    """Return what is wrong, each with the field it leads to.

    problems: they stand in the way. notices: what was asked for and is not so. remarks: what the
    chart leaves open, mostly its author's affair.
    """
    draft = page.opened.draft
    known = (*page.opened.problems, *draft.problems)
    if page.view is View.FORM:
        shown = shown_fields(draft.form, (one.pointer for one in known))
    else:
        line = viewer.say(N_("line {line}"))
        shown = {
            one.problem.pointer: (_EDITOR, line.format(line=one.line))
            for one in page.marks
            if one.problem.pointer
        }

    def lines(problems: Iterable[Problem]) -> tuple[ProblemLine, ...]:
        return problem_lines(tuple(problems), viewer.language, shown)

    wrong = lines(one for one in known if one.level == "error")
    if page.refusal is not None:
        said = page.refusal.detail_text().in_language(viewer.language)
        wrong = (ProblemLine("friendly", viewer.say(N_("Name")), said, "error"), *wrong)
    return {
        "problems": wrong,
        "notices": lines(one for one in page.opened.problems if one.level != "error"),
        "remarks": lines(one for one in draft.problems if one.level != "error"),
    }


__all__ = ["OWN_PARAMETERS", "Inside", "differences", "page_context", "page_problems", "value_rows"]
