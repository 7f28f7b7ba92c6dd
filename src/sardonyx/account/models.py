"""What the platform keeps of a person: preferences, and what they changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Preferences:
    """A person's choices. None means: as the browser says, or as the machine's Git says.

    git_cache_seconds: how long Git keeps the forge's token after it was used; 0: not at all.
    """

    language: str | None = None
    theme: Theme = Theme.SYSTEM
    git_name: str | None = None
    git_email: str | None = None
    git_cache_seconds: int = 0


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change, as recorded. number: grows with time; 0 where it is not kept."""

    at: datetime
    username: str
    action: str
    target: str
    result: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which changes to show. Empty texts and None do not filter.

    action: its beginning (`service.`). target, by: a part of it, any case. before: numbers below
    this one, for the next page. failed: only what did not succeed.
    """

    username: str | None = None
    by: str = ""
    action: str = ""
    target: str = ""
    since: datetime | None = None
    until: datetime | None = None
    failed: bool = False
    before: int | None = None
    limit: int = 100
