"""Sign-in in Chromium at a real provider, and the pages that only people with projects have."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Page, expect
from tests.servers.provider import running_provider
from tests.web.look import LOCALES, LOOKS, chromium, complaints, faults_of, settled, windows
from tests.web.signed_in import PEOPLE, signed_in_world

pytestmark = pytest.mark.browser
PAGES = {
    "projects-home": "/?project=user-ada",
    "projects": "/projects?project=user-ada",
    "projects-group": "/services?project=projet-prices",
    "tokens": "/account/tokens?name=laptop&project=user-ada",
    "audit": "/account/audit?project=user-ada",
    "audit-nothing": "/account/audit?action=nothing&project=user-ada",
}


@pytest.mark.parametrize("locale", LOCALES)
async def test_people_sign_in_and_their_pages_are_accessible(tmp_path: Path, locale: str) -> None:
    faults: list[str] = []

    async def looked_at(page: Page, name: str) -> None:
        faults.extend(await faults_of(page, name, LOOKS[locale]))

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://localhost:{listening.getsockname()[1]}"
        with running_provider(PEOPLE, redirect_uris=(f"{url}/sign-in/callback",)) as provider:
            async with (
                signed_in_world(tmp_path, provider, url=url) as world,
                chromium() as browser,
                windows(browser, locale=locale) as context,
            ):
                world.places.refused = {"projet-prices"}
                config = uvicorn.Config(
                    world.portal, log_level="error", lifespan="off", timeout_graceful_shutdown=1
                )
                server = uvicorn.Server(config)
                task = asyncio.create_task(server.serve(sockets=[listening]))
                try:
                    page = await context.new_page()
                    heard = complaints(page)
                    await page.goto(f"{url}/sign-in")
                    await looked_at(page, "sign-in-provider")
                    heard.clear()
                    await page.locator('a[href="/sign-in/start"]').click()
                    await page.locator('input[name="login"]').fill("ada")
                    await page.locator('input[name="password"]').fill("anything")
                    await page.locator('button[type="submit"]').click()
                    await expect(page.locator("#switch-project")).to_be_visible()
                    heard.clear()  # what the provider's own page says is not ours
                    for name, path in PAGES.items():
                        await settled(page, url + path)
                        await looked_at(page, name)
                    await page.goto(f"{url}/account/tokens?project=user-ada")
                    await page.locator("#token-name").fill("laptop")
                    await page.locator("form.form button").click()
                    await expect(page.locator("#token")).to_contain_text("sxp_")
                    await looked_at(page, "token-made")
                    await page.goto(f"{url}/account?project=user-ada")
                    await page.locator('form[action="/sign-out"] button').click()
                    await expect(page.locator('a[href="/sign-in/end"]')).to_be_visible()
                    await looked_at(page, "signed-out")
                    faults.extend(heard)
                finally:
                    server.should_exit = True
                    await task
    assert not faults, "\n".join(faults)
