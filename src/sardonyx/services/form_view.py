"""Read what the launch page posts, and give its fields ids that other places can lead to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData

from sardonyx.launcher.form import FormGroup
from sardonyx.launcher.models import UNSET, PatchEntry
from sardonyx.values import Json

_BUTTONS = ("add", "remove", "reset")


@dataclass(frozen=True, slots=True)
class Posted:
    """What the launch page sends. `edits` is the form since `patch`; `is_edit` says that a
    button of the form, not the launch button, sent it."""

    draft_id: str | None
    version: str | None
    friendly_name: str
    shared: bool
    patch: tuple[PatchEntry, ...]
    edits: Mapping[str, list[str]]
    is_edit: bool


def read_posted(form: FormData) -> Posted:
    """Return the posted launch page; unreadable hidden parts count as absent."""
    edits: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and (name.startswith("/") or name in _BUTTONS):
            edits.setdefault(name, []).append(value)

    def text(name: str) -> str:
        value = form.get(name, "")
        return value if isinstance(value, str) else ""

    return Posted(
        draft_id=text("draft") or None,
        version=text("version") or None,
        friendly_name=text("friendly_name").strip(),
        shared=text("shared") == "true",
        patch=read_patch(text("patch")),
        edits=edits,
        is_edit=any(name in form for name in _BUTTONS),
    )


def write_patch(patch: tuple[PatchEntry, ...]) -> str:
    """Return a patch as the page carries it: `[path, value]`, or `[path]` to delete."""
    return json.dumps(
        [
            [list(entry.path)] if entry.value is UNSET else [list(entry.path), entry.value]
            for entry in patch
        ],
        ensure_ascii=False,
    )


def read_patch(text: str) -> tuple[PatchEntry, ...]:
    """Return the patch that `write_patch` wrote; empty when it is not one."""
    try:
        items: Json = json.loads(text or "[]")
    except ValueError:
        return ()
    if not isinstance(items, list):
        return ()
    entries = []
    for item in items:
        if not isinstance(item, list) or not item or not isinstance(item[0], list):
            return ()
        path = tuple(part for part in item[0] if isinstance(part, str | int))
        entries.append(PatchEntry(path, item[1]) if len(item) > 1 else PatchEntry(path))
    return tuple(entries)


def field_id(pointer: str) -> str:
    """Return the HTML id of the field at `pointer`."""
    return "field" + pointer.replace("/", "-").replace("~", "_").replace(" ", "_")


def shown_fields(form: FormGroup) -> dict[str, tuple[str, str]]:
    """Return id and label of each shown field and group by JSON pointer."""
    shown = {group.pointer: (field_id(group.pointer), group.label) for group in form.groups()}
    shown.update({one.pointer: (field_id(one.pointer), one.label) for one in form.fields()})
    return shown


def counts(group: FormGroup) -> tuple[int, int]:
    """Return how many settings of a group a person changed, and how many have problems."""
    fields = list(group.fields())
    changed = sum(1 for one in fields if one.is_changed)
    wrong = sum(1 for one in fields if any(p.level == "error" for p in one.problems))
    return changed, wrong
