"""Write the Python that reads one file, for a notebook where nothing is configured."""

from __future__ import annotations

from sardonyx.catalog.starter import notebook, notebook_name
from sardonyx.files.formats import Format, format_of_name
from sardonyx.text import N_, Text

_READERS = {
    Format.PARQUET: "read_parquet",
    Format.CSV: "read_csv",
    Format.JSON: "read_json",
}
# JSON is not among what polars reads from S3.
_SCANNERS = {Format.PARQUET: "scan_parquet", Format.CSV: "scan_csv"}
# DuckDB reads these in an address as a pattern or as options, unless told not to.
_PATTERN_CHARACTERS = frozenset("*?[")
_PLAIN_ADDRESS = 'duckdb.sql("SET s3_url_compatibility_mode = true")'


def python_snippet(bucket: str, key: str) -> str:
    """Return Python that reads the object `key` of `bucket`, keys coming from the service.

    Tables are read by DuckDB, anything else as bytes by boto3.
    """
    kind = format_of_name(key)
    if kind is None:
        return (
            "import boto3; "
            f'boto3.client("s3").get_object(Bucket={bucket!r}, Key={key!r})["Body"].read()'
        )
    address = f"s3://{bucket}/{key}"
    prepare = ""
    if _PATTERN_CHARACTERS & set(key):
        prepare = f"{_PLAIN_ADDRESS}; "
    return f"import duckdb; {prepare}duckdb.{_READERS[kind]}({address!r})"


def reading_notebook(bucket: str, key: str, *, language: str) -> tuple[str, bytes]:
    """Return name and content of a notebook whose cells read the object `key`, and an empty one.

    A table is read by DuckDB and by polars, its first rows only; anything else as bytes.
    """
    address = f"s3://{bucket}/{key}"
    kind = format_of_name(key)
    if kind is None:
        fetch = f'boto3.client("s3").get_object(Bucket={bucket!r}, Key={key!r})'
        cells = [f'import boto3\n\ncontent = {fetch}["Body"].read()\nlen(content)']
    else:
        lines = ["import duckdb", ""]
        if _PATTERN_CHARACTERS & set(key):
            lines.append(_PLAIN_ADDRESS)
        lines += [f"data = duckdb.{_READERS[kind]}({address!r})", "data.limit(20)"]
        scanner = _SCANNERS.get(kind)
        frame = f"pl.{scanner}({address!r}, glob=False)" if scanner else "data.pl().lazy()"
        cells = [
            "\n".join(lines),
            f"import polars as pl\n\nframe = {frame}\nframe.head(20).collect()",
        ]
    name = " ".join(key.rpartition("/")[2].replace("`", "'").split())
    said = Text(N_("These cells read the file where it lies; no key is needed."))
    heading = f"# `{name}`\n\n{said.in_language(language)}"
    return notebook_name(key), notebook([*cells, ""], heading=heading)
