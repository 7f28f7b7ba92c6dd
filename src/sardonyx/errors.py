"""Own the root of every error a person can meet.

An error class is described by its class attributes (stable code, kind, translatable title,
detail and next step); an instance carries the values. The border (REST, pages, command line)
renders it; nothing here knows HTTP or exit codes beyond their one table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from sardonyx.text import N_, Scalar, Text


class Kind(StrEnum):
    """What a border makes of an error."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    CONFLICT = "conflict"
    PRECONDITION = "precondition"
    TOO_LARGE = "too_large"
    FAULT = "fault"
    TIMEOUT = "timeout"


HTTP_STATUS = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.NOT_FOUND: 404,
    Kind.REFUSED: 403,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION: 412,
    Kind.TOO_LARGE: 413,
    Kind.FAULT: 502,
    Kind.TIMEOUT: 504,
}

EXIT_CODE = {
    Kind.INVALID: 2,
    Kind.UNAUTHENTICATED: 4,
    Kind.NOT_FOUND: 3,
    Kind.REFUSED: 4,
    Kind.CONFLICT: 4,
    Kind.PRECONDITION: 4,
    Kind.TOO_LARGE: 2,
    Kind.FAULT: 5,
    Kind.TIMEOUT: 6,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault found in input, chart or region: where (JSON pointer), and what to say.

    `level` is `error` (blocks the action) or `warning`.
    """

    pointer: str
    code: str
    level: str
    message: Text


class PlatformError(Exception):
    """Root of the platform's errors. Subclasses set the class attributes below."""

    code: ClassVar[str] = "fault"
    kind: ClassVar[Kind] = Kind.FAULT
    title: ClassVar[str] = N_("Something went wrong")
    detail: ClassVar[str] = ""
    next_step: ClassVar[str] = ""

    def __init__(
        self,
        *,
        field: str | None = None,
        problems: tuple[Problem, ...] = (),
        **values: Scalar,
    ) -> None:
        self.field = field
        self.problems = problems
        self.values = values
        super().__init__(f"{self.code}: {self.detail_text().in_language('en')}")

    def title_text(self) -> Text:
        return Text(self.title, self.values)

    def detail_text(self) -> Text:
        return Text(self.detail or self.title, self.values)

    def next_text(self) -> Text:
        return Text(self.next_step, self.values)


class UserError(PlatformError):
    """The person's input or rights: not logged as an error."""

    kind = Kind.INVALID


class SystemFault(PlatformError):  # noqa: N818 - the style guide's name for this family
    """The platform's fault, or that of a part of it."""

    kind = Kind.FAULT
