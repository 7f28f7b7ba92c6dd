"""What files need from outside: keys, a store, an engine that reads tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Protocol

from sardonyx.files.models import Access, Listing, S3Credentials, StoredObject, Table
from sardonyx.projects.models import Project


class CredentialBroker(Protocol):
    """Swaps a person's identity for short-lived keys to their project's bucket."""

    async def credentials(
        self,
        *,
        username: str,
        project: Project,
        access: Access = Access.READ_WRITE,
        profile: str | None = None,
    ) -> S3Credentials:
        """Return keys with well over 15 minutes left unless the store caps them shorter.

        profile: the name of a storage profile that the project offers the person now; None for
        the one it works with. Raises StorageProfileGoneError where it offers none of that name,
        StoreUnavailableError, or AccessRefusedError when the store refuses the person.
        """


class ObjectStore(Protocol):
    """Objects in buckets. Every call carries the keys it acts with."""

    async def ensure_bucket(self, credentials: S3Credentials, bucket: str) -> None:
        """Create the bucket when it is missing."""

    async def list_folder(
        self,
        credentials: S3Credentials,
        bucket: str,
        prefix: str,
        *,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Listing:
        """Return one page of the folder `prefix` (empty, or ending in `/`)."""

    def walk(
        self, credentials: S3Credentials, bucket: str, prefix: str
    ) -> AsyncIterator[StoredObject]:
        """Yield every object whose key starts with `prefix`, in the order of the store."""

    async def head(self, credentials: S3Credentials, bucket: str, key: str) -> StoredObject:
        """Return the object's description. Raises ObjectNotFoundError."""

    async def put(
        self,
        credentials: S3Credentials,
        bucket: str,
        key: str,
        content: AsyncIterator[bytes],
        *,
        overwrite: bool = True,
    ) -> StoredObject:
        """Store `content` whole or not at all: an iterator that raises changes nothing.

        Raises ObjectExistsError when `overwrite` is false and the key is taken.
        """

    def get(
        self,
        credentials: S3Credentials,
        bucket: str,
        key: str,
        *,
        start: int = 0,
        length: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield the object's bytes from `start`. Raises ObjectNotFoundError before the first."""

    async def delete(self, credentials: S3Credentials, bucket: str, keys: list[str]) -> None:
        """Delete the objects; an absent one is no fault."""

    async def copy(self, credentials: S3Credentials, bucket: str, source: str, to: str) -> None:
        """Copy one object inside a bucket."""

    def presign_get(
        self, credentials: S3Credentials, bucket: str, key: str, life: timedelta
    ) -> str:
        """Return an address that downloads the object without keys for at most `life`."""


class TableReader(Protocol):
    """Reads tabular objects in a process that can reach nothing but the bucket."""

    async def preview(
        self, credentials: S3Credentials, bucket: str, key: str, *, rows: int
    ) -> Table:
        """Return the first rows of a Parquet, CSV or JSON object. Raises PreviewError's kin."""

    async def query(
        self, credentials: S3Credentials, bucket: str, key: str, sql: str, *, rows: int
    ) -> Table:
        """Run one SELECT where `data` is the object. Raises PreviewError's kin."""
