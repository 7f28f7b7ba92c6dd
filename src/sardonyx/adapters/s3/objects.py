"""Keep objects in any S3 store, with the keys of whoever asks. It decides nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import httpx2

from sardonyx.adapters.s3.calls import Call, S3Caller, StoreAnswerError
from sardonyx.adapters.s3.names import checked_file_key, checked_key
from sardonyx.adapters.s3.signing import presigned_address, quoted
from sardonyx.adapters.s3.upload import Upload, raise_if_error
from sardonyx.adapters.s3.xml import AnswerError, parse, text
from sardonyx.files.errors import (
    AccessRefusedError,
    ObjectExistsError,
    ObjectNotFoundError,
    StoreUnavailableError,
)
from sardonyx.files.models import Listing, S3Credentials, StoredObject

_DELETED_AT_ONCE = 1000
_READ_AT_ONCE = 256 * 1024


class S3ObjectStore:
    """An ObjectStore on the S3 protocol. Names that a store would change are refused."""

    def __init__(
        self,
        *,
        client: httpx2.AsyncClient,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._now = now
        self._caller = S3Caller(client, now)

    async def ensure_bucket(self, credentials: S3Credentials, bucket: str) -> None:
        """Create the bucket when it is missing."""
        try:
            await self._caller.send(credentials, Call("HEAD", bucket))
        except ObjectNotFoundError:
            try:
                await self._caller.send(credentials, Call("PUT", bucket))
            except ObjectExistsError:  # another was first: is it ours?
                await self._caller.send(credentials, Call("HEAD", bucket))

    async def list_folder(
        self,
        credentials: S3Credentials,
        bucket: str,
        prefix: str,
        *,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Listing:
        """Return one page of the folder; its own marker is left out."""
        page = await self._page(credentials, bucket, prefix, cursor, limit=limit, delimiter="/")
        return Listing(
            prefix=prefix,
            folders=tuple(_prefixes(page)),
            objects=tuple(found for found in _objects(page) if found.key != prefix),
            cursor=_next_cursor(page),
        )

    async def walk(
        self, credentials: S3Credentials, bucket: str, prefix: str
    ) -> AsyncIterator[StoredObject]:
        """Yield every object whose key starts with `prefix`, folder markers too."""
        cursor: str | None = None
        while True:
            page = await self._page(credentials, bucket, prefix, cursor)
            for found in _objects(page):
                yield found
            cursor = _next_cursor(page)
            if cursor is None:
                return

    async def head(self, credentials: S3Credentials, bucket: str, key: str) -> StoredObject:
        """Return the object's description. Raises ObjectNotFoundError."""
        answer = await self._caller.send(credentials, Call("HEAD", bucket, checked_key(key)))
        return StoredObject(
            key=key,
            size=int(answer.headers["content-length"]),
            modified=parsedate_to_datetime(answer.headers["last-modified"]).astimezone(UTC),
            etag=answer.headers.get("etag", "").strip('"'),
        )

    async def put(
        self,
        credentials: S3Credentials,
        bucket: str,
        key: str,
        content: AsyncIterator[bytes],
        *,
        overwrite: bool = True,
    ) -> StoredObject:
        """Store the content whole or not at all; memory holds some parts of it (24 MiB)."""
        checked_file_key(key)
        if not overwrite:
            await self._refuse_existing(credentials, bucket, key)
        await Upload(self._caller, credentials, bucket, key, overwrite).run(content)
        return await self.head(credentials, bucket, key)

    async def get(
        self,
        credentials: S3Credentials,
        bucket: str,
        key: str,
        *,
        start: int = 0,
        length: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield the object's bytes; nothing when `start` is at its end or beyond."""
        if length is not None and length <= 0:
            await self.head(credentials, bucket, key)
            return
        last = "" if length is None else str(start + length - 1)
        headers = {"Range": f"bytes={start}-{last}"} if start or last else None
        call = Call("GET", bucket, checked_key(key), headers=headers)
        try:
            async with self._caller.stream(credentials, call) as answer:
                async for piece in answer.aiter_raw(_READ_AT_ONCE):
                    yield piece
        except StoreUnavailableError as error:
            if _beyond_the_end(error):
                return
            raise

    async def delete(self, credentials: S3Credentials, bucket: str, keys: list[str]) -> None:
        """Delete the objects, a thousand a request; an absent one is no fault."""
        remaining = iter([checked_key(key) for key in keys])
        while batch := list(islice(remaining, _DELETED_AT_ONCE)):
            sayable = [key for key in batch if _fits_xml(key)]
            if sayable:
                await self._delete_batch(credentials, bucket, sayable)
            for key in set(batch) - set(sayable):
                await self._caller.send(credentials, Call("DELETE", bucket, key))
        await self._forget_empty_folders(credentials, bucket, _folders_of(keys))

    async def copy(self, credentials: S3Credentials, bucket: str, source: str, to: str) -> None:
        """Copy one object inside a bucket. Raises ObjectNotFoundError."""
        headers = {"x-amz-copy-source": quoted(f"/{bucket}/{checked_key(source)}")}
        call = Call("PUT", bucket, checked_key(to), headers=headers)
        try:
            answer = await self._caller.send(credentials, call)
        except ObjectNotFoundError as error:
            raise ObjectNotFoundError(key=source) from error
        raise_if_error(call, answer.content)

    def presign_get(
        self, credentials: S3Credentials, bucket: str, key: str, life: timedelta
    ) -> str:
        """Return an address for GET; it dies with the keys if these die earlier."""
        return presigned_address(
            credentials, f"/{bucket}/{checked_key(key)}", life=life, now=self._now()
        )

    async def _refuse_existing(self, credentials: S3Credentials, bucket: str, key: str) -> None:
        """Spare the sending of what the condition on the request would refuse at the end."""
        try:
            await self.head(credentials, bucket, key)
        except ObjectNotFoundError:
            return
        raise ObjectExistsError(key=key)

    async def _forget_empty_folders(
        self, credentials: S3Credentials, bucket: str, folders: Iterable[str]
    ) -> None:
        """Delete folders that hold no object, deepest first.

        To S3 they do not exist; SeaweedFS goes on listing them for some minutes. A folder that
        somebody made (an empty object ending in `/`) holds that object and stays.
        """
        for folder in sorted(folders, key=len, reverse=True):
            page = await self._page(credentials, bucket, folder, None, limit=1)
            if not any(_objects(page)):
                await self._caller.send(credentials, Call("DELETE", bucket, folder))

    async def _page(
        self,
        credentials: S3Credentials,
        bucket: str,
        prefix: str,
        cursor: str | None,
        *,
        limit: int = 1000,
        delimiter: str | None = None,
    ) -> Element:
        # Keys come quoted: XML has no place for control characters, which keys may hold.
        query = [
            ("list-type", "2"),
            ("encoding-type", "url"),
            ("max-keys", str(limit)),
            ("prefix", prefix),
        ]
        if delimiter is not None:
            query.append(("delimiter", delimiter))
        if cursor is not None:
            query.append(("continuation-token", cursor))
        answer = await self._caller.send(credentials, Call("GET", bucket, query=query))
        try:
            return parse(answer.content)
        except AnswerError as error:
            raise StoreUnavailableError from error

    async def _delete_batch(
        self, credentials: S3Credentials, bucket: str, keys: Iterable[str]
    ) -> None:
        listed = "".join(f"<Object><Key>{_xml_text(key)}</Key></Object>" for key in keys)
        body = f"<Delete><Quiet>true</Quiet>{listed}</Delete>".encode()
        digest = hashlib.md5(body, usedforsecurity=False).digest()  # asked for by the protocol
        call = Call(
            "POST",
            bucket,
            query=[("delete", "")],
            headers={"Content-MD5": base64.b64encode(digest).decode()},
            payload=body,
        )
        answer = await self._caller.send(credentials, call)
        raise_if_error(call, answer.content)
        for failed in parse(answer.content).iter("Error"):
            code = text(failed, "Code")
            cause = StoreAnswerError(f"{code}: {text(failed, 'Message')}")
            if code == "AccessDenied":
                raise AccessRefusedError(bucket=bucket) from cause
            raise StoreUnavailableError from cause


def _folders_of(keys: Iterable[str]) -> set[str]:
    """Return every folder above the keys: `a/` and `a/b/` for `a/b/c`."""
    return {key[: place + 1] for key in keys for place, char in enumerate(key[:-1]) if char == "/"}


def _objects(page: Element) -> Iterable[StoredObject]:
    for entry in page.iter("Contents"):
        yield StoredObject(
            key=unquote_plus(text(entry, "Key")),
            size=int(text(entry, "Size") or 0),
            modified=datetime.fromisoformat(text(entry, "LastModified")).astimezone(UTC),
            etag=text(entry, "ETag").strip('"'),
        )


def _prefixes(page: Element) -> Iterable[str]:
    for entry in page.iter("CommonPrefixes"):
        yield unquote_plus(text(entry, "Prefix"))


def _next_cursor(page: Element) -> str | None:
    if text(page, "IsTruncated") != "true":
        return None
    return text(page, "NextContinuationToken") or None


def _beyond_the_end(error: StoreUnavailableError) -> bool:
    return isinstance(error.__cause__, StoreAnswerError) and str(error.__cause__).startswith("416")


def _fits_xml(key: str) -> bool:
    """Tell whether XML 1.0 can say the key: no control characters but tab and line ends."""
    return all(
        char in "\t\n\r"
        or "\x20" <= char <= "\ud7ff"
        or "\ue000" <= char <= "\ufffd"
        or char > "\uffff"
        for char in key
    )


def _xml_text(key: str) -> str:
    # Bare line ends are changed by XML parsers.
    return escape(key, {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})
