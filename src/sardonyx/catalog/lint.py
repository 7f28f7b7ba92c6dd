"""Check a chart's folder as its author wants to know it: each finding has a file and a line.

`sardonyx chart lint DIR` shows the findings. Errors are what would not work; warnings are what
our own charts must not have (charts.md 12): a text without its French, an unpinned requirement.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema_rs

from sardonyx.catalog.lint_schema import SchemaFinding, schema_findings
from sardonyx.catalog.localize import localized_annotation
from sardonyx.catalog.models import Chart, ChartFault
from sardonyx.catalog.positions import Positions
from sardonyx.catalog.read import read_chart
from sardonyx.catalog.scope import known_reference
from sardonyx.launcher import yaml_text
from sardonyx.launcher.references import texts
from sardonyx.text import DEFAULT_LANGUAGE, LANGUAGES, N_, Scalar, Text
from sardonyx.values import Json, JsonObject
from sardonyx.values import Path as ValuePath

# Written from the profile's own model; a test of the runtime holds the two together.
_PROFILE_SCHEMA = Path(__file__).parents[1] / "adapters" / "processes" / "local.schema.json"
_STRANGER = re.compile(r"'([^']+)' was unexpected")
_PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]+\])?==[^\s;]+")


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One thing to correct. level: `error` or `warning`. line: from 1."""

    file: str
    line: int
    code: str
    message: Text
    level: str = "error"


def lint_chart(folder: Path) -> tuple[LintFinding, ...]:
    """Return what is wrong with the chart in `folder`, by file and line; empty when all is well."""
    read = read_chart(folder, "lint")
    if isinstance(read, ChartFault):
        return tuple(
            LintFinding(*_place(problem.pointer), problem.code, problem.message)
            for problem in read.problems
        )
    if not (folder / "values.yaml").is_file():
        message = Text(N_("The file is missing."))
        return (LintFinding("values.yaml", 1, "chart_file_missing", message),)
    found = [*_about(read), *_schema(read), *_profile(read)]
    return tuple(sorted(found, key=lambda one: (one.file, one.line, one.code)))


def _place(text: str) -> tuple[str, int]:
    name, _, line = text.rpartition(":")
    return (name, int(line)) if name and line.isdecimal() else (text, 1)


def _about(chart: Chart) -> Iterator[LintFinding]:
    text = (chart.folder / "Chart.yaml").read_text()
    about = yaml_text.read(text).object or {}
    annotations = about.get("annotations")
    notes: JsonObject = annotations if isinstance(annotations, dict) else {}
    for name in ("title", "description"):
        key = f"sardonyx.dev/{name}"
        value = localized_annotation(notes.get(key), "")
        lacking = [language for language in LANGUAGES if language not in value]
        if isinstance(value, str) or lacking:
            yield LintFinding(
                "Chart.yaml",
                Positions(text).line(("annotations", key)),
                "text_missing",
                Text(
                    N_("The annotation {name} lacks the languages: {languages}."),
                    {"name": key, "languages": ", ".join(lacking or LANGUAGES)},
                ),
                "warning",
            )
    if chart.icon is None:
        message = Text(N_("There is no icon.svg in the chart."))
        yield LintFinding("Chart.yaml", 1, "icon_missing", message, "warning")


def _schema(chart: Chart) -> Iterator[LintFinding]:
    name = "values.schema.json"
    if chart.schema is None:
        message = Text(N_("Without a schema the values are edited as YAML."))
        yield LintFinding(name, 1, "schema_missing", message, "warning")
        return
    text = (chart.folder / name).read_text()
    # Read again: the chart in memory has its texts by language, which no validator accepts.
    schema: JsonObject = json.loads(text)
    lines, own_values = Positions(text), Positions((chart.folder / "values.yaml").read_text())
    for found in schema_findings(schema, chart.values):
        of_values = found.file == "values.yaml"
        yield LintFinding(
            found.file,
            (own_values if of_values else lines).line(found.path),
            found.code,
            _text(found),
            found.level,
        )


def _text(found: SchemaFinding) -> Text:
    return Text(found.template, found.values)


def _profile(chart: Chart) -> Iterator[LintFinding]:
    if chart.local is None:
        return
    lines = Positions((chart.folder / "local.yaml").read_text())

    def finding(path: ValuePath, code: str, template: str, **values: Scalar) -> LintFinding:
        return LintFinding("local.yaml", lines.line(path), code, Text(template, values))

    schema = json.loads(_PROFILE_SCHEMA.read_text())
    for fault in jsonschema_rs.Draft202012Validator(schema).iter_errors(chart.local):
        # A key that should not be there is named in the message alone.
        stranger = _STRANGER.search(fault.message)
        yield finding(
            (*fault.instance_path, *([stranger[1]] if stranger else [])),
            "profile",
            N_("The process profile is wrong here: {reason}"),
            reason=fault.message[:300],
        )
    for parsed, path in texts(chart.local, top_level=False):
        for reference in parsed.references():
            if not known_reference(reference, chart):
                yield finding(
                    path,
                    "reference_unknown",
                    N_("“{reference}” resolves to nothing known."),
                    reference=".".join(reference) or "{{}}",
                )
    for path, file in _named_files(chart.local):
        inside = (chart.folder / file).resolve()
        if not inside.is_relative_to(chart.folder.resolve()) or not inside.is_file():
            yield finding(
                path, "file_missing", N_("The chart has no file “{file}”."), file=file[:100]
            )
        elif path == ("environment", "python"):
            yield from _requirements(file, inside)
    notes = chart.local.get("notes")
    if isinstance(notes, dict):
        for language in LANGUAGES:
            if language not in notes:
                yield finding(
                    ("notes",),
                    "text_missing",
                    N_("The notes lack the language: {languages}."),
                    languages=language,
                )


def _named_files(local: JsonObject) -> Iterator[tuple[ValuePath, str]]:
    environment, process, notes = (local.get(key) for key in ("environment", "process", "notes"))
    if isinstance(environment, dict) and isinstance(environment.get("python"), str):
        yield ("environment", "python"), str(environment["python"])
    files = process.get("files") if isinstance(process, dict) else None
    for index, item in enumerate(files if isinstance(files, list) else []):
        if isinstance(item, dict) and isinstance(item.get("from"), str):
            yield ("process", "files", index, "from"), str(item["from"])
    by_language: Json = {DEFAULT_LANGUAGE: notes} if isinstance(notes, str) else notes
    for language, file in (by_language if isinstance(by_language, dict) else {}).items():
        if isinstance(file, str):
            yield ("notes", language), file


def _requirements(name: str, path: Path) -> Iterator[LintFinding]:
    """Each requirement has one version and its hashes, and no address stands beside them."""
    joined, first = "", 1
    for number, raw in enumerate(path.read_text().splitlines(), start=1):
        first = number if not joined else first
        joined += raw.split(" #")[0].strip() if not raw.lstrip().startswith("#") else ""
        if joined.endswith("\\"):
            joined = joined[:-1] + " "
            continue
        requirement, joined = joined.strip(), ""
        if not requirement:
            continue
        if "://" in requirement or requirement.startswith("-"):
            message = N_("No address and no option may stand here, only pinned packages.")
            code = "requirement_address"
        elif not _PIN.match(requirement):
            message, code = N_("The package has no pinned version (==)."), "requirement_unpinned"
        elif "--hash=sha256:" not in requirement:
            message, code = N_("The package has no sha256 hash."), "requirement_unhashed"
        else:
            continue
        yield LintFinding(name, first, code, Text(message))
