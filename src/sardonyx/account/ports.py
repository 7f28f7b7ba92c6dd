"""What accounts need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sardonyx.account.models import AuditEntry, AuditFilter, Preferences


class AccountRecords(Protocol):
    """Keeps preferences and the audit."""

    async def preferences(self, username: str) -> Preferences:
        """Return what was saved, or the defaults."""

    async def save_preferences(self, username: str, preferences: Preferences) -> None: ...

    async def record(self, username: str, action: str, target: str, result: str) -> None: ...

    async def entries(self, asked: AuditFilter) -> Sequence[AuditEntry]:
        """Return the changes that pass the filter, the newest first."""
