"""Read the index of a Helm repository (`index.yaml`) into what the catalogue needs of it.

By libyaml's events: an index of 2 MB would take Python's own reader half a minute. Every scalar
is kept as it is written, since all that is read of an index is text. An index has no aliases and
no key twice; one that has is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

import yaml

from sardonyx.catalog.faults import RepositoryError
from sardonyx.text import N_, Scalar
from sardonyx.values import Json, JsonObject

MAX_INDEX = 64 * 1024 * 1024
_MAX_VALUES = 2_000_000
_MAX_DEPTH = 30
_MAX_TEXT = 4_000
# Of each version; the rest of an index (descriptions, maintainers, sources) is passed over.
_READ = frozenset(
    ("name", "version", "urls", "digest", "created", "type", "icon", "keywords", "annotations")
)
_VERSION_DEPTH = 3
_MAX_WORDS = 100


def read_index(content: bytes) -> list[JsonObject]:
    """Return the entries, in the index's order, each as the fields of an IndexEntry.

    Entries without a name, a version or an address are left out. Raises RepositoryError.
    """
    document = _document(content)
    charts = document.get("entries") if isinstance(document, dict) else None
    if charts is None and isinstance(document, dict) and "apiVersion" in document:
        return []
    if not isinstance(charts, dict):
        raise RepositoryError("index_broken", N_("This is no index of a Helm repository."))
    found = []
    for name, versions in charts.items():
        for version in versions if isinstance(versions, list) else []:
            entry = _entry(name, version) if isinstance(version, dict) else None
            if entry is not None:
                found.append(entry)
    return found


def _entry(name: str, version: JsonObject) -> JsonObject | None:
    urls = [url for url in _texts(version.get("urls")) if url]
    number, digest = _text(version.get("version")), _text(version.get("digest"))
    if not urls or not number or version.get("name") != name:
        return None
    annotations = version.get("annotations")
    pairs = annotations.items() if isinstance(annotations, dict) else ()
    return {
        "name": name,
        "version": number,
        "urls": cast("list[Json]", urls),
        "digest": "sha256:" + digest.removeprefix("sha256:").lower() if digest else "",
        "created": _text(version.get("created")),
        "kind": _text(version.get("type")) or "application",
        "icon": _text(version.get("icon")),
        "keywords": cast("list[Json]", _texts(version.get("keywords"))),
        "annotations": {key: text for key, text in pairs if isinstance(text, str)},
    }


def _text(value: Json) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


def _texts(value: Json) -> list[str]:
    words = value[:_MAX_WORDS] if isinstance(value, list) else []
    return [word[:_MAX_TEXT] for word in words if isinstance(word, str)]


def _document(content: bytes) -> Json:
    if len(content) > MAX_INDEX:
        most = {"most": MAX_INDEX // (1024 * 1024)}
        raise RepositoryError("index_too_large", N_("It has more than {most} MB."), most)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _broken(line, N_("line {line}: this is not UTF-8")) from error
    if text.lstrip()[:1] == "{":
        try:
            return cast(Json, json.loads(text, parse_int=str, parse_float=str))
        except (ValueError, RecursionError) as error:
            raise _broken(getattr(error, "lineno", 1), N_("line {line}: this is not JSON")) from (
                error
            )
    try:
        return _Builder(yaml.parse(text, Loader=yaml.CSafeLoader)).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise _broken(mark.line + 1 if mark else 1, N_("line {line}: this is not YAML")) from error
    except StopIteration as error:
        raise _broken(1, N_("line {line}: this is not YAML")) from error


def _broken(line: int, template: str) -> RepositoryError:
    values: dict[str, Scalar] = {"line": line}
    return RepositoryError("index_broken", template, values)


class _Builder:
    """Makes the document of parser events: objects, lists, and scalars as texts."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self.events = events
        self.count = 0

    def document(self) -> Json:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                return self.value(next(self.events), 0)
        return None

    def value(self, event: yaml.Event, depth: int) -> Json:
        self.count += 1
        if self.count > _MAX_VALUES or depth > _MAX_DEPTH:
            raise _broken(_line(event), N_("line {line}: too large or nested too deeply"))
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if isinstance(event, yaml.MappingStartEvent):
            return self._object(depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Json] = []
            while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
                items.append(self.value(item, depth + 1))
            return items
        raise _broken(_line(event), N_("line {line}: an alias, which an index does not have"))

    def _object(self, depth: int) -> JsonObject:
        members: JsonObject = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.value(event, depth + 1)
            if not isinstance(key, str):
                raise _broken(_line(event), N_("line {line}: a key that is no text"))
            if key in members:
                raise _broken(_line(event), N_("line {line}: a key is written twice"))
            value = self.value(next(self.events), depth + 1)
            if depth != _VERSION_DEPTH or key in _READ:
                members[key] = value
        return members


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return int(mark.line) + 1 if mark is not None else 1
