"""People, and the platform's public fakes put together for the tests of files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sardonyx.adapters.oidc.identity import local_person
from sardonyx.files.models import Access, Column, S3Credentials, Table
from sardonyx.files.service import Files
from sardonyx.projects.models import Project
from sardonyx.testing.identity import People
from sardonyx.testing.object_store import MemoryBroker, MemoryObjectStore, MemoryStorage

ADA = local_person("ada")
EVE = local_person("eve")
PEOPLE = People(names=("ada", "eve"))


def ticking() -> Callable[[], datetime]:
    """Return a clock that never shows the same time twice."""
    now = datetime.now(UTC)

    def tick() -> datetime:
        nonlocal now
        now += timedelta(milliseconds=1)
        return now

    return tick


class OneRow:
    """A TableReader that answers every question with the question, in one cell."""

    async def preview(
        self, credentials: S3Credentials, bucket: str, key: str, *, rows: int
    ) -> Table:
        return _table(f"preview {bucket}/{key} {rows}")

    async def query(
        self, credentials: S3Credentials, bucket: str, key: str, sql: str, *, rows: int
    ) -> Table:
        return _table(f"{sql} {bucket}/{key} {rows}")


@dataclass(slots=True)
class RecordingBroker:
    """A CredentialBroker that remembers who asked for which keys."""

    broker: MemoryBroker
    asked: list[tuple[str, str, Access]] = field(default_factory=list)

    async def credentials(
        self,
        *,
        username: str,
        project: Project,
        access: Access = Access.READ_WRITE,
        profile: str | None = None,
    ) -> S3Credentials:
        self.asked.append((username, project.bucket, access))
        return await self.broker.credentials(
            username=username, project=project, access=access, profile=profile
        )


class World:
    """The file service over a storage in memory."""

    def __init__(self) -> None:
        self.storage = MemoryStorage(now=ticking())
        self.broker = RecordingBroker(MemoryBroker(self.storage, PEOPLE, PEOPLE.issuer))
        self.files = Files(
            broker=self.broker, store=MemoryObjectStore(self.storage), tables=OneRow()
        )

    def keys(self) -> list[str]:
        return sorted(self.storage.buckets.get("user-ada", {}))


def _table(cell: str) -> Table:
    return Table((Column("asked", "VARCHAR"),), ((cell,),), False, 1, 0.01, 1)
