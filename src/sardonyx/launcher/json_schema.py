"""Check the keywords that only JSON Schema knows, on values merged over values.yaml.

The core checks (types, patterns, minimum, counts, options) are made by `coerce`; only what is
left is compiled here, so a schema without such keywords costs nothing. Patterns inside go
through our own engine, which has a time limit; nothing is fetched. Source: launcher.md 4, 10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

from sardonyx.launcher import patterns
from sardonyx.launcher.models import Maybe
from sardonyx.launcher.nodes import Node, NodeKind
from sardonyx.launcher.scalars import at
from sardonyx.text import N_, Scalar
from sardonyx.values import Json, JsonObject, Path

_PLAIN_KEYWORDS = (
    *("maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
    *("format", "uniqueItems", "required", "minProperties", "maxProperties"),
    *("dependentRequired", "contentEncoding", "contentMediaType", "minContains", "maxContains"),
)
_SCHEMA_KEYWORDS = (
    *("anyOf", "oneOf", "allOf", "not", "if", "then", "else", "dependencies"),
    *("dependentSchemas", "patternProperties", "propertyNames", "contains"),
    *("additionalProperties", "additionalItems", "unevaluatedProperties", "unevaluatedItems"),
)
_KEYWORDS = frozenset((*_PLAIN_KEYWORDS, *_SCHEMA_KEYWORDS))
# What stands under these is named by the chart; what stands under those is data.
_NAMED = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas")
_DATA = ("const", "enum", "default", "examples")
# By language here, which no validator accepts.
_WORDS = ("title", "description")
_OWN_PATTERN = "sardonyxPattern"
_MAX_DEPTH = 60
_GAVE_UP = (
    jsonschema_rs.ValidationErrorKind.BacktrackLimitExceeded,
    jsonschema_rs.ValidationErrorKind.RegexEngineFailure,
)

_TEXTS = {
    "maximum": N_("“{path}” must be {limit} or less."),
    "minimum": N_("“{path}” must be {limit} or more."),
    "exclusiveMaximum": N_("“{path}” must be less than {limit}."),
    "exclusiveMinimum": N_("“{path}” must be more than {limit}."),
    "multipleOf": N_("“{path}” must be a multiple of {limit}."),
    "minLength": N_("“{path}” must have {limit} characters or more."),
    "maxLength": N_("“{path}” must have {limit} characters or less."),
    "format": N_("“{path}” is not a valid {limit}."),
    "uniqueItems": N_("“{path}” holds the same entry twice."),
}
WRONG_FORM = N_("“{path}” does not have the form asked for: {pattern}")
TOO_SLOW = N_("“{path}” could not be checked in time; shorten it.")
_WITHIN_TOO_SLOW = N_("A text in “{path}” could not be checked in time; shorten it.")
_NAME_TOO_SLOW = N_("A name in “{path}” could not be checked in time; shorten it.")
_OTHER = N_("“{path}” does not fit the chart's schema ({limit}).")


@dataclass(frozen=True, slots=True)
class Violation:
    """One keyword that a value breaks: where, which (`code`), and how to say it."""

    path: Path
    code: str
    template: str
    details: Mapping[str, Scalar] = field(default_factory=dict)


# Below these, or where a reference leads, a pattern that does not match may let a value pass; what
# took too long there is kept: the place of its schema, and the text.
_TURNS = frozenset(("not", "if", "oneOf", "contains", "definitions", "$defs", "$ref"))
_SAME_VALUE = frozenset(("not", "if", "then", "else"))
_slow: ContextVar[list[tuple[Path, str]] | None] = ContextVar("what was not checked", default=None)


class _Pattern:
    """The keyword that stands for `pattern` in what we compile."""

    def __init__(self, parent: JsonObject, value: Any, path: list[str | int]) -> None:  # noqa: ANN401
        self.pattern = value
        self.turns = not _TURNS.isdisjoint(path)
        self.place = _place(path)

    def validate(self, instance: Any) -> None:  # noqa: ANN401 - any JSON
        if not isinstance(instance, str) or not isinstance(self.pattern, str):
            return
        found = patterns.search(self.pattern, instance)
        if found is patterns.Match.TOO_SLOW:
            if self.turns and (slow := _slow.get()) is not None:
                slow.append((self.place, instance))
            raise ValueError("")  # without the pattern: see `_violations`
        if found is patterns.Match.NO:
            raise ValueError(self.pattern)


@dataclass(frozen=True, slots=True)
class Rules:
    """The keywords of one schema that only JSON Schema knows, compiled."""

    validator: jsonschema_rs.Draft7Validator | None
    fault: Violation | None = None

    def violations(self, merged: JsonObject) -> Iterator[Violation]:
        """Yield what `merged` breaks; a schema that could not be compiled breaks one rule."""
        if self.fault is not None:
            yield self.fault
        if self.validator is None:
            return
        slow: list[tuple[Path, str]] = []
        token = _slow.set(slow)
        try:
            found = [
                one for error in self.validator.iter_errors(merged) for one in _violations(error)
            ]
        except (ValueError, OverflowError, TypeError, RecursionError):
            text = N_("The values hold something that cannot be checked.")
            found = [Violation((), "values_not_checked", text)]
        finally:
            _slow.reset(token)
        yield from found
        told = [one.path for one in found if one.code == "pattern_too_slow"]
        for place, text in dict.fromkeys(slow):
            if not _holds(at(merged, place), text):  # a reference led elsewhere
                place = ()  # noqa: PLW2901
            within = [path for path in told if path[: len(place)] == place]
            if place not in within and all(at(merged, path) != text for path in within):
                told.append(place)
                template = TOO_SLOW if at(merged, place) == text else _WITHIN_TOO_SLOW
                yield Violation(place, "pattern_too_slow", template)


def compile_rules(root: Node | None) -> Rules:
    """Return the compiled rules of a schema; nothing is fetched for a remote reference."""
    schema = None if root is None else checked_part(root)
    if root is None or schema is None:
        return Rules(None)
    for name in ("definitions", "$defs"):
        if isinstance(root.raw.get(name), dict):
            schema[name] = _rewritten(root.raw[name], 0, named=True)
    try:
        validator = _validator_class(root.raw.get("$schema"))(
            schema,
            validate_formats=True,
            offline=True,
            keywords={_OWN_PATTERN: _Pattern},
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=10_000),
        )
    except (
        *(jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError),
        *(ValueError, OverflowError, TypeError, RecursionError),
    ) as fault:
        text = N_("A part of the chart's schema cannot be checked ({limit}).")
        reason = str(fault).split("\n", maxsplit=1)[0][:200]
        return Rules(None, Violation((), "schema_not_checked", text, {"limit": reason}))
    return Rules(validator)


def _validator_class(draft: Json | None) -> type[jsonschema_rs.Draft7Validator]:
    named = draft if isinstance(draft, str) else ""
    chosen: Any = jsonschema_rs.Draft7Validator
    if "2020-12" in named:
        chosen = jsonschema_rs.Draft202012Validator
    elif "2019-09" in named:
        chosen = jsonschema_rs.Draft201909Validator
    return chosen  # type: ignore[no-any-return]


def checked_part(node: Node) -> JsonObject | None:
    """Return the part of a node's schema that the core checks leave, None when nothing."""
    raw = node.raw
    if node.kind is NodeKind.DEGRADED:
        return None  # its own fault is told already; Helm has the last word
    part: JsonObject = {}
    if not _KEYWORDS.isdisjoint(raw):
        for name in _PLAIN_KEYWORDS:
            if name in raw:
                part[name] = raw[name]
        for name in _SCHEMA_KEYWORDS:
            if name in raw:
                named = name in (*_NAMED, "dependencies")
                value = _compiling(raw[name]) if name == "patternProperties" else raw[name]
                part[name] = _rewritten(value, 0, named=named)
    if node.properties is not None:
        members: JsonObject = {}
        for key, member in node.properties.items():
            inner = checked_part(member)
            if inner is not None:
                members[key] = inner
        if members or part:
            known: JsonObject = dict.fromkeys(node.properties, True)
            part["properties"] = {**known, **members}
    elif node.items is not None:
        inner = checked_part(node.items)
        if inner is not None:
            part["items"] = inner
    return part or None


def _rewritten(value: Json, depth: int, *, named: bool = False) -> Json:
    """Return sub-schemas with our own pattern keyword in place of `pattern`, and without words.

    named: the keys of `value` are the chart's own names, not keywords.
    """
    if depth > _MAX_DEPTH:
        return True
    if isinstance(value, dict) and named:
        return {key: _rewritten(item, depth + 1) for key, item in value.items()}
    if isinstance(value, dict):
        kept: JsonObject = {}
        for key, item in value.items():
            if key in _WORDS:
                continue
            if key == "patternProperties":
                item = _compiling(item)  # noqa: PLW2901 - without what is to be ignored
            own = _OWN_PATTERN if key == "pattern" and isinstance(item, str) else key
            within = key in (*_NAMED, "dependencies")
            kept[own] = item if key in _DATA else _rewritten(item, depth + 1, named=within)
        return kept
    if isinstance(value, list):
        return [_rewritten(item, depth + 1) for item in value]
    return value


def _compiling(by_pattern: Json) -> Json:
    """Return the schemas of `patternProperties` whose names are patterns."""
    if not isinstance(by_pattern, dict):
        return by_pattern
    return {name: item for name, item in by_pattern.items() if patterns.compiled(name)}


def _place(location: Sequence[str | int]) -> Path:
    """Return the value, or the nearest group around it, that a place in the schema is about."""
    place: list[str | int] = []
    parts = iter(location)
    for part in parts:
        if part == "properties":
            place += [key for key in (next(parts, None),) if key is not None]
        elif part in ("anyOf", "oneOf", "allOf"):
            next(parts, None)
        elif part not in _SAME_VALUE:
            break
    return tuple(place)


def _holds(value: Maybe, text: str) -> bool:
    """Tell whether a text stands in a value, or as a name in it."""
    if isinstance(value, dict):
        return text in value or any(_holds(member, text) for member in value.values())
    if isinstance(value, list):
        return any(_holds(member, text) for member in value)
    return value == text


def _violations(error: jsonschema_rs.ValidationError) -> Iterator[Violation]:
    path = tuple(error.instance_path)
    name = str(getattr(error.kind, "name", "schema"))
    value = getattr(error.kind, "value", None)
    for branch in getattr(error.kind, "context", None) or ():  # of `anyOf`, `oneOf`
        inner = [one for each in branch for one in _violations(each)]
        yield from (one for one in inner if one.code == "pattern_too_slow")
    name_error = getattr(error.kind, "error", None)  # of `propertyNames`
    if (
        isinstance(name_error, jsonschema_rs.ValidationError)
        and any(one.code == "pattern_too_slow" for one in _violations(name_error))
    ) or isinstance(error.kind, _GAVE_UP):
        yield Violation(path, "pattern_too_slow", _NAME_TOO_SLOW)
    elif name == _OWN_PATTERN:
        if error.message:
            yield Violation(path, "pattern", WRONG_FORM, {"pattern": error.message})
        else:
            yield Violation(path, "pattern_too_slow", TOO_SLOW)
    elif name == "required":
        missing = getattr(error.kind, "property", None)
        place = (*path, missing) if isinstance(missing, str) else path
        yield Violation(place, "required", N_("“{path}” is required."), {})
    elif name in ("additionalProperties", "unevaluatedProperties"):
        # Each key by itself: one of values.yaml is the chart's fault, one typed the person's.
        for key in getattr(error.kind, "unexpected", None) or ():
            yield Violation((*path, str(key)), name, N_("The chart does not know “{path}”."), {})
    elif name in _TEXTS:
        yield Violation(path, name, _TEXTS[name], {"limit": str(value)})
    else:
        yield Violation(path, name, _OTHER, {"limit": name})
