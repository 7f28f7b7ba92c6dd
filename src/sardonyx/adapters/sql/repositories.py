"""Keep sign-ins, preferences, profiles, what was read of events, and the audit in SQL.

Calls run in the database's own threads; a page needs one row at a time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from sardonyx.account.models import AuditEntry, AuditFilter, Preferences, Theme
from sardonyx.adapters.sql.configurations import SqlConfigurations
from sardonyx.adapters.sql.database import aware, postgresql_database, sqlite_database
from sardonyx.adapters.sql.people import SqlPeople
from sardonyx.adapters.sql.tables import (
    AuditRow,
    EventMarkRow,
    LinkRow,
    PreferencesRow,
    ProfileRow,
    SessionRow,
)
from sardonyx.projects.sign_in import Grant
from sardonyx.services.cluster_events import Looked
from sardonyx.values import JsonObject

__all__ = ["SqlRecords", "postgresql_database", "sqlite_database"]


class SqlRecords(SqlPeople, SqlConfigurations):
    """SignInRecords, AccountRecords, EventMarks, the audit, people and their tokens, and saved
    configurations, in one database."""

    async def add_link(self, digest: str, grant: Grant) -> None:
        def work(session: Session) -> None:
            session.execute(delete(LinkRow).where(LinkRow.expires < datetime.now(UTC)))
            session.add(LinkRow(digest=digest, **_columns(grant)))

        await self._run(work)

    async def take_link(self, digest: str, now: datetime) -> Grant | None:
        def work(session: Session) -> Grant | None:
            # One statement: of two replicas that are given the link at once, one has it.
            row = session.execute(
                delete(LinkRow)
                .where(LinkRow.digest == digest)
                .returning(LinkRow.username, LinkRow.audience, LinkRow.expires, LinkRow.parent)
                .execution_options(synchronize_session=False)
            ).first()
            if row is None:
                return None
            grant = Grant(row.username, row.audience, aware(row.expires), row.parent)
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
            if row is None or aware(row.expires) <= now:
                return None
            return Grant(row.username, row.audience, aware(row.expires), row.parent)

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
                git_cache_seconds=row.git_cache_seconds,
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
                    git_cache_seconds=preferences.git_cache_seconds,
                )
            )

        await self._run(work)

    async def profile(self, username: str) -> JsonObject | None:
        def work(session: Session) -> JsonObject | None:
            row = session.get(ProfileRow, username)
            return None if row is None else json.loads(row.document)

        return await self._run(work)

    async def save_profile(self, username: str, profile: JsonObject) -> None:
        def work(session: Session) -> None:
            # PostgreSQL's Text holds no NUL; escaped, every text of JSON is ASCII.
            session.merge(ProfileRow(username=username, document=json.dumps(profile)))

        await self._run(work)

    async def looked(self, project: str, username: str) -> Looked:
        def work(session: Session) -> Looked:
            return Looked(_mark(session, project, ""), _mark(session, project, username))

        return await self._run(work)

    async def look(self, project: str, username: str, at: datetime) -> None:
        def work(session: Session) -> None:
            for name in ("", username):
                known = _mark(session, project, name)
                if known is None or known < at:
                    session.merge(EventMarkRow(project=project, username=name, at=at))

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

    async def entries(self, asked: AuditFilter) -> Sequence[AuditEntry]:
        """Return the changes that pass the filter, the newest first."""
        wanted = select(AuditRow).order_by(AuditRow.id.desc()).limit(asked.limit)
        if asked.username is not None:
            wanted = wanted.where(AuditRow.username == asked.username)
        for column, part in ((AuditRow.username, asked.by), (AuditRow.target, asked.target)):
            if part:
                wanted = wanted.where(column.icontains(part, autoescape=True))
        if asked.action:
            wanted = wanted.where(AuditRow.action.startswith(asked.action, autoescape=True))
        if asked.since is not None:
            wanted = wanted.where(AuditRow.at >= asked.since)
        if asked.until is not None:
            wanted = wanted.where(AuditRow.at < asked.until)
        if asked.failed:
            wanted = wanted.where(AuditRow.result != "done")
        if asked.before is not None:
            wanted = wanted.where(AuditRow.id < asked.before)

        def work(session: Session) -> Sequence[AuditEntry]:
            return [
                AuditEntry(aware(row.at), row.username, row.action, row.target, row.result, row.id)
                for row in session.scalars(wanted)
            ]

        return await self._run(work)


def _mark(session: Session, project: str, username: str) -> datetime | None:
    row = session.get(EventMarkRow, (project, username))
    return None if row is None else aware(row.at)


def _columns(grant: Grant) -> dict[str, object]:
    return {
        "username": grant.username,
        "audience": grant.audience,
        "expires": grant.expires,
        "parent": grant.parent,
    }
