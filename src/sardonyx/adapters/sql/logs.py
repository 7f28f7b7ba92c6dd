"""Keep the last lines of services whose pod is gone, in SQL."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

from sqlalchemy import DateTime, LargeBinary, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from sardonyx.adapters.sql.database import SqlDatabase, aware
from sardonyx.adapters.sql.tables import Base

_KEPT_FOR = timedelta(days=30)
_LONGEST = 1024 * 1024


class KeptLogRow(Base):
    """What a release's main container printed last: at most 256 KB, compressed."""

    __tablename__ = "kept_logs"

    namespace: Mapped[str] = mapped_column(String(63), primary_key=True)
    release: Mapped[str] = mapped_column(String(253), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    packed: Mapped[bytes] = mapped_column(LargeBinary)


class SqlKeptLogs(SqlDatabase):
    """KeptLogs in one database; a release's lines are kept for 30 days."""

    async def keep(self, namespace: str, release: str, text: str, at: datetime) -> None:
        """Keep `text` in place of what was kept of the release."""
        # PostgreSQL's Text holds no NUL; bytes hold everything.
        packed = zlib.compress(text.encode(errors="replace"))

        def work(session: Session) -> None:
            session.execute(delete(KeptLogRow).where(KeptLogRow.at < at - _KEPT_FOR))
            session.merge(KeptLogRow(namespace=namespace, release=release, at=at, packed=packed))

        await self._run(work)

    async def kept(self, namespace: str, release: str) -> tuple[str, datetime] | None:
        """Return what was kept last, and when; None when nothing was."""

        def work(session: Session) -> tuple[str, datetime] | None:
            row = session.get(KeptLogRow, (namespace, release))
            if row is None:
                return None
            content = zlib.decompressobj().decompress(row.packed, _LONGEST)
            return content.decode(errors="replace"), aware(row.at)

        return await self._run(work)
