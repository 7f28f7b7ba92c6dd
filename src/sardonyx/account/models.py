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
    """A person's choices. None means: as the browser says, or as the machine's Git says."""

    language: str | None = None
    theme: Theme = Theme.SYSTEM
    git_name: str | None = None
    git_email: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change, as recorded."""

    at: datetime
    username: str
    action: str
    target: str
    result: str
