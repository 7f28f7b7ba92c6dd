"""One platform for all journeys of a test process: starting one costs seconds.

Tests of one platform are of one xdist group, `platform` or `light`, so that one process runs them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.e2e.chromium import chromium
from tests.e2e.every_widget import every_widget_catalog
from tests.e2e.light import light_catalog
from tests.e2e.platform import TestPlatform, running_platform


@pytest.fixture(scope="session")
def platform() -> Iterator[TestPlatform]:
    with running_platform() as platform:
        yield platform


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestPlatform]:
    """A platform with the charts of tests/data, which need no package: it has no network."""
    folder = tmp_path_factory.mktemp("catalog")
    catalogs = [str(light_catalog(folder)), str(every_widget_catalog(folder))]
    with running_platform(UV_OFFLINE="1", SARDONYX_CATALOGS=json.dumps(catalogs)) as platform:
        yield platform


@pytest.fixture(scope="session")
def mirror(light: TestPlatform) -> str:
    """The name of a running `mirror` on the light platform."""
    return light.launch("mirror", "--catalog", "light")


@pytest.fixture(scope="session")
def second(light: TestPlatform) -> str:
    """The name of another running `mirror`."""
    return light.launch("mirror", "--catalog", "light")


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A browser for one test: while it runs, no other test of the process may use asyncio."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)  # a busy machine is no fault
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, platform: TestPlatform) -> Page:
    """A page of somebody who has just signed in."""
    page = context.new_page()
    page.goto(platform.link())
    return page
