"""A form of settings is read whole, however many settings its chart has."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Message

from sardonyx.services.form_view import posted_form, read_posted


async def test_a_form_of_ten_thousand_settings_is_read_whole() -> None:
    body = "&".join(f"%2Fgroup%2Fvalue{number}=text" for number in range(10_000)).encode()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http",
        "method": "POST",
        "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
    }
    posted = read_posted(await posted_form(Request(scope, receive)))
    assert len(posted.edits) == 10_000
    assert posted.edits["/group/value9999"] == ["text"]
