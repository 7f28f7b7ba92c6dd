"""The page of services: what stands above the list, and what is done to all of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx2
import pytest
from tests.web.stub_platform import stub_platform, usual_releases
from tests.web.test_pages import client

from sardonyx.services.errors import ServiceNotFoundError
from sardonyx.services.models import Loss, State


@pytest.fixture
def platform() -> SimpleNamespace:
    return stub_platform(usual_releases())


@pytest.fixture
async def browser(platform: SimpleNamespace) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(platform) as made:
        yield made


async def test_all_of_one_s_own_services_are_deleted_after_a_question(
    platform: SimpleNamespace, browser: httpx2.AsyncClient
) -> None:
    kept = platform.runtime.kept
    assert 'href="/services/-/delete" data-dialog' in (await browser.get("/services")).text
    question = (await browser.get("/services/-/delete")).text
    names = re.findall(r'name="name" value="([^"]+)"', question)
    assert set(names) == set(kept)
    assert "to lose: 33" in question
    platform.runtime.kept["new"] = replace(kept[names[0]], release="new")  # launched meanwhile
    answer = await browser.post("/services/-/delete", data={"name": [*names, "gone"]})
    assert answer.status_code == 303
    assert set(kept) == {"new"}
    said = (await browser.get(answer.headers["location"])).text
    assert "Your services are being deleted" in said
    assert f"sardonyx services delete {names[0]} --yes" in said
    del kept["new"]
    assert "None here is yours" in (await browser.get("/services/-/delete")).text
    assert "/services/-/delete" not in (await browser.get("/services")).text


async def test_one_that_goes_while_it_is_asked_about_is_left_out(
    platform: SimpleNamespace, browser: httpx2.AsyncClient
) -> None:
    gone, *others = platform.runtime.kept
    losses = platform.runtime.losses

    async def meanwhile(project: str, release: str) -> Sequence[Loss]:
        if release == gone:
            raise ServiceNotFoundError(name=release, project=project)
        return await losses(project, release)  # type: ignore[no-any-return]

    platform.runtime.losses = meanwhile
    question = await browser.get("/services/-/delete")
    assert question.status_code == 200
    assert set(re.findall(r'name="name" value="([^"]+)"', question.text)) == set(others)


async def test_all_are_two_at_least(platform: SimpleNamespace, browser: httpx2.AsyncClient) -> None:
    kept = platform.runtime.kept
    first, second, *rest = kept
    for name in rest:
        del kept[name]
    page = (await browser.get("/services")).text
    assert page.index('id="services"') < page.index('href="/services/-/delete"')
    kept[second] = replace(kept[second], state=State.STOPPING)
    page = (await browser.get("/services")).text
    assert f'id="row-{first}"' in page
    assert "/services/-/delete" not in page


async def test_what_has_run_for_a_week_says_so(
    platform: SimpleNamespace, browser: httpx2.AsyncClient
) -> None:
    name = "jupyter-python-73105"
    for page in ("/services", f"/services/{name}"):
        assert "still running" not in (await browser.get(page)).text
    began = datetime.now(UTC) - timedelta(hours=169)
    platform.runtime.kept[name] = replace(platform.runtime.kept[name], started_at=began)
    for page in ("/services", f"/services/{name}"):
        assert (await browser.get(page)).text.count("still running, started ") == 1, page
    paused = replace(platform.runtime.kept[name], state=State.PAUSED)
    platform.runtime.kept[name] = paused
    assert "still running" not in (await browser.get("/services")).text


@pytest.mark.parametrize("name", ["stream", "delete", "new", "services"])
async def test_a_service_may_be_called_as_what_is_done_to_all(
    platform: SimpleNamespace, browser: httpx2.AsyncClient, name: str
) -> None:
    one = platform.runtime.kept["jupyter-python-73105"]
    platform.runtime.kept[name] = replace(one, release=name, friendly_name="An odd one")
    assert f'href="/services/{name}"' in (await browser.get("/services")).text
    async with asyncio.timeout(20):  # a stream in its place would never end
        page = await browser.get(f"/services/{name}")
    assert page.headers["content-type"].startswith("text/html")
    assert f'sse-connect="/services/{name}/stream"' in page.text
    assert (await browser.get(f"/services/{name}/delete")).status_code == 200
