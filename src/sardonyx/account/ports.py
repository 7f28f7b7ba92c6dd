"""What accounts need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sardonyx.account.models import AuditEntry, AuditFilter, Preferences
from sardonyx.projects.models import Project
from sardonyx.secrets.models import SecretSet
from sardonyx.values import Secret


class KeptSecrets(Protocol):
    """Keeps the secrets that accounts need: the secret store, or the database where none is.

    As the methods of the same names of `secrets.ports.SecretStore`, with their errors.
    """

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet: ...

    async def write(
        self,
        *,
        username: str,
        project: Project,
        path: str,
        entries: dict[str, Secret],
        expected_version: int | None = None,
    ) -> SecretSet: ...

    async def delete(self, *, username: str, project: Project, path: str) -> None: ...


class AccountRecords(Protocol):
    """Keeps preferences and the audit."""

    async def preferences(self, username: str) -> Preferences:
        """Return what was saved, or the defaults."""

    async def save_preferences(self, username: str, preferences: Preferences) -> None: ...

    async def record(self, username: str, action: str, target: str, result: str) -> None: ...

    async def entries(self, asked: AuditFilter) -> Sequence[AuditEntry]:
        """Return the changes that pass the filter, the newest first."""
