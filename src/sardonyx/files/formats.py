"""Tell which tabular format a file has: by its name, else by its first bytes."""

from __future__ import annotations

from enum import StrEnum

FIRST_BYTES = 4096  # enough for a header line, and for the mark of a Parquet file


class Format(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"
    JSON = "json"


_EXTENSIONS = {
    "parquet": Format.PARQUET,
    "pq": Format.PARQUET,
    "csv": Format.CSV,
    "tsv": Format.CSV,
    "json": Format.JSON,
    "jsonl": Format.JSON,
    "ndjson": Format.JSON,
    "geojson": Format.JSON,
}
_COMPRESSED = ("gz", "zst")
_PARQUET_MARK = b"PAR1"


def format_of_name(key: str) -> Format | None:
    """Return the format that the extension tells (`a.csv.gz` is CSV), None when it tells none."""
    parts = key.rpartition("/")[2].lower().split(".")
    if len(parts) > 2 and parts[-1] in _COMPRESSED:
        parts.pop()
    return _EXTENSIONS.get(parts[-1]) if len(parts) > 1 else None


def format_of_bytes(first: bytes) -> Format | None:
    """Return the format that the first bytes tell, None when they look like no table.

    Source: spec/portal.md section 10 (`PAR1`; `[` or `{`; a `,` `;` `|` or tab).
    """
    if first.startswith(_PARQUET_MARK):
        return Format.PARQUET
    if b"\x00" in first:
        return None
    text = first.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in (b"[", b"{"):
        return Format.JSON
    line = text.partition(b"\n")[0]
    return Format.CSV if any(mark in line for mark in (b",", b";", b"|", b"\t")) else None
