"""Secrets of the platform's own, kept sealed in the database."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sardonyx.adapters.oidc.sealing import Sealer
from sardonyx.adapters.sql.database import sqlite_database
from sardonyx.adapters.sql.kept_secrets import SqlKeptSecrets
from sardonyx.projects.models import Project
from sardonyx.secrets.errors import SecretConflictError, SecretNotFoundError
from sardonyx.values import Secret

HERS, OTHER = (
    Project(
        id=f"user-{name}",
        name=name,
        bucket=f"user-{name}",
        secrets_folder=f"user-{name}",
    )
    for name in ("ada", "eve")
)


async def test_they_are_kept_sealed_and_bound_to_their_place(tmp_path: Path) -> None:
    file, sealer = tmp_path / "portal.sqlite", Sealer(os.urandom(32))
    kept = SqlKeptSecrets(sqlite_database(file), sealer)
    written = await kept.write(
        username="ada", project=HERS, path=".sardonyx/git", entries={"T": Secret("hunter2")}
    )
    assert written.version == 1
    found = await kept.read(username="ada", project=HERS, path=".sardonyx/git")
    assert (found.entries["T"].reveal(), found.version) == ("hunter2", 1)
    assert "hunter2" not in repr(found)
    assert b"hunter2" not in b"".join(one.read_bytes() for one in tmp_path.iterdir())
    with pytest.raises(SecretNotFoundError):
        await kept.read(username="eve", project=OTHER, path=".sardonyx/git")
    elsewhere = SqlKeptSecrets(sqlite_database(file), Sealer(os.urandom(32)))
    with pytest.raises(SecretNotFoundError):
        await elsewhere.read(username="ada", project=HERS, path=".sardonyx/git")
    await kept.delete(username="ada", project=HERS, path=".sardonyx/git")
    with pytest.raises(SecretNotFoundError):
        await kept.delete(username="ada", project=HERS, path=".sardonyx/git")
    kept.close()
    elsewhere.close()


async def test_what_another_key_file_sealed_can_be_written_anew(tmp_path: Path) -> None:
    file = tmp_path / "portal.sqlite"
    before = SqlKeptSecrets(sqlite_database(file), Sealer(os.urandom(32)))
    after = SqlKeptSecrets(sqlite_database(file), Sealer(os.urandom(32)))

    async def write(kept: SqlKeptSecrets, text: str, expected: int) -> None:
        entries = {"P": Secret(text)}
        await kept.write(
            username="ada", project=HERS, path="p", entries=entries, expected_version=expected
        )

    await write(before, "old", 0)
    await write(before, "older", 1)
    await write(after, "new", 0)
    found = await after.read(username="ada", project=HERS, path="p")
    assert found.entries["P"].reveal() == "new"
    with pytest.raises(SecretConflictError):
        await write(after, "again", 0)
    before.close()
    after.close()


async def test_of_two_who_write_the_second_is_told(tmp_path: Path) -> None:
    kept = SqlKeptSecrets(sqlite_database(tmp_path / "portal.sqlite"), Sealer(os.urandom(32)))

    async def write(text: str, expected: int | None) -> int:
        entries = {"P": Secret(text)}
        made = await kept.write(
            username="ada", project=HERS, path="p", entries=entries, expected_version=expected
        )
        return made.version

    assert await write("a", 0) == 1
    with pytest.raises(SecretConflictError):
        await write("b", 0)
    assert await write("c", 1) == 2
    assert await write("d", None) == 3
    kept.close()
