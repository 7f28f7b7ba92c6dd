"""Read `Range` headers and write the headers of a download (RFC 9110, RFC 6266)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class RangeUnsatisfiableError(Exception):
    """The range lies behind the end of the file; the border answers 416."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length` bytes from `start`."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def byte_range(header: str | None, size: int) -> ByteRange | None:
    """Return the asked part of `size` bytes; None when all is to be sent.

    Several ranges, other units and malformed ones are answered with the whole, as RFC 9110
    allows. Raises RangeUnsatisfiableError.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found.group() == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise RangeUnsatisfiableError
        return ByteRange(size - length, length)
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    if start >= size:
        raise RangeUnsatisfiableError
    return ByteRange(start, end - start + 1)


def attachment(name: str) -> str:
    """Return a Content-Disposition that saves a file under `name`, whatever is in it."""
    plain = re.sub(r"[^A-Za-z0-9 ._()+,=@-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
