"""The platform's public fake of the secret store, with another person at work."""

from __future__ import annotations

from dataclasses import dataclass

from tests.files.fakes import PEOPLE

from sardonyx.projects.models import Project
from sardonyx.secrets.models import SecretSet
from sardonyx.testing.secret_store import MemorySecretStore
from sardonyx.values import Secret


@dataclass(slots=True)
class SharedSecretStore(MemorySecretStore):
    """`meanwhile` is what another writes just before our next write."""

    meanwhile: dict[str, Secret] | None = None

    async def write(
        self,
        *,
        username: str,
        project: Project,
        path: str,
        entries: dict[str, Secret],
        expected_version: int | None = None,
    ) -> SecretSet:
        theirs, self.meanwhile = self.meanwhile, None
        if theirs is not None:
            await MemorySecretStore.write(
                self, username=username, project=project, path=path, entries=theirs
            )
        return await MemorySecretStore.write(
            self,
            username=username,
            project=project,
            path=path,
            entries=entries,
            expected_version=expected_version,
        )


def secret_store() -> SharedSecretStore:
    return SharedSecretStore(identity=PEOPLE, issuer=PEOPLE.issuer)
