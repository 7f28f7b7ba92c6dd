"""An object store in memory that refuses what a real one refuses."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError

from sardonyx.adapters.oidc.issuer import AUDIENCE, Issuer
from sardonyx.adapters.s3.names import checked_file_key, checked_key
from sardonyx.files.errors import (
    AccessRefusedError,
    ObjectExistsError,
    ObjectNotFoundError,
    StorageProfileGoneError,
)
from sardonyx.files.models import Access, Listing, S3Credentials, StoredObject
from sardonyx.launcher.s3_profiles import DEFAULT
from sardonyx.projects.models import Project
from sardonyx.projects.ports import IdentityProvider
from sardonyx.values import Secret

_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Keys:
    subject: str
    access: Access
    given: S3Credentials


@dataclass(slots=True)
class MemoryStorage:
    """What broker and store share: the keys given out, the objects, the addresses given out."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    keys: dict[str, _Keys] = field(default_factory=dict)
    buckets: dict[str, dict[str, tuple[bytes, StoredObject]]] = field(default_factory=dict)
    addresses: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)


@dataclass(slots=True)
class MemoryBroker:
    """A CredentialBroker of one profile: believes `issuer`, gives keys that live an hour."""

    storage: MemoryStorage
    identity: IdentityProvider
    issuer: Issuer
    _kept: dict[tuple[str, str, Access], S3Credentials] = field(default_factory=dict)

    async def credentials(
        self,
        *,
        username: str,
        project: Project,
        access: Access = Access.READ_WRITE,
        profile: str | None = None,
    ) -> S3Credentials:
        if profile is not None and profile != DEFAULT:
            raise StorageProfileGoneError(profile=profile, project=project.id)
        now = self.storage.now()
        kept = self._kept.get((username, project.id, access))
        if kept is not None and kept.expiration - now > timedelta(minutes=30):
            return kept
        subject = self._subject(await self.identity.web_identity(username), project)
        given = S3Credentials(
            access_key_id=f"ASIA{secrets.token_hex(8).upper()}",
            secret_access_key=Secret(secrets.token_hex(16)),
            session_token=Secret(secrets.token_hex(16)),
            expiration=now + timedelta(hours=1),
            endpoint="http://storage.test",
            region="us-east-1",
        )
        self.storage.keys[given.access_key_id] = _Keys(subject, access, given)
        self._kept[username, project.id, access] = given
        return given

    def _subject(self, token: Secret, project: Project) -> str:
        try:
            claims = jwt.decode(token.reveal(), self.issuer.key, algorithms=["ES256"]).claims
        except JoseError as error:
            raise AccessRefusedError(bucket=project.bucket) from error
        if claims["aud"] != AUDIENCE or claims["exp"] < datetime.now(UTC).timestamp():
            raise AccessRefusedError(bucket=project.bucket)
        return str(claims["sub"])


@dataclass(slots=True)
class MemoryObjectStore:
    """An ObjectStore: keys reach the bucket `user-<subject>` and no other."""

    storage: MemoryStorage

    async def ensure_bucket(self, credentials: S3Credentials, bucket: str) -> None:
        self._allowed(credentials, bucket, writes=bucket not in self.storage.buckets)
        self.storage.buckets.setdefault(bucket, {})

    async def list_folder(
        self,
        credentials: S3Credentials,
        bucket: str,
        prefix: str,
        *,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Listing:
        held = self._objects(credentials, bucket)
        entries: dict[str, StoredObject | None] = {}
        for key in sorted(held):
            inner = key.removeprefix(prefix)
            if key.startswith(prefix) and inner:
                folder, slash, _ = inner.partition("/")
                entries[prefix + folder + slash] = None if slash else held[key][1]
        names = [name for name in sorted(entries) if cursor is None or name > cursor]
        page = names[:limit]
        return Listing(
            prefix=prefix,
            folders=tuple(name for name in page if entries[name] is None),
            objects=tuple(found for name in page if (found := entries[name]) is not None),
            cursor=page[-1] if len(names) > limit else None,
        )

    async def walk(
        self, credentials: S3Credentials, bucket: str, prefix: str
    ) -> AsyncIterator[StoredObject]:
        held = self._objects(credentials, bucket)
        for key in sorted(held):
            if key.startswith(prefix):
                yield held[key][1]

    async def head(self, credentials: S3Credentials, bucket: str, key: str) -> StoredObject:
        return self._found(credentials, bucket, key)[1]

    async def put(
        self,
        credentials: S3Credentials,
        bucket: str,
        key: str,
        content: AsyncIterator[bytes],
        *,
        overwrite: bool = True,
    ) -> StoredObject:
        held = self._objects(credentials, bucket, writes=True)
        checked_file_key(key)
        if not overwrite and key in held:
            raise ObjectExistsError(key=key)
        whole = b"".join([piece async for piece in content])
        if not overwrite and key in held:  # another was faster
            raise ObjectExistsError(key=key)
        return self._store(held, key, whole)

    async def get(
        self,
        credentials: S3Credentials,
        bucket: str,
        key: str,
        *,
        start: int = 0,
        length: int | None = None,
    ) -> AsyncIterator[bytes]:
        whole = self._found(credentials, bucket, key)[0]
        asked = whole[start : None if length is None else start + length]
        for place in range(0, len(asked), _PIECE):
            yield asked[place : place + _PIECE]

    async def delete(self, credentials: S3Credentials, bucket: str, keys: list[str]) -> None:
        held = self._objects(credentials, bucket, writes=True)
        for key in [checked_key(key) for key in keys]:
            held.pop(key, None)

    async def copy(self, credentials: S3Credentials, bucket: str, source: str, to: str) -> None:
        content = self._found(credentials, bucket, source)[0]
        self._store(self._objects(credentials, bucket, writes=True), checked_key(to), content)

    def presign_get(
        self, credentials: S3Credentials, bucket: str, key: str, life: timedelta
    ) -> str:
        content = self._found(credentials, bucket, key)[0]
        address = f"{credentials.endpoint}/{secrets.token_hex(8)}"
        self.storage.addresses[address] = (content, self.storage.now() + life)
        return address

    def fetch(self, address: str) -> bytes | None:
        """Return what an address of `presign_get` downloads; None when it is refused."""
        content, until = self.storage.addresses.get(
            address, (b"", datetime.min.replace(tzinfo=UTC))
        )
        return content if until > self.storage.now() else None

    def _store(
        self, held: dict[str, tuple[bytes, StoredObject]], key: str, content: bytes
    ) -> StoredObject:
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        stored = StoredObject(key, len(content), self.storage.now(), etag)
        held[key] = (content, stored)
        return stored

    def _found(
        self, credentials: S3Credentials, bucket: str, key: str
    ) -> tuple[bytes, StoredObject]:
        held = self._objects(credentials, bucket)
        if checked_key(key) not in held:
            raise ObjectNotFoundError(key=key)
        return held[key]

    def _objects(
        self, credentials: S3Credentials, bucket: str, *, writes: bool = False
    ) -> dict[str, tuple[bytes, StoredObject]]:
        self._allowed(credentials, bucket, writes=writes)
        if bucket not in self.storage.buckets:
            raise ObjectNotFoundError(key=bucket)
        return self.storage.buckets[bucket]

    def _allowed(self, credentials: S3Credentials, bucket: str, *, writes: bool) -> None:
        known = self.storage.keys.get(credentials.access_key_id)
        if (
            known is None
            or known.given != credentials
            or known.given.expiration <= self.storage.now()
            or bucket != f"user-{known.subject}"
            or (writes and known.access is Access.READ_ONLY)
        ):
            raise AccessRefusedError(bucket=bucket)
