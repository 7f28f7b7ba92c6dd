"""Store a stream of unknown length whole or not at all, in bounded memory.

A short stream is one PUT; a longer one a multipart upload that appears only when completed and
is aborted when the stream, the store or the caller gives up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from sardonyx.adapters.s3.calls import Call, S3Caller, StoreAnswerError
from sardonyx.adapters.s3.xml import AnswerError, parse, text
from sardonyx.errors import PlatformError
from sardonyx.files.errors import StoreUnavailableError
from sardonyx.files.models import S3Credentials

_MIB = 1024 * 1024
_PART = 8 * _MIB
# The protocol allows 10,000 parts: they double at each of these steps (8 TiB in all, and the
# first 8 GiB with parts of 8 MiB).
_PARTS_OF_A_SIZE = 1000
# Parts sent at a time; memory holds one more, being filled.
_AT_ONCE = 2
_ONLY_IF_NEW: Mapping[str, str] = {"If-None-Match": "*"}


@dataclass(frozen=True, slots=True)
class Upload:
    """One object being stored at `bucket`/`key` with a person's keys."""

    caller: S3Caller
    credentials: S3Credentials
    bucket: str
    key: str
    overwrite: bool

    async def run(self, content: AsyncIterator[bytes]) -> int:
        """Store the content and return its bytes. Raises what `content` raises, storing nothing.

        Raises ObjectExistsError when not overwriting and the key is taken.
        """
        parts = _parts(content)
        first = await anext(parts, b"")
        second = await anext(parts, None) if len(first) >= _PART else None
        if second is None:
            call = Call("PUT", self.bucket, self.key, headers=self._condition(), payload=first)
            await self.caller.send(self.credentials, call)
            return len(first)
        return await self._multipart(_with_first((first, second), parts))

    async def _multipart(self, parts: AsyncIterator[bytes]) -> int:
        upload_id = await self._begin()
        try:
            tags, size = await self._send_parts(upload_id, parts)
            await self._complete(upload_id, tags)
        except BaseException:  # a cancelled upload must leave nothing either
            await asyncio.shield(self._abort(upload_id))
            raise
        return size

    async def _begin(self) -> str:
        call = Call("POST", self.bucket, self.key, query=[("uploads", "")])
        answer = await self.caller.send(self.credentials, call)
        try:
            return text(parse(answer.content), "UploadId")
        except AnswerError as error:
            raise StoreUnavailableError from error

    async def _send_parts(
        self, upload_id: str, parts: AsyncIterator[bytes]
    ) -> tuple[list[str], int]:
        """Return the parts' ETags in order, and the sum of their bytes."""
        tags: dict[int, str] = {}
        size = 0
        slots = asyncio.Semaphore(_AT_ONCE)

        async def send(number: int, part: bytes) -> None:
            try:
                query = [("partNumber", str(number)), ("uploadId", upload_id)]
                call = Call("PUT", self.bucket, self.key, query=query, payload=part)
                tags[number] = (await self.caller.send(self.credentials, call)).headers["etag"]
            finally:
                slots.release()

        try:
            async with asyncio.TaskGroup() as sending:
                number = 0
                async for part in parts:
                    await slots.acquire()
                    number, size = number + 1, size + len(part)
                    sending.create_task(send(number, part))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        return [tags[number] for number in sorted(tags)], size

    async def _complete(self, upload_id: str, tags: list[str]) -> None:
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(tag)}</ETag></Part>"
            for number, tag in enumerate(tags, start=1)
        )
        call = Call(
            "POST",
            self.bucket,
            self.key,
            query=[("uploadId", upload_id)],
            headers=self._condition(),
            payload=f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode(),
        )
        answer = await self.caller.send(self.credentials, call)
        raise_if_error(call, answer.content)

    async def _abort(self, upload_id: str) -> None:
        call = Call("DELETE", self.bucket, self.key, query=[("uploadId", upload_id)])
        # The reason of the abort matters more than that of a failed one.
        with contextlib.suppress(PlatformError):
            await self.caller.send(self.credentials, call)

    def _condition(self) -> Mapping[str, str] | None:
        return None if self.overwrite else _ONLY_IF_NEW


def raise_if_error(call: Call, content: bytes) -> None:
    """Raise when a 200 answer holds an error after all: S3 begins some before it knows."""
    try:
        root = parse(content)
    except AnswerError as error:
        raise StoreUnavailableError from error
    if root.tag == "Error":
        code = text(root, "Code")
        raise StoreUnavailableError from StoreAnswerError(f"{call.method} {code}")


async def _parts(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the content in parts; all but the last have the size of their place."""
    filling = bytearray()
    number = 0
    async for piece in content:
        filling += piece
        while len(filling) >= (size := _PART << (number // _PARTS_OF_A_SIZE)):
            yield bytes(memoryview(filling)[:size])
            del filling[:size]
            number += 1
    if filling:
        yield bytes(filling)


async def _with_first(first: tuple[bytes, ...], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for part in first:
        yield part
    async for part in rest:
        yield part
