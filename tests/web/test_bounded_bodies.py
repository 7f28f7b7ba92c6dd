"""What is sent to the portal is bounded before anybody reads it; only files and archives stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx2
import pytest
from tests.web.stub_platform import ADA, PROJECT, stub_platform

from sardonyx.api.bodies import LARGEST_BODY
from sardonyx.catalog.allowance import ANYWHERE
from sardonyx.catalog.errors import ChartSourceError
from sardonyx.projects.models import Actor
from sardonyx.web.portal import create_portal

MIB = 1024 * 1024
SENT = 3 * LARGEST_BODY
FILES = f"/api/v1/projects/{PROJECT.id}/files"


class Body:
    """Zeros without an announced length, counted as they are taken."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.taken < self.size:
            self.taken += MIB
            yield bytes(MIB)


@pytest.fixture
def platform() -> SimpleNamespace:
    return stub_platform()


@pytest.fixture
async def browser(platform: SimpleNamespace) -> AsyncIterator[httpx2.AsyncClient]:
    await platform.files.listing(ADA, PROJECT.id)
    transport = httpx2.ASGITransport(app=create_portal(platform))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(
        transport=transport,
        base_url="http://localhost:8000",
        headers={"accept": "text/html", "sec-fetch-site": "same-origin"},
    ) as made:
        yield made


@pytest.mark.parametrize(
    ("address", "kind", "cookie"),
    [
        ("/api/v1/chart-reviews", "application/json", "sardonyx=eve"),
        (
            "/launch/sardonyx/jupyter-python",
            "application/x-www-form-urlencoded",
            "sardonyx=ada",
        ),
    ],
)
@pytest.mark.parametrize("announced", [True, False])
async def test_an_endless_body_is_refused_while_it_is_read(
    browser: httpx2.AsyncClient, address: str, kind: str, cookie: str, announced: bool
) -> None:
    body = Body(SENT)
    headers = {"content-type": kind, "cookie": cookie, "accept-language": "fr"}
    if announced:
        headers["content-length"] = str(SENT)
    answer = await browser.post(address, content=body, headers=headers)
    assert answer.status_code == 413, answer.text
    assert "8 Mo au plus" in answer.text
    assert "x-frame-options" in answer.headers
    if address.startswith("/api"):
        assert answer.json()["code"] == "request_too_large"
    # As much again is read and dropped, so that the refusal arrives.
    assert body.taken <= 2 * LARGEST_BODY + 2 * MIB


async def test_files_stream_however_large_they_are(browser: httpx2.AsyncClient) -> None:
    headers = {"cookie": "sardonyx=ada"}
    stored = await browser.put(f"{FILES}/large.bin", content=Body(SENT), headers=headers)
    assert stored.status_code == 201, stored.text
    assert stored.json()["size"] == SENT
    form = {"action": "upload"}
    sent = {"file": ("plain.bin", bytes(SENT))}
    answer = await browser.post("/files/", data=form, files=sent, headers=headers)
    assert answer.status_code == 303, answer.text


@pytest.mark.parametrize("by_form", [False, True])
async def test_an_archive_streams_up_to_its_own_bound(
    browser: httpx2.AsyncClient, platform: SimpleNamespace, by_form: bool
) -> None:
    class Archives:
        allowance = ANYWHERE
        on_cluster = True
        read = 0

        async def known(self, actor: Actor) -> None: ...

        def mine(self, actor: Actor) -> tuple[()]:
            return ()

        async def review_archive(
            self, actor: Actor, name: str, content: AsyncIterator[bytes]
        ) -> None:
            async for block in content:
                self.read += len(block)
            raise ChartSourceError(address=name)

    platform.own_charts = archives = Archives()
    headers, size = {"cookie": "sardonyx=ada"}, 2 * LARGEST_BODY
    if by_form:
        sent = {"archive": ("x.tgz", bytes(size))}
        answer = await browser.post("/catalog/any", files=sent, headers=headers)
    else:
        answer = await browser.put(
            "/api/v1/chart-archives/x.tgz", content=Body(size), headers=headers
        )
    assert (answer.status_code, archives.read) == (422, size)


async def test_a_stranger_s_file_is_refused_unread(browser: httpx2.AsyncClient) -> None:
    body = Body(SENT)
    answer = await browser.put(
        f"{FILES}/large.bin", content=body, headers={"cookie": "sardonyx=eve"}
    )
    assert (answer.status_code, body.taken) == (401, 0)
