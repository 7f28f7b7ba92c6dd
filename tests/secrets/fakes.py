"""The smallest stand-in for the secret store, kept in memory."""

from __future__ import annotations

from sardonyx.projects.models import Project
from sardonyx.secrets.errors import SecretConflictError, SecretNotFoundError
from sardonyx.secrets.models import SecretFolder, SecretSet
from sardonyx.values import Secret


class MemorySecrets:
    """Versions in a dictionary. `meanwhile` is another person's write before the next one."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], SecretSet] = {}
        self.meanwhile: dict[str, Secret] | None = None

    async def list_folder(self, *, username: str, project: Project, path: str) -> SecretFolder:
        prefix = f"{path}/" if path else ""
        names = [
            kept[len(prefix) :]
            for owner, kept in sorted(self.kept)
            if owner == project.id and kept.startswith(prefix)
        ]
        return SecretFolder(
            path,
            tuple(sorted({name.partition("/")[0] for name in names if "/" in name})),
            tuple(name for name in names if "/" not in name),
        )

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet:
        try:
            return self.kept[project.id, path]
        except KeyError:
            raise SecretNotFoundError(path=path) from None

    async def write(
        self,
        *,
        username: str,
        project: Project,
        path: str,
        entries: dict[str, Secret],
        expected_version: int | None = None,
    ) -> SecretSet:
        current = self.kept.get((project.id, path), SecretSet(path, {}, 0))
        if self.meanwhile is not None:
            current = SecretSet(path, self.meanwhile, current.version + 1)
            self.kept[project.id, path] = current
            self.meanwhile = None
        if expected_version not in (None, current.version):
            raise SecretConflictError(
                path=path, current=current.version, expected=expected_version or 0
            )
        written = SecretSet(path, dict(entries), current.version + 1)
        self.kept[project.id, path] = written
        return written

    async def delete(self, *, username: str, project: Project, path: str) -> None:
        if self.kept.pop((project.id, path), None) is None:
            raise SecretNotFoundError(path=path)

    async def service_token(self, *, username: str, project: Project, service: str) -> Secret:
        return Secret(f"token of {username} for {project.id}")

    async def renew_service_token(self, token: Secret) -> None:
        return None

    async def revoke_service_token(self, token: Secret) -> None:
        return None
