"""Changing a service by pages that hold no script: form, difference, earlier states, sharing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace

import httpx2
import pytest
from tests.web.stub_platform import ADA, stub_platform, stub_portal, usual_releases

from sardonyx.projects.models import Actor, Project
from sardonyx.services.models import QuotaUse, State

NAME = "postgresql-118"
EDIT = f"/services/{NAME}/edit"
MEMORY = "/resources/limits/memory"
HEADERS = {"cookie": "sardonyx=ada", "accept": "text/html", "sec-fetch-site": "same-origin"}


@pytest.fixture
def platform() -> SimpleNamespace:
    made = stub_platform(usual_releases())
    seen = made.runtime.kept[NAME]
    values = {"auth": {"password": "s3cret"}, "resources": {"limits": {"memory": "4Gi"}}}
    made.runtime.kept[NAME] = replace(
        seen, values=values, secret_paths=frozenset({("auth", "password")})
    )
    return made


@pytest.fixture
async def browser(platform: SimpleNamespace) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(platform) as made:
        yield made


def client(platform: SimpleNamespace) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=stub_portal(platform)),
        base_url="http://localhost:8000",
        headers=HEADERS,
    )


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page)
    assert found, name
    return found[1].replace("&#34;", '"').replace("&amp;", "&")


def sent(page: str) -> dict[str, str]:
    return {name: field(page, name) for name in ("patch", "version")}


async def test_a_change_is_shown_before_it_is_made(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(EDIT)).text
    assert "Nothing yet" in page
    checked = await browser.post(f"{EDIT}/check", data={**sent(page), MEMORY: "6Gi"})
    assert "<del" in checked.text and ">6Gi</ins>" in checked.text
    review = await browser.post(EDIT, data={**sent(page), MEMORY: "6Gi"})
    assert "Apply the change" in review.text
    assert 'class="added"' in review.text and "sardonyx services edit" in review.text
    assert "s3cret" not in review.text
    assert platform.runtime.kept[NAME].revision == 1
    asked = {**sent(review.text), "etag": field(review.text, "etag")}
    back = await browser.post(EDIT, data={**asked, "back": "true"})
    assert ">6Gi</ins>" in back.text and "Apply the change" not in back.text
    answer = await browser.post(f"{EDIT}/apply", data=asked)
    assert answer.status_code == 303
    shown = (await browser.get(answer.headers["location"])).text
    assert "is changing" in shown and f"sardonyx services edit {NAME}" in shown
    seen = platform.runtime.kept[NAME]
    assert seen.revision == 2
    assert seen.values["resources"]["limits"]["memory"] == "6Gi"
    assert seen.values["auth"]["password"] == "s3cret"


async def test_what_somebody_else_changed_meanwhile_is_not_lost(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(EDIT)).text
    review = (await browser.post(EDIT, data={**sent(page), MEMORY: "6Gi"})).text
    platform.runtime.kept[NAME] = replace(platform.runtime.kept[NAME], revision=2)
    asked = {**sent(review), "etag": field(review, "etag")}
    answer = await browser.post(f"{EDIT}/apply", data=asked)
    assert answer.status_code == 412
    assert "changed meanwhile" in answer.text
    assert platform.runtime.kept[NAME].revision == 2


async def test_a_wrong_value_goes_no_further_than_the_form(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(EDIT)).text
    answer = await browser.post(EDIT, data={**sent(page), "/auth/database": "Not A Name"})
    assert "To correct before the change" in answer.text
    assert "Apply the change" not in answer.text
    unchanged = await browser.post(EDIT, data=sent(page))
    assert 'role="alert"' in unchanged.text and "Nothing yet" in unchanged.text


async def test_an_earlier_state_is_compared_then_returned_to(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    platform.runtime.kept[NAME] = replace(platform.runtime.kept[NAME], revision=2)
    listed = (await browser.get(f"/services/{NAME}/history")).text
    assert f'href="/services/{NAME}/history/1"' in listed
    page = (await browser.get(f"/services/{NAME}/history/1")).text
    assert "packages" in page and "Return to it" in page
    asked = {"revision": "1", "etag": field(page, "etag")}
    answer = await browser.post(f"/services/{NAME}/rollback", data=asked)
    assert answer.status_code == 303
    assert platform.runtime.kept[NAME].revision == 3


async def test_a_copy_opens_in_the_launcher_without_secrets(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(f"/services/{NAME}")).text
    found = re.search(r'href="(/launch/[^"]*like=[^"]*)"', page)
    assert found
    copied = (await browser.get(found[1].replace("&amp;", "&"))).text
    assert "s3cret" not in copied


async def test_allowances_open_when_one_is_nearly_used_up(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get("/services")).text
    assert '<details class="fold quota" open>' in page
    assert "Memory, at most" in page and '<progress value="0.9375"' in page
    platform.runtime.limits = [QuotaUse("limits.memory", "1Gi", "16Gi")]
    assert 'class="fold quota" >' in (await browser.get("/services")).text
    platform.runtime.limits = []
    assert "Your allowance" not in (await browser.get("/services")).text


async def test_in_a_group_one_shares_and_administrators_adopt(platform: SimpleNamespace) -> None:
    group = Project("user-ada", "Soil", "soil", "soil", group="soil")
    person: Actor = replace(ADA, projects=(group,), is_admin=True)

    async def actor(token: str | None) -> Actor:
        return person

    platform.sign_in.actor = actor
    async with client(platform) as browser:
        page = (await browser.get(f"/services/{NAME}")).text
        assert "Only you see it." in page
        answer = await browser.post(f"/services/{NAME}/share", data={"shared": "true"})
        assert answer.status_code == 303
        assert platform.runtime.kept[NAME].shared
        kept = platform.runtime.kept
        kept[NAME] = replace(kept[NAME], owner="eve", state=State.RUNNING)
        shared = (await browser.get(f"/services/{NAME}")).text
        assert "It belongs to eve." in shared
        assert f"/services/{NAME}/pause" in shared and f'{EDIT}"' not in shared
        kept[NAME] = replace(kept[NAME], owner="", shared=False)
        assert f"/services/{NAME}/adopt" in (await browser.get(f"/services/{NAME}")).text
        await browser.post(f"/services/{NAME}/adopt")
        assert kept[NAME].owner == "ada"


@pytest.mark.parametrize("address", [EDIT, f"/services/{NAME}/history/1"])
async def test_pages_hold_no_inline_script_or_style(
    browser: httpx2.AsyncClient, platform: SimpleNamespace, address: str
) -> None:
    platform.runtime.kept[NAME] = replace(platform.runtime.kept[NAME], revision=2)
    page = (await browser.get(address)).text
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*src=)|\son\w+=", page)
