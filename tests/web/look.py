"""How pages look in Chromium: what it refuses or finds broken, axe's verdict, the width.

A page is loaded once for all its looks: the colours and the size of the window are changed under
it, as a person does it. Pictures are taken where SARDONYX_SCREENSHOTS names a folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    BrowserContext,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PATIENCE = 120_000.0  # milliseconds: a busy machine is no fault
DESK, PHONE = ViewportSize(width=1360, height=900), ViewportSize(width=390, height=844)
# Only what is violated is wanted; all that holds would be described node by node as well.
WCAG: Mapping[str, object] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# Rules that judge colours: another language does not change their verdict, and other colours
# change that of no other rule.
OF_COLOURS = ("color-contrast", "link-in-text-block")
COLOURS_ALONE: Mapping[str, object] = {**WCAG, "runOnly": OF_COLOURS}
WITHOUT_COLOURS: Mapping[str, object] = {
    **WCAG,
    "rules": {rule: {"enabled": False} for rule in OF_COLOURS},
}
RUN = "options => axe.run(options).then((found) => found.violations)"
OPEN_FOLDS = "document.querySelectorAll('main details').forEach((fold) => (fold.open = true))"
# Colours that are still fading are nobody's choice; what turns without end is left out.
FADED = """Promise.allSettled(document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
    .map((one) => one.finished))"""


@dataclass(frozen=True, slots=True)
class Look:
    """One way to see a page; `name` ends the names of its pictures.

    judged: what axe is to judge that the looks before did not show; nothing: the width alone.
    """

    name: str
    viewport: ViewportSize
    scheme: Literal["light", "dark"]
    judged: Mapping[str, object] = field(default_factory=lambda: WCAG)

    async def put_on(self, page: Page) -> None:
        """Give the window this look."""
        await page.set_viewport_size(self.viewport)
        await page.emulate_media(color_scheme=self.scheme)
        await page.evaluate(FADED)


LIGHT, DARK = Look("light", DESK, "light"), Look("dark", DESK, "dark", COLOURS_ALONE)
ON_A_PHONE = Look("phone", PHONE, "light")
FRENCH = Look("french", DESK, "light", {})
FRENCH_PHONE = Look("french-phone", PHONE, "light", WITHOUT_COLOURS)
# Every look of every page, by the language of the browser.
LOOKS = {"en-GB": (LIGHT, DARK, ON_A_PHONE), "fr-FR": (FRENCH, FRENCH_PHONE)}
# French, whose words are longer, is looked at with what is heavy: every change runs that too.
LOCALES = ("en-GB", pytest.param("fr-FR", marks=pytest.mark.heavy))


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        expect.set_options(timeout=PATIENCE)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def windows(browser: Browser, *, locale: str = "en-GB") -> AsyncIterator[BrowserContext]:
    """Give windows of a person whom no portal knows yet."""
    context = await browser.new_context(locale=locale, viewport=DESK)
    context.set_default_timeout(PATIENCE)
    try:
        yield context
    finally:
        await context.close()


@asynccontextmanager
async def signed_in(
    browser: Browser, address: str, *, name: str = "ada", locale: str = "en-GB"
) -> AsyncIterator[BrowserContext]:
    """Give windows of a person who is signed in at a portal of stubs."""
    async with windows(browser, locale=locale) as context:
        await context.add_cookies([{"name": "sardonyx", "value": name, "url": address}])
        yield context


_CUT_SHORT = re.compile("Viewport size changed|ViewTransition opt-in disabled")


def complaints(page: Page) -> list[str]:
    """Return a list that fills with what the browser refuses or finds broken.

    Resizing the window, or sending a form from a page that has just come, may cut a fade between
    two pages short.
    """
    heard: list[str] = []
    page.on(
        "pageerror",
        lambda error: None if _CUT_SHORT.search(str(error)) else heard.append(str(error)),
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


async def violations(page: Page, judged: Mapping[str, object] = WCAG) -> list[str]:
    """Return what axe finds on the page as it is seen now; nothing to judge finds nothing."""
    if not judged:
        return []
    if not await page.evaluate("'axe' in window"):  # half a megabyte, once for each page
        await page.evaluate(Axe().axe_script)
    found = await page.evaluate(RUN, dict(judged))
    return [
        f"{one['id']}: {one['help']} — {node['html'][:160]}"
        for one in found
        for node in one["nodes"]
    ]


async def faults_of(page: Page, name: str, looks: Sequence[Look]) -> list[str]:
    """Return what is wrong with the open page in each of the looks, its folds open."""
    if os.environ.get("SARDONYX_SCREENSHOTS"):
        for look in looks:
            await look.put_on(page)
            await picture(page, f"{name}-{look.name}")
    await page.evaluate(OPEN_FOLDS)
    faults: list[str] = []
    for look in looks:
        await look.put_on(page)
        faults += [
            f"{name} ({look.name}): {fault}" for fault in await violations(page, look.judged)
        ]
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            faults.append(f"{name} ({look.name}): {wide} px wider than the window")
    return faults


async def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page, where one is wanted."""
    folder = os.environ.get("SARDONYX_SCREENSHOTS")
    if folder:
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=place / f"{name}.png", full_page=True)
