"""Keep sign-ins, preferences and the audit in SQL (SQLite on one machine).

Calls go to one worker thread: SQLite has one writer, and a page needs one row at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, create_engine, delete, event, or_, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from sardonyx.account.models import AuditEntry, Preferences, Theme
from sardonyx.adapters.sql.tables import AuditRow, Base, LinkRow, PreferencesRow, SessionRow
from sardonyx.projects.sign_in import Grant

T = TypeVar("T")


def sqlite_engine(file: Path) -> Engine:
    """Return an engine on an owner-only SQLite file, its tables made when missing."""
    file.touch(mode=0o600)
    engine = create_engine(f"sqlite:///{file}")

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        # WAL: a reader never waits for the writer, and `kill -9` loses no committed row.
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()

    Base.metadata.create_all(engine)
    return engine


class SqlRecords:
    """SignInRecords, AccountRecords and the audit on one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sql")

    def close(self) -> None:
        self._thread.shutdown()
        self._engine.dispose()

    async def _run(self, work: Callable[[Session], T]) -> T:
        def transaction() -> T:
            with Session(self._engine) as session, session.begin():
                return work(session)

        return await asyncio.get_running_loop().run_in_executor(self._thread, transaction)

    async def add_link(self, digest: str, grant: Grant) -> None:
        def work(session: Session) -> None:
            session.execute(delete(LinkRow).where(LinkRow.expires < datetime.now(UTC)))
            session.add(LinkRow(digest=digest, **_columns(grant)))

        await self._run(work)

    async def take_link(self, digest: str, now: datetime) -> Grant | None:
        def work(session: Session) -> Grant | None:
            row = session.get(LinkRow, digest)
            if row is None:
                return None
            grant = Grant(row.username, row.audience, _aware(row.expires), row.parent)
            session.delete(row)
            return grant if grant.expires > now else None

        return await self._run(work)

    async def add_session(self, digest: str, grant: Grant) -> None:
        def work(session: Session) -> None:
            session.execute(delete(SessionRow).where(SessionRow.expires < datetime.now(UTC)))
            session.merge(SessionRow(digest=digest, **_columns(grant)))

        await self._run(work)

    async def session(self, digest: str, now: datetime) -> Grant | None:
        def work(session: Session) -> Grant | None:
            row = session.get(SessionRow, digest)
            if row is None or _aware(row.expires) <= now:
                return None
            return Grant(row.username, row.audience, _aware(row.expires), row.parent)

        return await self._run(work)

    async def drop_session(self, digest: str) -> None:
        def work(session: Session) -> None:
            ended = or_(SessionRow.digest == digest, SessionRow.parent == digest)
            session.execute(delete(SessionRow).where(ended))
            session.execute(delete(LinkRow).where(LinkRow.parent == digest))

        await self._run(work)

    async def preferences(self, username: str) -> Preferences:
        def work(session: Session) -> Preferences:
            row = session.get(PreferencesRow, username)
            if row is None:
                return Preferences()
            return Preferences(
                language=row.language,
                theme=Theme(row.theme),
                git_name=row.git_name,
                git_email=row.git_email,
            )

        return await self._run(work)

    async def save_preferences(self, username: str, preferences: Preferences) -> None:
        def work(session: Session) -> None:
            session.merge(
                PreferencesRow(
                    username=username,
                    language=preferences.language,
                    theme=preferences.theme.value,
                    git_name=preferences.git_name,
                    git_email=preferences.git_email,
                )
            )

        await self._run(work)

    async def record(self, username: str, action: str, target: str, result: str) -> None:
        """Append one audit entry."""

        def work(session: Session) -> None:
            session.add(
                AuditRow(
                    at=datetime.now(UTC),
                    username=username,
                    action=action,
                    target=target,
                    result=result,
                )
            )

        await self._run(work)

    async def entries(self, *, limit: int) -> Sequence[AuditEntry]:
        """Return the newest audit entries first."""

        def work(session: Session) -> Sequence[AuditEntry]:
            rows = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(limit))
            return [
                AuditEntry(_aware(row.at), row.username, row.action, row.target, row.result)
                for row in rows
            ]

        return await self._run(work)


def _columns(grant: Grant) -> dict[str, object]:
    return {
        "username": grant.username,
        "audience": grant.audience,
        "expires": grant.expires,
        "parent": grant.parent,
    }


def _aware(moment: datetime) -> datetime:
    """SQLite forgets the zone; all moments are written in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
