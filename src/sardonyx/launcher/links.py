"""Write a draft's choices as a link, and read such links, Onyxia's own included.

Nothing secret belongs in a link: the caller leaves secret entries out (`without_secrets`).
Source: launcher.md 12.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple
from urllib.parse import quote

from sardonyx.errors import Problem
from sardonyx.launcher.kept import Kept, is_short
from sardonyx.launcher.models import UNSET, Maybe, PatchEntry, Unset, error
from sardonyx.launcher.patch import flattened
from sardonyx.launcher.scalars import number_text, tidy
from sardonyx.text import N_
from sardonyx.values import Path

RESERVED = frozenset({"name", "shared", "version", "s3", "autoLaunch"})
_FOREIGN = "oidc-spa."
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
# What an escape stands for, by its two digits.
_BYTES = {
    f"{one}{other}".encode(): bytes.fromhex(one + other)
    for one in string.hexdigits
    for other in string.hexdigits
}
_INDEX = re.compile(r"\[([0-9]{1,6})\]")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_~-]+(?:\.[A-Za-z0-9_~-]+|\[[0-9]{1,6}\])*\.?")
_NAME_ESCAPE = re.compile(r"\.|(?<=\\)\[|\[(?=[0-9]+\])")
_MAX_NUMBER = 300
_MAX_BITS = 990  # less than 300 digits
_MAX_INDEX = 999_999
_WORDS: dict[str, Maybe] = {"true": True, "false": False, "null": None, "-": UNSET}


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says besides catalogue and chart. None: not said."""

    name: str | None = None
    shared: bool | None = None
    version: str | None = None
    s3_profile: str | None = None
    patch: tuple[PatchEntry, ...] = ()
    auto_launch: bool = False


@dataclass(frozen=True, slots=True)
class ReadLink:
    """A link as read; what could not be read forbids an auto-launch."""

    link: Link
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class WrittenLink:
    """The query of a link, and the entries that no link can hold."""

    query: str
    left_out: tuple[PatchEntry, ...]


def write_query(link: Link) -> WrittenLink:
    """Return the part after `?`, without it."""
    parts: list[str] = []
    for key, text in (("name", link.name), ("version", link.version), ("s3", link.s3_profile)):
        if text is not None:
            parts.append(f"{key}={_quoted(text)}")
    if link.shared is not None:
        parts.append(f"shared={'true' if link.shared else 'false'}")
    left_out: list[PatchEntry] = []
    for entry in link.patch:
        singles = flattened(entry) if isinstance(entry.value, (dict, list)) else (entry,)
        for single in singles:
            key_text, value_text = _keys_written[single.path], _value(single.value)
            if key_text is None or value_text is None:
                left_out.append(single)
            else:
                parts.append(f"{key_text}={value_text}")
    if link.auto_launch:
        parts.append("autoLaunch=true")
    return WrittenLink("&".join(parts), tuple(left_out))


def without_secrets(
    patch: Iterable[PatchEntry], secret_paths: frozenset[Path]
) -> tuple[PatchEntry, ...]:
    """Return the entries of a patch that may stand in a link."""
    return tuple(
        single
        for entry in patch
        for single in flattened(entry)
        if not any(single.path[:length] in secret_paths for length in range(len(single.path) + 1))
    )


def _key(path: Path) -> str | None:
    """Return the key of a path, None when no link can hold it."""
    if not path or isinstance(path[0], int):
        return None
    steps = [_step(part) for part in path]
    if "" in steps:
        return None
    text = "".join(steps)[1:]
    if text.startswith(_FOREIGN) or text == _FOREIGN[:-1]:
        return None
    # An index alone separates nothing: the dot tells a setting from a parameter.
    dotted = isinstance(path[-1], str) and len(path) > 1
    if dotted or any(isinstance(part, str) for part in path[1:]):
        return text
    return f"{text}."


# Links are written at each keystroke, and those of one chart have the same few keys.
_keys_written = Kept(_key, lambda _, key: key is not None and is_short(key))


def _backslashed(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _step(part: str | int) -> str:
    """Return a step of a key, a name with the dot before it; empty where it cannot be written."""
    if isinstance(part, int):
        return f"[{part}]" if 0 <= part <= _MAX_INDEX else ""
    # A backslash at the end would escape the separator that follows.
    if not part or part.endswith("\\"):
        return ""
    return f".{_quoted(_NAME_ESCAPE.sub(_backslashed, part))}"


def _value(value: Maybe) -> str | None:  # noqa: PLR0911 - one return per kind
    """Return the written form of an atomic value, an empty container or a deletion.

    None for a number that no link can hold.
    """
    if isinstance(value, Unset):
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"«{_quoted(value)}»"
    if isinstance(value, (dict, list)):
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _MAX_BITS else None
    return _quoted(number_text(value))


def _quoted(text: str) -> str:
    return text.translate(_characters_written)


def _character(code: int) -> str:
    return quote(chr(code), safe="", errors="surrogatepass")


_characters_written = Kept(_character, lambda _, __: True)


def read_query(query: str, *, known: Container[str] = ()) -> ReadLink:
    """Return what a query says; nothing raises.

    known: top-level keys of the chart's schema and values.yaml, by which an undotted key of
    Onyxia's own links is recognised.
    """
    said: dict[str, str] = {}
    entries: dict[Path, PatchEntry] = {}
    problems: list[Problem] = []
    for part in query.removeprefix("?").split("&"):
        raw_key, _, raw_value = part.partition("=")
        name, path, dotted, foreign = _keys_read[raw_key]
        if foreign:
            continue
        text = _decoded(raw_value) if "%" in raw_value else raw_value
        if text is None or name is None:
            if "." in raw_key:
                problems.append(_bad((), raw_key[:80]))
        elif name in RESERVED:
            said[name] = text
        else:
            value = _read_value(text)
            if not dotted:
                # A key of our links has a dot; Onyxia's own top-level ones have none.
                if path and path[0] in known and not isinstance(value, _Unread):
                    entries[path] = PatchEntry(path, value)
            elif not path or isinstance(value, _Unread):
                problems.append(_bad(path, name[:80]))
            else:
                entries[path] = PatchEntry(path, value)
    link = Link(
        name=said.get("name"),
        shared={"true": True, "false": False}.get(said.get("shared", "")),
        version=said.get("version"),
        s3_profile=said.get("s3"),
        patch=tuple(entries.values()),
        auto_launch=said.get("autoLaunch") == "true" and not problems,
    )
    return ReadLink(link, tuple(problems))


def _decoded(text: str) -> str | None:
    """Return a text with its escapes undone; None where one is no escape, or none of a text."""
    first, *others = text.encode("utf-8", "surrogatepass").split(b"%")
    try:
        parts = [_BYTES[one[:2]] + one[2:] for one in others]
        return b"".join((first, *parts)).decode("utf-8", "surrogatepass")
    except (KeyError, ValueError):
        return None


class _Key(NamedTuple):
    """A key as read.

    name: decoded, None where it cannot be. path: of the setting it names, if any. dotted: it has
    a separating dot. foreign: it is nothing of ours.
    """

    name: str | None
    path: Path = ()
    dotted: bool = False
    foreign: bool = False


def _read_key(raw: str) -> _Key:
    name = _decoded(raw) if "%" in raw else raw
    if name is None:
        return _Key(None, foreign=raw.startswith(_FOREIGN))
    if not name or name.startswith(_FOREIGN):
        return _Key(name, foreign=True)
    return _Key(name) if name in RESERVED else _Key(name, *_path(name))


# Links of one chart have the same few keys.
_keys_read = Kept(_read_key, lambda raw, _: is_short(raw))


def _bad(path: Path, key: str) -> Problem:
    return error(
        path,
        "link_not_understood",
        N_("A part of the link is not understood and was left out: “{key}”."),
        key=key,
    )


def _path(key: str) -> tuple[Path, bool]:
    """Return the path of a decoded key, and whether it has a separating dot."""
    if _PLAIN_KEY.fullmatch(key):
        steps = key.removesuffix(".").replace("[", ".[").split(".")
        if "[" not in key:
            return tuple(steps), "." in key
        return tuple([int(one[1:-1]) if one[0] == "[" else one for one in steps]), "." in key
    path: list[str | int] = []
    name, dotted, position = "", False, 0
    closed = False  # an index has just ended, so a name needs no text
    while position < len(key):
        char = key[position]
        if char == "\\" and key[position + 1 : position + 2] in (".", "["):
            name += key[position + 1]
            position += 2
            continue
        index = _INDEX.match(key, position) if char == "[" else None
        if char == "." or index is not None:
            if name:
                path.append(name)
            elif not closed:
                return (), True
            name = ""
            closed = index is not None
            if index is not None:
                path.append(int(index[1]))
                position = index.end()
                continue
            dotted = True
        else:
            # Right after an index only a dot or another index may follow.
            if closed:
                return (), True
            name += char
        position += 1
    if name:
        path.append(name)
    return tuple(path), dotted


class _Unread(Enum):
    UNREAD = 0


def _read_value(text: str) -> Maybe | _Unread:
    if text[:1] == "«" and text[-1:] == "»" and len(text) > 1:
        return text[1:-1]
    if text in _WORDS:
        return _WORDS[text]
    if text in ("[]", "{}"):
        return [] if text == "[]" else {}
    if len(text) <= _MAX_NUMBER and _NUMBER.fullmatch(text):
        if text.lstrip("-").isdigit():
            return int(text)
        number = float(text)
        return tidy(number) if math.isfinite(number) else _Unread.UNREAD
    return _Unread.UNREAD
