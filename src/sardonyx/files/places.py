"""Reach a project's place where its bucket is shared: names are those inside the place.

A place is written `bucket` or `bucket/folder`; for the store behind it is a bucket and the
beginning of every key. What it answers is named from inside the place again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

from sardonyx.files.models import Listing, S3Credentials, StoredObject, Table
from sardonyx.files.ports import ObjectStore, TableReader
from sardonyx.projects.models import Project


def place_of(project: Project) -> str:
    """Return the project's place: `bucket`, or `bucket/folder` without a slash at the end."""
    return f"{project.bucket}/{project.prefix}".rstrip("/")


class PlacedStore:
    """An ObjectStore that takes places for buckets."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def ensure_bucket(self, credentials: S3Credentials, bucket: str) -> None:
        """Create the bucket when it is missing; one that is shared is its keeper's to make."""
        name, folder = _parts(bucket)
        if not folder:
            await self._store.ensure_bucket(credentials, name)

    async def list_folder(
        self,
        credentials: S3Credentials,
        bucket: str,
        prefix: str,
        *,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Listing:
        name, folder = _parts(bucket)
        found = await self._store.list_folder(
            credentials, name, folder + prefix, cursor=cursor, limit=limit
        )
        return Listing(
            prefix=prefix,
            folders=tuple(one.removeprefix(folder) for one in found.folders),
            objects=tuple(_inside(one, folder) for one in found.objects),
            cursor=found.cursor,
        )

    async def walk(
        self, credentials: S3Credentials, bucket: str, prefix: str
    ) -> AsyncIterator[StoredObject]:
        name, folder = _parts(bucket)
        async for found in self._store.walk(credentials, name, folder + prefix):
            yield _inside(found, folder)

    async def head(self, credentials: S3Credentials, bucket: str, key: str) -> StoredObject:
        name, folder = _parts(bucket)
        return _inside(await self._store.head(credentials, name, folder + key), folder)

    async def put(
        self,
        credentials: S3Credentials,
        bucket: str,
        key: str,
        content: AsyncIterator[bytes],
        *,
        overwrite: bool = True,
    ) -> StoredObject:
        name, folder = _parts(bucket)
        stored = await self._store.put(
            credentials, name, folder + key, content, overwrite=overwrite
        )
        return _inside(stored, folder)

    def get(
        self,
        credentials: S3Credentials,
        bucket: str,
        key: str,
        *,
        start: int = 0,
        length: int | None = None,
    ) -> AsyncIterator[bytes]:
        name, folder = _parts(bucket)
        return self._store.get(credentials, name, folder + key, start=start, length=length)

    async def delete(self, credentials: S3Credentials, bucket: str, keys: list[str]) -> None:
        name, folder = _parts(bucket)
        await self._store.delete(credentials, name, [folder + key for key in keys])

    async def copy(self, credentials: S3Credentials, bucket: str, source: str, to: str) -> None:
        name, folder = _parts(bucket)
        await self._store.copy(credentials, name, folder + source, folder + to)

    def presign_get(
        self, credentials: S3Credentials, bucket: str, key: str, life: timedelta
    ) -> str:
        name, folder = _parts(bucket)
        return self._store.presign_get(credentials, name, folder + key, life)


class PlacedTables:
    """A TableReader that takes places for buckets."""

    def __init__(self, tables: TableReader) -> None:
        self._tables = tables

    async def preview(
        self, credentials: S3Credentials, bucket: str, key: str, *, rows: int
    ) -> Table:
        name, folder = _parts(bucket)
        return await self._tables.preview(credentials, name, folder + key, rows=rows)

    async def query(
        self, credentials: S3Credentials, bucket: str, key: str, sql: str, *, rows: int
    ) -> Table:
        name, folder = _parts(bucket)
        return await self._tables.query(credentials, name, folder + key, sql, rows=rows)


def _parts(place: str) -> tuple[str, str]:
    """Return bucket and folder; the folder is empty or ends in a slash."""
    name, _, folder = place.partition("/")
    return name, f"{folder}/" if folder else ""


def _inside(found: StoredObject, folder: str) -> StoredObject:
    return replace(found, key=found.key.removeprefix(folder)) if folder else found
