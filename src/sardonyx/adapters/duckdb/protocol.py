"""What the portal asks the worker, and the limits it works under.

Asked and answered as one JSON document each, on standard input and output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """memory, scratch, answer: bytes; seconds: wall time; cell: characters shown of a value."""

    memory: int = 1024 * MIB
    scratch: int = 512 * MIB
    seconds: float = 30.0
    threads: int = 2
    cell: int = 2_000
    answer: int = 5 * MIB


class Question(TypedDict):
    """`sql` is None for the first rows. Keys can only read, and only one project's bucket."""

    port: int
    key_id: str
    secret: str
    token: str
    region: str
    bucket: str
    key: str
    format: str
    sql: str | None
    rows: int
    memory: int
    scratch: int
    seconds: float
    threads: int
    cell: int
    answer: int


class Answer(TypedDict, total=False):
    """Either columns and rows, or `error`: a code of the reader's table, with its `message`."""

    columns: list[tuple[str, str]]
    rows: list[list[str | None]]
    truncated: bool
    total: int | None
    seconds: float
    peak_bytes: int
    error: str
    message: str
