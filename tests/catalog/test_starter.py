"""The notebook that opens a file."""

from __future__ import annotations

import json

import pytest

from sardonyx.catalog.starter import notebook, notebook_name


def test_the_notebook_holds_its_cells_unrun() -> None:
    made = json.loads(notebook(["import duckdb\nduckdb.sql('x')", "1 + 1"], heading="# Été"))
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    kinds = [cell["cell_type"] for cell in made["cells"]]
    assert kinds == ["markdown", "code", "code"]
    assert "".join(made["cells"][1]["source"]) == "import duckdb\nduckdb.sql('x')"
    assert made["cells"][1]["execution_count"] is None
    assert len({cell["id"] for cell in made["cells"]}) == 3


def test_the_same_cells_give_the_same_bytes() -> None:
    assert notebook(["a", "a"]) == notebook(["a", "a"])


@pytest.mark.parametrize(
    "key", ["data/été 2025.parquet", "a/../b", "x\ny.csv", "🦀.json", "q'\"<>.csv", "n" * 900, "/"]
)
def test_the_name_is_safe_in_a_path_and_an_address(key: str) -> None:
    name = notebook_name(key)
    assert name.startswith("open-")
    assert name.endswith(".ipynb")
    assert len(name) < 90
    assert all(c.isascii() and (c.isalnum() or c in "-_.") for c in name)


def test_two_files_of_one_name_get_two_notebooks() -> None:
    assert notebook_name("a/x.csv") != notebook_name("b/x.csv")
