"""Follow one kind of object in one scope: a list, then a watch, begun again whenever it ends.

Bookmarks keep the place, so that a cut watch goes on where it was; a place too old (410) is
listed anew. Between tries it waits longer each time, with jitter. What is kept, and what a fault
means to people, is the sink's business. Source: Kubernetes API concepts, “Efficient detection of
changes”.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import httpx2
import structlog
from msgspec import MsgspecError, Raw, Struct, field
from msgspec.json import Decoder

from sardonyx.adapters.kubernetes.client import TOO_LARGE, ClusterClient, ListExpiredError
from sardonyx.adapters.kubernetes.kinds import ResourceKind
from sardonyx.services.errors import (
    ClusterObjectNotFoundError,
    ClusterRefusedError,
    ClusterUnavailableError,
)

_log = structlog.get_logger(__name__)
# The largest object the server stores is 1.5 MB; a longer line is skipped whole.
_LONGEST_LINE = 8 * 1024 * 1024
_BREATH = 25  # objects read between two chances for other tasks


class Sink(Protocol):
    """What a watch feeds. Its methods must be quick: they run between two network reads."""

    def put(self, raw: bytes) -> tuple[str, str] | None:
        """Keep an object that is there now. Return its namespace and name, None if unreadable."""

    def drop(self, raw: bytes) -> None:
        """Forget an object that is gone."""

    def keep_only(self, names: set[tuple[str, str]], version: str) -> None:
        """Forget what a fresh list of this scope, of that resourceVersion, no longer has."""

    def standing(self, fault: str) -> None:
        """Learn how the watch stands: empty when live; `unreachable`, `slow`, `forbidden`.

        `absent`: the cluster does not know the kind.
        """


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a watch waits. life: of one watch; silence: without a byte before it is dead.

    page: objects asked for at once, fewer where they have more than `page_bytes`.
    """

    first: float = 0.2
    longest: float = 30.0
    absent: float = 300.0
    life: float = 240.0
    silence: timedelta = timedelta(seconds=300)
    page: int = 250
    page_bytes: int = 16 * 1024 * 1024


USUAL_PACE = Pace()


class _ListMetadata(Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = field(name="continue", default="")


class _List(Struct):
    metadata: _ListMetadata
    items: list[Raw] | None = None


class _Change(Struct):
    type: str
    object: Raw


class _Versioned(Struct):
    class _Metadata(Struct, rename="camel"):
        resource_version: str = ""

    metadata: _Metadata = field(default_factory=_Metadata)
    code: int = 0
    message: str | None = None


_LIST = Decoder(_List)
_CHANGE = Decoder(_Change)
_VERSIONED = Decoder(_Versioned)
_EXPIRED = 410


class Watch:
    """One kind in one scope, followed until cancelled.

    client: asked anew for each call, so that an account can be replaced. namespace: empty for
    the whole cluster. selectors: `labelSelector`, `fieldSelector`.
    """

    def __init__(
        self,
        client: Callable[[], ClusterClient],
        kind: ResourceKind,
        sink: Sink,
        *,
        namespace: str = "",
        selectors: Mapping[str, str] | None = None,
        pace: Pace = USUAL_PACE,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self._client = client
        self._sink = sink
        self._selectors = dict(selectors or {})
        self._pace = pace
        self._chance = chance
        self._page = pace.page
        self._version = ""
        self._failures = 0
        self.listed = asyncio.Event()
        self.lists = 0

    async def run(self) -> None:
        """Follow until cancelled; no fault of cluster or network ends it."""
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except ListExpiredError:
                self._version = ""
                await self._wait("")
            except ClusterObjectNotFoundError:
                self._version = ""
                self.listed.set()
                self._sink.standing("absent")
                await asyncio.sleep(self._pace.absent * (0.5 + self._chance()))
            except ClusterRefusedError as error:
                self._version = ""
                self.listed.set()
                await self._wait("forbidden", error)
            except ClusterUnavailableError as error:
                if error.values.get("cause") == TOO_LARGE and self._page > 1:
                    self._page = max(1, self._page // 4)
                    continue  # a page of one is as large as it must be
                # An answer, though none of use: the server is there, but overloaded.
                await self._wait("slow" if "cause" in error.values else "unreachable", error)
            except (httpx2.HTTPError, OSError, ValueError) as error:
                # Cut in the middle. What was seen stays good, and so does the place.
                await self._wait("", error)

    async def _list(self) -> None:
        seen: set[tuple[str, str]] = set()
        params = {"limit": str(self._page), **self._selectors}
        while True:
            content = await self._client().page(
                self.kind, namespace=self.namespace, params=params, most=self._pace.page_bytes
            )
            page = _decoded(content)
            for number, raw in enumerate(page.items or ()):
                name = self._sink.put(bytes(raw))
                if name is not None:
                    seen.add(name)
                if number % _BREATH == _BREATH - 1:
                    await asyncio.sleep(0)
            if not page.metadata.continue_:
                break
            params["continue"] = page.metadata.continue_
        self._sink.keep_only(seen, page.metadata.resource_version)
        self._version = page.metadata.resource_version
        self.lists += 1
        self._failures = 0
        self._sink.standing("")
        self.listed.set()

    async def _watch(self) -> None:
        life = int(self._pace.life * (0.75 + self._chance() / 2)) or 1
        params = {
            **self._selectors,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(life),
        }
        path = self.kind.path(self.namespace)
        async with self._client().stream(
            "watch", str(self.kind), path, params=params, silence=self._pace.silence
        ) as answer:
            self._sink.standing("")
            opened, read, lived = time.monotonic(), 0, False
            try:
                async for line in lines(answer.aiter_bytes()):
                    self._change(line)
                    read += 1
                    if read % _BREATH == 0:
                        await asyncio.sleep(0)
            finally:
                # One that ends at once, again and again, must not hammer the server.
                lived = read > 0 or time.monotonic() - opened > self._pace.first
                self._failures = 0 if lived else self._failures
        if not lived:
            await self._wait("")

    def _change(self, line: bytes) -> None:
        try:
            change = _CHANGE.decode(line)
            told = _VERSIONED.decode(change.object)
        except MsgspecError as error:
            _log.warning("watch_line_unread", kind=str(self.kind), reason=str(error)[:200])
            return
        if change.type == "ERROR":
            if told.code == _EXPIRED:
                raise ListExpiredError(told.message or "")
            raise ClusterUnavailableError(
                verb="watch",
                resource=str(self.kind),
                reason=told.message or "",
                cause=str(told.code),
            )
        if change.type in ("ADDED", "MODIFIED"):
            self._sink.put(bytes(change.object))
        elif change.type == "DELETED":
            self._sink.drop(bytes(change.object))
        if told.metadata.resource_version:
            self._version = told.metadata.resource_version

    async def _wait(self, fault: str, error: Exception | None = None) -> None:
        self._failures += 1
        if fault:
            self._sink.standing(fault)
        if error is not None:
            _log.info(
                "watch_interrupted",
                kind=str(self.kind),
                namespace=self.namespace,
                failures=self._failures,
                reason=str(error)[:300],
            )
        longest = min(self._pace.first * 2 ** min(self._failures - 1, 16), self._pace.longest)
        await asyncio.sleep(longest * (0.5 + self._chance() / 2))


async def lines(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the lines of a stream; one longer than 8 MB is left out, whatever its length."""
    waiting, skipping = bytearray(), False
    async for part in parts:
        *whole, rest = part.split(b"\n")
        for piece in whole:
            waiting += piece
            if waiting and not skipping and len(waiting) <= _LONGEST_LINE:
                yield bytes(waiting)
            waiting, skipping = bytearray(), False
        if not skipping:
            waiting += rest
            if len(waiting) > _LONGEST_LINE:
                waiting, skipping = bytearray(), True


def _decoded(content: bytes) -> _List:
    try:
        return _LIST.decode(content)
    except MsgspecError as error:
        raise ClusterUnavailableError(
            verb="list", resource="objects", reason=f"not a list: {error}"[:300]
        ) from error
