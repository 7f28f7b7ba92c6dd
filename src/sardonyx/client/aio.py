"""The platform from asynchronous Python: `AsyncClient`.

The same requests and answers as `Client` (`calls`, `file_calls`), awaited:

    async with AsyncClient.of_home(home) as platform:
        service = await platform.send(calls.service(await platform.project(), "jupyter-python-1"))
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sardonyx.client import calls
from sardonyx.client.account import AccountArea
from sardonyx.client.calls import Answer, Call
from sardonyx.client.client import TRANSFER_SECONDS
from sardonyx.client.connection import (
    EventReader,
    Place,
    answer_of,
    async_http,
    own_machine,
    translated,
)
from sardonyx.client.errors import WaitTimeoutError
from sardonyx.client.models import Event, Service
from sardonyx.values import JsonObject, Secret

T = TypeVar("T")
_LOOK_EVERY_SECONDS = 0.25


class AsyncClient:
    """One platform. Raises as `Client` does."""

    def __init__(self, place: Place, *, language: str = "en") -> None:
        self._place = place
        self._http = async_http(place, language)
        self._project: str | None = None
        self.account: AccountArea[AsyncClient] = AccountArea(self)

    @classmethod
    def of_home(cls, home: Path, *, language: str = "en") -> AsyncClient:
        """Return a client of the platform that runs on this machine."""
        return cls(own_machine(home), language=language)

    @classmethod
    def of_url(cls, url: str, token: Secret, *, language: str = "en") -> AsyncClient:
        """Return a client of a platform elsewhere."""
        return cls(Place(url.rstrip("/"), token), language=language)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """Send one request and return what its answer says."""
        address = call.address(await self.project() if call.needs_own_project else None)
        with translated(self._place):
            answer = await self._http.request(
                call.method,
                address,
                params=dict(call.query),
                headers=dict(call.headers),
                json=call.body,
            )
        return call.read(answer_of(answer.status_code, answer.content, answer.headers.items()))

    async def project(self, asked: str | None = None) -> str:
        """Return the project's id: the one asked for, else one's personal project."""
        if asked is not None:
            return asked
        if self._project is None:
            self._project = str((await self.send(calls.me()))["personalProject"])
        return self._project

    async def services(self, *, project: str | None = None) -> tuple[Service, ...]:
        """Return the services one may see, newest start first: of all pages, each once."""
        where = await self.project(project)
        page = await self.send(calls.services(where))
        found = list(page.services)
        while page.cursor is not None:
            page = await self.send(calls.services(where, cursor=page.cursor))
            found += page.services
        return tuple({one.name: one for one in found}.values())

    async def launch(
        self, body: JsonObject, *, project: str | None = None, idempotency_key: str | None = None
    ) -> Service:
        """Launch what `body` (see `client.launch_body`) asks and return at once."""
        where = await self.project(project)
        return await self.send(calls.launch(where, body, idempotency_key=idempotency_key))

    async def wait(
        self, name: str, *, until: Collection[str], seconds: float, project: str | None = None
    ) -> Service:
        """Return the service once its state is one of `until`, or `failed`.

        Raises WaitTimeoutError after `seconds`.
        """
        deadline = time.monotonic() + seconds
        where = await self.project(project)
        while True:
            seen = await self.send(calls.service(where, name))
            if seen.state in until or seen.state == "failed":
                return seen
            if time.monotonic() >= deadline:
                raise WaitTimeoutError(name=name, state=seen.state, seconds=round(seconds))
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def events(
        self, path: str, query: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Event, None]:
        """Yield server-sent events of one address until the platform ends the stream."""
        reader = EventReader()
        with translated(self._place):
            async with self._http.stream(
                "GET",
                path,
                params=dict(query or {}),
                headers={"accept": "text/event-stream"},
                timeout=None,
            ) as answer:
                if answer.status_code >= 400:
                    answer_of(answer.status_code, await answer.aread(), answer.headers.items())
                async for line in answer.aiter_lines():
                    event = reader.feed(line)
                    if event is not None:
                        yield event

    async def upload(
        self, path: str, content: AsyncIterable[bytes], headers: Mapping[str, str]
    ) -> Answer:
        """Send bytes as they come, and return the answer."""
        with translated(self._place):
            answer = await self._http.put(
                path, content=content, headers=dict(headers), timeout=TRANSFER_SECONDS
            )
        return answer_of(answer.status_code, answer.content, answer.headers.items())

    async def download(self, path: str) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of an address as they come."""
        with translated(self._place):
            async with self._http.stream("GET", path, timeout=TRANSFER_SECONDS) as answer:
                if answer.status_code >= 400:
                    answer_of(answer.status_code, await answer.aread(), answer.headers.items())
                async for block in answer.aiter_raw():
                    yield block
