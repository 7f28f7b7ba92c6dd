"""The smallest stand-ins for the ports of files, kept in memory."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from sardonyx.files.errors import (
    AccessRefusedError,
    ObjectExistsError,
    ObjectNotFoundError,
)
from sardonyx.files.models import (
    Access,
    Column,
    Listing,
    S3Credentials,
    StoredObject,
    Table,
)
from sardonyx.projects.models import Actor, Project
from sardonyx.values import Secret

MINE = Project(id="user-ada", name="ada", bucket="user-ada", secrets_folder="user-ada")
ADA = Actor(username="ada", full_name="Ada", email="ada@example.org", projects=(MINE,))
HERS = Project(id="user-eve", name="eve", bucket="user-eve", secrets_folder="user-eve")
EVE = Actor(username="eve", full_name="Eve", email="eve@example.org", projects=(HERS,))
START = datetime(2025, 3, 1, 12, tzinfo=UTC)


class Broker:
    """Gives keys whose session token names the bucket and what is allowed."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Access]] = []

    async def credentials(
        self, *, username: str, project: Project, access: Access = Access.READ_WRITE
    ) -> S3Credentials:
        self.asked.append((username, project.bucket, access))
        return S3Credentials(
            access_key_id="AKIA-TEST",
            secret_access_key=Secret("s3-secret"),
            session_token=Secret(f"{project.bucket} {access}"),
            expiration=datetime.now(UTC) + timedelta(hours=1),
            endpoint="http://127.0.0.1:9",
            region="us-east-1",
        )


class MemoryStore:
    """Objects in a dictionary; refuses keys made for another bucket or only for reading."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, tuple[bytes, datetime]]] = {}
        self._writes = 0

    async def ensure_bucket(self, credentials: S3Credentials, bucket: str) -> None:
        self.buckets.setdefault(bucket, {})

    async def list_folder(
        self,
        credentials: S3Credentials,
        bucket: str,
        prefix: str,
        *,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Listing:
        folders: list[str] = []
        objects: list[StoredObject] = []
        async for stored in self.walk(credentials, bucket, prefix):
            rest = stored.key[len(prefix) :]
            if "/" in rest:
                folder = prefix + rest.partition("/")[0] + "/"
                if folder not in folders:
                    folders.append(folder)
            else:
                objects.append(stored)
        first = int(cursor or 0)
        more = str(first + limit) if first + limit < len(objects) else None
        return Listing(prefix, tuple(folders), tuple(objects[first : first + limit]), more)

    async def walk(
        self, credentials: S3Credentials, bucket: str, prefix: str
    ) -> AsyncIterator[StoredObject]:
        objects = self._open(credentials, bucket)
        for key in sorted(objects):
            if key.startswith(prefix):
                yield _described(key, *objects[key])

    async def head(self, credentials: S3Credentials, bucket: str, key: str) -> StoredObject:
        objects = self._open(credentials, bucket)
        if key not in objects:
            raise ObjectNotFoundError(key=key)
        return _described(key, *objects[key])

    async def put(
        self,
        credentials: S3Credentials,
        bucket: str,
        key: str,
        content: AsyncIterator[bytes],
        *,
        overwrite: bool = True,
    ) -> StoredObject:
        objects = self._open(credentials, bucket, writing=True)
        if not overwrite and key in objects:
            raise ObjectExistsError(key=key)
        whole = b"".join([block async for block in content])
        self._writes += 1
        objects[key] = (whole, START + timedelta(seconds=self._writes))
        return _described(key, *objects[key])

    async def get(
        self,
        credentials: S3Credentials,
        bucket: str,
        key: str,
        *,
        start: int = 0,
        length: int | None = None,
    ) -> AsyncIterator[bytes]:
        await self.head(credentials, bucket, key)
        content = self._open(credentials, bucket)[key][0][start:]
        yield content if length is None else content[:length]

    async def delete(self, credentials: S3Credentials, bucket: str, keys: list[str]) -> None:
        assert len(keys) <= 1000
        objects = self._open(credentials, bucket, writing=True)
        for key in keys:
            objects.pop(key, None)

    async def copy(self, credentials: S3Credentials, bucket: str, source: str, to: str) -> None:
        objects = self._open(credentials, bucket, writing=True)
        objects[to] = objects[source]

    def presign_get(
        self, credentials: S3Credentials, bucket: str, key: str, life: timedelta
    ) -> str:
        return f"{credentials.endpoint}/{bucket}/{key}?expires={int(life.total_seconds())}"

    def _open(
        self, credentials: S3Credentials, bucket: str, *, writing: bool = False
    ) -> dict[str, tuple[bytes, datetime]]:
        owner, _, access = credentials.session_token.reveal().partition(" ")
        if owner != bucket or (writing and access != Access.READ_WRITE):
            raise AccessRefusedError(bucket=bucket)
        return self.buckets[bucket]


class OneRow:
    """Answers every question with the question."""

    async def preview(
        self, credentials: S3Credentials, bucket: str, key: str, *, rows: int
    ) -> Table:
        return _table(f"preview {bucket}/{key} {rows}")

    async def query(
        self, credentials: S3Credentials, bucket: str, key: str, sql: str, *, rows: int
    ) -> Table:
        return _table(f"{sql} {bucket}/{key} {rows}")


def _table(cell: str) -> Table:
    return Table((Column("asked", "VARCHAR"),), ((cell,),), False, 1, 0.01, 1)


def _described(key: str, content: bytes, modified: datetime) -> StoredObject:
    return StoredObject(key, len(content), modified, hashlib.sha256(content).hexdigest())
