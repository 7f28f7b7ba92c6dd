"""Count how often each person began something lately. Pure but for its clock."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta


class Turns:
    """At most `most` turns of each person within `span`; who took none for so long is forgotten."""

    def __init__(self, most: int, span: timedelta, *, clock: Callable[[], datetime]) -> None:
        self._most = most
        self._span = span
        self._clock = clock
        self._taken: OrderedDict[str, deque[datetime]] = OrderedDict()  # the latest last

    def take(self, username: str) -> bool:
        """Take a turn; False where the person has none left now."""
        now = self._clock()
        while self._taken and next(iter(self._taken.values()))[-1] <= now - self._span:
            self._taken.popitem(last=False)
        mine = self._taken.get(username, deque())
        while mine and mine[0] <= now - self._span:
            mine.popleft()
        if len(mine) >= self._most:
            return False
        mine.append(now)
        self._taken[username] = mine
        self._taken.move_to_end(username)
        return True
