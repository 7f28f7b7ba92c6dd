"""What gives releases their credentials, on a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.credentials.world import Broker, People, Vault, find_chart

from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.grants import SqlReleaseGrants
from sardonyx.credentials.service import Credentials


@pytest.fixture
def grants(tmp_path: Path) -> Iterator[SqlReleaseGrants]:
    made = SqlReleaseGrants(sqlite_database(tmp_path / "portal.sqlite"))
    yield made
    made.close()


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def credentials(grants: SqlReleaseGrants, people: People, broker: Broker) -> Credentials:
    return Credentials(
        grants=grants,
        identity=people,
        broker=broker,
        secret_store=Vault(),
        find_chart=find_chart,
        address="https://sardonyx.example",
    )
