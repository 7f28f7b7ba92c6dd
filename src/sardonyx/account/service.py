"""Serve a person's own choices. The Git token lives in the secret store, or sealed in SQL."""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from dataclasses import replace

from sardonyx.account.errors import PreferenceError
from sardonyx.account.models import AuditEntry, AuditFilter, Preferences
from sardonyx.account.ports import AccountRecords, KeptSecrets
from sardonyx.projects.errors import NoPersonalProjectError
from sardonyx.projects.models import Actor, Project
from sardonyx.secrets.errors import SecretConflictError, SecretNotFoundError
from sardonyx.secrets.models import SecretSet
from sardonyx.text import LANGUAGES
from sardonyx.values import Secret

# Hidden from the secrets page by its leading dot, as Onyxia hides `.onyxia`.
GIT_PATH = ".sardonyx/git"
GIT_KEY = "GIT_TOKEN"
SERVICES_PATH = ".sardonyx/services"
SERVICES_KEY = "PASSWORD"
_BASE_36 = string.digits + string.ascii_lowercase
_LINE_LIMIT = 200


class Accounts:
    """Preferences, the Git identity and the record of changes."""

    def __init__(self, *, records: AccountRecords, secret_store: KeptSecrets) -> None:
        self._records = records
        self._secrets = secret_store
        self._passwords: dict[str, Secret] = {}

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
        await self._records.save_preferences(actor.username, preferences)
        await self._records.record(actor.username, "account.save", actor.username, "done")

    async def git_token(self, actor: Actor) -> Secret | None:
        """Return the person's forge token, None when they gave none."""
        try:
            kept = await self._secrets.read(
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

    async def service_password(self, actor: Actor, project: Project) -> Secret:
        """Return the password of the project's databases, drawn at the first need.

        20 base-36 characters, shared by the project's members (launcher.md 16). Kept in memory
        too: it does not change while the platform runs.
        """
        kept = self._passwords.get(project.id)
        if kept is None:
            kept = await self._kept_password(actor, project)
            self._passwords[project.id] = kept
        return kept

    async def _kept_password(self, actor: Actor, project: Project) -> Secret:
        username = actor.username
        try:
            found = await self._secrets.read(username=username, project=project, path=SERVICES_PATH)
        except SecretNotFoundError:
            found = SecretSet(SERVICES_PATH, {}, 0)
        if SERVICES_KEY in found.entries:
            return found.entries[SERVICES_KEY]
        drawn = Secret("".join(secrets.choice(_BASE_36) for _ in range(20)))
        try:
            found = await self._secrets.write(
                username=username,
                project=project,
                path=SERVICES_PATH,
                entries={**found.entries, SERVICES_KEY: drawn},
                expected_version=found.version,
            )
        except SecretConflictError:  # another portal drew one first: that one counts
            return await self._kept_password(actor, project)
        return found.entries[SERVICES_KEY]

    async def audit(self, actor: Actor, asked: AuditFilter | None = None) -> Sequence[AuditEntry]:
        """Return the newest changes: one's own, or everyone's for an administrator."""
        wanted = asked or AuditFilter()
        if not actor.is_admin:
            wanted = replace(wanted, username=actor.username)
        return await self._records.entries(wanted)
