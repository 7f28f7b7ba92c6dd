"""A chart's folder is somebody else's text: whatever is in it costs only that chart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.catalog.folders import chart_folder

from sardonyx.catalog.lint import lint_chart
from sardonyx.catalog.models import Chart, ChartFault
from sardonyx.catalog.read import MAX_FILE, read_chart


def _fault(folder: Path) -> tuple[str, str]:
    read = read_chart(folder, "own")
    assert isinstance(read, ChartFault)
    (problem,) = read.problems
    assert problem.message.in_language("en")
    assert "{" not in problem.message.in_language("en")
    return problem.code, problem.pointer


def _chart(folder: Path) -> Chart:
    read = read_chart(folder, "own")
    assert isinstance(read, Chart), read
    return read


def test_a_plain_chart_is_read(tmp_path: Path) -> None:
    about = (
        "appVersion: 2\nkeywords: [sea]\nhome: https://tide.example\nannotations:\n"
        '  sardonyx.dev/title: \'{"en": "Tide", "fr": "Marée"}\'\n'
        '  sardonyx.dev/keywords: \'{"fr": ["mer"]}\'\n'
        "dependencies: [{name: moon, version: 1.0.0, alias: luna, condition: luna.enabled}]\n"
    )
    folder = chart_folder(tmp_path, about=about, files={"values.yaml": "port: 8080\nname: yes\n"})
    (folder / "icon.svg").write_text("<svg/>")
    chart = _chart(folder)
    assert chart.title == {"en": "Tide", "fr": "Marée"}
    assert chart.description == ""
    assert chart.keywords == ("sea", "mer")
    assert chart.app_version == "2"
    assert chart.values == {"port": 8080, "name": "yes"}
    assert chart.schema is None
    assert chart.local is None
    assert chart.icon == folder / "icon.svg"
    assert [(one.name, one.condition) for one in chart.dependencies] == [("luna", "luna.enabled")]


def test_texts_of_a_schema_come_in_both_languages(tmp_path: Path) -> None:
    schema = (
        '{"type": "object", "properties": {"n": {"type": "string", "title": "Name",'
        ' "x-sardonyx": {"fr": {"title": "Nom"}}},'
        ' "title": {"type": "array", "items": {"type": "string", "title": "Word",'
        ' "x-sardonyx": {"fr": {"title": "Mot"}}}}}}'
    )
    chart = _chart(chart_folder(tmp_path, files={"values.schema.json": schema}))
    assert chart.schema is not None
    members = chart.schema["properties"]
    assert isinstance(members, dict)
    assert members["n"] == {"type": "string", "title": {"en": "Name", "fr": "Nom"}}
    # A setting that is called `title` is no text.
    assert members["title"] == {
        "type": "array",
        "items": {"type": "string", "title": {"en": "Word", "fr": "Mot"}},
    }


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"values.yaml": "a: b\nc: [1\n"}, ("chart_yaml", "values.yaml:3")),
        ({"values.yaml": "- a\n"}, ("chart_not_an_object", "values.yaml")),
        (
            {"values.yaml": "a: 1\nb: \xe9\n".encode("latin-1")},
            ("chart_file_encoding", "values.yaml:2"),
        ),
        ({"values.yaml": "#" * (MAX_FILE + 1)}, ("chart_file_size", "values.yaml")),
        ({"values.schema.json": '{\n"a": }'}, ("chart_schema_json", "values.schema.json:2")),
        ({"values.schema.json": "[1]"}, ("chart_schema_object", "values.schema.json")),
        ({"values.schema.json": "NaN"}, ("chart_schema_json", "values.schema.json")),
        ({"values.schema.json": "[" * 50_000}, ("chart_schema_json", "values.schema.json")),
        ({"local.yaml": "a: 1\na: 2\n"}, ("chart_yaml", "local.yaml:2")),
    ],
)
def test_a_broken_file_is_a_fault_with_its_place(
    tmp_path: Path, files: dict[str, str | bytes], expected: tuple[str, str]
) -> None:
    assert _fault(chart_folder(tmp_path, files=files)) == expected


def test_an_alias_bomb_is_refused_quickly(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    code, place = _fault(chart_folder(tmp_path, files={"values.yaml": "\n".join(lines)}))
    assert code == "chart_yaml"
    assert place.startswith("values.yaml:")


def test_a_tag_makes_nothing_but_plain_data(tmp_path: Path) -> None:
    text = "a: !!python/object/apply:os.system ['touch pwned']\n"
    assert _chart(chart_folder(tmp_path, files={"values.yaml": text})).values == {
        "a": ["touch pwned"]
    }


def test_a_chart_may_have_no_values_as_helm_takes_it(tmp_path: Path) -> None:
    folder = chart_folder(tmp_path)
    (folder / "values.yaml").unlink()
    assert _chart(folder).values == {}
    assert [one.code for one in lint_chart(folder)] == ["chart_file_missing"]


@pytest.mark.parametrize("version", ["1", "latest", "1.2.3/../..", "1.2.3 ", "1.0.0-" + "a" * 99])
def test_an_unsafe_version_is_refused(tmp_path: Path, version: str) -> None:
    folder = chart_folder(tmp_path)
    (folder / "Chart.yaml").write_text(f"name: tide\nversion: '{version}'\n")
    assert _fault(folder) == ("chart_version", "Chart.yaml")


@pytest.mark.parametrize("name", ["../up", "Tide", "a" * 54, "-a", ""])
def test_an_unsafe_name_is_refused(tmp_path: Path, name: str) -> None:
    folder = chart_folder(tmp_path)
    (folder / "Chart.yaml").write_text(f"name: '{name}'\nversion: 1.0.0\n")
    assert _fault(folder) == ("chart_name", "Chart.yaml")


@pytest.mark.parametrize("name", ["values.yaml", "README.md", "icon.svg", "local.yaml"])
def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("secret: yes\n")
    folder = chart_folder(tmp_path)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(outside)
    assert _fault(folder) == ("chart_link_outside", name)


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    folder = chart_folder(tmp_path)
    (folder / "words.md").write_text("# Tide\n")
    (folder / "README.md").symlink_to("words.md")
    assert _chart(folder).readme == "# Tide\n"


def test_a_file_that_is_a_pipe_does_not_block(tmp_path: Path) -> None:
    folder = chart_folder(tmp_path)
    os.mkfifo(folder / "README.md")
    assert _fault(folder) == ("chart_file_kind", "README.md")


def test_a_home_that_is_no_web_address_is_dropped(tmp_path: Path) -> None:
    folder = chart_folder(tmp_path, about='home: "javascript:alert(1)"\nsources: ["file:///etc"]\n')
    chart = _chart(folder)
    assert chart.home is None
    assert chart.sources == ()
