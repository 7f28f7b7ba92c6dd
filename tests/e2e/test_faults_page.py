"""docs/faults.md names tests that exist, and quotes words as they are."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from tools.documents import described

from sardonyx.errors import PlatformError
from sardonyx.services.findings import WORDS

ROOT = Path(__file__).parents[2]
ROWS = [
    line
    for line in (ROOT / "docs" / "faults.md").read_text().splitlines()
    if line.startswith("| ") and "`tests/" in line
]


@cache
def functions_of(file: str) -> set[str]:
    """Return the names of the test functions of a file."""
    tree = ast.parse((ROOT / file).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


@cache
def words() -> dict[str, set[str]]:
    """Return the ways to quote each error and finding, by code."""
    quoted: dict[str, set[str]] = {}
    for error in described(PlatformError):
        said = f"**{error.title}.** {error.detail} *Next:* {error.next_step}"
        quoted.setdefault(error.code, set()).add(said)
    for code, finding in WORDS.items():
        said = f"**{finding.title}.** {finding.explanation} *Next:* {finding.next_step}"
        quoted.setdefault(code, set()).add(said)
    return quoted


def test_the_page_has_its_rows() -> None:
    assert len(ROWS) > 35


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:60])
def test_a_row_names_tests_that_exist_and_words_that_are_said(row: str) -> None:
    cited = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
    assert cited
    for file, name in cited:
        assert name in functions_of(file), f"{file}::{name}"
    for code, said in re.findall(r"`(\w+)` (\*\*.+?\*Next:\* .+?)(?=<br>| \|)", row):
        assert said in words()[code], code
