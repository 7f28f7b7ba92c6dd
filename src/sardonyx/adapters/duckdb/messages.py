"""Make DuckDB's words fit for a person: no address of ours, no key, not too long."""

from __future__ import annotations

import re

_LONGEST = 600
_KIND = re.compile(r"^(?:[A-Z]\w+ )+Error: ")
_ADDRESS = re.compile(r"\bhttps?://[^\s'\"]+|\b127\.0\.0\.1(?::\d+)?")
_SOLUTIONS = re.compile(r"\n\s*(?:Possible (?:fixes|solutions)|\* ).*", re.DOTALL)
_ENCODING = re.compile(r"(?i)unicode|utf-?8|encod|byte sequence")
_FILE = re.compile(r"CSV Error|Malformed JSON|JSON transform|Parquet|(?i:gzip|zstd|decompress)")
_ROW = re.compile(r"(?i)maximum line size|maximum_object_size|maximum object size|too large")


def clean(message: str, *, bucket: str, key: str, hidden: tuple[str, ...]) -> str:
    """Return what DuckDB said about the object `key`, without where it lies and how.

    hidden: texts that must not appear, such as keys.
    """
    text = _KIND.sub("", message.strip())
    text = text.replace(f"s3://{bucket}/{key}", key).replace(f"s3://{bucket}/", "")
    for secret in hidden:
        if secret:
            text = text.replace(secret, "…")
    text = _ADDRESS.sub("…", _SOLUTIONS.sub("", text)).strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def is_about_encoding(message: str) -> bool:
    return _ENCODING.search(message) is not None


def is_about_the_file(message: str) -> bool:
    """Tell a fault of the file's content, met by a query, from one of the query."""
    return _FILE.search(message) is not None


def is_about_a_large_row(message: str) -> bool:
    return _ROW.search(message) is not None
