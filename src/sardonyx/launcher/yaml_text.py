"""Read YAML 1.2 as plain JSON, and write JSON as YAML that 1.1 and 1.2 readers agree on.

Reading goes by parser events, so that the core schema alone gives types (`yes` and dates are
texts), repeated keys and endless aliases are refused, and every fault has its line.
Source: launcher.md 1.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from sardonyx.errors import Problem
from sardonyx.launcher.models import UNSET, Maybe, error
from sardonyx.launcher.scalars import number_text, tidy
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject, Path

_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))")
_NULLS = ("", "~", "null", "Null", "NULL")
_MAX_DIGITS = 300
_MAX_DEPTH = 100
_MAX_VALUES = 200_000

# Plain only where no reader of any YAML makes something else of it.
_PLAIN = re.compile(
    r"[A-Za-z_/](?:[A-Za-z0-9_./@+-]|:(?=[A-Za-z0-9_/-]))*(?: [A-Za-z0-9_./@+-]+)*"
    r"|[0-9]+(?:\.[0-9]+)?(?:Ki|Mi|Gi|Ti|Pi|k|M|G|T|m)"
)
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


class _RefusedError(Exception):
    """A text that is YAML and no JSON. Turned into a problem before it leaves the module."""

    def __init__(self, event: Event, template: str) -> None:
        self.place = _place(event)
        self.template = template


# A line and a column, both from 1.
Place: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReadYaml:
    """What a text holds (UNSET when it cannot be read) and why not.

    places: where each value's key, or the item itself, begins; in a text that cannot be read,
    only `()`: where it goes wrong.
    """

    value: Maybe
    problems: tuple[Problem, ...] = ()
    places: Mapping[Path, Place] = field(default_factory=dict)

    @property
    def object(self) -> JsonObject | None:
        return self.value if isinstance(self.value, dict) else None


def read(text: str) -> ReadYaml:
    """Return the one document of `text`; an empty text is null."""
    try:
        builder = _Builder(YAML(typ="safe", pure=True).parse(text))
        return ReadYaml(builder.document(), places=builder.places)
    except _RefusedError as fault:
        return _failed(fault.place, fault.template)
    except YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return _failed(place, N_("line {line}: this is not YAML"))
    except (ValueError, RecursionError, AttributeError, TypeError):
        # The reader refuses control characters and broken escapes by these.
        return _failed((1, 1), N_("line {line}: this is not YAML"))


def read_values(text: str) -> ReadYaml:
    """Return the values that `text` holds, none for an empty one; what is no object has a problem.

    `object` of the answer is None exactly where `problems` say why.
    """
    known = read(text)
    if known.value is None:
        return replace(known, value={})
    if known.problems or isinstance(known.value, dict):
        return known
    problem = error(
        (), "values_no_object", N_("The values must be an object: names, each with its value.")
    )
    return ReadYaml(UNSET, (problem,), {(): known.places.get((), (1, 1))})


def _failed(place: Place, template: str) -> ReadYaml:
    problem = error((), "yaml_not_understood", template, line=place[0])
    return ReadYaml(UNSET, (problem,), {(): place})


class _Builder:
    def __init__(self, events: Iterator[Event]) -> None:
        self.events = events
        self.anchors: dict[str, Json] = {}
        self.count = 0
        self.path: list[str | int] = []
        self.places: dict[Path, Place] = {}

    def document(self) -> Json:
        documents = 0
        value: Json = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _RefusedError(event, N_("line {line}: a second document"))
                value = self.value(next(self.events), 0)
        return value

    def value(self, event: Event, depth: int) -> Json:
        self.count += 1
        if depth > _MAX_DEPTH or self.count > _MAX_VALUES:
            raise _RefusedError(event, N_("line {line}: too large or nested too deeply"))
        if isinstance(event, AliasEvent):
            return self._alias(event)
        made: Json
        if isinstance(event, ScalarEvent):
            made = _scalar_event(event)
        elif isinstance(event, SequenceStartEvent):
            made = []
            for inner in self.events:
                if isinstance(inner, SequenceEndEvent):
                    break
                made.append(self._below(len(made), inner, inner, depth))
        elif isinstance(event, MappingStartEvent):
            made = self._mapping(depth)
        else:
            raise _RefusedError(event, N_("line {line}: this is not YAML"))
        if getattr(event, "anchor", None):
            self.anchors[event.anchor] = made
        return made

    def _mapping(self, depth: int) -> JsonObject:
        members: JsonObject = {}
        for inner in self.events:
            if isinstance(inner, MappingEndEvent):
                break
            key = self.value(inner, depth + 1)
            if isinstance(key, (dict, list)):
                raise _RefusedError(inner, N_("line {line}: a key that is no text"))
            name = key if isinstance(key, str) else text_of(key)
            if name in members:
                raise _RefusedError(inner, N_("line {line}: a key is written twice"))
            members[name] = self._below(name, inner, next(self.events), depth)
        return _merged(members) if "<<" in members else members

    def _below(self, name: str | int, begins: Event, event: Event, depth: int) -> Json:
        """Return a member or an item, with its place noted."""
        self.path.append(name)
        self.places[tuple(self.path)] = _place(begins)
        value = self.value(event, depth + 1)
        self.path.pop()
        return value

    def _alias(self, event: AliasEvent) -> Json:
        if event.anchor not in self.anchors:
            raise _RefusedError(event, N_("line {line}: an alias without its anchor"))
        value = self.anchors[event.anchor]
        self.count += _size(value)
        if self.count > _MAX_VALUES:
            raise _RefusedError(event, N_("line {line}: too large or nested too deeply"))
        return value


def _merged(members: JsonObject) -> JsonObject:
    """Return a mapping with its `<<` followed, as Helm does in a chart's values.yaml."""
    sources = members["<<"] if isinstance(members["<<"], list) else [members["<<"]]
    merged: JsonObject = {}
    for source in reversed(sources):
        if not isinstance(source, dict):
            return members
        merged |= source
    return {**merged, **{key: value for key, value in members.items() if key != "<<"}}


def _size(value: Json) -> int:
    if isinstance(value, dict):
        return 1 + sum(_size(item) for item in value.values())
    if isinstance(value, list):
        return 1 + sum(_size(item) for item in value)
    return 1


def _place(event: Event) -> Place:
    mark = getattr(event, "start_mark", None)
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _scalar_event(event: ScalarEvent) -> Json:
    text = str(event.value)
    tag = str(event.tag) if event.tag is not None else ""
    if tag.endswith("str") or tag == "!" or event.style in ("'", '"', "|", ">"):
        return text
    value = plain(text)
    if isinstance(value, float) and not math.isfinite(value):
        raise _RefusedError(event, N_("line {line}: a number that is not finite"))
    return value


def plain(text: str) -> Json:  # noqa: PLR0911 - one return per kind of scalar
    """Return what a plain scalar means in the core schema of YAML 1.2."""
    if text in _NULLS:
        return None
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if len(text) > _MAX_DIGITS or not (text[0].isdigit() or text[0] in "+-."):
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEX.fullmatch(text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return tidy(float(text)) if math.isfinite(float(text)) else float(text)
    return float("nan") if _NOT_FINITE.fullmatch(text) else text


def scalar(text: str) -> Json:
    """Return what `text` means as one YAML value on a command line; quotes give text."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        quoted = read(text)
        return quoted.value if isinstance(quoted.value, str) else text
    value = plain(text) if text else ""
    return text if isinstance(value, float) and not math.isfinite(value) else value


def text_of(value: bool | int | float | str | None) -> str:
    """Return an atomic value as the text that YAML shows, without quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number_text(value)


def write(value: Json) -> str:
    """Return `value` as a block of YAML that ends in a newline."""
    if isinstance(value, dict) and value:
        return "".join(_members(value, 0))
    if isinstance(value, list) and value:
        return "".join(_items(value, 0))
    return _atom(value) + "\n"


def _members(value: JsonObject, depth: int) -> Iterator[str]:
    pad = "  " * depth
    for key, item in value.items():
        yield from _entry(f"{pad}{quoted(key)}:", item, depth)


def _items(value: list[Json], depth: int) -> Iterator[str]:
    pad = "  " * depth
    for item in value:
        if isinstance(item, (dict, list)) and item:
            lines = _members(item, depth + 1) if isinstance(item, dict) else _items(item, depth + 1)
            inner = "".join(lines)
            yield f"{pad}- {inner[len(pad) + 2 :]}"
        else:
            yield f"{pad}- {_atom(item)}\n"


def _entry(head: str, item: Json, depth: int) -> Iterator[str]:
    if isinstance(item, dict) and item:
        yield f"{head}\n"
        yield from _members(item, depth + 1)
    elif isinstance(item, list) and item:
        yield f"{head}\n"
        yield from _items(item, depth + 1)
    else:
        yield f"{head} {_atom(item)}\n"


def _atom(value: Json) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    if isinstance(value, float):
        text = number_text(value)
        # A reader of YAML 1.1 wants a dot in a number with an exponent.
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    return text_of(value)


def quoted(text: str) -> str:
    """Return a text plain where every reader agrees on it, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    dumped = json.dumps(text, ensure_ascii=False)
    # JSON leaves some characters that a YAML line may not hold.
    return re.sub(
        "[\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]",
        lambda match: f"\\u{ord(match[0]):04x}",
        dumped,
    )
