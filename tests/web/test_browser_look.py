"""Every page in Chromium: no accessibility violation, no overflow, no blocked resource, light.

Screenshots go to SARDONYX_SCREENSHOTS when it names a folder, else to the test's own.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    BrowserContext,
    Dialog,
    Page,
    async_playwright,
    expect,
)
from tests.web.stub_platform import (
    ADA,
    PROJECT,
    PartStatus,
    fill,
    stub_platform,
    stub_portal,
    usual_releases,
)

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
FIRST_LOAD = 200_000  # bytes, compressed or not: ours fit without compression
DESK, PHONE = {"width": 1360, "height": 900}, {"width": 390, "height": 844}
OPEN_FOLDS = "document.querySelectorAll('main details').forEach((fold) => (fold.open = true))"
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PAGES = {
    "home": "/",
    "tour": "/tour",
    "catalog": "/catalog",
    "catalog-nothing": "/catalog?search=zzz",
    "launch": "/launch/sardonyx/jupyter-python",
    "launch-postgresql": "/launch/sardonyx/postgresql",
    "services": "/services",
    "service-preparing": "/services/jupyter-python-9041",
    "service-running": "/services/jupyter-python-73105",
    "service-failed": "/services/postgresql-551",
    "service-delete": "/services/jupyter-python-73105/delete",
    "service-edit": "/services/jupyter-python-73105/edit",
    "service-history": "/services/jupyter-python-73105/history",
    "service-return": "/services/jupyter-python-73105/history/1",
    "files": "/files/",
    "files-empty": "/files/nothing/",
    "file": "/files/prices-2026.parquet",
    "file-delete": "/files/survey/?confirm=delete",
    "secrets": "/secrets/",
    "secret": "/secrets/databases/census",
    "secret-shown": "/secrets/databases/census?show=1",
    "account": "/account?keys=1",
    "profile": "/account/profile",
    "project-settings": "/projects/settings?password=1",
    "not-found": "/nothing",
    "sign-in": "/sign-in",
}


@asynccontextmanager
async def serving(*, empty: bool = False) -> AsyncIterator[str]:
    """Serve the pages on a port of the test's own; yields the address."""
    platform = stub_platform(() if empty else usual_releases())
    await platform.files.listing(ADA, PROJECT.id)
    if not empty:
        await fill(platform)
    platform.parts.kept = [PartStatus("openbao", not empty)]
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            stub_portal(platform), log_level="error", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://localhost:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def signed_in(browser: Browser, address: str, **options: object) -> BrowserContext:
    context = await browser.new_context(**options)  # type: ignore[arg-type]
    await context.add_cookies([{"name": "sardonyx", "value": "ada", "url": address}])
    return context


def folder(tmp_path: Path) -> Path:
    place = Path(os.environ.get("SARDONYX_SCREENSHOTS") or tmp_path)
    place.mkdir(parents=True, exist_ok=True)
    return place


def complaints(page: Page) -> list[str]:
    """Return a list that fills with what the browser refuses or finds broken.

    A picture of a whole page resizes the window, which may cut a fade between two pages short.
    """
    heard: list[str] = []
    page.on(
        "pageerror",
        lambda error: None if "Viewport size changed" in str(error) else heard.append(str(error)),
    )
    page.on(
        "console",
        lambda said: (
            heard.append(said.text) if said.type == "error" and "404" not in said.text else None
        ),
    )
    return heard


async def settled(page: Page, address: str) -> None:
    """Open a page and wait for its script."""
    await page.goto(address)
    await page.wait_for_function("window.htmx !== undefined")


async def transferred(context: BrowserContext, page: Page) -> list[int]:
    """Return a list that fills with the bytes of each answer the page loads."""
    sizes: list[int] = []
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    session.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    return sizes


async def violations(page: Page) -> list[str]:
    found = await Axe().run(page, options=WCAG)
    return [
        f"{one['id']}: {one['help']} — {node['html'][:160]}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(
    ("look", "options"),
    [
        ("light", {"viewport": DESK, "color_scheme": "light", "locale": "en-GB"}),
        ("dark", {"viewport": DESK, "color_scheme": "dark", "locale": "en-GB"}),
        ("phone", {"viewport": PHONE, "color_scheme": "light", "locale": "en-GB"}),
        ("french", {"viewport": DESK, "color_scheme": "light", "locale": "fr-FR"}),
    ],
)
async def test_each_page_is_accessible_and_fits(
    tmp_path: Path, look: str, options: dict[str, object]
) -> None:
    faults: list[str] = []
    async with serving() as address, chromium() as browser:
        context = await signed_in(browser, address, **options)
        page = await context.new_page()
        heard = complaints(page)
        for name, path in PAGES.items():
            await settled(page, address + path)
            await page.screenshot(path=folder(tmp_path) / f"{name}-{look}.png", full_page=True)
            await page.evaluate(OPEN_FOLDS)
            faults += [f"{name}: {fault}" for fault in await violations(page)]
            wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wide > 0:
                faults.append(f"{name}: {wide} px wider than the window")
        faults += heard
    assert faults == []


async def test_the_first_home_is_accessible_while_parts_still_start(tmp_path: Path) -> None:
    async with serving(empty=True) as address, chromium() as browser:
        context = await signed_in(browser, address, viewport=DESK)
        page = await context.new_page()
        await settled(page, address + "/")
        await expect(page.get_by_text("Still being prepared:").first).to_be_visible()
        assert await violations(page) == []
        await page.screenshot(path=folder(tmp_path) / "home-first-light.png", full_page=True)


async def test_no_page_is_heavy_on_first_load() -> None:
    heavy: dict[str, int] = {}
    async with serving() as address, chromium() as browser:
        for name, path in PAGES.items():
            context = await signed_in(browser, address)
            page = await context.new_page()
            sizes = await transferred(context, page)
            await settled(page, address + path)
            await page.wait_for_load_state("load")
            if sum(sizes) > FIRST_LOAD or not sizes:
                heavy[name] = int(sum(sizes))
            await context.close()
    assert heavy == {}


async def test_a_launch_by_keyboard_alone() -> None:
    async with serving() as address, chromium() as browser:
        context = await signed_in(browser, address)
        page = await context.new_page()
        await settled(page, address + "/launch/sardonyx/jupyter-python")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")  # the way back to the catalogue
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.id") == "friendly"
        await page.keyboard.press("Control+A")
        async with page.expect_response("**/check"):
            await page.keyboard.type("Wages")
        # The form was judged and swapped meanwhile: what is typed in stays, and the focus.
        assert await page.evaluate("document.activeElement.id") == "friendly"
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Wages")


async def test_a_profile_is_not_left_unsaved_without_a_warning() -> None:
    async with serving() as address, chromium() as browser:
        context = await signed_in(browser, address)
        page = await context.new_page()
        asked: list[str] = []

        async def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.dismiss()

        page.on("dialog", stay)
        await settled(page, address + "/account/profile")
        async with page.expect_response("**/check"):
            await page.get_by_role("textbox", name="Team").fill("wages")
        async with page.expect_event("dialog"):
            await page.evaluate("location.href = '/services'")
        assert asked == ["beforeunload"]
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_role("status").first).to_contain_text("Saved")
        await page.get_by_role("link", name="Services").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Services")
        assert asked == ["beforeunload"]


async def test_dropping_a_folder_stores_every_file_and_asks_before_replacing(
    tmp_path: Path,
) -> None:
    dropped = tmp_path / "wave"
    dropped.mkdir()
    for number in range(3):
        (dropped / f"part {number} é.csv").write_text("x\n1\n")
    async with serving() as address, chromium() as browser:
        context = await signed_in(browser, address)
        page = await context.new_page()
        await settled(page, address + "/files/")
        await page.locator("input[webkitdirectory]").set_input_files(dropped)
        await expect(page.get_by_role("link", name="wave", exact=True)).to_be_visible()
        await page.locator("input[webkitdirectory]").set_input_files(dropped)
        await expect(page.locator(".transfer.exists")).to_have_count(3)
        await page.get_by_role("button", name="Keep those already there").click()
        await expect(page.locator(".transfer.exists")).to_have_count(0)
        await page.locator("input[webkitdirectory]").set_input_files(dropped)
        await page.get_by_role("button", name="Replace all").click()
        await expect(page.locator(".transfers")).to_have_count(0)  # the list was read again
        await page.get_by_role("link", name="wave", exact=True).click()
        await expect(page.get_by_role("link", name="part 2 é.csv", exact=True)).to_be_visible()


async def test_the_story_moves_without_a_reload() -> None:
    async with serving() as address, chromium() as browser:
        context = await signed_in(browser, address)
        page, other = await context.new_page(), await context.new_page()
        await settled(page, address + "/services")
        await settled(other, address + "/services/jupyter-python-73105")
        await other.get_by_role("button", name="Pause").click()
        row = page.locator("#row-jupyter-python-73105")
        await expect(row.get_by_text("paused")).to_be_visible()
        await expect(row.get_by_role("button", name="Start again")).to_be_visible()


async def test_a_browser_that_does_not_find_localhost_names_is_told_what_to_do() -> None:
    blind = [*ARGUMENTS, "--host-resolver-rules=MAP *.localhost ~NOTFOUND"]
    async with serving() as address, async_playwright() as playwright:
        for arguments, told in ((blind, True), (ARGUMENTS, False)):
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=list(arguments)
            )
            context = await signed_in(browser, address)
            page = await context.new_page()
            async with page.expect_event(
                "requestfailed" if told else "requestfinished",
                lambda request: "/_sardonyx/here" in request.url,
            ):
                await settled(page, f"{address}/services/jupyter-python-73105")
            notice = page.locator("sx-reach")
            await (expect(notice).to_be_visible() if told else expect(notice).to_be_hidden())
            await browser.close()
