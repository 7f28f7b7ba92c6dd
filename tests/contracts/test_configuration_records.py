"""Run the contract of saved configurations on the fake.

`tests/adapters/sql` runs it on SQLite and PostgreSQL.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from tests.contracts.configuration_records import ConfigurationRecordsContract, Open, kept

from sardonyx.account.configurations.errors import ConfigurationsUnreadableError
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.testing.configurations import MemoryConfigurations


class TestMemory(ConfigurationRecordsContract):
    @pytest.fixture
    def opened(self) -> Open:
        made = MemoryConfigurations()
        return lambda: made


@pytest.mark.parametrize(
    "damaged",
    [
        "not json",
        "[]",
        "{}",
        '{"configurations": [{}], "kept": [["a", 1, "ada", "2026-03-01T12:00:00+00:00"]]}',
        '{"configurations": [], "kept": [["a", 1, "ada", "2026-03-01T12:00:00+00:00"]]}',
    ],
)
async def test_what_cannot_be_read_is_no_empty_list(tmp_path: Path, damaged: str) -> None:
    database = sqlite_database(tmp_path / "portal.sqlite")
    records = SqlRecords(database)
    try:
        await records.replace_configurations("soil", [kept("a")], number=0)
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE configurations SET document = :d"), {"d": damaged})
        with pytest.raises(ConfigurationsUnreadableError):
            await records.configurations("soil")
    finally:
        records.close()
