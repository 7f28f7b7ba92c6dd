"""Say that there is no store of secrets, where the region has none."""

from __future__ import annotations

from sardonyx.projects.models import Project
from sardonyx.secrets.errors import SecretsAbsentError
from sardonyx.secrets.models import SecretFolder, SecretSet
from sardonyx.values import Secret


class AbsentSecretStore:
    """A SecretStore of a region without one. Every call raises SecretsAbsentError."""

    async def list_folder(self, *, username: str, project: Project, path: str) -> SecretFolder:
        raise SecretsAbsentError

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet:
        raise SecretsAbsentError

    async def write(
        self,
        *,
        username: str,
        project: Project,
        path: str,
        entries: dict[str, Secret],
        expected_version: int | None = None,
    ) -> SecretSet:
        raise SecretsAbsentError

    async def delete(self, *, username: str, project: Project, path: str) -> None:
        raise SecretsAbsentError

    async def service_token(self, *, username: str, project: Project, service: str) -> Secret:
        raise SecretsAbsentError

    async def renew_service_token(self, token: Secret) -> None:
        raise SecretsAbsentError

    async def revoke_service_token(self, token: Secret) -> None:
        raise SecretsAbsentError
