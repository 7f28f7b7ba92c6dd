"""Own the random items of open drafts, drawn once for each opening of the launcher.

Else the defaults of a form would change at each round trip (launcher.md 1). Kept here alone:
a draft is otherwise a value, made again from what its page posts.
"""

from __future__ import annotations

import secrets
import string
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sardonyx.values import Secret

DRAFT_LIFE = timedelta(hours=12)
# A person's own many pages and previews push out their own oldest, never another person's.
DRAFTS_OF_A_PERSON = 200
DRAFTS_KEPT = 20_000
_BASE_36 = string.digits + string.ascii_lowercase


class Randomness(Protocol):
    """Draws the random items of a draft; replaced in tests."""

    def draft_id(self) -> str: ...

    def suffix(self) -> str:
        """Return an integer 0..999999 as text."""

    def password(self) -> Secret:
        """Return 20 base-36 characters."""


class SystemRandomness:
    """Randomness of the operating system (launcher.md 2, 16: CSPRNG)."""

    def draft_id(self) -> str:
        return secrets.token_urlsafe(12)

    def suffix(self) -> str:
        return str(secrets.randbelow(1_000_000))

    def password(self) -> Secret:
        return Secret("".join(secrets.choice(_BASE_36) for _ in range(20)))


@dataclass(frozen=True, slots=True)
class Seeds:
    """The random items of one draft, and when they were drawn."""

    suffix: str
    one_time_password: Secret
    drawn: datetime


class Drafts:
    """Keeps the random items of open drafts: twelve hours, bounded for each person and in all."""

    def __init__(self, *, randomness: Randomness, clock: Callable[[], datetime]) -> None:
        self._randomness = randomness
        self._clock = clock
        # Of each person and in all, what was asked for last stands last.
        self._people: OrderedDict[str, OrderedDict[str, Seeds]] = OrderedDict()
        self._count = 0

    def seeds(
        self, username: str, draft_id: str | None, *, taken: Callable[[str], bool]
    ) -> tuple[str, Seeds]:
        """Return the draft's id and random items; an unknown or expired id gives a new draft.

        taken: tells whether a suffix would name a release that exists.
        """
        now = self._clock()
        if draft_id is not None:
            kept = self._found(username, draft_id)
            if kept is not None and now - kept.drawn < DRAFT_LIFE:
                return draft_id, kept
        suffix = self._randomness.suffix()
        while taken(suffix):
            suffix = self._randomness.suffix()
        seeds = Seeds(suffix, self._randomness.password(), now)
        draft_id = self._randomness.draft_id()
        self._keep(username, draft_id, seeds)
        return draft_id, seeds

    def seeds_of(self, username: str, release: str, suffix: str) -> Seeds:
        """Return the random items of changes of a release that runs: its own suffix, and a
        password for what a newer chart may ask for."""
        key = f"change of {release}"
        kept = self._found(username, key)
        if kept is None:
            kept = Seeds(suffix, self._randomness.password(), self._clock())
            self._keep(username, key, kept)
        return kept

    def forget(self, username: str, draft_id: str) -> None:
        """Drop a draft that was launched: its password must not be used twice."""
        own = self._people.get(username)
        if own is not None and own.pop(draft_id, None) is not None:
            self._dropped(username)

    def _found(self, username: str, draft_id: str) -> Seeds | None:
        own = self._people.get(username)
        if own is None or draft_id not in own:
            return None
        own.move_to_end(draft_id)
        self._people.move_to_end(username)
        return own[draft_id]

    def _keep(self, username: str, draft_id: str, seeds: Seeds) -> None:
        own = self._people.setdefault(username, OrderedDict())
        self._people.move_to_end(username)
        own[draft_id] = seeds
        self._count += 1
        if len(own) > DRAFTS_OF_A_PERSON:
            own.popitem(last=False)
            self._dropped(username)
        while self._count > DRAFTS_KEPT:
            longest_away, theirs = next(iter(self._people.items()))
            theirs.popitem(last=False)
            self._dropped(longest_away)

    def _dropped(self, username: str) -> None:
        self._count -= 1
        if not self._people[username]:
            del self._people[username]
