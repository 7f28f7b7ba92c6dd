"""Own the tables of what neither the store, the secrets nor the runtime hold."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Root of the mapped tables."""


class SessionRow(Base):
    """A signed-in browser or program. Only the digest of its token is kept."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str] = mapped_column(String(63))
    audience: Mapped[str] = mapped_column(String(63))
    parent: Mapped[str] = mapped_column(String(64), default="")
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class LinkRow(Base):
    """A one-time address, for the portal or for one service: `audience` says which."""

    __tablename__ = "links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str] = mapped_column(String(63))
    audience: Mapped[str] = mapped_column(String(63))
    parent: Mapped[str] = mapped_column(String(64), default="")
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class PreferencesRow(Base):
    """What a person chose for themselves; secrets are in the secret store."""

    __tablename__ = "preferences"

    username: Mapped[str] = mapped_column(String(63), primary_key=True)
    language: Mapped[str | None] = mapped_column(String(8))
    theme: Mapped[str] = mapped_column(String(8), default="system")
    git_name: Mapped[str | None] = mapped_column(String(200))
    git_email: Mapped[str | None] = mapped_column(String(200))


class AuditRow(Base):
    """One change: who, what, on which, with what result. Append-only."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    username: Mapped[str] = mapped_column(String(63))
    action: Mapped[str] = mapped_column(String(63))
    target: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(String(63))
