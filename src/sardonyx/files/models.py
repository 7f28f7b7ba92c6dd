"""What files are: objects in a bucket, seen as folders; keys to reach them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sardonyx.values import Secret


class Access(StrEnum):
    """What short-lived keys allow."""

    READ_WRITE = "read_write"
    READ_ONLY = "read_only"


@dataclass(frozen=True, slots=True)
class S3Credentials:
    """Short-lived keys from STS and where they are valid. `endpoint` is `http://host:port`."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret
    expiration: datetime
    endpoint: str
    region: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object: its whole key, size in bytes, when it was written (UTC), its ETag."""

    key: str
    size: int
    modified: datetime
    etag: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One folder: sub-folder prefixes (ending in `/`), then objects; `cursor` asks for more."""

    prefix: str
    folders: tuple[str, ...]
    objects: tuple[StoredObject, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a preview: its name and its DuckDB type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a preview or query.

    `rows`: texts as they are shown, None for NULL; at most the asked number of rows, and
    `truncated` says that there were more. `total` is the row count where the format knows it.
    `seconds`: time of the query; `peak_bytes`: highest memory of the worker.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    truncated: bool
    total: int | None
    seconds: float
    peak_bytes: int
