"""The notebook that reads one file: its cells are Python, and hold that very key."""

from __future__ import annotations

import ast
import json

import pytest

from sardonyx.files.snippets import reading_notebook

ODD = "d/it's \"; import os; `x`\n$HOME [1]*🌞"


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".json", ".bin"])
def test_its_cells_are_python_that_names_the_file(ending: str) -> None:
    key = ODD + ending
    name, content = reading_notebook("user-ada", key, language="en")
    assert name.endswith(".ipynb")
    cells = json.loads(content)["cells"]
    assert cells[0]["cell_type"] == "markdown"
    codes = ["".join(cell["source"]) for cell in cells[1:]]
    assert codes[-1] == ""
    texts = [
        {node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)}
        for code in codes
    ]
    assert {f"s3://user-ada/{key}", key} & texts[0]
    names = {
        alias.name
        for code in codes
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert names == ({"boto3"} if ending == ".bin" else {"duckdb", "polars"})


def test_a_heading_stays_one_line_of_code() -> None:
    _, content = reading_notebook("user-ada", ODD + ".csv", language="en")
    heading = "".join(json.loads(content)["cells"][0]["source"]).splitlines()[0]
    assert heading.startswith("# `")
    assert heading.count("`") == 2
