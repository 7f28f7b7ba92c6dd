"""Serve a person's own choices. The Git token lives in the secret store, or sealed in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sardonyx.account.errors import PreferenceError
from sardonyx.account.models import AuditEntry, AuditFilter, Preferences
from sardonyx.account.passwords import ServicePasswords
from sardonyx.account.ports import AccountRecords, ProfileSchemas, StorageProbe
from sardonyx.account.profile_schemas import GivenSchemas
from sardonyx.account.profiles import Profiles
from sardonyx.account.recent import RecentSecrets
from sardonyx.account.storage import OwnStorage
from sardonyx.launcher.s3_profiles import ProposedStore
from sardonyx.projects.errors import NoPersonalProjectError
from sardonyx.projects.models import Actor
from sardonyx.secrets.errors import SecretNotFoundError
from sardonyx.secrets.ports import KeptSecrets
from sardonyx.text import LANGUAGES
from sardonyx.values import Secret

# Hidden from the secrets page by its leading dot.
GIT_PATH = ".sardonyx/git"
GIT_KEY = "GIT_TOKEN"
_LINE_LIMIT = 200
_LONGEST_CACHE = 30 * 24 * 3600  # seconds


class Accounts:
    """Preferences, Git identity, profile, own storage, projects' passwords, record of changes."""

    def __init__(
        self,
        *,
        records: AccountRecords,
        secret_store: KeptSecrets,
        probe: StorageProbe,
        mount: str | None = None,
        profile_schemas: ProfileSchemas | None = None,
        proposed: ProposedStore | None = None,
    ) -> None:
        """mount: of the secret store's KV engine, as commands name it; None where none is.

        proposed: what fills the form of a new store of one's own.
        """
        self._records = records
        self._secrets = secret_store = RecentSecrets(secret_store)
        self.passwords = ServicePasswords(secret_store=secret_store, audit=records, mount=mount)
        self.storage = OwnStorage(
            secret_store=secret_store, audit=records, probe=probe, proposed=proposed
        )
        self.profiles = Profiles(
            schemas=profile_schemas or GivenSchemas(),
            records=records,
            secret_store=secret_store,
        )

    async def preferences(self, actor: Actor) -> Preferences:
        return await self._records.preferences(actor.username)

    async def save(self, actor: Actor, preferences: Preferences) -> None:
        """Keep `preferences`. Raises PreferenceError; then nothing is changed."""
        if preferences.language not in (None, *LANGUAGES):
            raise PreferenceError(
                value=preferences.language or "",
                name="language",
                known=", ".join(LANGUAGES),
                field="language",
            )
        for name, value in (
            ("git_name", preferences.git_name),
            ("git_email", preferences.git_email),
        ):
            # A line break would let a name write further lines of a Git configuration.
            if value and (len(value) > _LINE_LIMIT or not value.isprintable()):
                raise PreferenceError(value=value[:40], name=name, known="one line", field=name)
        if not 0 <= preferences.git_cache_seconds <= _LONGEST_CACHE:
            raise PreferenceError(
                value=str(preferences.git_cache_seconds),
                name="git_cache_seconds",
                known=f"0 … {_LONGEST_CACHE}",
                field="git_cache_seconds",
            )
        await self._records.save_preferences(actor.username, preferences)
        await self._records.record(actor.username, "account.save", actor.username, "done")

    async def git_token(self, actor: Actor, *, recent: bool = False) -> Secret | None:
        """Return the person's forge token, None when they gave none.

        recent: what was read some seconds ago will do.
        """
        secrets = self._secrets.lately if recent else self._secrets
        try:
            kept = await secrets.read(
                username=actor.username, project=actor.personal_project, path=GIT_PATH
            )
        except (SecretNotFoundError, NoPersonalProjectError):
            return None
        return kept.entries.get(GIT_KEY)

    async def save_git_token(self, actor: Actor, token: Secret | None) -> None:
        """Keep the forge token, or forget it when None."""
        username, project = actor.username, actor.personal_project
        if token is not None:
            await self._secrets.write(
                username=username, project=project, path=GIT_PATH, entries={GIT_KEY: token}
            )
        elif await self.git_token(actor) is not None:
            await self._secrets.delete(username=username, project=project, path=GIT_PATH)
        else:
            return
        await self._records.record(actor.username, "account.git_token", actor.username, "done")

    async def audit(self, actor: Actor, asked: AuditFilter | None = None) -> Sequence[AuditEntry]:
        """Return the newest changes: one's own, or everyone's for an administrator."""
        wanted = asked or AuditFilter()
        if not actor.is_admin:
            wanted = replace(wanted, username=actor.username)
        return await self._records.entries(wanted)
