"""Put a variable's name, `$VAR`, in place of each secret of some values, and the secrets back.

The YAML view, blocks of any content in a form, REST and the commands show secrets so.
Source: launcher.md 9.3, 15.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sardonyx.launcher.models import UNSET
from sardonyx.launcher.scalars import at
from sardonyx.values import Json, JsonObject, Path


def variable(path: Path) -> str:
    """Return the shell variable that stands for a secret: `git.token` gives `GIT_TOKEN`."""
    name = "_".join(re.sub(r"[^A-Za-z0-9]+", "_", str(part)).strip("_").upper() for part in path)
    return f"_{name}" if not name or name[0].isdigit() else name


def variables(secret_paths: frozenset[Path], values: JsonObject) -> dict[Path, str]:
    """Return the variable of each secret that `values` hold, no two alike, in order."""
    named: dict[Path, str] = {}
    taken: set[str] = set()
    reached: dict[str, int] = {}  # the number up to which each name is taken
    for path in _leaves(values, (), secret_paths):
        name = wanted = variable(path)
        number = reached.get(wanted, 1)
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        reached[wanted] = number
        taken.add(name)
        named[path] = name
    return named


def masked(values: JsonObject, secret_paths: frozenset[Path]) -> JsonObject:
    """Return `values` with `$VAR` in place of each secret."""
    names = variables(secret_paths, values)
    shown = replaced(values, (), {path: f"${name}" for path, name in names.items()})
    return shown if isinstance(shown, dict) else {}


class Unmasking:
    """Puts secrets back where a text that a person edited still has their `$VAR`.

    A variable means its secret only where one of its shape stood: items of a list may change
    their places. Written anywhere else it is a text like any other.
    """

    __slots__ = ("_secrets",)

    def __init__(self, values: JsonObject, secret_paths: frozenset[Path]) -> None:
        """values: what was shown masked."""
        self._secrets: dict[tuple[Path, str], Json] = {}
        for path, name in variables(secret_paths, values).items():
            value = at(values, path)
            if value is not UNSET:
                self._secrets[_shape(path), f"${name}"] = value

    def __call__(self, value: Json, path: Path = ()) -> Json:
        """Return `value`, which stands at `path` of the values, with its secrets."""
        if not self._secrets:
            return value
        if isinstance(value, dict):
            return {key: self(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str) and value.startswith("$"):
            return self._secrets.get((_shape(path), value), value)
        return value


def _shape(path: Path) -> Path:
    """Return a path where every index is the same."""
    return tuple(0 if isinstance(part, int) else part for part in path)


def _leaves(value: Json, path: Path, wanted: frozenset[Path]) -> list[Path]:
    found: list[Path] = []
    if path in wanted and value not in (None, "", [], {}):
        if not isinstance(value, (dict, list)):
            return [path]
        # A secret that is a container hides all its texts.
        wanted = frozenset({*wanted, *((*path, key) for key in _keys(value))})
    if isinstance(value, (dict, list)):
        for key in _keys(value):
            inner = value[key]  # type: ignore[index]
            found += _leaves(inner, (*path, key), wanted)
    return found


def _keys(value: dict[str, Json] | list[Json]) -> list[str | int]:
    return list(value) if isinstance(value, dict) else list(range(len(value)))


def replaced(value: Json, path: Path, texts: Mapping[Path, str]) -> Json:
    if path in texts:
        return texts[path]
    if isinstance(value, dict):
        return {key: replaced(item, (*path, key), texts) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, (*path, index), texts) for index, item in enumerate(value)]
    return value
