"""Send signed requests to S3 and turn what it refuses into the errors of files, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import httpx2

from sardonyx.adapters.s3.signing import Query, signed_request
from sardonyx.adapters.s3.xml import AnswerError, parse, text
from sardonyx.errors import PlatformError
from sardonyx.files.errors import (
    AccessRefusedError,
    ObjectExistsError,
    ObjectNameError,
    ObjectNotFoundError,
    StoreUnavailableError,
)
from sardonyx.files.models import S3Credentials

# Reading may wait for a busy disk; connecting to a store that is up takes milliseconds.
_TIMEOUT = httpx2.Timeout(60.0, connect=5.0)
# Larger payloads are hashed in a thread, so that other requests go on meanwhile.
_HASHED_HERE = 256 * 1024


class StoreAnswerError(Exception):
    """The store's own words (`<Code>: <Message>`), the cause of the error a person sees."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `key` empty addresses the bucket itself."""

    method: str
    bucket: str
    key: str = ""
    query: Query = ()
    headers: Mapping[str, str] | None = None
    payload: bytes = b""

    @property
    def path(self) -> str:
        return f"/{self.bucket}/{self.key}" if self.key else f"/{self.bucket}"


@dataclass(frozen=True, slots=True)
class S3Caller:
    """Sends calls with a person's keys. Raises the errors of files for every refusal."""

    client: httpx2.AsyncClient
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def send(self, credentials: S3Credentials, call: Call) -> httpx2.Response:
        """Return the answer, read whole."""
        async with self.stream(credentials, call) as answer:
            with _transport_faults():
                await answer.aread()
            return answer

    @asynccontextmanager
    async def stream(
        self, credentials: S3Credentials, call: Call
    ) -> AsyncIterator[httpx2.Response]:
        """Give the answer with its body still to be read. A broken body is a store fault."""
        request = await self._request(credentials, call)
        with _transport_faults():
            try:
                answer = await self.client.send(request, stream=True)
            except (httpx2.ReadError, httpx2.RemoteProtocolError):
                # The store closed a kept connection as we took it up. Twice is once here,
                # but for what creates or only writes when new.
                if call.method == "POST" or "If-None-Match" in (call.headers or {}):
                    raise
                answer = await self.client.send(request, stream=True)
        try:
            if not answer.is_success:
                with _transport_faults():
                    await answer.aread()
                raise refusal(call, answer)
            with _transport_faults():
                yield answer
        finally:
            await answer.aclose()

    async def _request(self, credentials: S3Credentials, call: Call) -> httpx2.Request:
        def sign() -> httpx2.Request:
            signed = signed_request(
                credentials,
                call.method,
                call.path,
                query=call.query,
                headers=call.headers,
                payload=call.payload,
                now=self.now(),
            )
            return self.client.build_request(
                call.method,
                signed.url,
                headers=dict(signed.headers),
                content=call.payload or None,
                timeout=_TIMEOUT,
            )

        return await asyncio.to_thread(sign) if len(call.payload) > _HASHED_HERE else sign()


class _transport_faults:  # noqa: N801 - used as a with statement
    """Raise StoreUnavailableError for a connection that fails."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, httpx2.HTTPError):
            raise StoreUnavailableError from error


def refusal(call: Call, answer: httpx2.Response) -> PlatformError:
    """Return the error for an answer that is no success, with the store's words as its cause."""
    code, message = _reason(answer)
    cause = StoreAnswerError(f"{answer.status_code} {code}: {message}")
    error = _error(call, answer.status_code)
    error.__cause__ = cause
    return error


def _error(call: Call, status: int) -> PlatformError:
    match status:
        case HTTPStatus.NOT_FOUND:
            return ObjectNotFoundError(key=call.key or call.bucket)
        case HTTPStatus.FORBIDDEN | HTTPStatus.UNAUTHORIZED:
            return AccessRefusedError(bucket=call.bucket)
        case HTTPStatus.PRECONDITION_FAILED | HTTPStatus.CONFLICT:
            return ObjectExistsError(key=call.key or call.bucket)
        case HTTPStatus.BAD_REQUEST if call.key:
            return ObjectNameError(key=call.key)
        case _:
            return StoreUnavailableError()


def _reason(answer: httpx2.Response) -> tuple[str, str]:
    if not answer.content:  # as for HEAD
        return "", ""
    try:
        root = parse(answer.content)
    except AnswerError:
        return "", ""
    return text(root, "Code"), text(root, "Message")
