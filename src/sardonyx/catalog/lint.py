"""Check a chart's folder as its author wants to know it: each finding has a file and a line.

`sardonyx chart lint DIR` shows the findings; `lint_rules` holds their words. Errors are what
would not work; warnings are what our own charts must not have (charts.md 12).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs

from sardonyx.catalog.lint_model import SCHEMA, VALUES, LintFinding
from sardonyx.catalog.lint_schema import schema_findings
from sardonyx.catalog.localize import localized_annotation
from sardonyx.catalog.models import Chart, ChartFault
from sardonyx.catalog.positions import Positions
from sardonyx.catalog.read import read_chart
from sardonyx.catalog.registry import built_in_schemas
from sardonyx.catalog.scope import known_reference
from sardonyx.launcher import yaml_text
from sardonyx.launcher.models import Unset
from sardonyx.launcher.references import look_up, texts
from sardonyx.text import DEFAULT_LANGUAGE, LANGUAGES, Scalar
from sardonyx.values import Json, JsonObject
from sardonyx.values import Path as ValuePath

# Written from the profile's own model; a test of the runtime holds the two together.
_PROFILE_SCHEMA = Path(__file__).parents[1] / "adapters" / "processes" / "local.schema.json"
_STRANGER = re.compile(r"'([^']+)' was unexpected")
_PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]+\])?==[^\s;]+")


def lint_chart(folder: Path) -> tuple[LintFinding, ...]:
    """Return what is wrong with the chart in `folder`, by file and line; empty when all is well."""
    read = read_chart(folder, "lint")
    if isinstance(read, ChartFault):
        return tuple(
            LintFinding(*_place(problem.pointer), problem.code, own=problem.message)
            for problem in read.problems
        )
    if not (folder / VALUES).is_file():
        return (LintFinding(VALUES, 1, "chart_file_missing"),)
    found = [*_about(read), *_dependencies(read), *_schema(read), *_profile(read)]
    return tuple(sorted(_once(found), key=lambda one: (one.file, one.line, one.code)))


def _once(found: list[LintFinding]) -> list[LintFinding]:
    """Return the findings once each: a definition that is used twice is one place."""
    known: set[tuple[str, int, str, str]] = set()
    kept = []
    for one in found:
        mark = (one.file, one.line, one.code, str(sorted(one.values.items())))
        if mark not in known:
            known.add(mark)
            kept.append(one)
    return kept


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
            line = Positions(text).line(("annotations", key))
            missing = ", ".join(f"{key} ({language})" for language in lacking or LANGUAGES)
            yield LintFinding("Chart.yaml", line, "text_missing", {"texts": missing})
    if chart.icon is None:
        yield LintFinding("Chart.yaml", 1, "icon_missing")


def _dependencies(chart: Chart) -> Iterator[LintFinding]:
    text = (chart.folder / "Chart.yaml").read_text()
    lines = Positions(text)
    listed = (yaml_text.read(text).object or {}).get("dependencies")
    for index, item in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            continue
        name, line = str(item["name"]), lines.line(("dependencies", index))
        packed = chart.folder / "charts"
        if not (packed / name / "Chart.yaml").is_file() and not any(packed.glob(f"{name}-*.tgz")):
            yield LintFinding("Chart.yaml", line, "dependency_missing", {"name": name})
        asked = item.get("condition")
        paths = [one.strip() for one in asked.split(",")] if isinstance(asked, str) else []
        if paths and not any(_is_value(one, chart) for one in paths):
            details = {"path": ", ".join(paths), "name": name}
            yield LintFinding("Chart.yaml", line, "dependency_condition", details)


def _is_value(path: str, chart: Chart) -> bool:
    return not isinstance(look_up(tuple(path.split(".")), chart.values), Unset)


def _schema(chart: Chart) -> Iterator[LintFinding]:
    if chart.schema is None:
        yield LintFinding(SCHEMA, 1, "schema_missing")
        return
    text = (chart.folder / SCHEMA).read_text()
    # Read again: the chart in memory has its texts by language, which no validator accepts.
    schema: JsonObject = json.loads(text)
    lines, own_values = Positions(text), Positions((chart.folder / VALUES).read_text())
    for found in schema_findings(schema, chart, built_in_schemas()):
        of_values = found.file == VALUES
        line = (own_values if of_values else lines).line(found.path)
        yield LintFinding(found.file, line, found.code, found.values)


def _profile(chart: Chart) -> Iterator[LintFinding]:
    if chart.local is None:
        return
    lines = Positions((chart.folder / "local.yaml").read_text())

    def finding(place: ValuePath, code: str, **values: Scalar) -> LintFinding:
        return LintFinding("local.yaml", lines.line(place), code, values)

    schema = json.loads(_PROFILE_SCHEMA.read_text())
    for fault in jsonschema_rs.Draft202012Validator(schema).iter_errors(chart.local):
        # A key that should not be there is named in the message alone.
        stranger = _STRANGER.search(fault.message)
        place = (*fault.instance_path, *([stranger[1]] if stranger else []))
        yield finding(place, "profile", reason=fault.message[:300])
    for parsed, path in texts(chart.local, top_level=False):
        for reference in parsed.references():
            if not known_reference(reference, chart):
                shown = ".".join(reference) or "{{}}"
                yield finding(path, "profile_reference", reference=shown)
    for path, asked in _conditions(chart.local, ()):
        if not _is_value(asked, chart):
            yield finding(path, "profile_condition", path=asked)
    for path, file in _named_files(chart.local):
        inside = (chart.folder / file).resolve()
        if not inside.is_relative_to(chart.folder.resolve()) or not inside.is_file():
            yield finding(path, "file_missing", file=file[:100])
        elif path == ("environment", "python"):
            yield from _requirements(file, inside)
    notes = chart.local.get("notes")
    for language in LANGUAGES:
        if isinstance(notes, dict) and language not in notes:
            yield finding(("notes",), "notes_missing", languages=language)


def _conditions(value: Json, path: ValuePath) -> Iterator[tuple[ValuePath, str]]:
    """Yield the path of each `when` that looks at values, with its place."""
    if isinstance(value, dict):
        when = value.get("when")
        asked = when.get("path") if isinstance(when, dict) else None
        if isinstance(asked, str) and not asked.startswith("discovery."):
            yield (*path, "when"), asked
        for key, item in value.items():
            yield from _conditions(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _conditions(item, (*path, index))


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
            code = "requirement_address"
        elif not _PIN.match(requirement):
            code = "requirement_unpinned"
        elif "--hash=sha256:" not in requirement:
            code = "requirement_unhashed"
        else:
            continue
        yield LintFinding(name, first, code)
