"""What the platform keeps for a person among their secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from sardonyx.account.service import Accounts
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.testing.identity import People
from sardonyx.testing.secret_store import MemorySecretStore
from sardonyx.testing.storage_probe import MemoryProbe
from sardonyx.values import Secret


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def secret_store(people: People) -> MemorySecretStore:
    return MemorySecretStore(people, people.issuer)


def accounts(store: MemorySecretStore, folder: Path) -> Accounts:
    records = SqlRecords(sqlite_database(folder / "portal.sqlite"))
    return Accounts(records=records, secret_store=store, probe=MemoryProbe())


async def test_the_forge_token_is_a_secret_and_can_be_forgotten(
    people: People, secret_store: MemorySecretStore, tmp_path: Path
) -> None:
    ada = await people.actor("ada")
    account = accounts(secret_store, tmp_path)
    assert await account.git_token(ada) is None
    await account.save_git_token(ada, Secret("glpat-1"))
    assert await account.git_token(ada) == Secret("glpat-1")
    await account.save_git_token(ada, None)
    assert await account.git_token(ada) is None
    assert b"glpat-1" not in (tmp_path / "portal.sqlite").read_bytes()
