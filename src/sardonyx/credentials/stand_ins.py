"""Stand in for keys in launch contexts, so that no draft or preview holds one.

A chart's form puts them where it wants the keys; just before the values are sent, each is
replaced by what it stands for. Whoever types one gets a key of their own in that place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sardonyx.values import Json, JsonObject, Path

_MARK = "sardonyx-gives-this-at-launch"
VAULT_TOKEN = "VAULT_TOKEN"  # noqa: S105 - the name of a variable
S3_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
# A profile's name in letters and digits, `-` and two digits for a byte of anything else: a text
# that a form puts around it, an address say, needs no care, and `--` can only be its end.
_NAME = re.compile(r"-([0-9a-f]{2})|([A-Za-z0-9])")
_STAND_IN = re.compile(
    rf"{_MARK}-(?:(vault-token)|(aws-access-key-id|aws-secret-access-key|aws-session-token)"
    r"(?:-of-((?:-[0-9a-f]{2}|[A-Za-z0-9])+)--)?)"
)


@dataclass(frozen=True, slots=True)
class Given:
    """One thing that a release is given: a variable of the context, of one storage profile.

    profile: its name, empty for the one the project works with and for what is no storage.
    """

    variable: str
    profile: str = ""


def stand_in(variable: str, profile: str = "") -> str:
    """Return the text that stands for a variable of the context, of the usual profile or one."""
    text = f"{_MARK}-{variable.lower().replace('_', '-')}"
    return f"{text}-of-{_written(profile)}--" if profile else text


def read_stand_in(text: object) -> Given | None:
    """Return what a text stands for when it is a stand-in and no more, else None."""
    found = _STAND_IN.fullmatch(text) if isinstance(text, str) else None
    return None if found is None else _given(found)


def stand_ins(values: Json, path: Path = ()) -> Iterator[tuple[Path, Given | None]]:
    """Yield the place of every text that holds a stand-in, and what it stands for; None where
    the text holds more than that."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from stand_ins(value, (*path, key))
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from stand_ins(value, (*path, index))
    elif isinstance(values, str) and _MARK in values:
        yield path, read_stand_in(values)


def wanted_in(text: str) -> tuple[Given, ...]:
    """Return what the stand-ins in the text stand for."""
    return tuple(_given(found) for found in _STAND_IN.finditer(text))


def wanted_at(values: JsonObject, places: Mapping[Path, Given | None]) -> set[Given]:
    """Return what belongs in the places, all that a longer text holds among it."""
    wanted: set[Given] = set()
    for path, one in places.items():
        wanted.update(wanted_in(text_at(values, path) or "") if one is None else (one,))
    return wanted


def filled(text: str, given: Mapping[Given, str]) -> str:
    """Return the text with every stand-in replaced; what is not given becomes empty."""
    return _STAND_IN.sub(lambda found: given.get(_given(found), ""), text)


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


def _given(found: re.Match[str]) -> Given:
    if found[1] is not None:
        return Given(VAULT_TOKEN)
    return Given(found[2].upper().replace("-", "_"), _read(found[3] or ""))


def _written(profile: str) -> str:
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"-{byte:02x}"
        for byte in profile.encode()
    )


def _read(written: str) -> str:
    parts = _NAME.findall(written)
    content = bytes(int(code, 16) if code else ord(char) for code, char in parts)
    return content.decode(errors="replace")
