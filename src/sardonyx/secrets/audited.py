"""Secrets whose every change is recorded: their paths and keys, never a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sardonyx.done import Done
from sardonyx.projects.audit import Audit, audited
from sardonyx.projects.models import Actor
from sardonyx.secrets.models import SecretSet
from sardonyx.secrets.ports import SecretStore
from sardonyx.secrets.service import Secrets
from sardonyx.values import Secret


class AuditedSecrets(Secrets):
    """Secrets with a record of changes; reading leaves none."""

    def __init__(
        self, *, store: SecretStore, address: str, mount: str = "kv", audit: Audit
    ) -> None:
        super().__init__(store=store, address=address, mount=mount)
        self._audit = audit

    async def write(
        self,
        actor: Actor,
        project: str,
        path: str,
        entries: Mapping[str, Secret],
        *,
        expected_version: int | None = None,
    ) -> Done[SecretSet]:
        async with audited(self._audit, actor.username, "secrets.write", _target(project, path)):
            return await super().write(
                actor, project, path, entries, expected_version=expected_version
            )

    async def change(
        self,
        actor: Actor,
        project: str,
        path: str,
        entries: Mapping[str, Secret],
        *,
        remove: Sequence[str] = (),
        expected_version: int | None = None,
    ) -> Done[SecretSet]:
        async with audited(self._audit, actor.username, "secrets.change", _target(project, path)):
            return await super().change(
                actor, project, path, entries, remove=remove, expected_version=expected_version
            )

    async def delete(self, actor: Actor, project: str, path: str) -> Done[None]:
        async with audited(self._audit, actor.username, "secrets.delete", _target(project, path)):
            return await super().delete(actor, project, path)


def _target(project: str, path: str) -> str:
    return f"{project}/{path}"[:1000]
