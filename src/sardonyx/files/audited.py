"""Files whose every change is recorded: who, what, on which, with which result."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from sardonyx.done import Done
from sardonyx.files.models import StoredObject
from sardonyx.files.ports import CredentialBroker, ObjectStore, TableReader
from sardonyx.files.service import Files
from sardonyx.projects.audit import Audit, audited
from sardonyx.projects.models import Actor


class AuditedFiles(Files):
    """Files with a record of changes; reading leaves none."""

    def __init__(
        self, *, broker: CredentialBroker, store: ObjectStore, tables: TableReader, audit: Audit
    ) -> None:
        super().__init__(broker=broker, store=store, tables=tables)
        self._audit = audit

    async def upload(
        self,
        actor: Actor,
        project: str,
        key: str,
        content: AsyncIterator[bytes],
        *,
        overwrite: bool,
        size: int | None = None,
    ) -> Done[StoredObject]:
        async with audited(self._audit, actor.username, "files.upload", _target(project, key)):
            return await super().upload(
                actor, project, key, content, overwrite=overwrite, size=size
            )

    async def delete(self, actor: Actor, project: str, names: Sequence[str]) -> Done[int]:
        more = f" (+{len(names) - 1})" if len(names) > 1 else ""
        target = _target(project, names[0] if names else "") + more
        async with audited(self._audit, actor.username, "files.delete", target):
            return await super().delete(actor, project, names)

    async def delete_folder(self, actor: Actor, project: str, prefix: str) -> Done[int]:
        target = _target(project, prefix)
        async with audited(self._audit, actor.username, "files.delete", target):
            return await super().delete_folder(actor, project, prefix)

    async def copy(
        self, actor: Actor, project: str, source: str, to: str, *, overwrite: bool = False
    ) -> Done[StoredObject]:
        target = _target(project, f"{source} → {to}")
        async with audited(self._audit, actor.username, "files.copy", target):
            return await super().copy(actor, project, source, to, overwrite=overwrite)

    async def move(
        self, actor: Actor, project: str, source: str, to: str, *, overwrite: bool = False
    ) -> Done[StoredObject]:
        target = _target(project, f"{source} → {to}")
        async with audited(self._audit, actor.username, "files.move", target):
            return await super().move(actor, project, source, to, overwrite=overwrite)

    async def share(
        self, actor: Actor, project: str, key: str, life: timedelta
    ) -> tuple[str, timedelta]:
        async with audited(self._audit, actor.username, "files.share", _target(project, key)):
            return await super().share(actor, project, key, life)


def _target(project: str, name: str) -> str:
    return f"{project}/{name}"[:1000]
