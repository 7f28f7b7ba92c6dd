"""Write a form as JSON, for programs that show it in their own way."""

from __future__ import annotations

from sardonyx.errors import Problem
from sardonyx.launcher.form_model import FormField, FormGroup
from sardonyx.launcher.models import Unset
from sardonyx.values import Json, JsonObject


def form_document(form: FormGroup, language: str) -> list[Json]:
    """Return the sections of a form; secrets stand as null. Labels are in the form's language."""
    return [_part(child, language) for child in form.children]


def problem_documents(problems: tuple[Problem, ...], language: str) -> list[Json]:
    """Return problems with their words in `language`."""
    return [
        {
            "pointer": one.pointer,
            "code": one.code,
            "level": one.level,
            "message": one.message.in_language(language),
        }
        for one in problems
    ]


def _part(part: FormGroup | FormField, language: str) -> JsonObject:
    shared: JsonObject = {
        "pointer": part.pointer,
        "label": part.label,
        "help": part.help,
        "problems": problem_documents(part.problems, language),
    }
    if isinstance(part, FormGroup):
        children: list[Json] = [_part(child, language) for child in part.children]
        listed: JsonObject = {"canAdd": part.can_add, "canRemove": part.can_remove}
        return {
            "group": part.role.value,
            **shared,
            **(listed if part.is_list else {}),
            "children": children,
        }
    shown = not part.secret and not isinstance(part.value, Unset)
    field: JsonObject = {
        "widget": part.widget.value,
        **shared,
        "type": part.kind.value,
        "value": part.value if shown and not isinstance(part.value, Unset) else None,
        "isSet": part.is_set,
        "disabled": part.disabled,
        "secret": part.secret,
        "origin": part.origin.value if part.origin is not None else None,
    }
    if part.options:
        field["options"] = [one.value for one in part.options]
    bounds = {"minimum": part.minimum, "maximum": part.maximum, "step": part.step}
    field.update({name: bound for name, bound in bounds.items() if bound is not None})
    if part.unit:
        field["unit"] = part.unit
    if part.halves:
        field["halves"] = [_part(half, language) for half in part.halves]
    return field
