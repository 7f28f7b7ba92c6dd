"""Write the Python that reads one file, for a notebook where nothing is configured."""

from __future__ import annotations

from sardonyx.files.formats import Format, format_of_name

_READERS = {
    Format.PARQUET: "read_parquet",
    Format.CSV: "read_csv",
    Format.JSON: "read_json",
}
# DuckDB reads these in an address as a pattern or as options, unless told not to.
_PATTERN_CHARACTERS = frozenset("*?[")


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
        prepare = 'duckdb.sql("SET s3_url_compatibility_mode = true"); '
    return f"import duckdb; {prepare}duckdb.{_READERS[kind]}({address!r})"
