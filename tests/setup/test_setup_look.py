"""The set-up page in Chromium: readable by everybody, on a desk and a phone, light and dark."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from tests.setup.settings import settings
from tests.setup.test_pages import _Probes, _SignIn
from tests.web.look import DARK, LIGHT, PHONE, Look, chromium, complaints, faults_of, signed_in
from tests.web.stub_platform import stub_platform

from sardonyx.setup.service import SetupChecks
from sardonyx.web.portal import create_portal

pytestmark = pytest.mark.browser


@asynccontextmanager
async def _serving(platform: SimpleNamespace) -> AsyncIterator[str]:
    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        yield

    platform.running = running
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            create_portal(cast("Any", platform)), log_level="error", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://localhost:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def test_it_is_readable_everywhere(tmp_path: Path) -> None:
    platform = stub_platform()
    platform.sign_in = _SignIn()
    platform.setup = SetupChecks(settings=settings(tmp_path), probes=_Probes())
    async with (
        _serving(platform) as address,
        chromium() as browser,
        signed_in(browser, address, name="admin") as context,
    ):
        page = await context.new_page()
        heard = complaints(page)
        await page.goto(f"{address}/setup")
        on_a_phone = Look("phone", PHONE, "dark")
        assert await faults_of(page, "setup", (LIGHT, DARK, on_a_phone)) == []
        assert heard == []
        for look in (on_a_phone, LIGHT):
            await look.put_on(page)
            await page.get_by_role("button", name="Test Identity").click()
            await page.wait_for_url("**/setup?done=*")
            assert "Looked again at “Identity”" in await page.inner_text("main")
            await page.goto(f"{address}/setup")
