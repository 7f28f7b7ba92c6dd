"""What secrets need from outside: a KV store of version 2 (Vault, OpenBao), or a part of one."""

from __future__ import annotations

from typing import Protocol

from sardonyx.projects.models import Project
from sardonyx.secrets.models import SecretFolder, SecretSet
from sardonyx.values import Secret


class KeptSecrets(Protocol):
    """Secrets of a project: of a secret store, or of the database that stands in for one.

    Paths are relative to the project's folder. Raises SecretStoreUnavailableError when the
    store does not answer, SecretRefusedError when it refuses the person.
    """

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet:
        """Raises SecretNotFoundError."""

    async def write(
        self,
        *,
        username: str,
        project: Project,
        path: str,
        entries: dict[str, Secret],
        expected_version: int | None = None,
    ) -> SecretSet:
        """Store the whole set as a new version.

        `expected_version`: 0 means “must not exist”; another number must be the current
        version, else SecretConflictError; None overwrites.
        """

    async def delete(self, *, username: str, project: Project, path: str) -> None:
        """Delete the secret with all its versions. Raises SecretNotFoundError."""


class SecretStore(KeptSecrets, Protocol):
    """The secrets that people keep, reached as the person: the store itself refuses others."""

    async def list_folder(self, *, username: str, project: Project, path: str) -> SecretFolder: ...

    async def service_token(self, *, username: str, project: Project, service: str) -> Secret:
        """Return a renewable token limited to the project's folder, for one service."""

    async def renew_service_token(self, token: Secret) -> None:
        """Give the token its whole life again. Raises SecretRefusedError when it is dead."""

    async def revoke_service_token(self, token: Secret) -> None:
        """Make the token worthless; one already gone is no fault."""
