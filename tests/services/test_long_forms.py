"""A form of settings is read whole, however many settings its chart has."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.types import Message
from tests.web.stub_platform import ADA, PROJECT, stub_platform, stub_portal

from sardonyx.services.errors import FormUnreadableError
from sardonyx.services.form_view import posted_form, read_posted


async def read(body: bytes) -> FormData:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http",
        "method": "POST",
        "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
    }
    return await posted_form(Request(scope, receive))


async def test_a_form_of_ten_thousand_settings_is_read_whole() -> None:
    body = "&".join(f"%2Fgroup%2Fvalue{number}=text" for number in range(10_000)).encode()
    posted = read_posted(await read(body))
    assert len(posted.edits) == 10_000
    assert posted.edits["/group/value9999"] == ["text"]


async def test_more_fields_than_any_page_has_are_refused() -> None:
    with pytest.raises(FormUnreadableError):
        await read(b"&".join([b"a="] * 50_001))


@given(st.text(alphabet="ab&=%+20Cé\ud800", max_size=30) | st.text(max_size=10))
def test_a_form_is_read_as_browsers_write_it(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    known = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    assert asyncio.run(read(body)).multi_items() == known


async def test_a_form_of_two_thousand_settings_is_saved_as_a_configuration() -> None:
    platform = stub_platform()
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=stub_portal(platform)),
        base_url="http://localhost:8000",
        headers={"cookie": "sardonyx=ada", "sec-fetch-site": "same-origin"},
    ) as browser:
        typed = {f"/more/value{number}": "x" for number in range(2_000)}
        typed |= {"/resources/limits/memory": "3Gi", "friendly_name": "Census", "save": "new"}
        answer = await browser.post("/launch/sardonyx/postgresql/save", data=typed)
    assert answer.status_code == 303
    (one,) = (await platform.configurations.list(ADA, PROJECT.id)).configurations
    values = {entry.path: entry.value for entry in one.configuration.patch}
    assert values[("resources", "limits", "memory")] == "3Gi"
