"""The result of a user's action together with the commands that do the same without us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from sardonyx.services.models import Commands

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What an action gave, and its equivalent commands (from the plan that was executed)."""

    result: T
    commands: Commands
