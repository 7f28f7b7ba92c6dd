"""Keep people who signed in by the identity provider, and their programs' tokens, in SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from sardonyx.adapters.sql.database import SqlDatabase, aware
from sardonyx.adapters.sql.tables import ApiTokenRow, LinkRow, PersonRow, SessionRow
from sardonyx.projects.people import KeptPerson
from sardonyx.projects.tokens import ApiToken


class SqlPeople(SqlDatabase):
    """PeopleRecords and ApiTokenRecords in one database."""

    async def person(self, username: str) -> KeptPerson | None:
        def work(session: Session) -> KeptPerson | None:
            row = session.get(PersonRow, username)
            if row is None:
                return None
            return KeptPerson(
                username=row.username,
                subject=row.subject,
                claims=json.loads(row.claims),
                sealed=row.sealed,
                updated=aware(row.updated),
            )

        return await self._run(work)

    async def keep_person(self, person: KeptPerson) -> None:
        def work(session: Session) -> None:
            session.merge(
                PersonRow(
                    username=person.username,
                    subject=person.subject,
                    claims=json.dumps(person.claims),
                    sealed=person.sealed,
                    updated=person.updated,
                    leased=None,
                )
            )

        await self._run(work)

    async def lease_person(self, username: str, *, now: datetime, until: datetime) -> bool:
        def work(session: Session) -> bool:
            free = or_(PersonRow.leased.is_(None), PersonRow.leased < now)
            taken = session.execute(
                update(PersonRow)
                .where(PersonRow.username == username, free)
                .values(leased=until)
                .returning(PersonRow.username)
                .execution_options(synchronize_session=False)
            )
            return taken.first() is not None

        return await self._run(work)

    async def release_person(self, username: str) -> None:
        def work(session: Session) -> None:
            session.execute(
                update(PersonRow).where(PersonRow.username == username).values(leased=None)
            )

        await self._run(work)

    async def end_sessions(self, username: str) -> None:
        await self._end(username, SessionRow, LinkRow)

    async def end_access(self, username: str) -> None:
        await self._end(username, SessionRow, LinkRow, ApiTokenRow)

    async def _end(
        self, username: str, *tables: type[SessionRow] | type[LinkRow] | type[ApiTokenRow]
    ) -> None:
        def work(session: Session) -> None:
            for table in tables:
                session.execute(delete(table).where(table.username == username))
            session.execute(
                update(PersonRow)
                .where(PersonRow.username == username)
                .values(sealed="", leased=None)
            )

        await self._run(work)

    async def add_api_token(self, digest: str, token: ApiToken) -> None:
        def work(session: Session) -> None:
            session.add(
                ApiTokenRow(
                    digest=digest,
                    number=token.number,
                    username=token.username,
                    name=token.name,
                    created=token.created,
                    expires=token.expires,
                    last_used=None,
                )
            )

        await self._run(work)

    async def api_token(self, digest: str) -> ApiToken | None:
        def work(session: Session) -> ApiToken | None:
            row = session.get(ApiTokenRow, digest)
            return None if row is None else _token(row)

        return await self._run(work)

    async def note_use(self, digest: str, at: datetime) -> None:
        def work(session: Session) -> None:
            session.execute(
                update(ApiTokenRow).where(ApiTokenRow.digest == digest).values(last_used=at)
            )

        await self._run(work)

    async def api_tokens(self, username: str) -> Sequence[ApiToken]:
        def work(session: Session) -> Sequence[ApiToken]:
            rows = session.scalars(
                select(ApiTokenRow)
                .where(ApiTokenRow.username == username)
                .order_by(ApiTokenRow.created.desc())
            )
            return [_token(row) for row in rows]

        return await self._run(work)

    async def drop_api_token(self, username: str, number: str) -> ApiToken | None:
        def work(session: Session) -> ApiToken | None:
            row = session.scalar(
                select(ApiTokenRow).where(
                    ApiTokenRow.username == username, ApiTokenRow.number == number
                )
            )
            if row is None:
                return None
            token = _token(row)
            session.delete(row)
            return token

        return await self._run(work)


def _token(row: ApiTokenRow) -> ApiToken:
    return ApiToken(
        number=row.number,
        username=row.username,
        name=row.name,
        created=aware(row.created),
        expires=aware(row.expires),
        last_used=None if row.last_used is None else aware(row.last_used),
    )
