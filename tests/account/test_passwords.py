"""The password of a project's services (launcher.md 16, portal.md 14)."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from sardonyx.account.models import AuditFilter
from sardonyx.account.passwords import PASSWORD_PATH, ServicePasswords
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.projects.errors import ProjectNotFoundError
from sardonyx.projects.models import Project
from sardonyx.secrets.errors import SecretConflictError
from sardonyx.testing.identity import People
from sardonyx.testing.secret_store import MemorySecretStore
from sardonyx.values import Secret


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def secret_store(people: People) -> MemorySecretStore:
    return MemorySecretStore(people, people.issuer)


@pytest.fixture
def records(tmp_path: Path) -> SqlRecords:
    return SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))


async def test_it_is_drawn_once_and_kept(
    people: People, secret_store: MemorySecretStore, records: SqlRecords
) -> None:
    ada = await people.actor("ada")
    first = ServicePasswords(secret_store=secret_store, audit=records, mount="kv")
    other = ServicePasswords(secret_store=secret_store, audit=records, mount="kv")
    shown = await first.show(ada, "user-ada")
    assert await other.current(ada, ada.personal_project) == shown.result
    assert len(shown.result.reveal()) == 20
    assert shown.commands.platform == "sardonyx projects password show\n"
    assert "bao kv get -mount=kv -field=PASSWORD user-ada/.sardonyx/services" in (
        shown.commands.underneath
    )


async def test_one_that_somebody_removed_is_drawn_anew_beside_what_is_there(
    people: People, secret_store: MemorySecretStore, records: SqlRecords
) -> None:
    ada = await people.actor("ada")
    place: Any = {"username": "ada", "project": ada.personal_project, "path": PASSWORD_PATH}
    await secret_store.write(**place, entries={"OTHER": Secret("kept")})
    passwords = ServicePasswords(secret_store=secret_store, audit=records, mount="kv")
    drawn = await passwords.current(ada, ada.personal_project)
    found = await secret_store.read(**place)
    assert found.entries == {"OTHER": Secret("kept"), "PASSWORD": drawn}


async def test_a_renewal_counts_at_once_here_and_soon_in_another_replica(
    people: People, secret_store: MemorySecretStore, records: SqlRecords
) -> None:
    ada = await people.actor("ada")
    now = [0.0]
    passwords, other = (
        ServicePasswords(secret_store=secret_store, audit=records, mount="kv", now=lambda: now[0])
        for _ in range(2)
    )
    old = await other.current(ada, ada.personal_project)
    renewed = await passwords.renew(ada, "user-ada")
    assert renewed.result != old
    assert await passwords.current(ada, ada.personal_project) == renewed.result
    now[0] += 15
    assert await other.current(ada, ada.personal_project) == renewed.result
    assert renewed.result.reveal() not in renewed.commands.underneath


async def test_a_renewal_is_in_the_audit_and_the_password_is_not(
    people: People, secret_store: MemorySecretStore, records: SqlRecords, tmp_path: Path
) -> None:
    ada = await people.actor("ada")
    renewed = await ServicePasswords(secret_store=secret_store, audit=records, mount="kv").renew(
        ada, "user-ada"
    )
    entry = (await records.entries(AuditFilter(username="ada")))[0]
    assert (entry.action, entry.target, entry.result) == (
        "project.renew_password",
        "user-ada",
        "done",
    )
    records.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert renewed.result.reveal().encode() not in kept


async def test_a_project_of_others_shows_and_renews_nothing(
    people: People, secret_store: MemorySecretStore, records: SqlRecords
) -> None:
    bob = await people.actor("bob")
    passwords = ServicePasswords(secret_store=secret_store, audit=records, mount="kv")
    with pytest.raises(ProjectNotFoundError):
        await passwords.show(bob, "user-ada")
    with pytest.raises(ProjectNotFoundError):
        await passwords.renew(bob, "user-ada")
    assert secret_store.held == {}


async def test_commands_name_a_project_that_is_not_ones_own(
    people: People, secret_store: MemorySecretStore, records: SqlRecords
) -> None:
    ada = await people.actor("ada")
    soil = Project("soil", "Soil", "soil", "soil", group="soil")
    member = dataclasses.replace(ada, projects=(*ada.projects, soil))
    commands = ServicePasswords(secret_store=secret_store, audit=records, mount="kv").commands(
        member, "soil"
    )
    assert commands.platform == "sardonyx projects password show --project soil\n"


async def test_without_a_secret_store_no_other_tool_is_named(
    people: People, secret_store: MemorySecretStore, records: SqlRecords
) -> None:
    ada = await people.actor("ada")
    renewed = await ServicePasswords(secret_store=secret_store, audit=records).renew(
        ada, "user-ada"
    )
    assert renewed.commands.platform == "sardonyx projects password renew\n"
    assert "bao" not in renewed.commands.underneath


async def test_the_one_that_another_portal_drew_first_counts(
    people: People, secret_store: MemorySecretStore, records: SqlRecords
) -> None:
    ada = await people.actor("ada")
    first = ServicePasswords(secret_store=secret_store, audit=records, mount="kv")
    racing = Racing(people, people.issuer, secret_store.held)
    racing.before_write = lambda: first.current(ada, ada.personal_project)
    late = await ServicePasswords(secret_store=racing, audit=records, mount="kv").show(
        ada, "user-ada"
    )
    assert late.result == await first.current(ada, ada.personal_project)


async def test_a_store_that_always_changes_meanwhile_ends_in_a_conflict(
    people: People, secret_store: MemorySecretStore, records: SqlRecords
) -> None:
    ada = await people.actor("ada")
    secret_store.held["user-ada/.sardonyx/services"] = Unsettled()  # type: ignore[assignment]
    passwords = ServicePasswords(secret_store=secret_store, audit=records, mount="kv")
    with pytest.raises(SecretConflictError):
        await passwords.renew(ada, "user-ada")


@dataclasses.dataclass
class Racing(MemorySecretStore):
    """A store to which somebody else writes between a read and a write."""

    before_write: Any = None

    async def write(self, **given: Any) -> Any:
        if self.before_write is not None:
            act, self.before_write = self.before_write, None
            await act()
        return await super().write(**given)


class Unsettled:
    """A secret whose version is another each time one looks."""

    def __init__(self) -> None:
        self.entries: dict[str, Secret] = {}
        self._version = 0

    @property
    def version(self) -> int:
        self._version += 1
        return self._version
