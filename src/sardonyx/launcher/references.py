"""Resolve the references of templates: `{{user.idep}}`, bare paths, mixed texts, containers.

Only keys of objects and indexes of lists are read: no properties, no characters, no filters.
Source: launcher.md 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from sardonyx.launcher.models import UNSET, Maybe, Unset
from sardonyx.launcher.scalars import is_number, number_text
from sardonyx.values import Json, JsonObject, Path

Unresolved: TypeAlias = Unset
UNRESOLVED = UNSET

_REFERENCE = re.compile(r"\{\{([^}]*)\}\}")
_STEP = re.compile(
    r"""(?P<dot>\.)?(?:(?P<name>[^.\[\]]+)|\[(?:(?P<index>[0-9]{1,9})|'(?P<single>[^']*)'|"(?P<double>[^"]*)")\])"""
)


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text: literals and references in order. `alone`: one reference and no text.

    A reference that is no path is an empty tuple: it never resolves.
    """

    parts: tuple[str | tuple[str, ...], ...]
    alone: bool

    def references(self) -> Iterator[tuple[str, ...]]:
        for part in self.parts:
            if isinstance(part, tuple):
                yield part


@lru_cache(maxsize=8192)
def parse(text: str, top_level: bool) -> Template:
    """Return the parts of `text`. At top level a text without `{{` is itself a path."""
    if "{{" not in text:
        return Template((parse_path(text),) if top_level else (text,), top_level)
    parts: list[str | tuple[str, ...]] = []
    end = 0
    for match in _REFERENCE.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        parts.append(parse_path(match[1]))
        end = match.end()
    if end < len(text):
        parts.append(text[end:])
    return Template(tuple(parts), len(parts) == 1 and isinstance(parts[0], tuple))


def parse_path(text: str) -> tuple[str, ...]:
    """Return the segments of a path, `()` when it is none. Digits stay text."""
    segments: list[str] = []
    end = 0
    while end < len(text):
        match = _STEP.match(text, end)
        if match is None:
            return ()
        name = match["name"]
        dotted = match["dot"] is not None
        # Every name but the first follows a dot; no bracket does.
        if dotted != (name is not None and bool(segments)):
            return ()
        quoted = match["single"] if match["single"] is not None else match["double"]
        segments.append(name or match["index"] or quoted or "")
        end = match.end()
    return tuple(segments)


def resolve(template: Json, scope: JsonObject, *, top_level: bool = True) -> Maybe:
    """Return the value of a template, or UNRESOLVED; one unresolved part spoils the whole."""
    if isinstance(template, str):
        return _text(parse(template, top_level), scope)
    if isinstance(template, list):
        items: list[Json] = []
        for element in template:
            value = resolve(element, scope, top_level=False)
            if isinstance(value, Unset):
                return UNSET
            items.append(value)
        return items
    if isinstance(template, dict):
        members: JsonObject = {}
        for key, element in template.items():
            value = resolve(element, scope, top_level=False)
            if isinstance(value, Unset):
                return UNSET
            members[key] = value
        return members
    return template


def _text(template: Template, scope: JsonObject) -> Maybe:
    if template.alone:
        only = template.parts[0]
        return look_up(only, scope) if isinstance(only, tuple) else only
    text = ""
    for part in template.parts:
        if isinstance(part, str):
            text += part
            continue
        value = look_up(part, scope)
        if isinstance(value, bool):
            text += "true" if value else "false"
        elif isinstance(value, str):
            text += value
        elif is_number(value) and isinstance(value, (int, float)):
            text += number_text(value)
        else:
            return UNSET
    return text


def look_up(path: tuple[str, ...], scope: Json) -> Maybe:
    """Return the value at `path` in `scope`, or UNRESOLVED."""
    if not path:
        return UNSET
    value = scope
    for name in path:
        if isinstance(value, dict):
            if name not in value:
                return UNSET
            value = value[name]
        elif isinstance(value, list):
            if not (name.isascii() and name.isdigit() and len(name) < 10):
                return UNSET
            if int(name) >= len(value):
                return UNSET
            value = value[int(name)]
        else:
            return UNSET
    return value


def texts(template: Json, *, top_level: bool = True) -> Iterator[tuple[Template, Path]]:
    """Yield each parsed text of a template with its place inside the template."""
    if isinstance(template, str):
        yield parse(template, top_level), ()
    elif isinstance(template, list):
        for index, element in enumerate(template):
            for parsed, path in texts(element, top_level=False):
                yield parsed, (index, *path)
    elif isinstance(template, dict):
        for key, element in template.items():
            for parsed, path in texts(element, top_level=False):
                yield parsed, (key, *path)
