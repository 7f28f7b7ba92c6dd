"""Turn a posted form into the whole patch of a draft.

The convention of names, checkboxes and buttons is told in `form_model`. What is not posted
stays as it is; what cannot be read is kept as typed, so that validation names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sardonyx.launcher.defaults import new_item
from sardonyx.launcher.draft import Draft
from sardonyx.launcher.form_build import split_unit
from sardonyx.launcher.form_model import FormField, Widget
from sardonyx.launcher.masking import Unmasking
from sardonyx.launcher.models import UNSET, Maybe, PatchEntry, Unset
from sardonyx.launcher.nodes import NUMERIC, NodeKind
from sardonyx.launcher.patch import apply, diff
from sardonyx.launcher.scalars import at, number_text, read_number
from sardonyx.launcher.validation import nodes_along
from sardonyx.launcher.yaml_text import read
from sardonyx.values import Json, JsonObject, Path

ADD, REMOVE, RESET, SUGGEST = "add", "remove", "reset", "suggest"


def read_submission(draft: Draft, submitted: Mapping[str, Sequence[str]]) -> tuple[PatchEntry, ...]:
    """Return the patch that the posted form makes of `draft`, buttons included."""
    edits: list[PatchEntry] = []
    for field in draft.form.fields():
        posted = submitted.get(field.pointer)
        if field.disabled or field.widget is Widget.NOTICE or not posted:
            continue
        value = _read(field, posted[-1])
        if field.hides_secrets and isinstance(value, (dict, list)) and value is not field.value:
            value = Unmasking(draft.values, draft.secret_paths)(value, field.path)
        if value is not field.value:
            edits.append(PatchEntry(field.path, value))
    values = apply(draft.values, edits) if edits else draft.values
    for token in submitted.get(SUGGEST, ()):
        values = _suggested(draft, values, token)
    for pointer in submitted.get(ADD, ()):
        values = _added(draft, values, path_of(pointer, values))
    for pointer in submitted.get(REMOVE, ()):
        values = _removed(values, path_of(pointer, values))
    for pointer in submitted.get(RESET, ()):
        values = _reset(draft, values, path_of(pointer, values))
    return diff(draft.defaults, values)


def _read(field: FormField, posted: str) -> Maybe:  # noqa: PLR0911 - one per widget
    """Return the value a field posts; the field's own object when nobody touched it."""
    text = posted.replace("\r\n", "\n").replace("\r", "\n")
    if field.widget is Widget.CHECKBOX:
        return _checkbox(field, text)
    if text == field.text.replace("\r\n", "\n").replace("\r", "\n"):
        return field.value
    if field.widget is Widget.SELECT:
        for option in field.options:
            if option.token == text:
                return option.value
        return UNSET if text == "" else _typed(field, text)
    if field.widget is Widget.YAML:
        return _block(field, text)
    if field.widget is Widget.SLIDER:
        return _slid(field, text)
    return _typed(field, text)


def _checkbox(field: FormField, text: str) -> Maybe:
    if text in ("true", "on"):
        return field.value if field.value is True else True
    if text == field.companion and not isinstance(field.value, bool):
        return field.value
    return False


def _typed(field: FormField, text: str) -> Maybe:
    if field.kind in NUMERIC or field.widget is Widget.NUMBER:
        if not text.strip():
            return UNSET
        number = read_number(text)
        return text if number is None else number
    if field.kind is NodeKind.BOOLEAN:
        return {"true": True, "false": False}.get(text, text)
    return text


def _slid(field: FormField, text: str) -> Maybe:
    """Return number and unit as text; a number where the current value is one."""
    if not text.strip():
        return UNSET
    number = split_unit(text, field.unit)
    if number is None:
        return text
    as_number = isinstance(field.value, (int, float)) or field.kind in NUMERIC
    return number if as_number else number_text(number) + field.unit


def _block(field: FormField, text: str) -> Maybe:
    if not text.strip():
        return UNSET
    known = read(text)
    return text if isinstance(known.value, Unset) else known.value


def _added(draft: Draft, values: JsonObject, path: Path) -> JsonObject:
    root = draft.schema.root
    if root is None:
        return values
    node = None
    for reached, found in nodes_along(root, path):
        node = found if reached == path else None
    if node is None or node.items is None:
        return values
    current = at(values, path)
    count = len(current) if isinstance(current, list) else 0
    item = new_item(node, path, count, draft.context, at(draft.defaults, path))
    return apply(values, [PatchEntry((*path, count), item)])


def _suggested(draft: Draft, values: JsonObject, token: str) -> JsonObject:
    """Return the values with a list's item overwritten by what the draft's form proposed."""
    pointer, _, number = token.rpartition(":")
    for group in draft.form.groups():
        if group.suggested and pointer.rpartition("/")[0] == group.pointer:
            path = path_of(pointer, values)
            known = number.isascii() and number.isdigit() and len(number) < 6
            if known and int(number) < len(group.suggested) and at(values, path) is not UNSET:
                return apply(values, [PatchEntry(path, group.suggested[int(number)])])
    return values


def _removed(values: JsonObject, path: Path) -> JsonObject:
    items = at(values, path[:-1])
    index = path[-1] if path else None
    if not isinstance(items, list) or not isinstance(index, int) or index >= len(items):
        return values
    kept: Json = [item for place, item in enumerate(items) if place != index]
    return apply(values, [PatchEntry(path[:-1], kept)])


def _reset(draft: Draft, values: JsonObject, path: Path) -> JsonObject:
    if not path:
        return draft.defaults
    default = at(draft.defaults, path)
    return apply(values, [PatchEntry(path, default)])


def path_of(pointer: str, values: JsonObject) -> Path:
    """Return the path a JSON pointer means in `values`: digits are an index only in a list."""
    path: list[str | int] = []
    here: Maybe = values
    for segment in pointer.split("/")[1:]:
        name = segment.replace("~1", "/").replace("~0", "~")
        if isinstance(here, list) and name.isascii() and name.isdigit() and len(name) < 7:
            path.append(int(name))
        else:
            path.append(name)
        here = at(here, (path[-1],))
    return tuple(path)
