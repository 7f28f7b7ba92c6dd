"""Reach a store that a person named themselves, and say in a word what it answers.

It is asked for one page of one folder, or for its buckets; what it sends beyond a megabyte is not
read, and no redirect is followed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx2

from sardonyx.account.errors import StorageRefusedError, StorageUnreachableError
from sardonyx.adapters.http.outward import InsideError
from sardonyx.adapters.s3.signing import quoted, signed_request
from sardonyx.adapters.s3.xml import AnswerError, parse, text
from sardonyx.files.models import S3Credentials
from sardonyx.launcher.context import DEFAULT_S3_REGION
from sardonyx.launcher.own_profiles import OwnProfile
from sardonyx.values import Secret

_SECONDS = 15.0  # of a whole probe, however slowly its answer drips
_EACH_SECONDS = httpx2.Timeout(10.0, connect=5.0)
_MOST_BYTES = 1024 * 1024
_ANSWERS = frozenset({"ListBucketResult", "ListAllMyBucketsResult"})


class S3Probe:
    """The StorageProbe of the S3 protocol."""

    def __init__(
        self,
        connect: Callable[[], httpx2.AsyncClient],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        seconds: float = _SECONDS,
    ) -> None:
        """connect: makes the client of one probe; it decides which machines may be asked.

        seconds: the longest a probe takes.
        """
        self._connect = connect
        self._now = now
        self._seconds = seconds

    async def probe(self, store: OwnProfile) -> None:
        """See `StorageProbe`."""
        url, headers = self._request(store)
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._connect() as client,
                client.stream(
                    "GET", url, headers=headers, timeout=_EACH_SECONDS, follow_redirects=False
                ) as answer,
            ):
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > _MOST_BYTES:
                        break
                status = answer.status_code
            root = parse(body[:_MOST_BYTES])
        except (
            httpx2.HTTPError,
            httpx2.InvalidURL,
            InsideError,
            AnswerError,
            TimeoutError,
        ) as error:
            raise StorageUnreachableError(url=store.url) from error
        kind = root.tag
        if status == httpx2.codes.OK and kind in _ANSWERS:
            return
        if kind != "Error":
            raise StorageUnreachableError(url=store.url)
        code = text(root, "Code")
        shown = code if code.isascii() and code.isalnum() and len(code) <= 60 else str(status)
        raise StorageRefusedError(url=store.url, reason=shown)

    def _request(self, store: OwnProfile) -> tuple[str, dict[str, str]]:
        """Return address and headers of the one request, signed where there are keys."""
        endpoint, path = store.url, "/"
        query: list[tuple[str, str]] = []
        if store.bookmarks:
            bucket, _, prefix = store.bookmarks[0][1].partition("/")
            query = [("list-type", "2"), ("max-keys", "1"), ("prefix", prefix)]
            if store.path_style_access:
                path = f"/{bucket}"
            else:
                parts = urlsplit(store.url)
                endpoint = f"{parts.scheme}://{bucket}.{parts.netloc}"
        if store.access_key_id is None or store.secret_access_key is None:
            asked = httpx2.QueryParams(dict(query))
            return f"{endpoint}{quoted(path)}" + (f"?{asked}" if query else ""), {}
        credentials = S3Credentials(
            access_key_id=store.access_key_id,
            secret_access_key=store.secret_access_key,
            session_token=store.session_token or Secret(""),
            expiration=self._now(),
            endpoint=endpoint,
            region=store.region or DEFAULT_S3_REGION,
        )
        signed = signed_request(credentials, "GET", path, query=query, now=self._now())
        return signed.url, dict(signed.headers)
