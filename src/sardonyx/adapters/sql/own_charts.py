"""Keep people's own charts, archives and all, where every replica of a platform finds them."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex

from sqlalchemy import (
    ColumnElement,
    DateTime,
    LargeBinary,
    String,
    Text,
    delete,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sardonyx.adapters.sql.database import SqlDatabase
from sardonyx.adapters.sql.tables import Base
from sardonyx.catalog.errors import OwnChartsFullError
from sardonyx.catalog.own_ports import OWN_CATALOG
from sardonyx.values import JsonObject

# Of one person: what waits for their word, for a day at most, and what they kept, with what they
# took away while services of it went on.
MOST_WAITING, MOST_KEPT = 5, 20
_WAITS = timedelta(days=1)
_ROWS = 200  # of one question
_ONLY = 1


class OwnCatalogRow(Base):
    """The id of a person's own catalogue.

    Drawn, not made of their name: a release says by it whose chart it runs, and whoever writes
    releases by hand must not guess it.
    """

    __tablename__ = "own_catalogs"

    username: Mapped[str] = mapped_column(String(255), primary_key=True)
    catalog: Mapped[str] = mapped_column(String(32), unique=True)


class OwnChartRow(Base):
    """One archive of one person. digest: of it, hex. listing: what a list says, as JSON.

    version: empty while it waits; then the version that it is kept under.
    """

    __tablename__ = "own_charts"
    # A number is never given twice, so that a replica knows a new row by it.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own form

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    username: Mapped[str] = mapped_column(String(255), index=True)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    chart: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(255), default="")
    listing: Mapped[str] = mapped_column(Text)
    archive: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class RemovedOwnChartRow(Base):
    """A kept chart that its owner took away while services of it went on. id: of its row."""

    __tablename__ = "own_charts_removed"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class OwnChartsChangeRow(Base):
    """How often anything changed: one row, which a replica asks for at every request."""

    __tablename__ = "own_charts_changes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column()


@dataclass(frozen=True, slots=True)
class OwnChart:
    """What a replica remembers of a row. catalog: the person's own. removed: it stands there no
    more, and is kept for its services."""

    id: int
    username: str
    catalog: str
    digest: str
    listing: JsonObject
    kept: bool
    removed: bool = False

    @property
    def standing(self) -> tuple[bool, bool]:
        """What may change of a row."""
        return self.kept, self.removed


_IS_REMOVED = RemovedOwnChartRow.id == OwnChartRow.id


class SqlOwnCharts(SqlDatabase):
    """People's charts in one database."""

    async def changes(self) -> int:
        """Return how often anything changed."""

        def work(session: Session) -> int:
            row = session.get(OwnChartsChangeRow, _ONLY)
            return 0 if row is None else row.number

        return await self._run(work)

    async def numbers(self) -> dict[int, tuple[bool, bool]]:
        """Return the number of each row, and its `standing`."""

        def work(session: Session) -> dict[int, tuple[bool, bool]]:
            asked = select(OwnChartRow.id, OwnChartRow.version, RemovedOwnChartRow.id)
            found = session.execute(asked.outerjoin(RemovedOwnChartRow, _IS_REMOVED))
            return {number: (version != "", gone is not None) for number, version, gone in found}

        return await self._run(work)

    async def rows(self, numbers: Collection[int]) -> list[OwnChart]:
        """Return rows without their archives; those that are gone are left out."""
        wanted = sorted(numbers)

        def work(session: Session) -> list[OwnChart]:
            rows = []
            for first in range(0, len(wanted), _ROWS):
                asked = (
                    select(
                        OwnChartRow.id,
                        OwnChartRow.username,
                        OwnCatalogRow.catalog,
                        OwnChartRow.digest,
                        OwnChartRow.listing,
                        OwnChartRow.version,
                        RemovedOwnChartRow.id.label("removed"),
                    )
                    .join(OwnCatalogRow, OwnCatalogRow.username == OwnChartRow.username)
                    .outerjoin(RemovedOwnChartRow, _IS_REMOVED)
                    .where(OwnChartRow.id.in_(wanted[first : first + _ROWS]))
                )
                rows += [
                    OwnChart(
                        id=one.id,
                        username=one.username,
                        catalog=one.catalog,
                        digest=one.digest,
                        listing=json.loads(one.listing),
                        kept=one.version != "",
                        removed=one.removed is not None,
                    )
                    for one in session.execute(asked)
                ]
            return rows

        return await self._run(work)

    async def archive(self, digest: str) -> bytes | None:
        """Return an archive; None when nobody has it any more."""

        def work(session: Session) -> bytes | None:
            found = select(OwnChartRow.archive).where(OwnChartRow.digest == digest).limit(1)
            return session.scalars(found).first()

        return await self._run(work)

    async def wait(
        self, username: str, digest: str, listing: JsonObject, archive: bytes, at: datetime
    ) -> None:
        """Have an archive wait. The person's oldest go, and anybody's of yesterday."""
        drawn = f"{OWN_CATALOG}-{token_hex(8)}"

        def work(session: Session) -> None:
            if session.get(OwnCatalogRow, username) is None:
                session.add(OwnCatalogRow(username=username, catalog=drawn))
                session.flush()
            waits = OwnChartRow.version == ""
            mine = (OwnChartRow.username == username, waits)
            session.execute(delete(OwnChartRow).where(waits, OwnChartRow.at < at - _WAITS))
            session.execute(delete(OwnChartRow).where(*mine, OwnChartRow.digest == digest))
            session.add(
                OwnChartRow(
                    username=username,
                    digest=digest,
                    chart=str(listing["chart"]),
                    listing=json.dumps(listing),
                    archive=archive,
                    at=at,
                )
            )
            session.flush()
            _cut(session, *mine, most=MOST_WAITING)
            _changed(session)

        await self._run(work)

    async def keep(
        self,
        username: str,
        digest: str,
        version: str,
        at: datetime,
        *,
        used: Collection[tuple[str, str]],
    ) -> bool:
        """Keep what waits, in place of the same version; False when it does not wait.

        used: the charts (name, version) that services run; of what was taken away the rest goes
        where room is needed. Raises OwnChartsFullError.
        """

        def work(session: Session) -> bool:
            mine = OwnChartRow.username == username
            row = session.scalars(
                select(OwnChartRow)
                .where(mine, OwnChartRow.digest == digest, OwnChartRow.version == "")
                .with_for_update()
            ).first()
            if row is None:
                return False
            session.execute(
                delete(OwnChartRow).where(
                    mine, OwnChartRow.chart == row.chart, OwnChartRow.version == version
                )
            )
            listed = (
                select(OwnChartRow.chart, OwnChartRow.version)
                .outerjoin(RemovedOwnChartRow, _IS_REMOVED)
                .where(mine, OwnChartRow.version != "")
                .order_by(RemovedOwnChartRow.id.is_not(None), OwnChartRow.at, OwnChartRow.id)
            )
            kept = session.execute(listed).all()
            if len(kept) >= MOST_KEPT and _forget_unused(session, username, used):
                kept = session.execute(listed).all()
            if len(kept) >= MOST_KEPT:
                oldest = " ".join(kept[0])
                raise OwnChartsFullError(chart=row.chart, most=MOST_KEPT, oldest=oldest)
            row.version, row.at = version, at
            session.flush()
            _changed(session)
            return True

        return await self._run(work)

    async def remove(
        self,
        username: str,
        charts: Collection[tuple[str, str]],
        used: Collection[tuple[str, str]],
    ) -> bool:
        """Take kept charts (name, version) away; False when one of them does not stand there.

        Of those that were ever taken away the used ones stay, for their services.
        """

        def work(session: Session) -> bool:
            mine = (
                select(OwnChartRow.id, OwnChartRow.chart, OwnChartRow.version)
                .where(OwnChartRow.username == username, OwnChartRow.version != "")
                .with_for_update()
            )
            rows = {(name, version): number for number, name, version in session.execute(mine)}
            gone = set(session.scalars(select(RemovedOwnChartRow.id)))
            if any(one not in rows or rows[one] in gone for one in charts):
                return False
            session.add_all(RemovedOwnChartRow(id=rows[one]) for one in charts)
            session.flush()
            _forget_unused(session, username, used)
            _changed(session)
            return True

        return await self._run(work)


def _forget_unused(session: Session, username: str, used: Collection[tuple[str, str]]) -> list[int]:
    """Delete what a person took away and no service runs; return the numbers of those rows."""
    removed = (
        select(OwnChartRow.id, OwnChartRow.chart, OwnChartRow.version)
        .join(RemovedOwnChartRow, _IS_REMOVED)
        .where(OwnChartRow.username == username)
    )
    unused = [
        number
        for number, chart, version in session.execute(removed)
        if (chart, version) not in used
    ]
    session.execute(delete(OwnChartRow).where(OwnChartRow.id.in_(unused)))
    # Also the marks of rows that made room for newer ones since: no number comes again.
    left = select(OwnChartRow.id)
    session.execute(delete(RemovedOwnChartRow).where(RemovedOwnChartRow.id.not_in(left)))
    return unused


def _changed(session: Session) -> None:
    """Count a change, last: other writers wait from here to the end of the transaction."""
    row = session.get(OwnChartsChangeRow, _ONLY, with_for_update=True)
    if row is None:
        session.add(OwnChartsChangeRow(id=_ONLY, number=1))
    else:
        row.number += 1


def _cut(session: Session, *of: ColumnElement[bool], most: int) -> None:
    """Delete the oldest of some rows beyond the newest `most`."""
    newest = select(OwnChartRow.id).where(*of)
    newest = newest.order_by(OwnChartRow.at.desc(), OwnChartRow.id.desc())
    old = session.scalars(newest.offset(most)).all()
    if old:
        session.execute(delete(OwnChartRow).where(OwnChartRow.id.in_(old)))
