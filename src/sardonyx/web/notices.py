"""Keep what an action said until the next page shows it: words, and the same by command.

A form answers 303; the page after it carries `?done=<id>`. The notices live in the portal's
memory: at most LIMIT, for LIFE; a restarted portal shows the page without them.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sardonyx.done import Commands
from sardonyx.text import Text

LIMIT = 256
LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Notice:
    """What was done, in words where the page does not say it. tone: done, warning or error."""

    message: Text | None = None
    commands: Commands | None = None
    tone: str = "done"


class Notices:
    """Bounded memory of notices, each readable only by the person it is for."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, datetime, Notice]] = OrderedDict()

    def add(self, username: str, notice: Notice) -> str:
        """Keep `notice` and return the id under which `username` finds it."""
        key = secrets.token_urlsafe(9)
        self._kept[key] = (username, datetime.now(UTC), notice)
        while len(self._kept) > LIMIT:
            self._kept.popitem(last=False)
        return key

    def get(self, username: str, key: str | None) -> Notice | None:
        """Return the notice, None when it is unknown, old or someone else's."""
        owner, at, notice = self._kept.get(key or "", ("", datetime.now(UTC), None))
        if notice is None or owner != username or datetime.now(UTC) - at > LIFE:
            return None
        return notice


NOTICES = Notices()
