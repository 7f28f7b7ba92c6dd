"""Own the tables of what neither the store, the secrets nor the runtime hold.

Text sizes are in characters; PostgreSQL enforces them, SQLite does not.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = 4

_NAME = 255  # what a person is called: claims.LONGEST_NAME


class Base(DeclarativeBase):
    """Root of the mapped tables."""


class SchemaRow(Base):
    """Which version of these tables the database holds: one row."""

    __tablename__ = "schema_version"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class SessionRow(Base):
    """A signed-in browser or program. Only the digest of its token is kept."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str] = mapped_column(String(_NAME))
    audience: Mapped[str] = mapped_column(String(255))
    parent: Mapped[str] = mapped_column(String(64), default="")
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class LinkRow(Base):
    """A one-time address, for the portal or for one service: `audience` says which."""

    __tablename__ = "links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str] = mapped_column(String(_NAME))
    audience: Mapped[str] = mapped_column(String(255))
    parent: Mapped[str] = mapped_column(String(64), default="")
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class PersonRow(Base):
    """Who signed in by the identity provider: their claims, and tokens sealed by the key file.

    subject: issuer and subject of the token, which tell two people of one name apart. leased:
    until when one replica alone may renew the tokens; a refresh token works once.
    """

    __tablename__ = "people"

    username: Mapped[str] = mapped_column(String(_NAME), primary_key=True)
    subject: Mapped[str] = mapped_column(String(1024))
    claims: Mapped[str] = mapped_column(Text)
    sealed: Mapped[str] = mapped_column(Text, default="")
    updated: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    leased: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ApiTokenRow(Base):
    """A program's token, made by a person. Only its digest is kept."""

    __tablename__ = "api_tokens"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[str] = mapped_column(String(16), unique=True)
    username: Mapped[str] = mapped_column(String(_NAME), index=True)
    name: Mapped[str] = mapped_column(String(100))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    last_used: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PreferencesRow(Base):
    """What a person chose for themselves; secrets are in the secret store."""

    __tablename__ = "preferences"

    username: Mapped[str] = mapped_column(String(_NAME), primary_key=True)
    language: Mapped[str | None] = mapped_column(String(8))
    theme: Mapped[str] = mapped_column(String(8), default="system")
    git_name: Mapped[str | None] = mapped_column(String(200))
    git_email: Mapped[str | None] = mapped_column(String(200))
    git_cache_seconds: Mapped[int] = mapped_column(default=0, server_default="0")


class ProfileRow(Base):
    """What a person wrote into the administrator's form, as JSON; secrets are elsewhere."""

    __tablename__ = "profiles"

    username: Mapped[str] = mapped_column(String(_NAME), primary_key=True)
    document: Mapped[str] = mapped_column(Text)


class EventMarkRow(Base):
    """Until when somebody looked at a project's events; without a name, until when any member did.

    The latter is Onyxia's `clusterNotificationCheckoutTime`.
    """

    __tablename__ = "event_marks"

    project: Mapped[str] = mapped_column(String(255), primary_key=True)
    username: Mapped[str] = mapped_column(String(_NAME), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AuditRow(Base):
    """One change: who, what, on which, with what result. Append-only."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    username: Mapped[str] = mapped_column(String(_NAME))
    action: Mapped[str] = mapped_column(String(63))
    target: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(String(63))
