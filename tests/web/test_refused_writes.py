"""What a browser sends for another site is refused, and the refusal arrives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from sardonyx.web.refusals import RefusalsArrive
from sardonyx.web.security import SameOrigin

CHUNK = b"x" * 16 * 1024


async def _never(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("a foreign write came through")


def _endless() -> Iterator[Message]:
    while True:
        yield {"type": "http.request", "body": CHUNK, "more_body": True}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(iter([{"type": "http.request", "body": b"name=x"}]), 1, id="short"),
        pytest.param(
            iter(
                [
                    *({"type": "http.request", "body": b"x", "more_body": True} for _ in range(3)),
                    {"type": "http.request", "body": b""},
                ]
            ),
            4,
            id="in pieces",
        ),
        pytest.param(iter([{"type": "http.disconnect"}]), 1, id="gone"),
        pytest.param(_endless(), 4, id="endless"),
    ],
)
async def test_a_refused_body_is_read_as_far_as_it_is_short(
    sent: Iterator[Message], expected: int
) -> None:
    reads = 0
    answers: list[Message] = []

    async def receive() -> Message:
        nonlocal reads
        assert not answers, "read after it was answered"
        reads += 1
        return next(sent)

    async def send(message: Message) -> None:
        answers.append(message)

    guarded = SameOrigin(_never, refuse=lambda _: PlainTextResponse("no", 403))
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/secrets/kept",
        "headers": [(b"host", b"localhost"), (b"origin", b"http://other.example")],
    }
    await guarded(scope, receive, send)
    assert (answers[0]["status"], reads) == (403, expected)


@pytest.mark.parametrize(
    ("announced", "status", "pieces", "expected"),
    [
        pytest.param("", 422, 3, 3, id="to its end"),
        pytest.param("", 422, 1_000, 8, id="no further than its limit"),
        pytest.param("9999999", 422, 1_000, 0, id="announced too long: not begun"),
        pytest.param("", 401, 3, 0, id="of nobody: unread"),
        pytest.param("", 201, 3, 0, id="what is taken is the application's to read"),
    ],
)
async def test_a_refused_upload_is_read_before_the_refusal_is_sent(
    announced: str, status: int, pieces: int, expected: int
) -> None:
    reads, answers = 0, list[Message]()

    async def receive() -> Message:
        nonlocal reads
        assert not answers, "read after it was answered"
        reads += 1
        return {"type": "http.request", "body": CHUNK, "more_body": reads < pieces}

    async def send(message: Message) -> None:
        answers.append(message)

    headers = [(b"content-length", announced.encode())] if announced else []
    scope = {"type": "http", "method": "PUT", "path": "/x", "headers": headers}
    guarded = RefusalsArrive(PlainTextResponse("no", status), most=8 * len(CHUNK))
    await guarded(scope, receive, send)
    assert (answers[0]["status"], reads) == (status, expected)
