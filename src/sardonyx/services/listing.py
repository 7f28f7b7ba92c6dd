"""Cut a long list of services into pages: which come first, and where the next page begins.

Pure. A cursor names the last service of a page by what the list is ordered by, so that services
which come or go meanwhile shift nothing. One that is started anew between two pages moves to the
front: a reader of all pages may meet it twice, or not at all.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sardonyx.services.errors import ListCursorError
from sardonyx.services.models import Observation, Service

PAGE = 100
LONGEST_PAGE = 1_000
_LONGEST_CURSOR = 400
Place = tuple[datetime, str]  # when it was started, else created; name


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of services, newest start first. total: of all pages. next: a cursor, or None."""

    services: tuple[Service, ...]
    total: int
    next: str | None = None


def in_order(seen: Iterable[Observation]) -> list[Observation]:
    """Return releases with the newest start first."""
    return sorted(seen, key=_place, reverse=True)


def cut(
    ordered: Sequence[Observation], *, cursor: str | None, limit: int
) -> tuple[Sequence[Observation], str | None]:
    """Return up to `limit` of `ordered` (see `in_order`) after `cursor`, and the next cursor.

    Raises ListCursorError.
    """
    rest = ordered
    if cursor is not None:
        last = _read(cursor)
        rest = [one for one in ordered if _place(one) < last]
    page = rest[:limit]
    return page, _written(page[-1]) if len(rest) > len(page) else None


def _place(seen: Observation) -> Place:
    return (seen.started_at or seen.created_at, seen.release)


def _written(last: Observation) -> str:
    moment, name = _place(last)
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {name}".encode()).decode().rstrip("=")


def _read(cursor: str) -> Place:
    try:
        if len(cursor) > _LONGEST_CURSOR:
            raise ValueError("too long")
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        moment, _, name = text.partition(" ")
        read = datetime.fromisoformat(moment)
        if read.tzinfo is None:
            raise ValueError("no time zone")
    except (ValueError, binascii.Error) as fault:
        raise ListCursorError(cursor=cursor[:40], field="cursor") from fault
    return read, name
