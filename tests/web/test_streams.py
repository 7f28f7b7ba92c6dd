"""Streams end with the session and the rights they began with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI
from sse_starlette import EventSourceResponse
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message

from sardonyx.adapters.sql.errors import DatabaseUnavailableError
from sardonyx.projects.models import Actor, Project
from sardonyx.web.streams import WatchedStreams

OWN = Project("user-ada", "ada", "user-ada", "ada")
GROUP = Project("projet-x", "x", "projet-x", "projet-x", group="x")
SECONDS = 20.0


@dataclass(slots=True)
class SignIn:
    """Says who is there; a test changes it."""

    actor_now: Actor | None
    away: bool = False
    asked: int = 0
    looked: asyncio.Event = field(default_factory=asyncio.Event)

    async def actor(self, token: str | None) -> Actor | None:
        self.asked += 1
        self.looked.set()
        if self.away:
            raise DatabaseUnavailableError(reason="away")
        return self.actor_now

    async def looks(self, times: int) -> None:
        """Return when the person was looked up so often."""
        for _ in range(times):
            self.looked.clear()
            await self.looked.wait()


@dataclass(slots=True)
class Platform:
    sign_in: SignIn


@dataclass(slots=True)
class Listener:
    """A browser that reads one answer."""

    sign_in: SignIn
    messages: list[Message] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    left: bool = False

    async def read(self, path: str) -> None:
        portal = FastAPI()
        portal.state.platform = Platform(self.sign_in)
        portal.add_middleware(WatchedStreams, every=0.01)

        async def events() -> AsyncIterator[dict[str, str]]:
            try:
                yield {"data": "first"}
                await asyncio.Event().wait()
            finally:
                self.left = True

        @portal.get("/events")
        async def stream() -> Response:
            return EventSourceResponse(events())

        @portal.get("/page")
        async def page() -> Response:
            return PlainTextResponse("page")

        async def receive() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            self.messages.append(message)
            if b"first" in message.get("body", b""):
                self.arrived.set()

        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
            "query_string": b"", "headers": [(b"cookie", b"sardonyx=ada")], "root_path": "",
            "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1),
            "http_version": "1.1",
        }  # fmt: skip
        await portal(scope, receive, send)


def ada(*projects: Project) -> Actor:
    return Actor("ada", "Ada", "", projects)


@pytest.mark.parametrize("after", [None, ada(OWN)])
async def test_a_stream_ends_when_its_rights_end(after: Actor | None) -> None:
    listener = Listener(SignIn(ada(OWN, GROUP)))
    async with asyncio.timeout(SECONDS):
        reading = asyncio.create_task(listener.read("/events"))
        await listener.arrived.wait()
        listener.sign_in.actor_now = after
        await reading
    assert listener.messages[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert listener.left, "its generator was left running"


async def test_a_stream_goes_on_while_its_person_may_see_it() -> None:
    listener = Listener(SignIn(ada(OWN)))
    async with asyncio.timeout(SECONDS):
        reading = asyncio.create_task(listener.read("/events"))
        await listener.arrived.wait()
        listener.sign_in.actor_now = ada(OWN, GROUP)  # one group more takes nothing away
        await listener.sign_in.looks(3)
        listener.sign_in.away = True  # nor does a database that is away
        await listener.sign_in.looks(3)
        assert not reading.done()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert listener.left


async def test_an_ordinary_answer_asks_nobody() -> None:
    listener = Listener(SignIn(ada(OWN)))
    await listener.read("/page")
    assert listener.messages[-1]["body"] == b"page"
    assert listener.sign_in.asked == 0
