"""Changes of files and secrets are recorded, with their result and without any value."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.web.stub_platform import ADA, PROJECT, Rows

from sardonyx.files.audited import AuditedFiles
from sardonyx.files.errors import ObjectExistsError
from sardonyx.secrets.audited import AuditedSecrets
from sardonyx.secrets.errors import SecretNotFoundError
from sardonyx.testing.identity import People
from sardonyx.testing.object_store import MemoryBroker, MemoryObjectStore, MemoryStorage
from sardonyx.testing.secret_store import MemorySecretStore
from sardonyx.values import Secret


@dataclass(slots=True)
class Kept:
    """An audit in a list."""

    entries: list[tuple[str, str, str, str]] = field(default_factory=list)

    async def record(self, username: str, action: str, target: str, result: str) -> None:
        self.entries.append((username, action, target, result))


async def _bytes() -> AsyncIterator[bytes]:
    yield b"content"


async def test_changes_of_files_are_recorded() -> None:
    kept, people, storage = Kept(), People(), MemoryStorage()
    files = AuditedFiles(
        broker=MemoryBroker(storage, people, people.issuer),
        store=MemoryObjectStore(storage),
        tables=Rows(),
        audit=kept,
    )
    project = PROJECT.id
    await files.upload(ADA, project, "a.csv", _bytes(), overwrite=False)
    with pytest.raises(ObjectExistsError):
        await files.upload(ADA, project, "a.csv", _bytes(), overwrite=False)
    await files.copy(ADA, project, "a.csv", "d/b.csv")
    await files.move(ADA, project, "a.csv", "d/c.csv")
    await files.share(ADA, project, "d/c.csv", timedelta(hours=1))
    await files.listing(ADA, project)
    await files.delete(ADA, project, ["d/b.csv", "x", "y"])
    await files.delete_folder(ADA, project, "d/")
    assert kept.entries == [
        ("ada", "files.upload", "user-ada/a.csv", "done"),
        ("ada", "files.upload", "user-ada/a.csv", "object_exists"),
        ("ada", "files.copy", "user-ada/a.csv → d/b.csv", "done"),
        ("ada", "files.move", "user-ada/a.csv → d/c.csv", "done"),
        ("ada", "files.share", "user-ada/d/c.csv", "done"),
        ("ada", "files.delete", "user-ada/d/b.csv (+2)", "done"),
        ("ada", "files.delete", "user-ada/d/", "done"),
    ]


async def test_changes_of_secrets_are_recorded_without_a_value() -> None:
    kept, people = Kept(), People()
    secrets = AuditedSecrets(
        store=MemorySecretStore(people, people.issuer), address="http://127.0.0.1:8", audit=kept
    )
    project = PROJECT.id
    await secrets.write(ADA, project, "db/census", {"PASSWORD": Secret("hidden-value")})
    await secrets.set_keys(ADA, project, "db/census", {"USER": Secret("hidden-value")})
    await secrets.remove_key(ADA, project, "db/census", "USER")
    await secrets.read(ADA, project, "db/census")
    await secrets.delete(ADA, project, "db/census")
    with pytest.raises(SecretNotFoundError):
        await secrets.remove_key(ADA, project, "db/census", "USER")
    assert [(action, result) for _, action, _, result in kept.entries] == [
        ("secrets.write", "done"),
        ("secrets.change", "done"),
        ("secrets.change", "done"),
        ("secrets.delete", "done"),
        ("secrets.change", "secret_not_found"),
    ]
    assert "hidden-value" not in str(kept.entries)
