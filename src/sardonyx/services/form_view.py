"""Read what a settings page posts, and give its fields ids that other places can lead to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from urllib.parse import unquote_plus

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from sardonyx.errors import Problem
from sardonyx.launcher.form import FormField, FormGroup
from sardonyx.launcher.kept import Kept, is_short
from sardonyx.launcher.models import UNSET, PatchEntry, error
from sardonyx.launcher.patch import written_path
from sardonyx.services.errors import FormUnreadableError
from sardonyx.text import N_
from sardonyx.values import Json

_BUTTONS = ("add", "remove", "reset", "suggest")
_MOST_FIELDS = 50_000
_SWITCHES = ("view", "all", "look")
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9/]")


class View(StrEnum):
    """The two views of one draft."""

    FORM = "form"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Posted:
    """What a settings page sends. `edits` is the form since `patch`; `is_edit` says that a
    button of the form, not the launch button, sent it.

    shown_version, shown_s3: what the page was made of, where a choice on it changes that; shown:
    the view it has, view: the one it shall have. text: of the YAML view, None in the form; given:
    how often the page itself gave that text. line, column: where in it the cursor is, from 1.
    all_defaults, all_asked: the same for the switch. stamp: of the state that the page shows.
    looked_at: parts of the page that are open and cost a question to the runtime. problems: of
    what cannot be read; where a part of what was changed is lost by it, they refuse the launch.
    """

    draft_id: str | None = None
    version: str | None = None
    friendly_name: str = ""
    shared: bool = False
    patch: tuple[PatchEntry, ...] = ()
    edits: Mapping[str, list[str]] = field(default_factory=dict)
    is_edit: bool = False
    s3_profile: str | None = None
    shown_version: str | None = None
    shown_s3: str | None = None
    shown: View = View.FORM
    view: View = View.FORM
    text: str | None = None
    given: int = 0
    line: int = 0
    column: int = 0
    all_defaults: bool = False
    all_asked: bool = False
    stamp: str = ""
    looked_at: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


async def posted_form(request: Request) -> FormData:
    """Return what a form of settings posts, as many fields as the largest schema gives it.

    Such forms are posted whole at each keystroke; read at once, and each name decoded once, they
    take a fraction of the time that Starlette's reader for streams of any size needs.
    Raises FormUnreadableError.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return await request.form(max_fields=_MOST_FIELDS)
    posted = (await request.body()).decode("utf-8", "replace")
    if posted.count("&") >= _MOST_FIELDS:  # more fields than any page has
        raise FormUnreadableError(most=_MOST_FIELDS)
    fields: list[tuple[str, str | UploadFile]] = []
    for part in filter(None, posted.split("&")):
        name, _, value = part.partition("=")
        fields.append((_names[name], unquote_plus(value)))
    return FormData(fields)


# The names of a form are the same at each keystroke. Values, secrets among them, are not kept.
_names: Kept[str, str] = Kept(unquote_plus, lambda name, _: is_short(name))


def read_posted(form: FormData) -> Posted:
    """Return a posted settings page; hidden parts that cannot be read are absent, and told."""
    edits: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and (name.startswith("/") or name in _BUTTONS):
            edits.setdefault(name, []).append(value)

    def text(name: str) -> str:
        value = form.get(name, "")
        return value if isinstance(value, str) else ""

    def number(name: str) -> int:
        return int(text(name)) if re.fullmatch("[0-9]{1,9}", text(name)) else 0

    shown = _view(text("shown"))
    patch, problems = read_patch(text("patch"))
    return Posted(
        draft_id=text("draft") or None,
        version=text("version") or None,
        friendly_name=text("friendly_name").strip(),
        shared=text("shared") == "true",
        patch=patch,
        problems=problems,
        edits=edits,
        is_edit=any(name in form for name in (*_BUTTONS, *_SWITCHES)),
        s3_profile=text("s3") or None,
        shown_version=text("shown_version") or text("version") or None,
        shown_s3=text("shown_s3") or text("s3") or None,
        shown=shown,
        view=_view(text("view")) if "view" in form else shown,
        text=text("values") if shown is View.YAML and "values" in form else None,
        given=number("given"),
        line=number("line"),
        column=number("column"),
        all_defaults=text("all_defaults") == "true",
        all_asked=text("all" if "all" in form else "all_defaults") == "true",
        stamp=text("stamp"),
        looked_at=frozenset(
            one
            for name in ("look", "unfolded")
            for one in form.getlist(name)
            if isinstance(one, str)
        ),
    )


def _view(text: str) -> View:
    return View.YAML if text == View.YAML else View.FORM


def write_patch(patch: tuple[PatchEntry, ...]) -> str:
    """Return a patch as the page carries it: `[path, value]`, or `[path]` to delete."""
    return json.dumps(
        [
            [list(entry.path)] if entry.value is UNSET else [list(entry.path), entry.value]
            for entry in patch
        ],
        ensure_ascii=False,
    )


def read_patch(text: str) -> tuple[tuple[PatchEntry, ...], tuple[Problem, ...]]:
    """Return the patch that `write_patch` wrote, and an error for what of it is none.

    The entries that can be read are kept: the page shows them, and what is missing is told.
    """
    try:
        items: Json = json.loads(text or "[]", parse_constant=_no_json)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list):
        said = N_("What you had changed came back damaged, and cannot be read: look through it.")
        return (), (error((), "patch_unread", said),)
    entries, problems = [], []
    for number, item in enumerate(items, 1):
        path = written_path(item[0]) if isinstance(item, list) and 0 < len(item) < 3 else None
        if path is None or not isinstance(item, list):
            said = N_(
                "Change {number} of yours came back damaged, and cannot be read: look for it."
            )
            problems.append(error((), "patch_entry_unread", said, number=number))
        else:
            entries.append(PatchEntry(path, item[1]) if len(item) > 1 else PatchEntry(path))
    return tuple(entries), tuple(problems)


def _no_json(constant: str) -> Json:
    raise ValueError(constant)  # NaN and Infinity


def field_id(pointer: str) -> str:
    """Return the HTML id of the field at `pointer`; no two pointers have the same."""
    return "field" + _NOT_IN_IDS.sub(_coded, pointer).replace("/", "-")


def _coded(found: re.Match[str]) -> str:
    return f".{ord(found[0]):x}."


def shown_fields(form: FormGroup, wanted: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return id and label of the shown fields and groups at the JSON pointers `wanted`."""
    places = frozenset(wanted)
    if not places:
        return {}
    parts: Iterator[FormGroup | FormField] = chain(form.groups(), form.fields())
    return {
        one.pointer: (field_id(one.pointer), one.label) for one in parts if one.pointer in places
    }


def counts(group: FormGroup) -> tuple[int, int]:
    """Return how many settings of a group a person changed, and how many have problems."""
    fields = list(group.fields())
    changed = sum(1 for one in fields if one.is_changed)
    wrong = sum(1 for one in fields if any(p.level == "error" for p in one.problems))
    return changed, wrong
