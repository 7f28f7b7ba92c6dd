"""Stand in for keys in launch contexts, so that no draft or preview holds one.

A chart's form puts them where it wants the keys; just before the values are sent, each is
replaced by what it stands for. Whoever types one gets a key of their own in that place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sardonyx.values import Json, JsonObject, Path

_MARK = "sardonyx-gives-this-at-launch"
VAULT_TOKEN = "VAULT_TOKEN"  # noqa: S105 - the name of a variable
S3_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
VARIABLES = (*S3_VARIABLES, VAULT_TOKEN)


def stand_in(variable: str) -> str:
    """Return the text that stands for a variable of the context."""
    return f"{_MARK}-{variable.lower().replace('_', '-')}"


_VARIABLE_OF = {stand_in(variable): variable for variable in VARIABLES}


def stand_ins(values: Json, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield the place of every text that holds a stand-in, and the variable it is, alone or in
    a longer text (then the name is empty)."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from stand_ins(value, (*path, key))
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from stand_ins(value, (*path, index))
    elif isinstance(values, str) and _MARK in values:
        yield path, _VARIABLE_OF.get(values, "")


def variables_in(text: str) -> tuple[str, ...]:
    """Return the variables whose stand-ins are in the text."""
    return tuple(variable for mark, variable in _VARIABLE_OF.items() if mark in text)


def filled(text: str, given: Mapping[str, str]) -> str:
    """Return the text with every stand-in replaced; what is not given becomes empty."""
    for mark, variable in _VARIABLE_OF.items():
        text = text.replace(mark, given.get(variable, ""))
    return text


def text_at(values: Json, path: Path) -> str | None:
    """Return the text at a place, None when there is none."""
    for part in path:
        if isinstance(values, dict) and isinstance(part, str):
            values = values.get(part)
        elif isinstance(values, list) and isinstance(part, int) and part < len(values):
            values = values[part]
        else:
            return None
    return values if isinstance(values, str) else None


def replaced(values: JsonObject, texts: Mapping[Path, str]) -> JsonObject:
    """Return `values` with other texts at some places; nothing else is touched or copied."""
    made = _replaced(values, (), texts)
    assert isinstance(made, dict)  # noqa: S101 - as it came
    return made


def _replaced(value: Json, path: Path, texts: Mapping[Path, str]) -> Json:
    if path in texts:
        return texts[path]
    if not any(place[: len(path)] == path for place in texts):
        return value
    if isinstance(value, dict):
        return {key: _replaced(item, (*path, key), texts) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, (*path, index), texts) for index, item in enumerate(value)]
    return value
