"""The platform from asynchronous Python: `AsyncClient`.

The same operations as `Client` has, awaited (`operations`):

    async with AsyncClient.of_home(home) as platform:
        service = await platform.services.launch("jupyter-python")
        await platform.services.wait(service.name, until={"running"}, seconds=60)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sardonyx.client import calls
from sardonyx.client.account import AccountArea
from sardonyx.client.calls import Answer, Call
from sardonyx.client.catalog import CatalogArea
from sardonyx.client.charts import ChartArea
from sardonyx.client.client import TRANSFER_SECONDS
from sardonyx.client.configurations import ConfigurationArea
from sardonyx.client.connection import (
    EventReader,
    Place,
    answer_of,
    async_http,
    own_machine,
    translated,
)
from sardonyx.client.files import FileArea, SecretArea
from sardonyx.client.models import Event, Me, Project
from sardonyx.client.operations import Pause, Steps
from sardonyx.client.services import ServiceArea
from sardonyx.values import Secret

T = TypeVar("T")


class AsyncClient:
    """One platform. Raises as `Client` does."""

    def __init__(self, place: Place, *, language: str = "en") -> None:
        self._place = place
        self._http = async_http(place, language)
        self._project: str | None = None
        self.account: AccountArea[AsyncClient] = AccountArea(self)
        self.configurations: ConfigurationArea[AsyncClient] = ConfigurationArea(self)
        self.catalog: CatalogArea[AsyncClient] = CatalogArea(self)
        self.charts: ChartArea[AsyncClient] = ChartArea(self)
        self.services = AsyncServices(self)
        self.files: FileArea[AsyncClient] = FileArea(self)
        self.secrets: SecretArea[AsyncClient] = SecretArea(self)

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
        address = await self._address(call.path)
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
            self._project = (await self.me()).project
        return self._project

    async def me(self) -> Me:
        """Say who is calling."""
        return await self.send(calls.me())

    async def projects(self) -> tuple[Project, ...]:
        """List the caller's projects."""
        return await self.send(calls.projects())

    async def carry_out(self, steps: Steps[T]) -> T:
        """Send the calls that a procedure yields, one after the other; return what it returns."""
        answer: object = None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                answer = None
            else:
                answer = await self.send(step)

    async def _address(self, path: str) -> str:
        return calls.of_project(path, await self.project()) if calls.OWN in path else path

    async def events(
        self, path: str, query: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Event, None]:
        """Yield server-sent events of one address until the platform ends the stream."""
        reader = EventReader()
        address = await self._address(path)
        with translated(self._place):
            async with self._http.stream(
                "GET",
                address,
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
        address = await self._address(path)
        with translated(self._place):
            answer = await self._http.put(
                address, content=content, headers=dict(headers), timeout=TRANSFER_SECONDS
            )
        return answer_of(answer.status_code, answer.content, answer.headers.items())

    async def download(self, path: str) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of an address as they come."""
        address = await self._address(path)
        with translated(self._place):
            async with self._http.stream("GET", address, timeout=TRANSFER_SECONDS) as answer:
                if answer.status_code >= 400:
                    answer_of(answer.status_code, await answer.aread(), answer.headers.items())
                async for block in answer.aiter_raw():
                    yield block


class AsyncServices(ServiceArea[AsyncClient]):
    """Running services, and what they tell as it happens."""

    async def follow_logs(
        self, name: str, *, project: str | None = None, lines: int = 200
    ) -> AsyncGenerator[str, None]:
        """Yield the last lines, then what is written next."""
        where = calls.path("projects", project, "services", name, "logs")
        async for event in self._client.events(where, {"follow": "true", "lines": str(lines)}):
            yield str(event.data.get("text", ""))

    def events(self, name: str, *, project: str | None = None) -> AsyncGenerator[Event, None]:
        """Yield the timeline from its beginning (`timeline`) and each change (`service`)."""
        return self._client.events(calls.path("projects", project, "services", name, "events"))
