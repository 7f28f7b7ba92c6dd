"""docs/chart-authors.md: its chart has no fault, and its variables are those of a launch."""

from __future__ import annotations

import re
from pathlib import Path

from sardonyx.catalog.lint import lint_chart
from sardonyx.launcher.sample import sample_context

PAGE = (Path(__file__).parents[2] / "docs" / "chart-authors.md").read_text()


def test_the_chart_of_the_page_has_no_error(tmp_path: Path) -> None:
    chart = tmp_path / "tables"
    chart.mkdir()
    files = re.findall(r"`([\w.]+)`[^`\n]*:\n\n```\w*\n(.*?)```", PAGE, re.DOTALL)
    assert [name for name, _ in files] == [
        "Chart.yaml",
        "values.yaml",
        "values.schema.json",
        "local.yaml",
    ]
    for name, content in files:
        (chart / name).write_text(content)
    (chart / "requirements.txt").write_text(f"datasette==0.65.2 --hash=sha256:{'0' * 64}\n")
    assert [one for one in lint_chart(chart) if one.level == "error"] == []


def test_the_variables_of_the_page_are_those_of_a_launch() -> None:
    table = PAGE[PAGE.index("| group | variables |") :]
    rows = [line.split("|")[1:3] for line in table.splitlines()[2:] if line.startswith("|")]
    told = {
        group: re.findall(r"`(\w+)`", variables)
        for groups, variables in rows
        for group in re.findall(r"`(\w+)`", groups)
    }
    context = sample_context()
    assert set(told) == set(context)
    for group, names in told.items():
        known = context[group]
        if group == "s3_array" or not names:
            continue
        assert isinstance(known, dict)
        assert set(names) == set(known), group
