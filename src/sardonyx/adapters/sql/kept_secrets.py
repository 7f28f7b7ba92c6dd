"""Keep the few secrets that the platform needs itself, sealed, where there is no secret store.

A person's forge token, what is secret in their profile, and a project's password of services:
what people keep themselves needs a store that enforces who reads it. Source: portal.md 1.
"""

from __future__ import annotations

import json

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from sardonyx.adapters.oidc.sealing import SealBrokenError, Sealer
from sardonyx.adapters.sql.database import Database, SqlDatabase
from sardonyx.adapters.sql.tables import Base
from sardonyx.projects.models import Project
from sardonyx.secrets.errors import SecretConflictError, SecretNotFoundError
from sardonyx.secrets.models import SecretSet
from sardonyx.values import Secret


class KeptSecretRow(Base):
    """One set of keys of a project, sealed with the key file and bound to its place."""

    __tablename__ = "kept_secrets"

    project: Mapped[str] = mapped_column(String(255), primary_key=True)
    path: Mapped[str] = mapped_column(String(255), primary_key=True)
    version: Mapped[int] = mapped_column()
    sealed: Mapped[str] = mapped_column(Text)


class SqlKeptSecrets(SqlDatabase):
    """The KeptSecrets of accounts in one database. Who may read is checked by who calls."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        super().__init__(database)
        self._sealer = sealer

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet:
        """Raises SecretNotFoundError, also for what another key file sealed."""

        def work(session: Session) -> tuple[int, str] | None:
            row = session.get(KeptSecretRow, (project.id, path))
            return None if row is None else (row.version, row.sealed)

        found = await self._run(work)
        if found is None:
            raise SecretNotFoundError(path=path)
        text = self._opened(found[1], project, path)
        if text is None:
            raise SecretNotFoundError(path=path)
        entries = {key: Secret(value) for key, value in json.loads(text).items()}
        return SecretSet(path, entries, found[0])

    async def write(
        self,
        *,
        username: str,
        project: Project,
        path: str,
        entries: dict[str, Secret],
        expected_version: int | None = None,
    ) -> SecretSet:
        """Store the whole set as a new version. Raises SecretConflictError."""
        text = json.dumps({key: value.reveal() for key, value in entries.items()})
        sealed = self._sealer.seal(text, about=_about(project, path))

        def work(session: Session) -> int:
            row = session.get(KeptSecretRow, (project.id, path), with_for_update=True)
            # What cannot be read is not there: for who writes the first one, too.
            is_there = row is not None and self._opened(row.sealed, project, path) is not None
            current = row.version if row is not None and is_there else 0
            if expected_version not in (None, current):
                raise SecretConflictError(path=path, current=current, expected=expected_version)
            session.merge(
                KeptSecretRow(project=project.id, path=path, version=current + 1, sealed=sealed)
            )
            return current + 1

        return SecretSet(path, dict(entries), await self._run(work))

    async def delete(self, *, username: str, project: Project, path: str) -> None:
        """Raises SecretNotFoundError."""

        def work(session: Session) -> bool:
            row = session.get(KeptSecretRow, (project.id, path))
            if row is not None:
                session.delete(row)
            return row is not None

        if not await self._run(work):
            raise SecretNotFoundError(path=path)

    def _opened(self, sealed: str, project: Project, path: str) -> str | None:
        """Return the text, None where another key file sealed it."""
        try:
            return self._sealer.open(sealed, about=_about(project, path))
        except SealBrokenError:
            return None


def _about(project: Project, path: str) -> str:
    return f"kept secret {project.id}/{path}"
