"""What accounts need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sardonyx.account.models import AuditEntry, AuditFilter, Preferences
from sardonyx.launcher.own_profiles import OwnProfile
from sardonyx.projects.models import Actor
from sardonyx.values import JsonObject


class StorageProbe(Protocol):
    """Reaches a store elsewhere with a person's own keys."""

    async def probe(self, store: OwnProfile) -> None:
        """Return when the store lists its folder, or its buckets where it names none.

        Raises StorageUnreachableError, StorageRefusedError. Nothing is written.
        """


class ProfileSchemas(Protocol):
    """Knows the form that the administrator gives people for their profile."""

    def schema(self, actor: Actor) -> JsonObject | None:
        """Return the JSON schema for `actor`, None where there is none.

        The same object while it says the same. Raises ProfileSchemaError.
        """


class AccountRecords(Protocol):
    """Keeps preferences, profiles and the audit."""

    async def preferences(self, username: str) -> Preferences:
        """Return what was saved, or the defaults."""

    async def save_preferences(self, username: str, preferences: Preferences) -> None: ...

    async def profile(self, username: str) -> JsonObject | None:
        """Return the profile as it was kept, None when none was."""

    async def save_profile(self, username: str, profile: JsonObject) -> None:
        """Keep a profile in place of what was kept. It holds no secret."""

    async def record(self, username: str, action: str, target: str, result: str) -> None: ...

    async def entries(self, asked: AuditFilter) -> Sequence[AuditEntry]:
        """Return the changes that pass the filter, the newest first."""
