"""The records on both engines: SQLite, and the PostgreSQL that several replicas share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update
from tests.contracts.configuration_records import ConfigurationRecordsContract
from tests.contracts.event_marks import EventMarksContract
from tests.servers.postgresql import RunningPostgresql, running_postgresql

from sardonyx.account.models import AuditFilter, Preferences, Theme
from sardonyx.adapters.sql.database import SqlDatabase, prepare
from sardonyx.adapters.sql.errors import DatabaseNewerError, DatabaseUnavailableError
from sardonyx.adapters.sql.grants import SqlReleaseGrants
from sardonyx.adapters.sql.logs import SqlKeptLogs
from sardonyx.adapters.sql.own_charts import SqlOwnCharts
from sardonyx.adapters.sql.repositories import SqlRecords, postgresql_database, sqlite_database
from sardonyx.adapters.sql.tables import SCHEMA, SchemaRow
from sardonyx.credentials.models import ReleaseGrant
from sardonyx.projects.people import KeptPerson
from sardonyx.projects.sign_in import PORTAL, Grant
from sardonyx.projects.tokens import ApiToken

NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningPostgresql]:
    with running_postgresql() as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], SqlRecords]]:
    """Open the same empty database, once for each replica."""
    made: list[SqlRecords] = []
    if request.param == "postgresql":
        server: RunningPostgresql = request.getfixturevalue("server")
        address = server.fresh()

    def open_one() -> SqlRecords:
        if request.param == "sqlite":
            made.append(SqlRecords(sqlite_database(tmp_path / "portal.sqlite")))
        else:
            made.append(SqlRecords(postgresql_database(address, server.password)))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


class TestConfigurations(ConfigurationRecordsContract):
    """Saved configurations on both engines; `opened` is the fixture of this module."""


class TestEventMarks(EventMarksContract):
    """What was read of events, on both engines."""


async def test_a_link_is_taken_once_by_one_replica(opened: Callable[[], SqlRecords]) -> None:
    replicas = [opened(), opened()]
    for number in range(20):
        await replicas[0].add_link(f"link-{number}", Grant("ada", PORTAL, LATER, "p"))
        taken = await asyncio.gather(*(one.take_link(f"link-{number}", NOW) for one in replicas))
        assert sum(one is not None for one in taken) == 1
    assert Grant("ada", PORTAL, LATER, "p") in taken


async def test_sessions_end_with_their_parent(opened: Callable[[], SqlRecords]) -> None:
    records = opened()
    await records.add_session("parent", Grant("ada", PORTAL, LATER))
    await records.add_session("child", Grant("ada", "service/user-ada/lab-1", LATER, "parent"))
    await records.add_link("link", Grant("ada", "service/user-ada/lab-1", LATER, "parent"))
    assert await records.session("child", LATER) is None  # it has ended by itself
    await records.drop_session("parent")
    assert await records.session("child", NOW) is None
    assert await records.take_link("link", NOW) is None


async def test_long_and_strange_names_are_kept_whole(opened: Callable[[], SqlRecords]) -> None:
    records = opened()
    name = "é" * 255
    await records.add_session("digest", Grant(name, f"service/{'p' * 63}/{'r' * 53}", LATER))
    kept = await records.session("digest", NOW)
    assert kept is not None and kept.username == name
    await records.save_preferences(name, Preferences(language="fr", theme=Theme.DARK))
    assert (await records.preferences(name)).theme is Theme.DARK
    await records.record(name, "service.launch", "t" * 5000, "done")
    assert len((await records.entries(AuditFilter()))[0].target) == 5000


async def test_one_replica_at_a_time_renews_a_person(opened: Callable[[], SqlRecords]) -> None:
    one, other = opened(), opened()
    assert not await one.lease_person("ada", now=NOW, until=LATER)
    person = KeptPerson("ada", "issuer subject", {"groups": ["a"]}, "sealed", NOW)
    await one.keep_person(person)
    assert await other.person("ada") == person
    until = NOW + timedelta(seconds=30)
    asked = [one.lease_person("ada", now=NOW, until=until) for one in (one, other, one, other)]
    assert sum(await asyncio.gather(*asked)) == 1
    assert await other.lease_person("ada", now=until + timedelta(seconds=1), until=LATER)
    await other.release_person("ada")
    assert await one.lease_person("ada", now=NOW, until=until)
    await other.keep_person(person)
    assert await one.lease_person("ada", now=NOW, until=until)


async def test_two_replicas_keep_a_new_person_at_once(opened: Callable[[], SqlRecords]) -> None:
    one, other = opened(), opened()
    people = [KeptPerson(f"p{number}", "i s", {}, "", NOW) for number in range(10)]
    await asyncio.gather(*(r.keep_person(p) for p in people for r in (one, other)))
    assert all([await one.person(person.username) for person in people])


async def test_ending_access_is_complete(opened: Callable[[], SqlRecords]) -> None:
    records = opened()
    for name in ("ada", "bob"):
        await records.keep_person(KeptPerson(name, "i s", {}, "sealed", NOW))
        await records.add_session(f"s-{name}", Grant(name, PORTAL, LATER))
        await records.add_link(f"l-{name}", Grant(name, PORTAL, LATER))
        await records.add_api_token(f"t-{name}", ApiToken(f"n-{name}", name, "x", NOW, LATER))
    await records.end_sessions("ada")
    assert await records.session("s-ada", NOW) is None
    assert await records.api_token("t-ada") is not None
    kept = await records.person("ada")
    assert kept is not None and kept.sealed == ""
    await records.end_access("ada")
    assert await records.api_token("t-ada") is None
    assert await records.session("s-bob", NOW) is not None
    assert await records.api_token("t-bob") == ApiToken("n-bob", "bob", "x", NOW, LATER)
    assert await records.take_link("l-ada", NOW) is None


async def test_the_audit_is_filtered_and_paged(opened: Callable[[], SqlRecords]) -> None:
    records = opened()
    for number in range(30):
        who = "Ada" if number % 2 else "bob_x"
        result = "done" if number % 3 else "quota_exceeded"
        await records.record(who, "service.pause", f"user-ada/lab-{number}", result)
    await records.record("bob%x", "token.make", "50% of it", "done")

    async def found(**asked: object) -> int:
        return len(await records.entries(AuditFilter(**asked)))  # type: ignore[arg-type]

    assert await found() == 31
    assert await found(by="ADA") == 15
    assert await found(by="bob_") == 15  # a name's underscore is no wildcard
    assert await found(by="%") == 1
    assert await found(username="ada") == 0
    assert await found(action="service.") == 30
    assert await found(target="LAB-1") == 11
    assert await found(failed=True) == 10
    assert await found(since=LATER) == 0
    assert await found(until=LATER) == 31
    first = await records.entries(AuditFilter(limit=10))
    then = await records.entries(AuditFilter(limit=100, before=first[-1].number))
    assert len(then) == 21
    assert first[0].action == "token.make"


async def test_a_database_of_a_newer_version_is_refused(
    opened: Callable[[], SqlRecords], tmp_path: Path
) -> None:
    records = opened()
    await records._run(lambda s: s.execute(update(SchemaRow).values(version=SCHEMA + 1)))
    with pytest.raises(DatabaseNewerError):
        prepare(records._database.engine)


async def test_all_who_work_on_a_database_share_its_threads(tmp_path: Path) -> None:
    """SQLite has one writer: a second thread would only wait for the first one's lock."""
    database = sqlite_database(tmp_path / "portal.sqlite")
    users: tuple[SqlDatabase, ...] = (SqlRecords(database), SqlKeptLogs(database))
    users += (SqlReleaseGrants(database), SqlOwnCharts(database))
    ran = await asyncio.gather(
        *(one._run(lambda _: threading.get_ident()) for one in users for _ in range(5))
    )
    assert len(set(ran)) == 1
    database.close()


async def test_a_table_of_an_earlier_version_gets_its_column(
    opened: Callable[[], SqlRecords],
) -> None:
    older = opened()._database
    columns = "INSERT INTO release_grants (project, release, owner, token, places)"
    with older.engine.begin() as connection:
        connection.execute(text("ALTER TABLE release_grants DROP COLUMN profile"))
        connection.execute(text(f"{columns} VALUES ('p', 'lab', 'ada', 'd', '[]')"))
        connection.execute(update(SchemaRow).values(version=3))
    grants = SqlReleaseGrants(opened()._database)
    assert await grants.of_token("d") == ReleaseGrant("p", "lab", "ada", "d")
    # A replica of that version that still runs writes without it.
    with older.engine.begin() as connection:
        connection.execute(text(f"{columns} VALUES ('p', 'late', 'ada', 'e', '[]')"))
    assert await grants.of_token("e") == ReleaseGrant("p", "late", "ada", "e")
    await grants.save(ReleaseGrant("p", "new", "ada", "f", profile="team-soil"))
    kept = await grants.of_token("f")
    assert kept is not None
    assert kept.profile == "team-soil"


@pytest.mark.real
async def test_a_database_that_was_away_is_met_again(server: RunningPostgresql) -> None:
    records = SqlRecords(postgresql_database(server.address, server.password))
    try:
        await records.answers()
        server.stop()
        for ask in (records.answers(), records.session("digest", NOW)):
            with pytest.raises(DatabaseUnavailableError) as caught:
                await ask
            assert server.password.reveal() not in str(caught.value)
        with pytest.raises(DatabaseUnavailableError):
            postgresql_database(server.address, server.password)
        server.start()
        await records.answers()
    finally:
        if server.process.poll() is not None:
            server.start()
        records.close()


@pytest.mark.real
def test_a_wrong_password_is_told_without_it(server: RunningPostgresql) -> None:
    from sardonyx.values import Secret

    with pytest.raises(DatabaseUnavailableError) as caught:
        postgresql_database(server.address, Secret("wrong-password"))
    assert "wrong-password" not in str(caught.value) + repr(caught.value)


async def test_a_database_of_before_is_taken_over(tmp_path: Path) -> None:
    """What `sardonyx up` wrote before there were people and tokens."""
    database = sqlite_database(tmp_path / "portal.sqlite")
    with database.engine.begin() as connection:
        for table in ("people", "api_tokens", "schema_version"):
            connection.execute(text(f"DROP TABLE {table}"))
    database.close()
    records = SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))
    await records.keep_person(KeptPerson("ada", "i s", {}, "", NOW))
    assert await records.person("ada") is not None
    records.close()


async def test_a_database_of_the_version_before_gets_the_columns_that_joined_since(
    opened: Callable[[], SqlRecords],
) -> None:
    records = opened()
    await records.save_preferences("ada", Preferences(git_name="Ada"))
    with records._database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE preferences DROP COLUMN git_cache_seconds"))
        connection.execute(update(SchemaRow).values(version=2))
    upgraded, once_more = opened(), opened()
    assert await upgraded.preferences("ada") == Preferences(git_name="Ada")
    await upgraded.save_preferences("ada", Preferences(git_cache_seconds=60))
    assert (await once_more.preferences("ada")).git_cache_seconds == 60
    with records._database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE preferences DROP COLUMN git_cache_seconds"))
        connection.execute(text("DELETE FROM schema_version"))  # as of before it was noted
    assert await opened().preferences("ada") == Preferences()


async def test_a_profile_of_any_text_is_kept(opened: Callable[[], SqlRecords]) -> None:
    records = opened()
    assert await records.profile("ada") is None
    await records.save_profile("ada", {"patch": [{"path": ["a"], "value": "é\x00\ud800"}]})
    assert await records.profile("ada") == {"patch": [{"path": ["a"], "value": "é\x00\ud800"}]}
