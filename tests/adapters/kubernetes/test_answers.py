"""Which addresses are asked, and when what is known of them changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from tests.runtime.world import until

from sardonyx.adapters.kubernetes.answers import Answers, ask_over_http

URL = "https://one.apps.test"


@asynccontextmanager
async def asking(answers: Answers) -> AsyncIterator[None]:
    task = asyncio.create_task(answers.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_an_address_is_asked_until_it_answers() -> None:
    asked: list[str] = []
    changed: list[tuple[str, str]] = []

    async def ask(url: str) -> bool:
        asked.append(url)
        return len(asked) > 2

    answers = Answers("apps.test", lambda *release: changed.append(release), ask=ask)
    assert answers.of(URL).answers is False  # not before it was asked
    async with asking(answers):
        answers.expect("n", "one", [URL], ready=True)
        await until(lambda: answers.of(URL).answers is True)
        assert (asked, changed) == ([URL] * 3, [("n", "one")])
        assert answers.of(URL).since is not None
        # Paused: what answered yesterday proves nothing.
        answers.expect("n", "one", [URL], ready=False)
        assert answers.of(URL).answers is False


async def test_no_door_is_knocked_at_that_is_not_ours() -> None:
    asked: list[str] = []

    async def ask(url: str) -> bool:
        asked.append(url)
        return True

    answers = Answers("apps.test", lambda *_: None, ask=ask)
    foreign = [
        "http://10.0.0.1",
        "http://metadata.google.internal",
        "https://apps.test.evil.org",
        "https://evilapps.test",
        "http://localhost:8080",
    ]
    async with asking(answers):
        answers.expect("n", "one", [*foreign, URL], ready=True)
        await until(lambda: answers.of(URL).answers is True)
    assert asked == [URL]
    assert {answers.of(url).answers for url in foreign} == {None}


async def test_nothing_is_asked_without_a_domain() -> None:
    answers = Answers("", lambda *_: None)
    assert answers.of(URL).answers is None


async def test_one_release_cannot_speak_for_another() -> None:
    answers = Answers("apps.test", lambda *_: None)
    answers.expect("n", "one", [URL], ready=True)
    answers.expect("n", "two", [URL], ready=True)
    answers.forget("n", "two")
    assert answers._known[URL].release == ("n", "one")


@pytest.mark.parametrize(
    ("answer", "answers"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", True),
        (b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nours", True),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n404 page not found\n", False),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", False),
        (b"not HTTP\r\n\r\n", False),
        (b"", False),
    ],
)
async def test_a_gateway_is_told_from_the_service(answer: bytes, answers: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await ask_over_http(f"http://localhost:{port}/") is answers
    server.close()
    await server.wait_closed()
    assert await ask_over_http(f"http://localhost:{port}/") is False


async def test_an_unknown_name_tells_nothing() -> None:
    assert await ask_over_http("http://name.invalid/") is None
