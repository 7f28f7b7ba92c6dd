"""Check a chart's values.schema.json as it is written: keywords, references, texts, agreement.

What it means once it is resolved is `lint_nodes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import jsonschema_rs

from sardonyx.catalog.lint_model import VALUES, Place, schema_path
from sardonyx.catalog.lint_nodes import node_findings
from sardonyx.catalog.localize import KEYWORD, missing_texts
from sardonyx.catalog.models import Chart
from sardonyx.catalog.scope import CONTEXT, known_in_context
from sardonyx.launcher.references import Template, look_up, texts
from sardonyx.launcher.sample import sample_context
from sardonyx.launcher.schema import resolve_schema
from sardonyx.text import LANGUAGES
from sardonyx.values import Json, JsonObject, Path

MOST_FIELDS = 8
_ROOT_KEYWORDS = frozenset(("$schema", "$id", "definitions", "$defs", "$comment"))
_KNOWN = """
type const properties items title description default examples $ref hidden render enum listEnum
sliderMin sliderMax sliderStep sliderUnit sliderExtremity sliderRangeId sliderExtremitySemantic
pattern minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems minLength
maxLength format anyOf oneOf allOf not if then else dependencies patternProperties uniqueItems
required additionalProperties x-onyxia
"""
_KNOWN_HINTS = """
hidden readonly overwriteDefaultWith overwriteListEnumWith overwriteSchemaWith
useRegionSliderConfig autoInject
"""
_KEYWORDS = _ROOT_KEYWORDS | frozenset(_KNOWN.split()) | {KEYWORD}
_HINTS = frozenset(_KNOWN_HINTS.split())
_REFERENCES = ("overwriteDefaultWith", "overwriteListEnumWith")
# Variables that Onyxia's early platforms had (launcher.md 2).
_DEAD = ("oidc", "kaggle")
_SAMPLE = sample_context()


def schema_findings(
    schema: JsonObject, chart: Chart, registry: Mapping[str, JsonObject]
) -> Iterator[Place]:
    """Yield what is wrong in `schema` as the file holds it, and where the values disagree.

    registry: the schemas that may replace parts, by name.
    """
    resolved = resolve_schema(schema, registry=registry)
    for problem in resolved.problems:
        yield Place(schema_path(problem.pointer), problem.code, problem.message.values)
    try:
        validator = jsonschema_rs.validator_for(schema, offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        # Helm refuses such a chart: neither lint nor install works.
        place = tuple(getattr(error, "instance_path", ()))
        yield Place(place, "schema_invalid", {"reason": _first_line(error)})
        return
    for fault in validator.iter_errors(chart.values):
        place = tuple(fault.instance_path)
        yield Place(place, "default_invalid", {"reason": fault.message[:300]}, VALUES)
    yield from _node(schema, (), hidden=False, items=False)
    names = {one.name for one in chart.dependencies}
    yield from _agreement(schema, chart.values, registry, (), (), names)
    if resolved.root is not None:
        yield from node_findings(resolved.root, chart, registry)
    shown = sum(1 for _ in _visible(schema))
    if shown > MOST_FIELDS:
        yield Place((), "too_many_fields", {"count": shown, "most": MOST_FIELDS})


def _first_line(error: Exception) -> str:
    return str(error).split("\n", maxsplit=1)[0][:300]


def _node(node: Json, path: Path, *, hidden: bool, items: bool) -> Iterator[Place]:
    """items: inside the items of a list, whose elements' own keys are references too."""
    if not isinstance(node, dict):
        return
    hints = node.get("x-onyxia")
    known_hints: JsonObject = hints if isinstance(hints, dict) else {}
    for key in (one for one in node if one not in _KEYWORDS):
        yield Place((*path, key), "keyword_ignored", {"keyword": key})
    for key in (one for one in known_hints if one not in _HINTS):
        yield Place((*path, "x-onyxia", key), "keyword_ignored", {"keyword": f"x-onyxia.{key}"})
    for name in _REFERENCES:
        for parsed, _ in texts(known_hints.get(name), top_level=True):
            for code, values in _reference_faults(parsed, items):
                yield Place((*path, "x-onyxia", name), code, values)
    hidden = hidden or known_hints.get("hidden") is True or node.get("hidden") is True
    if path and not hidden and not _replaced(node):
        yield from _texts(node, path)
    for below in ("properties", "definitions", "$defs"):
        members = node.get(below)
        for name, member in (members if isinstance(members, dict) else {}).items():
            unseen = hidden or below != "properties"
            yield from _node(member, (*path, below, name), hidden=unseen, items=items)
    yield from _node(node.get("items"), (*path, "items"), hidden=True, items=True)


def _replaced(node: JsonObject) -> bool:
    """Tell whether other texts than the node's own are shown."""
    hints = node.get("x-onyxia")
    return "$ref" in node or (isinstance(hints, dict) and "overwriteSchemaWith" in hints)


def _reference_faults(parsed: Template, items: bool) -> Iterator[tuple[str, dict[str, str]]]:
    for part in parsed.parts:
        if isinstance(part, str):
            if "{{" in part or "}}" in part:
                yield "reference_broken", {"text": part.strip()[:100]}
            continue
        shown = ".".join(part)
        first = part[0] if part else ""
        if not part or any(name != name.strip() for name in part):
            yield "reference_broken", {"text": f"{{{{{shown}}}}}"}
        elif first in _DEAD:
            yield "reference_dead", {"reference": shown}
        elif items and first not in CONTEXT:
            continue
        elif not known_in_context(part):
            yield "reference_unknown", {"reference": shown}
        elif not parsed.alone and isinstance(look_up(part, _SAMPLE), (list, dict)):
            yield "reference_never_text", {"reference": shown}


def _texts(node: JsonObject, path: Path) -> Iterator[Place]:
    lacking = ["title (en)"] if not node.get("title") else []
    for language in LANGUAGES[1:]:
        lacking += [f"{name} ({language})" for name in missing_texts(node, language)]
    if lacking:
        yield Place(path, "text_missing", {"texts": ", ".join(lacking)})


def _agreement(
    node: Json,
    value: Json,
    registry: Mapping[str, JsonObject],
    path: Path,
    place: Path,
    parts: set[str],
) -> Iterator[Place]:
    """Every value has its schema, every schema its value, and they say the same.

    parts: names of sub-charts, whose values Helm reads from them.
    """
    members = _members(node, registry)
    if members is not None and isinstance(value, dict):
        for name in value:
            if name not in members and (place or name not in parts):
                yield Place((*place, name), "value_without_schema", {"name": name}, VALUES)
        for name, member in members.items():
            inner = (*path, "properties", name)
            if name in value:
                yield from _agreement(member, value[name], registry, inner, (*place, name), set())
            elif not (isinstance(member, dict) and "const" in member):
                yield Place(inner, "schema_without_value", {"name": name})
    elif isinstance(node, dict) and "default" in node and node["default"] != value:
        yield Place(place, "default_differs", file=VALUES)


def _members(node: Json, registry: Mapping[str, JsonObject]) -> JsonObject | None:
    if not isinstance(node, dict):
        return None
    hints = node.get("x-onyxia")
    name = hints.get("overwriteSchemaWith") if isinstance(hints, dict) else None
    if isinstance(name, str) and name in registry:
        node = registry[name]
    members = node.get("properties")
    return members if isinstance(members, dict) else None


def _visible(node: Json) -> Iterator[Json]:
    if not isinstance(node, dict):
        return
    hints = node.get("x-onyxia")
    if (isinstance(hints, dict) and hints.get("hidden") is True) or node.get("hidden") is True:
        return
    members = node.get("properties")
    if isinstance(members, dict):
        for member in members.values():
            yield from _visible(member)
    else:
        yield node
