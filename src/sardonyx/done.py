"""The result of a user's action together with the commands that do the same without us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
ON_PLATFORM_ONLY = "# This exists on the platform only.\n"


@dataclass(frozen=True, slots=True)
class Commands:
    """Equivalent commands of one action in two tabs; each text is a pasteable script.

    A secret stands as `$VAR`. `platform` uses our command line, `underneath` runs without us.
    """

    platform: str
    underneath: str


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What an action gave, and its equivalent commands (from the plan that was executed)."""

    result: T
    commands: Commands
