"""Write a draft's choices as a link, and read such links, Onyxia's own included.

Nothing secret belongs in a link: the caller leaves secret entries out (`without_secrets`).
Source: launcher.md 12.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from sardonyx.errors import Problem
from sardonyx.launcher.models import UNSET, Maybe, PatchEntry, Unset, error
from sardonyx.launcher.patch import flattened
from sardonyx.launcher.scalars import number_text, tidy
from sardonyx.text import N_
from sardonyx.values import Json, Path

RESERVED = ("name", "shared", "version", "s3", "autoLaunch")
_FOREIGN = "oidc-spa."
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_INDEX = re.compile(r"\[([0-9]{1,6})\]")
# What stands for itself, in a name and in a text.
_PLAIN = re.compile(r"[A-Za-z0-9_~-]*")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_~-]+(?:\.[A-Za-z0-9_~-]+|\[[0-9]{1,6}\])*\.?")
_NAME_ESCAPE = re.compile(r"\.|(?<=\\)\[|\[(?=[0-9]+\])")
_MAX_NUMBER = 300
_MAX_BITS = 990  # less than 300 digits
_MAX_INDEX = 999_999
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None}


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
            key_text, value_text = _key(single.path), _value(single.value)
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
    if not path or isinstance(path[0], int) or path[0] == "":
        return None
    text = ""
    dotted = False
    for part in path:
        if isinstance(part, int):
            if not 0 <= part <= _MAX_INDEX:
                return None
            text += f"[{part}]"
            continue
        # A backslash at the end would escape the separator that follows.
        if not part or part.endswith("\\"):
            return None
        dotted = dotted or bool(text)
        if not _PLAIN.fullmatch(part):
            part = _quoted(_NAME_ESCAPE.sub(r"\\\g<0>", part))  # noqa: PLW2901 - as it is written
        text += f".{part}" if text else part
    if f"{text}.".startswith(_FOREIGN):
        return None
    return text if dotted else f"{text}."


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
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return None
    return _quoted(number_text(value))


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return quote(text, safe="", errors="surrogatepass")


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
        key = _decoded(raw_key) if "%" in raw_key else raw_key
        text = _decoded(raw_value) if "%" in raw_value else raw_value
        if key is None or text is None:
            if "." in raw_key and not raw_key.startswith(_FOREIGN):
                problems.append(_bad((), raw_key[:80]))
        elif key in RESERVED:
            said[key] = text
        elif key and not key.startswith(_FOREIGN):
            _read_entry(key, text, known, entries, problems)
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
    if _BROKEN_ESCAPE.search(text):
        return None
    try:
        return unquote(text, errors="surrogatepass")
    except UnicodeDecodeError:
        return None


def _read_entry(
    key: str,
    text: str,
    known: Container[str],
    entries: dict[Path, PatchEntry],
    problems: list[Problem],
) -> None:
    path, dotted = _path(key)
    value = _read_value(text)
    if not dotted:
        # A key of our links has a dot; Onyxia's own top-level ones have none.
        if path and path[0] in known and value is not None:
            entries[path] = PatchEntry(path, value.value)
    elif not path or value is None:
        problems.append(_bad(path, key[:80]))
    else:
        entries[path] = PatchEntry(path, value.value)


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


@dataclass(frozen=True, slots=True)
class _Value:
    value: Maybe


def _read_value(text: str) -> _Value | None:  # noqa: PLR0911 - one return per kind
    if text in _WORDS:
        return _Value(_WORDS[text])
    if text == "-":
        return _Value(UNSET)
    if len(text) >= 2 and text[0] == "«" and text[-1] == "»":
        return _Value(text[1:-1])
    if text in ("[]", "{}"):
        return _Value([] if text == "[]" else {})
    if len(text) <= _MAX_NUMBER and _NUMBER.fullmatch(text):
        if text.lstrip("-").isdigit():
            return _Value(int(text))
        number = float(text)
        return _Value(tidy(number)) if math.isfinite(number) else None
    return None
