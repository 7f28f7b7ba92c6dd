"""Check a chart's values.schema.json against its values, and its texts in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import jsonschema_rs

from sardonyx.catalog.localize import KEYWORD, missing_texts
from sardonyx.catalog.scope import known_in_context
from sardonyx.launcher.references import texts
from sardonyx.launcher.schema import resolve_schema
from sardonyx.text import LANGUAGES, N_, Scalar
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


@dataclass(frozen=True, slots=True)
class SchemaFinding:
    """A finding with the path of its place inside `file`."""

    path: Path
    code: str
    template: str
    values: Mapping[str, Scalar] = field(default_factory=dict)
    level: str = "error"
    file: str = "values.schema.json"


def schema_findings(schema: JsonObject, values: JsonObject) -> Iterator[SchemaFinding]:
    """Yield what is wrong in `schema` as the file holds it, and where `values` disagree."""
    try:
        validator = jsonschema_rs.validator_for(schema)
    except jsonschema_rs.ValidationError as error:
        # Helm refuses such a chart: neither lint nor install works.
        yield SchemaFinding(
            tuple(error.instance_path),
            "schema_invalid",
            N_("This is no JSON Schema: {reason}"),
            {"reason": error.message[:300]},
        )
        return
    for problem in resolve_schema(schema).problems:
        yield SchemaFinding(
            _schema_path(problem.pointer),
            problem.code,
            problem.message.template,
            problem.message.values,
            "warning",
        )
    for fault in validator.iter_errors(values):
        yield SchemaFinding(
            tuple(fault.instance_path),
            "default_invalid",
            N_("The chart's own value does not pass its schema: {reason}"),
            {"reason": fault.message[:300]},
            file="values.yaml",
        )
    yield from _node(schema, (), hidden=False)
    yield from _agreement(schema, values, (), ())
    shown = sum(1 for _ in _visible(schema))
    if shown > MOST_FIELDS:
        yield SchemaFinding(
            (),
            "too_many_fields",
            N_("{count} fields are shown; {most} at most stay readable."),
            {"count": shown, "most": MOST_FIELDS},
            "warning",
        )


def _node(node: Json, path: Path, *, hidden: bool) -> Iterator[SchemaFinding]:
    if not isinstance(node, dict):
        return
    hints = node.get("x-onyxia")
    known_hints: JsonObject = hints if isinstance(hints, dict) else {}
    strangers = [key for key in node if key not in _KEYWORDS]
    strangers += [f"x-onyxia.{key}" for key in known_hints if key not in _HINTS]
    for key in strangers:
        yield SchemaFinding(
            (*path, key.split(".")[0]),
            "keyword_ignored",
            N_("The keyword “{keyword}” is ignored."),
            {"keyword": key},
            "warning",
        )
    for name in ("overwriteDefaultWith", "overwriteListEnumWith"):
        for parsed, _ in texts(known_hints.get(name), top_level=True):
            for reference in parsed.references():
                if not known_in_context(reference):
                    yield SchemaFinding(
                        (*path, "x-onyxia", name),
                        "reference_unknown",
                        N_("“{reference}” resolves to nothing known."),
                        {"reference": ".".join(reference) or "{{}}"},
                    )
    hidden = hidden or known_hints.get("hidden") is True or node.get("hidden") is True
    if path and not hidden:
        yield from _texts(node, path)
    members = node.get("properties")
    for name, member in (members if isinstance(members, dict) else {}).items():
        yield from _node(member, (*path, "properties", name), hidden=hidden)
    yield from _node(node.get("items"), (*path, "items"), hidden=True)


def _texts(node: JsonObject, path: Path) -> Iterator[SchemaFinding]:
    lacking = ["title (en)"] if not node.get("title") else []
    for language in LANGUAGES[1:]:
        lacking += [f"{name} ({language})" for name in missing_texts(node, language)]
    if lacking:
        yield SchemaFinding(
            path,
            "text_missing",
            N_("What is shown lacks: {texts}."),
            {"texts": ", ".join(lacking)},
            "warning",
        )


def _agreement(node: Json, value: Json, path: Path, place: Path) -> Iterator[SchemaFinding]:
    """Every value has its schema, every schema its value, and they say the same."""
    members = node.get("properties") if isinstance(node, dict) else None
    if isinstance(members, dict) and isinstance(value, dict):
        for name in value:
            if name not in members:
                yield SchemaFinding(
                    (*place, name),
                    "value_without_schema",
                    N_("The value “{name}” is not in the schema."),
                    {"name": name},
                    "warning",
                    "values.yaml",
                )
        for name, member in members.items():
            inner = (*path, "properties", name)
            if name in value:
                yield from _agreement(member, value[name], inner, (*place, name))
            else:
                yield SchemaFinding(
                    inner,
                    "schema_without_value",
                    N_("The setting “{name}” is not in values.yaml."),
                    {"name": name},
                    "warning",
                )
    elif isinstance(node, dict) and "default" in node and node["default"] != value:
        yield SchemaFinding(
            place,
            "default_differs",
            N_("values.yaml and the schema's default differ."),
            level="warning",
            file="values.yaml",
        )


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


def _schema_path(values_pointer: str) -> Path:
    """Return where in the schema the node of a place in the values is described."""
    path: list[str | int] = []
    for part in values_pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        path += ["items"] if name == "-" or name.isdecimal() else ["properties", name]
    return tuple(path)
