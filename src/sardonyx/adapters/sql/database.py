"""Open the database, SQLite or PostgreSQL, and run transactions away from the event loop.

A database has one engine, and threads for it that all who work on it share: SQLite has one
writer, so it gets one thread; PostgreSQL as many as it gets connections. Errors of SQLAlchemy
become ours here, once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from sardonyx.adapters.sql.errors import DatabaseNewerError, DatabaseUnavailableError
from sardonyx.adapters.sql.tables import SCHEMA, Base, SchemaRow
from sardonyx.values import Secret

T = TypeVar("T")
_POSTGRESQL_THREADS = 4
_CONNECT_SECONDS = 5
_STATEMENT_MILLISECONDS = 10_000
# Columns that joined a table after it was first made: table, column, definition.
_JOINED = (
    ("preferences", "git_cache_seconds", "INTEGER NOT NULL DEFAULT 0"),
    ("release_grants", "profile", "TEXT NOT NULL DEFAULT ''"),
)
_SCHEMA_LOCK = 0x5A4D  # two replicas that start at once make the tables one after the other


class Database:
    """An engine and its threads."""

    def __init__(self, engine: Engine, *, threads: int) -> None:
        self.engine = engine
        self.threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="sql")

    def close(self) -> None:
        """End the threads once their work is done, and the connections. All that use it ended."""
        self.threads.shutdown()
        self.engine.dispose()


def sqlite_database(file: Path) -> Database:
    """Return an owner-only SQLite file as a database, its tables made when missing.

    Raises DatabaseNewerError.
    """
    file.touch(mode=0o600)
    engine = create_engine(f"sqlite:///{file}")

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        # WAL: a reader never waits for the writer, and `kill -9` loses no committed row.
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()

    prepare(engine)
    return Database(engine, threads=1)


def postgresql_database(address: str, password: Secret | None = None) -> Database:
    """Return a database of PostgreSQL, its tables made when missing.

    address: `postgresql://user@host:port/name`, without its password: an address is shown in
    settings and messages. Raises DatabaseUnavailableError, DatabaseNewerError.
    """
    url = make_url(address).set(drivername="postgresql+psycopg")
    if password is not None:
        url = url.set(password=password.reveal())
    engine = create_engine(
        url,
        pool_size=_POSTGRESQL_THREADS,
        max_overflow=0,
        pool_pre_ping=True,  # a database that was restarted is met by a fresh connection
        pool_recycle=1800,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "options": f"-c statement_timeout={_STATEMENT_MILLISECONDS}",
        },
    )
    prepare(engine)
    return Database(engine, threads=_POSTGRESQL_THREADS)


def prepare(engine: Engine) -> None:
    """Make the tables that are missing and note their version.

    A table is only ever added to: a column that joins one stands in `_JOINED`, with a higher
    SCHEMA. Raises DatabaseNewerError, DatabaseUnavailableError.
    """
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _SCHEMA_LOCK})
            Base.metadata.create_all(connection)
            found = connection.execute(select(SchemaRow.version)).scalar()
            if found is None:
                connection.execute(insert(SchemaRow).values(version=SCHEMA))
            if found is None or found < SCHEMA:
                _join_columns(connection)
                connection.execute(update(SchemaRow).values(version=SCHEMA))
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        raise DatabaseUnavailableError(reason=_reason(error)) from error
    if found is not None and found > SCHEMA:
        raise DatabaseNewerError(found=found, known=SCHEMA)


def _join_columns(connection: Connection) -> None:
    """Add the columns that tables made by an earlier version lack."""
    found = inspect(connection)
    for table, column, definition in _JOINED:
        if not found.has_table(table):  # of a part that this platform is without
            continue
        if column not in {known["name"] for known in found.get_columns(table)}:
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column} {definition}"))


class SqlDatabase:
    """Runs transactions on a database, in its threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        """Close the database, for all that work on it."""
        self._database.close()

    async def answers(self) -> None:
        """Return when the database answered. Raises DatabaseUnavailableError."""
        await self._run(lambda session: session.execute(text("SELECT 1")).scalar())

    async def _run(self, work: Callable[[Session], T]) -> T:
        """Return what `work` returns, its transaction committed."""

        def transaction() -> T:
            with Session(self._database.engine) as session, session.begin():
                return work(session)

        def twice() -> T:
            try:
                return transaction()
            except IntegrityError:  # another replica made the same row first: now it is there
                return transaction()

        try:
            return await asyncio.get_running_loop().run_in_executor(self._database.threads, twice)
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            raise DatabaseUnavailableError(reason=_reason(error)) from error


def aware(moment: datetime) -> datetime:
    """SQLite forgets the zone; all moments are written in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _reason(error: Exception) -> str:
    """Return the driver's first line; the statement and its values may be private."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).strip().splitlines() or [type(error).__name__])[0][:200]
