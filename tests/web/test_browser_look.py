"""Every page in Chromium: no accessibility violation, no overflow, no blocked resource, light.

`look.py` says how pages are looked at, and where their pictures go.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Dialog, Page, async_playwright, expect
from tests.catalog.test_own_charts import EVERYTHING, archive
from tests.web.look import (
    ARGUMENTS,
    CHROMIUM,
    DARK,
    FRENCH,
    FRENCH_PHONE,
    LIGHT,
    LOCALES,
    LOOKS,
    ON_A_PHONE,
    chromium,
    complaints,
    faults_of,
    picture,
    settled,
    signed_in,
    violations,
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

from sardonyx.adapters.charts.any_source import AnyChartFetcher
from sardonyx.catalog.own import OwnCharts
from sardonyx.catalog.own_folder import FolderShelf
from sardonyx.services.launching import LaunchRequest

# One browser for all of the module, so all run in one process and in its loop.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("pages"),
    pytest.mark.asyncio(loop_scope="module"),
]

FIRST_LOAD = 200_000  # bytes, compressed or not: ours fit without compression
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
    "services-delete": "/services/-/delete",
    "service-edit": "/services/jupyter-python-73105/edit",
    "service-history": "/services/jupyter-python-73105/history",
    "events": "/events",
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
    "storage": "/account/storage?change=nas",
    "project-settings": "/projects/settings?password=1",
    "launch-link": "/launch/sardonyx/postgresql?name=Census&auth.database=«census»&autoLaunch=true",
    "chart-own": "/catalog/any",
    "not-found": "/nothing",
    "sign-in": "/sign-in",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A page that answers a form: what is posted, and a file as its field, name and content."""

    path: str
    fields: Mapping[str, str]
    file: tuple[str, str, bytes] | None = None


_IMPORTED = {
    "catalogId": "sardonyx",
    "chartName": "postgresql",
    "chartVersion": "0.1.0",
    "helmValuesPatch": [{"path": ["auth", "database"], "value": "prices"}],
}
_FILE = json.dumps([{**_IMPORTED, "friendlyName": name} for name in ("Prices", "Census")]).encode()
SENT = {
    "save-conflict": Sent(
        "/launch/sardonyx/postgresql/save",
        {"save": "new", "friendly_name": "Census", "/auth/database": "prices"},
    ),
    "imported": Sent("/configurations/import", {"clash": "skip"}, ("file", "saved.json", _FILE)),
    "chart-review": Sent("/catalog/any", {}, ("archive", "everything.tgz", archive(EVERYTHING))),
}
# Their parts stand on the other pages too: the colours once, the words on a phone.
SENT_LOOKS = {"en-GB": (DARK, ON_A_PHONE), "fr-FR": (FRENCH, FRENCH_PHONE)}
_SEND = """([path, fields, file]) => {
    const form = document.body.appendChild(document.createElement("form"));
    Object.assign(form, {method: "post", action: path, enctype: "multipart/form-data"});
    for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
    }
    if (file) {
        const [name, called, content] = file;
        const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
        const chosen = new DataTransfer();
        chosen.items.add(new File([bytes], called));
        const input = Object.assign(document.createElement("input"), {type: "file", name});
        form.append(input);
        input.files = chosen.files;
    }
    form.submit();
}"""


async def sent(page: Page, address: str, one: Sent) -> None:
    """Send a form from the page that is open, as a browser does, and wait for the answer."""
    file = None
    if one.file is not None:
        name, called, content = one.file
        file = [name, called, base64.b64encode(content).decode()]
    async with page.expect_navigation():
        await page.evaluate(_SEND, [address + one.path, dict(one.fields), file])
    await page.wait_for_function("window.htmx !== undefined")


async def save_census(platform: SimpleNamespace) -> None:
    """Keep a configuration that another one of the same name meets."""
    request = LaunchRequest(chart="postgresql", settings=("auth.database=census",))
    draft = await platform.services.open_request(ADA, project=PROJECT.id, request=request)
    await platform.configurations.save(ADA, project=PROJECT.id, draft=draft, friendly_name="Census")


@asynccontextmanager
async def serving(*, empty: bool = False) -> AsyncIterator[str]:
    """Serve the pages on a port of the test's own; yields the address."""
    platform = stub_platform(() if empty else usual_releases())
    await platform.files.listing(ADA, PROJECT.id)
    fetcher, shelf = AnyChartFetcher(), TemporaryDirectory()
    platform.own_charts = OwnCharts(
        fetcher=fetcher,
        shelf=FolderShelf(Path(shelf.name)),
        kept=platform.catalog.brought_by,
        launched=platform.services.launched_from,
        audit=platform.accounts._records,
    )
    if not empty:
        await fill(platform)
        await save_census(platform)
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
            await fetcher.close()
            shelf.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def transferred(context: BrowserContext, page: Page) -> list[int]:
    """Return a list that fills with the bytes of each answer a page loads; none is cached."""
    sizes: list[int] = []
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    return sizes


@pytest.mark.parametrize("locale", LOCALES)
async def test_each_page_is_accessible_and_fits_and_is_light_on_first_load(
    browser: Browser, locale: str
) -> None:
    faults: list[str] = []
    async with serving() as address, signed_in(browser, address, locale=locale) as context:
        page = await context.new_page()
        heard = complaints(page)
        sizes = await transferred(context, page)
        for name, path in PAGES.items():
            await LIGHT.put_on(page)
            sizes.clear()
            await settled(page, address + path)
            await page.wait_for_load_state("load")
            if sum(sizes) > FIRST_LOAD or not sizes:
                faults.append(f"{name}: {sum(sizes):.0f} bytes")
            faults += await faults_of(page, name, LOOKS[locale])
        for name, one in SENT.items():
            await settled(page, address + "/catalog/any")
            await sent(page, address, one)
            faults += await faults_of(page, name, SENT_LOOKS[locale])
        faults += [said for said in heard if "412" not in said]  # the conflict's own answer
    assert faults == []


async def test_the_first_home_is_accessible_while_parts_still_start(browser: Browser) -> None:
    async with serving(empty=True) as address, signed_in(browser, address) as context:
        page = await context.new_page()
        await settled(page, address + "/")
        await expect(page.get_by_text("Still being prepared:").first).to_be_visible()
        assert await violations(page) == []
        await picture(page, "home-first-light")


async def test_a_launch_by_keyboard_alone(browser: Browser) -> None:
    async with serving() as address, signed_in(browser, address) as context:
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


async def test_the_two_ways_by_command_stay_tabs_while_the_form_changes(browser: Browser) -> None:
    async with serving() as address, signed_in(browser, address) as context:
        page = await context.new_page()
        await settled(page, f"{address}{PAGES['launch']}")
        await page.get_by_text("The same launch by command").click()
        name = page.locator("main input:not([type]):visible, main input[type=text]:visible").first
        async with page.expect_response("**/check"):
            await name.fill("other")
            await name.press("Tab")
        await expect(page.locator(".commands .code-box:visible")).to_contain_text("other")
        await expect(page.locator(".commands .tab-list")).to_have_count(1)


async def test_a_profile_is_not_left_unsaved_without_a_warning(browser: Browser) -> None:
    async with serving() as address, signed_in(browser, address) as context:
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
    browser: Browser, tmp_path: Path
) -> None:
    dropped = tmp_path / "wave"
    dropped.mkdir()
    for number in range(3):
        (dropped / f"part {number} é.csv").write_text("x\n1\n")
    async with serving() as address, signed_in(browser, address) as context:
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


async def test_the_story_moves_without_a_reload(browser: Browser) -> None:
    async with serving() as address, signed_in(browser, address) as context:
        page, other = await context.new_page(), await context.new_page()
        await settled(page, address + "/services")
        await settled(other, address + "/services/jupyter-python-73105")
        await other.get_by_role("button", name="Pause").click()
        row = page.locator("#row-jupyter-python-73105")
        await expect(row.get_by_text("paused")).to_be_visible()
        await expect(row.get_by_role("button", name="Start again")).to_be_visible()


async def test_a_browser_that_does_not_find_localhost_names_is_told_what_to_do(
    browser: Browser,
) -> None:
    arguments = [*ARGUMENTS, "--host-resolver-rules=MAP *.localhost ~NOTFOUND"]
    async with serving() as address, async_playwright() as playwright:
        blind = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        for one, told in ((blind, True), (browser, False)):
            async with signed_in(one, address) as context:
                page = await context.new_page()
                async with page.expect_event(
                    "requestfailed" if told else "requestfinished",
                    lambda request: "/_sardonyx/here" in request.url,
                ):
                    await settled(page, f"{address}/services/jupyter-python-73105")
                notice = page.locator("sx-reach")
                await (expect(notice).to_be_visible() if told else expect(notice).to_be_hidden())
        await blind.close()
