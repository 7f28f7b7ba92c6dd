"""The chart linter: each fault is found at its line, and a good chart has none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.catalog.folders import chart_folder

from sardonyx.catalog.lint import lint_chart
from sardonyx.catalog.service import default_catalog_folder

CHARTS = sorted(path.parent.name for path in default_catalog_folder().glob("*/Chart.yaml"))


@pytest.mark.parametrize("name", CHARTS)
def test_our_charts_have_no_finding(name: str) -> None:
    assert lint_chart(default_catalog_folder() / name) == ()


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A copy of a chart of ours, to spoil."""
    return Path(shutil.copytree(default_catalog_folder() / "jupyter-python", tmp_path / "c"))


def _spoil(file: Path, old: str, new: str) -> int:
    """Replace one text and return its line."""
    text = file.read_text()
    assert text.count(old) >= 1, old
    file.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("local.yaml", "{{values.git.name}}", "{{values.git.nom}}", "profile_reference"),
        (
            "local.yaml",
            "{{discovery.postgres.host}}",
            "{{discovery.redis.host}}",
            "profile_reference",
        ),
        ("local.yaml", "{{host}}", "{{ host }}", "profile_reference"),
        ("local.yaml", "seconds: 120", "seconds: soon", "profile"),
        ("local.yaml", "init: true", "inti: true", "profile"),
        ("local.yaml", "files/notification.json", "files/other.json", "file_missing"),
        ("local.yaml", "fr: notes.fr.md.tmpl", "fr: ../../x", "file_missing"),
        ("local.yaml", ", fr: notes.fr.md.tmpl", "", "notes_missing"),
        ("values.schema.json", '"git.name"', '"git.nom"', "reference_unknown"),
        ("values.yaml", 'size: "10Gi"', 'size: "11Gi"', "default_differs"),
        ("values.yaml", "port: 8888", 'port: "8888"', "default_invalid"),
        ("requirements.txt", "boto3==", "boto3>=", "requirement_unpinned"),
    ],
)
def test_a_fault_is_found_at_its_line(
    chart: Path, file: str, old: str, new: str, code: str
) -> None:
    line = _spoil(chart / file, old, new)
    found = {(one.file, one.code): one for one in lint_chart(chart)}
    assert (file, code) in found, found
    # The place of a missing key is that of what should hold it.
    assert abs(found[file, code].line - line) <= 1
    assert found[file, code].message.in_language("en").count("{") == new.count("{{}}")


def test_a_missing_french_text_is_found(chart: Path) -> None:
    file = chart / "values.schema.json"
    schema = json.loads(file.read_text())
    del schema["properties"]["git"]["properties"]["repository"]["x-sardonyx"]
    file.write_text(json.dumps(schema, indent=2))
    (found,) = lint_chart(chart)
    assert (found.code, found.level) == ("text_missing", "warning")
    assert found.message.values["texts"] == "title (fr), description (fr)"
    assert '"repository"' in file.read_text().splitlines()[found.line - 1]


def test_a_keyword_that_does_nothing_is_found(chart: Path) -> None:
    line = _spoil(chart / "values.schema.json", '"render": "slider"', '"rendre": "slider"')
    found = {one.code: one for one in lint_chart(chart)}
    assert found["keyword_ignored"].line == line
    assert found["keyword_ignored"].message.values["keyword"] == "rendre"


def test_a_degraded_node_is_found(chart: Path) -> None:
    file = chart / "values.schema.json"
    schema = json.loads(file.read_text())
    del schema["properties"]["git"]["properties"]["repository"]["type"]
    file.write_text(json.dumps(schema, indent=2))
    assert "schema_degraded" in {one.code for one in lint_chart(chart)}


def test_texts_that_are_maps_are_no_schema_for_helm(chart: Path) -> None:
    _spoil(chart / "values.schema.json", '"title": "Open"', '"title": {"en": "Open"}')
    assert "schema_invalid" in {one.code for one in lint_chart(chart)}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("x==1.0", "requirement_unhashed"),
        ("--index-url https://example.org/simple", "requirement_address"),
        ("x @ https://example.org/x.whl --hash=sha256:00", "requirement_address"),
    ],
)
def test_what_may_not_stand_in_requirements(chart: Path, line: str, code: str) -> None:
    file = chart / "requirements.txt"
    text = file.read_text()
    file.write_text(f"{text}{line}\n")
    (found,) = lint_chart(chart)
    assert (found.code, found.line) == (code, text.count("\n") + 1)


def test_too_many_fields_are_a_warning(tmp_path: Path) -> None:
    members = {f"f{n}": {"type": "string", "title": "T", "default": ""} for n in range(9)}
    schema = json.dumps({"type": "object", "properties": members})
    values = json.dumps(dict.fromkeys(members, ""))
    folder = chart_folder(tmp_path, files={"values.yaml": values, "values.schema.json": schema})
    assert "too_many_fields" in {one.code for one in lint_chart(folder)}


def test_a_chart_that_cannot_be_read_is_a_finding_with_its_line(tmp_path: Path) -> None:
    folder = chart_folder(tmp_path, files={"values.yaml": "a: b\nc: [1\n"})
    (found,) = lint_chart(folder)
    assert (found.file, found.line, found.code) == ("values.yaml", 3, "chart_yaml")
