"""Keep what was given to which release: digests and places, no key."""

from __future__ import annotations

import json

from sqlalchemy import String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sardonyx.adapters.sql.database import SqlDatabase
from sardonyx.adapters.sql.tables import Base
from sardonyx.credentials.models import KeyPlace, ReleaseGrant


class GrantRow(Base):
    """The credentials of one release. token: digest of what its pods renew with, or empty.

    places: JSON list of `[path, variable, digests]`, where plain keys stand in its values, and of
    `[…, profile]` where they are of another profile than the usual one: replicas of the version
    before, which may still run beside this one, read three elements.
    """

    __tablename__ = "release_grants"

    project: Mapped[str] = mapped_column(String(255), primary_key=True)
    release: Mapped[str] = mapped_column(String(63), primary_key=True)
    owner: Mapped[str] = mapped_column(String(255))
    token: Mapped[str] = mapped_column(String(64), index=True)
    places: Mapped[str] = mapped_column(Text)
    profile: Mapped[str] = mapped_column(Text, default="", server_default="")


class SqlReleaseGrants(SqlDatabase):
    """ReleaseGrants in one database."""

    async def save(self, grant: ReleaseGrant) -> None:
        places = json.dumps(
            [
                [list(one.path), one.variable, list(one.digests), *filter(None, [one.profile])]
                for one in grant.key_places
            ]
        )

        def work(session: Session) -> None:
            session.merge(
                GrantRow(
                    project=grant.project,
                    release=grant.release,
                    owner=grant.owner,
                    token=grant.token_sha256,
                    places=places,
                    profile=grant.profile,
                )
            )

        await self._run(work)

    async def of_release(self, project: str, release: str) -> ReleaseGrant | None:
        def work(session: Session) -> ReleaseGrant | None:
            return _grant(session.get(GrantRow, (project, release)))

        return await self._run(work)

    async def of_token(self, token_sha256: str) -> ReleaseGrant | None:
        if not token_sha256:
            return None

        def work(session: Session) -> ReleaseGrant | None:
            return _grant(
                session.scalars(select(GrantRow).where(GrantRow.token == token_sha256)).first()
            )

        return await self._run(work)

    async def drop(self, project: str, release: str) -> None:
        def work(session: Session) -> None:
            session.execute(
                delete(GrantRow).where(GrantRow.project == project, GrantRow.release == release)
            )

        await self._run(work)


def _grant(row: GrantRow | None) -> ReleaseGrant | None:
    if row is None:
        return None
    return ReleaseGrant(
        project=row.project,
        release=row.release,
        owner=row.owner,
        token_sha256=row.token,
        key_places=tuple(
            KeyPlace(tuple(path), variable, tuple(digests), *profile)
            for path, variable, digests, *profile in json.loads(row.places)
        ),
        profile=row.profile,
    )
