"""Every code of the linter: a chart without a finding, spoilt in one way, at its line."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sardonyx.catalog.lint import lint_chart
from sardonyx.catalog.lint_rules import RULES
from sardonyx.launcher import yaml_text

ICON = '<svg xmlns="http://www.w3.org/2000/svg"/>'
BOTH = '{"en": "Tide", "fr": "Marée"}'


def setting(**keywords: Any) -> dict[str, Any]:
    """Return a setting with its texts in both languages."""
    return {"title": "T", "x-sardonyx": {"fr": {"title": "T"}}, **keywords}


def text(**keywords: Any) -> dict[str, Any]:
    return setting(type="string", **{"default": "a", **keywords})


def number(**keywords: Any) -> dict[str, Any]:
    return setting(type="integer", **{"default": 2, **keywords})


def templated(template: Any, **keywords: Any) -> dict[str, Any]:
    return text(**{"x-onyxia": {"overwriteDefaultWith": template}, **keywords})


def half(side: str, **keywords: Any) -> dict[str, Any]:
    bounds = {"sliderMin": 1, "sliderMax": 8, "sliderStep": 1, "sliderRangeId": "r"}
    return number(render="slider", sliderExtremity=side, **{**bounds, **keywords})


@dataclass
class Folder:
    """A chart as its files, before they are written. schema None: it has none."""

    about: dict[str, Any] = field(
        default_factory=lambda: {
            "apiVersion": "v2",
            "name": "tide",
            "version": "1.0.0",
            "annotations": {"sardonyx.dev/title": BOTH, "sardonyx.dev/description": BOTH},
        }
    )
    properties: dict[str, Any] = field(default_factory=lambda: {"base": text()})
    values: dict[str, Any] = field(default_factory=lambda: {"base": "a"})
    local: dict[str, Any] = field(
        default_factory=lambda: {
            "apiVersion": "sardonyx.dev/v1",
            "environment": {"python": "requirements.txt"},
            "process": {"command": ["true"]},
            "ready": {"tcp": True},
            "notes": {"en": "notes.md", "fr": "notes.md"},
        }
    )
    files: dict[str, str | bytes | None] = field(
        default_factory=lambda: {
            "icon.svg": ICON,
            "notes.md": "",
            "requirements.txt": "x==1.0 --hash=sha256:00\n",
        }
    )
    schema: dict[str, Any] = field(default_factory=dict)

    def write(self, place: Path) -> Path:
        schema = {"type": "object", "properties": self.properties, **self.schema}
        written: dict[str, str | bytes | None] = {
            "Chart.yaml": yaml_text.write(self.about),
            "values.yaml": yaml_text.write(self.values),
            "values.schema.json": json.dumps(schema, indent=1),
            "local.yaml": yaml_text.write(self.local),
            **self.files,
        }
        place.mkdir()
        for name, content in written.items():
            if content is not None:
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                whole = content.encode() if isinstance(content, str) else content
                (place / name).write_bytes(whole)
        return place


Spoil = Callable[[Folder], None]


def also(name: str, schema: dict[str, Any], *value: Any) -> Spoil:
    """Add a setting, and its value where it is not the default's."""

    def spoil(chart: Folder) -> None:
        chart.properties[name] = schema
        if value:
            chart.values[name] = value[0]
        elif "default" in schema:
            chart.values[name] = schema["default"]

    return spoil


def file(name: str, content: str | bytes | None) -> Spoil:
    return lambda chart: chart.files.update({name: content})


def group(condition: dict[str, Any], **members: dict[str, Any]) -> Spoil:
    """Add a setting that is hidden under a condition, beside others."""

    def spoil(chart: Folder) -> None:
        for name, schema in {**members, "asked": text(hidden=condition)}.items():
            chart.properties[name] = schema
            if "default" in schema:
                chart.values[name] = schema["default"]

    return spoil


def dependency(**more: str) -> Spoil:
    def spoil(chart: Folder) -> None:
        chart.about["dependencies"] = [{"name": "sea", "version": "1.0.0", **more}]

    return spoil


def packed(chart: Folder) -> None:
    dependency(condition="sea.on")(chart)
    chart.files["charts/sea/Chart.yaml"] = "apiVersion: v2\nname: sea\nversion: 1.0.0\n"


def profiled(*path: str, value: Any) -> Spoil:
    def spoil(chart: Folder) -> None:
        place = chart.local
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value

    return spoil


def halves(low: dict[str, Any], high: dict[str, Any]) -> Spoil:
    def spoil(chart: Folder) -> None:
        also("low", low)(chart)
        also("high", high)(chart)

    return spoil


def many(chart: Folder) -> None:
    for index in range(9):
        also(f"f{index}", text())(chart)


def _about(**members: Any) -> Spoil:
    return lambda chart: chart.about.update(members)


IS_A = {"value": "a", "path": "base"}
CASES: dict[str, tuple[Spoil, ...]] = {
    "chart_file_missing": (file("values.yaml", None), file("Chart.yaml", None)),
    "chart_file_size": (file("values.yaml", b"#" * 2_000_001),),
    "chart_file_encoding": (file("values.yaml", b"a: \xff\n"),),
    "chart_yaml": (file("values.yaml", "a: b\nc: [1\n"),),
    "chart_not_an_object": (file("values.yaml", "- a\n"),),
    "chart_name": (_about(name="Tide"),),
    "chart_version": (_about(version="new"),),
    "chart_schema_json": (file("values.schema.json", "{"),),
    "chart_schema_object": (file("values.schema.json", "[]"),),
    "dependency_missing": (dependency(),),
    "dependency_condition": (packed,),
    "icon_missing": (file("icon.svg", None),),
    "schema_missing": (file("values.schema.json", None),),
    "too_many_fields": (many,),
    "schema_invalid": (also("x", text(minLength="two")),),
    "schema_degraded": (
        also("x", setting(default="a")),
        also("x", setting(type=["string", "integer"], default="a")),
    ),
    "schema_unknown_override": (
        also("x", text(**{"x-onyxia": {"overwriteSchemaWith": "no.json"}})),
    ),
    "schema_reference_not_found": (also("x", text(**{"$ref": "#/definitions/no"})),),
    "schema_bad_condition": (also("x", text(hidden={"path": 3})),),
    "schema_bad_pattern": (also("x", text(pattern="\\u{1F600}")),),
    "schema_bad_render": (also("x", text(render="sparkle")), also("x", text(render="list"))),
    "keyword_ignored": (
        also("x", text(rendre="list")),
        also("x", text(**{"x-onyxia": {"hide": True}})),
    ),
    "keyword_misplaced": (
        also("x", number(pattern="2")),
        also("x", text(minimum=2)),
        also("x", text(minItems=1)),
        also("x", text(properties={})),
        also("x", number(render="textArea")),
        also("x", setting(type="boolean", default=True, render="slider", sliderMin=0, sliderMax=1)),
        also("x", number(sliderMin=1)),
    ),
    "keyword_shadowed": (
        also("x", text(enum=["a"], listEnum=["a", "b"])),
        also("x", setting(const="a", default="a")),
        also("x", setting(type="object", properties={"y": text()}, default={}), {"y": "a"}),
        also("x", setting(const="a", **{"x-onyxia": {"overwriteDefaultWith": "user.idep"}})),
    ),
    "region_slider": (also("x", number(**{"x-onyxia": {"useRegionSliderConfig": "cpu"}})),),
    "text_missing": (
        also("x", {"type": "string", "default": "a"}),
        also("x", {"type": "string", "title": "T", "default": "a"}),
        _about(annotations={"sardonyx.dev/title": BOTH}),
    ),
    "reference_unknown": (
        also("x", templated("user.nope")),
        also("x", templated(["{{user.nope}}"])),
    ),
    "reference_dead": (also("x", templated("oidc.token")), also("x", templated("{{kaggle.key}}"))),
    "reference_broken": (
        also("x", templated("{{ user.idep }}")),
        also("x", templated("a {{user.idep")),
    ),
    "reference_never_text": (also("x", templated("in {{region.from}}")),),
    "default_never_fits": (
        also("x", templated("region.from")),
        also(
            "x",
            setting(
                type="array", default=[], **{"x-onyxia": {"overwriteDefaultWith": "user.email"}}
            ),
        ),
    ),
    "default_unusable": (
        also("x", text(default=5), "a"),
        also("x", text(enum=["b"], default="c"), "b"),
        also("x", text(pattern="^b", default="c"), "b"),
        also("x", number(minimum=3, default=2), 3),
    ),
    "default_missing": (also("x", setting(type="string")),),
    "constant_type": (also("x", setting(type="string", const=3), 3),),
    "options_empty": (also("x", text(listEnum=[])),),
    "options_ignored": (also("x", text(enum=["a", 1])), also("x", text(listEnum=["a", 1]))),
    "options_twice": (also("x", text(listEnum=["a", "a"])),),
    "bounds_impossible": (
        also("x", setting(type="array", default=[], items=text(), minItems=2, maxItems=1), ["a"]),
        also("x", number(minimum=3, maximum=1), 2),
        also("x", text(minLength=3, maxLength=1), "ab"),
    ),
    "items_unfilled": (
        also("x", setting(type="array", items=setting(type="string"), minItems=2)),
        also("x", setting(type="array", minItems=1)),
    ),
    "slider_bounds": (
        also("x", number(render="slider", sliderMin=1)),
        also("x", number(render="slider", sliderMin=2, sliderMax=2, sliderStep=1)),
        also("x", number(render="slider", sliderMin=1, sliderMax=8, sliderStep=0)),
    ),
    "range_slider": (
        also("low", half("down")),
        halves(half("down"), half("up", sliderRangeId="other")),
        halves(half("down", default=5), half("up")),
    ),
    "password_shown": (also("x", text(render="password", enum=["a"])),),
    "condition_path": (
        group({"value": "a", "path": "nowhere"}),
        group({"value": "a", "path": "base/below"}),
    ),
    "condition_never": (
        group({"value": 3, "path": "base"}),
        group({"value": "z", "path": "mode"}, mode=text(enum=["a", "b"])),
        group({"value": "b", "path": "mode"}, mode=setting(const="a")),
    ),
    "condition_always": (
        group({"value": "a", "path": "mode"}, mode=setting(const="a")),
        group({"value": "a", "path": "mode"}, mode=text(hidden=True)),
        group({"value": "a", "path": "mode"}, mode=text(**{"x-onyxia": {"readonly": True}})),
    ),
    "condition_itself": (also("x", text(hidden={"value": "a", "path": "x"})),),
    "default_invalid": (also("x", text(), 3),),
    "default_differs": (also("x", text(), "b"),),
    "value_without_schema": (lambda chart: chart.values.update({"more": 1}),),
    "schema_without_value": (lambda chart: chart.properties.update({"more": text()}),),
    "profile": (profiled("ready", value={"path": 3}), profiled("inti", value=True)),
    "profile_reference": (
        profiled("process", "env", value={"A": "{{values.no}}"}),
        profiled("process", "env", value={"A": "{{discovery.redis.host}}"}),
    ),
    "profile_condition": (
        profiled(
            "process",
            "env",
            value={"A": {"value": "1", "when": {"path": "no.such", "value": True}}},
        ),
    ),
    "file_missing": (
        profiled("notes", value={"en": "notes.md", "fr": "../../x"}),
        profiled("environment", value={"python": "other.txt"}),
    ),
    "notes_missing": (profiled("notes", value={"en": "notes.md"}),),
    "requirement_address": (
        file("requirements.txt", "--index-url https://example.org/simple\n"),
        file("requirements.txt", "x @ https://example.org/x.whl --hash=sha256:00\n"),
    ),
    "requirement_unpinned": (file("requirements.txt", "x>=1.0\n"),),
    "requirement_unhashed": (file("requirements.txt", "x==1.0\n"),),
}
# What only a file system can do, below.
OF_FILES = {"chart_unreadable", "chart_file_kind", "chart_link_outside"}


def test_every_code_has_a_case() -> None:
    assert set(CASES) | OF_FILES == set(RULES)


def test_the_chart_that_is_spoilt_has_no_finding(tmp_path: Path) -> None:
    assert lint_chart(Folder().write(tmp_path / "tide")) == ()


@pytest.mark.parametrize(
    ("code", "number"),
    [(code, number) for code, cases in CASES.items() for number in range(len(cases))],
)
def test_it_is_found(tmp_path: Path, code: str, number: int) -> None:
    chart = Folder()
    CASES[code][number](chart)
    found = lint_chart(chart.write(tmp_path / "tide"))
    assert code in {one.code for one in found}, found
    for one in found:
        for language in ("en", "fr"):
            for words in (one.message, one.next_step):
                # A place that nobody filled would show its name.
                shown = words.in_language(language)
                assert shown
                assert all(f"{{{name}}}" not in shown for name in ("path", "name", "reason"))


@pytest.mark.parametrize(
    ("spoil", "name", "key"),
    [
        (also("x", number(pattern="2")), "values.schema.json", '"pattern"'),
        (also("x", templated("user.nope")), "values.schema.json", '"overwriteDefaultWith"'),
        (group({"value": 3, "path": "base"}), "values.schema.json", '"hidden"'),
        (also("x", text(), "b"), "values.yaml", "x:"),
        (profiled("notes", value={"en": "notes.md"}), "local.yaml", "notes:"),
    ],
)
def test_its_line_is_where_it_stands(tmp_path: Path, spoil: Spoil, name: str, key: str) -> None:
    chart = Folder()
    spoil(chart)
    place = chart.write(tmp_path / "tide")
    (found,) = lint_chart(place)
    assert found.file == name
    assert key in (place / name).read_text().splitlines()[found.line - 1]


def test_a_file_that_is_none_is_found(tmp_path: Path) -> None:
    outside = tmp_path / "secret.yaml"
    outside.write_text("a: b\n")
    chart = Folder().write(tmp_path / "tide")
    (chart / "values.yaml").unlink()
    (chart / "values.yaml").symlink_to(outside)
    assert [one.code for one in lint_chart(chart)] == ["chart_link_outside"]
    (chart / "values.yaml").unlink()
    (chart / "values.yaml").mkdir()
    assert [one.code for one in lint_chart(chart)] == ["chart_file_kind"]


def test_a_name_too_long_for_the_disk_is_a_finding(tmp_path: Path) -> None:
    found = lint_chart(tmp_path / ("x" * 300))
    assert [one.code for one in found] == ["chart_unreadable"]


def test_a_definition_used_twice_is_one_finding(tmp_path: Path) -> None:
    chart = Folder()
    chart.schema["definitions"] = {"d": text(rendre="list")}
    for name in ("one", "two"):
        also(name, {"$ref": "#/definitions/d"})(chart)
        chart.values[name] = "a"
    codes = [one.code for one in lint_chart(chart.write(tmp_path / "tide"))]
    assert codes == ["keyword_ignored"]


def test_items_may_read_their_own_element(tmp_path: Path) -> None:
    chart = Folder()
    lane = setting(type="object", properties={"tag": templated("{{label}}/{{slots}}")})
    mapped = {"overwriteDefaultWith": "region.customValues.lanes"}
    also("lanes", setting(type="array", default=[], items=lane, **{"x-onyxia": mapped}))(chart)
    assert lint_chart(copy.deepcopy(chart).write(tmp_path / "tide")) == ()
