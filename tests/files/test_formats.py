"""How the format of a table is told."""

from __future__ import annotations

import pytest

from sardonyx.files.formats import Format, format_of_bytes, format_of_name
from sardonyx.files.snippets import python_snippet


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a/b.PARQUET", Format.PARQUET),
        ("a.csv", Format.CSV),
        ("a.csv.gz", Format.CSV),
        ("a.tsv", Format.CSV),
        ("a.ndjson", Format.JSON),
        ("a.json.zst", Format.JSON),
        ("data.csv/readme", None),
        ("gz", None),
        ("archive.gz", None),
        ("csv", None),
    ],
)
def test_the_name_tells(key: str, expected: Format | None) -> None:
    assert format_of_name(key) is expected


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b"PAR1\x15\x04", Format.PARQUET),
        (b"a;b\n1;2\n", Format.CSV),
        (b"\xef\xbb\xbfa\tb\n", Format.CSV),
        (b'  [{"a": 1}]', Format.JSON),
        (b'{"a": 1}\n{"a": 2}\n', Format.JSON),
        (b"just words\nand, later, commas", None),
        (b"\x89PNG\x00,;", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell(first: bytes, expected: Format | None) -> None:
    assert format_of_bytes(first) is expected


def test_the_snippet_is_one_line_of_python_that_names_the_very_file() -> None:
    keys = ["a.parquet", "it's.csv", 'q"\\.json', "été 🌞.csv", "x[1]*.parquet", "notes.txt"]
    for key in keys:
        line = python_snippet("user-ada", key)
        assert "\n" not in line
        compile(line, "cell", "exec")
    assert python_snippet("b", "a.parquet") == (
        "import duckdb; duckdb.read_parquet('s3://b/a.parquet')"
    )
    assert "s3_url_compatibility_mode" in python_snippet("b", "x[1].csv")
    assert "get_object(Bucket='b', Key='notes.txt')" in python_snippet("b", "notes.txt")
