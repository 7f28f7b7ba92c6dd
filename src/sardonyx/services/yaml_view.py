"""Own the YAML view of a draft: its values as text, and the text read back.

A secret stands as `$VAR` there, named after its path, so that none is shown or sent to a
browser in clear; where it was left as it is, the secret stays what it was.
"""

from __future__ import annotations

from sardonyx.launcher.commands import masked, variables
from sardonyx.launcher.draft import Draft
from sardonyx.launcher.models import UNSET
from sardonyx.launcher.patch import apply, diff
from sardonyx.launcher.scalars import at
from sardonyx.launcher.submission import ReadText, read_values_text
from sardonyx.launcher.yaml_text import write
from sardonyx.values import Json, Path


def editor_text(draft: Draft) -> str:
    """Return the values of a draft as the editor shows them."""
    return write(masked(draft.values, draft.secret_paths)) if draft.values else ""


def read_editor_text(draft: Draft, text: str) -> ReadText:
    """Return the patch that an edited text makes of `draft`, or why it makes none.

    A text that is no YAML, or no object, leaves the draft's patch.
    """
    made = read_values_text(draft, text)
    if made.problems:
        return made
    secrets: dict[tuple[Path, str], Json] = {}
    for path, name in variables(draft.secret_paths, draft.values).items():
        value = at(draft.values, path)
        if value is not UNSET:
            secrets[_shape(path), f"${name}"] = value
    values = _unmasked(apply(draft.defaults, made.patch), (), secrets)
    return ReadText(diff(draft.defaults, values) if isinstance(values, dict) else made.patch)


def _unmasked(value: Json, path: Path, secrets: dict[tuple[Path, str], Json]) -> Json:
    """Return `value` with each `$VAR` that stands where a secret may stand replaced by it."""
    if isinstance(value, dict):
        return {key: _unmasked(item, (*path, key), secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_unmasked(item, (*path, index), secrets) for index, item in enumerate(value)]
    if isinstance(value, str) and value.startswith("$"):
        return secrets.get((_shape(path), value), value)
    return value


def _shape(path: Path) -> Path:
    """Return a path where every index is the same: items of a list change their places."""
    return tuple(0 if isinstance(part, int) else part for part in path)
