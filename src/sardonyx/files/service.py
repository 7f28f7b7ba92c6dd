"""Serve a person's files: browse, store, fetch, look into tables.

Every method takes who acts and in which project, and checks it; the store checks again, as
the person, by the keys that every call carries.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

from sardonyx.data.sample import (
    SAMPLE_KEY,
    SAMPLE_README_KEY,
    sample_parquet,
    sample_readme,
)
from sardonyx.done import Commands, Done
from sardonyx.files import commands
from sardonyx.files.errors import ObjectExistsError, ObjectNotFoundError, UploadInterruptedError
from sardonyx.files.formats import format_of_name
from sardonyx.files.models import Access, Listing, S3Credentials, StoredObject, Table
from sardonyx.files.names import SameNameError, checked_key, checked_prefix, printable
from sardonyx.files.places import PlacedStore, PlacedTables, place_of
from sardonyx.files.ports import CredentialBroker, ObjectStore, TableReader
from sardonyx.files.snippets import python_snippet, reading_notebook
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.service import authorised_project

_DELETE_BATCH = 1000  # keys of one delete request, the limit of S3
_PREVIEW_ROWS = 50
_QUERY_ROWS = 1000


class Files:
    """Files of projects, in a store reached with the keys of the person who acts."""

    def __init__(
        self, *, broker: CredentialBroker, store: ObjectStore, tables: TableReader
    ) -> None:
        self._broker = broker
        self._store = PlacedStore(store)
        self._tables = PlacedTables(tables)
        self._buckets_seen: set[str] = set()

    async def prepare(self, actor: Actor, project: str) -> None:
        """Make the project's bucket when it is missing. Raises StoreUnavailableError."""
        await self._keys(actor, project)

    async def listing(
        self, actor: Actor, project: str, prefix: str = "", *, cursor: str | None = None
    ) -> Listing:
        """Return one page of a folder, newest writes included."""
        prefix = checked_prefix(prefix)
        keys, bucket = await self._keys(actor, project)
        return await self._store.list_folder(keys, bucket, prefix, cursor=cursor)

    async def describe(self, actor: Actor, project: str, key: str) -> StoredObject:
        """Raises ObjectNotFoundError."""
        checked_key(key)
        keys, bucket = await self._keys(actor, project)
        return await self._store.head(keys, bucket, key)

    async def recent(self, actor: Actor, project: str, limit: int = 5) -> tuple[StoredObject, ...]:
        """Return the `limit` objects written last, newest first. Reads the whole bucket's list."""
        keys, bucket = await self._keys(actor, project)
        found = [item async for item in self._store.walk(keys, bucket, "")]
        return tuple(heapq.nlargest(limit, found, key=lambda item: item.modified))

    async def upload(
        self,
        actor: Actor,
        project: str,
        key: str,
        content: AsyncIterator[bytes],
        *,
        overwrite: bool,
        size: int | None = None,
    ) -> Done[StoredObject]:
        """Store `content` whole or not at all; `size` is what the sender announced, in bytes.

        Raises ObjectExistsError, ObjectNameError, UploadInterruptedError when the content ends
        early, late, or breaks off.
        """
        checked_key(key)
        keys, bucket = await self._keys(actor, project)
        stored = await self._store.put(
            keys, bucket, key, _whole(key, content, size), overwrite=overwrite
        )
        return Done(stored, commands.upload_commands(bucket, key, overwrite=overwrite))

    async def download(
        self, actor: Actor, project: str, key: str, *, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Return the bytes of a file from `start`. Raises ObjectNotFoundError before the first."""
        checked_key(key)
        keys, bucket = await self._keys(actor, project)
        return self._store.get(keys, bucket, key, start=start, length=length)

    async def delete(self, actor: Actor, project: str, names: Sequence[str]) -> Done[int]:
        """Delete files and return how many were named; an absent one is no fault."""
        wanted = [checked_key(name) for name in names]
        keys, bucket = await self._keys(actor, project)
        for first in range(0, len(wanted), _DELETE_BATCH):
            await self._store.delete(keys, bucket, wanted[first : first + _DELETE_BATCH])
        return Done(len(wanted), commands.delete_commands(bucket, wanted))

    async def count_folder(self, actor: Actor, project: str, prefix: str) -> tuple[int, int]:
        """Return how many files a folder holds, sub-folders included, and their bytes."""
        prefix = checked_prefix(prefix)
        keys, bucket = await self._keys(actor, project)
        count = size = 0
        async for item in self._store.walk(keys, bucket, prefix):
            count, size = count + 1, size + item.size
        return count, size

    async def delete_folder(self, actor: Actor, project: str, prefix: str) -> Done[int]:
        """Delete all that is in a folder; return how many files that were.

        Raises ObjectNotFoundError when the folder is empty, ObjectNameError for the root.
        """
        prefix = checked_key(prefix.removesuffix("/"), field="prefix") + "/"
        keys, bucket = await self._keys(actor, project)
        # All names first: deleting while listing would skip pages in some stores.
        found = [item.key async for item in self._store.walk(keys, bucket, prefix)]
        if not found:
            raise ObjectNotFoundError(key=prefix, field="prefix")
        for first in range(0, len(found), _DELETE_BATCH):
            await self._store.delete(keys, bucket, found[first : first + _DELETE_BATCH])
        return Done(len(found), commands.delete_folder_commands(bucket, prefix))

    async def copy(
        self, actor: Actor, project: str, source: str, to: str, *, overwrite: bool = False
    ) -> Done[StoredObject]:
        """Copy one file inside the project. Raises ObjectNotFoundError, ObjectExistsError."""
        stored, bucket = await self._copied(actor, project, source, to, overwrite=overwrite)
        return Done(stored, commands.copy_commands(bucket, source, to))

    async def move(
        self, actor: Actor, project: str, source: str, to: str, *, overwrite: bool = False
    ) -> Done[StoredObject]:
        """Move one file inside the project: the old one goes only when the new one is there."""
        stored, bucket = await self._copied(actor, project, source, to, overwrite=overwrite)
        keys, _ = await self._keys(actor, project)
        await self._store.delete(keys, bucket, [source])
        return Done(stored, commands.move_commands(bucket, source, to))

    async def preview(
        self, actor: Actor, project: str, key: str, *, rows: int = _PREVIEW_ROWS
    ) -> Done[Table]:
        """Return the first rows of a table. Raises PreviewError's kin."""
        checked_key(key)
        keys, bucket = await self._keys(actor, project, Access.READ_ONLY)
        table = await self._tables.preview(keys, bucket, key, rows=rows)
        return Done(
            table,
            commands.table_commands(bucket, key, kind=format_of_name(key), sql=None, rows=rows),
        )

    async def query(
        self, actor: Actor, project: str, key: str, sql: str, *, rows: int = _QUERY_ROWS
    ) -> Done[Table]:
        """Run one SELECT where `data` is the file. Raises PreviewError's kin."""
        checked_key(key)
        keys, bucket = await self._keys(actor, project, Access.READ_ONLY)
        table = await self._tables.query(keys, bucket, key, sql, rows=rows)
        return Done(
            table,
            commands.table_commands(bucket, key, kind=format_of_name(key), sql=sql, rows=rows),
        )

    async def snippet(self, actor: Actor, project: str, key: str) -> str:
        """Return the Python that reads that very file in a notebook of the platform."""
        return python_snippet(place_of(authorised_project(actor, project)), checked_key(key))

    def notebook(
        self, actor: Actor, project: str, key: str, *, language: str = "en"
    ) -> tuple[str, bytes]:
        """Return name and content of a small notebook that reads that very file."""
        bucket = place_of(authorised_project(actor, project))
        return reading_notebook(bucket, checked_key(key), language=language)

    async def share(
        self, actor: Actor, project: str, key: str, life: timedelta
    ) -> tuple[str, timedelta]:
        """Return an address that downloads the file without keys, and how long it really works.

        It dies with the keys it was made with, however long `life` is.
        """
        described = await self.describe(actor, project, key)
        keys, bucket = await self._keys(actor, project)
        left = max(keys.expiration - datetime.now(UTC), timedelta(0))
        real = min(life, left)
        return self._store.presign_get(keys, bucket, described.key, real), real

    async def credentials(self, actor: Actor, project: str) -> S3Credentials:
        """Return short-lived keys for the person's own tools."""
        keys, _ = await self._keys(actor, project)
        return keys

    def folder_commands(self, actor: Actor, project: str, prefix: str = "") -> Commands:
        """Return the commands that list a folder."""
        bucket = place_of(authorised_project(actor, project))
        return commands.listing_commands(bucket, checked_prefix(prefix))

    def download_commands(self, actor: Actor, project: str, key: str) -> Commands:
        """Return the commands that fetch a file."""
        bucket = place_of(authorised_project(actor, project))
        return commands.download_commands(bucket, checked_key(key))

    async def add_sample(self, actor: Actor, project: str) -> Done[StoredObject]:
        """Put the sample table beside a note of its level; an existing one is written anew."""
        await self.upload(
            actor, project, SAMPLE_README_KEY, _once(sample_readme().encode()), overwrite=True
        )
        return await self.upload(
            actor, project, SAMPLE_KEY, _once(await sample_parquet()), overwrite=True
        )

    async def _copied(
        self, actor: Actor, project: str, source: str, to: str, *, overwrite: bool
    ) -> tuple[StoredObject, str]:
        checked_key(source, field="source")
        checked_key(to, field="to")
        if source == to:
            raise SameNameError(key=source, field="to")
        keys, bucket = await self._keys(actor, project)
        await self._store.head(keys, bucket, source)
        if not overwrite and await self._exists(keys, bucket, to):
            raise ObjectExistsError(key=to, field="to")
        await self._store.copy(keys, bucket, source, to)
        return await self._store.head(keys, bucket, to), bucket

    async def _exists(self, keys: S3Credentials, bucket: str, key: str) -> bool:
        try:
            await self._store.head(keys, bucket, key)
        except ObjectNotFoundError:
            return False
        return True

    async def _keys(
        self, actor: Actor, project: str, access: Access = Access.READ_WRITE
    ) -> tuple[S3Credentials, str]:
        """Return keys to the project's place, and its name. Raises ProjectNotFoundError."""
        owner: Project = authorised_project(actor, project)
        keys = await self._broker.credentials(username=actor.username, project=owner, access=access)
        place = place_of(owner)
        if place not in self._buckets_seen and access is Access.READ_WRITE:
            await self._store.ensure_bucket(keys, place)
            self._buckets_seen.add(place)
        return keys, place


async def _whole(key: str, content: AsyncIterator[bytes], size: int | None) -> AsyncIterator[bytes]:
    """Pass `content` on; raise UploadInterruptedError unless exactly `size` bytes came."""
    received = 0
    async for block in content:
        received += len(block)
        if size is not None and received > size:
            break
        yield block
    if size is not None and received != size:
        raise UploadInterruptedError(key=printable(key), received=received)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
