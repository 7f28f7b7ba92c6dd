"""Profile and project settings as a browser without script meets them."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx2
import pytest
from tests.account.forms import PROFILE
from tests.web.stub_platform import Records, stub_platform, stub_portal

from sardonyx.account.profile_schemas import GivenSchemas
from sardonyx.account.service import Accounts
from sardonyx.testing.identity import People
from sardonyx.testing.secret_store import MemorySecretStore
from sardonyx.testing.storage_probe import MemoryProbe
from sardonyx.values import JsonObject

SIGNED_IN = {"cookie": "sardonyx=ada", "accept": "text/html", "sec-fetch-site": "same-origin"}
PAGE = "/account/profile"


@pytest.fixture
def platform() -> SimpleNamespace:
    return with_profile(stub_platform(), PROFILE)


def with_profile(platform: SimpleNamespace, schema: JsonObject | None) -> SimpleNamespace:
    people = People()
    platform.accounts = Accounts(
        records=Records(),
        secret_store=MemorySecretStore(people, people.issuer),
        probe=MemoryProbe(),
        profile_schemas=GivenSchemas({} if schema is None else {"default": schema}),
    )
    return platform


@pytest.fixture
async def browser(platform: SimpleNamespace) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(platform) as made:
        yield made


def client(platform: SimpleNamespace, **headers: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=stub_portal(platform)),
        base_url="http://localhost:8000",
        headers={**SIGNED_IN, **headers},
    )


def posted(page: str, **changed: list[str] | str) -> dict[str, list[str] | str]:
    """Return what the page's form posts, with some of it changed; keys begin with a slash."""
    form = re.search(r'<form method="post" action="/account/profile".*?</form>', page, re.DOTALL)
    assert form is not None
    found: dict[str, list[str] | str] = {}
    for tag in re.findall(r"<input [^>]*>", form[0]):
        read = dict(re.findall(r'([a-z]+)="([^"]*)"', tag))
        if read.get("type") == "checkbox" and not re.search(r"\bchecked\b", tag):
            continue
        values = found.setdefault(html.unescape(read["name"]), [])
        assert isinstance(values, list)
        values.append(html.unescape(read["value"]))
    return {**found, **changed}


async def test_a_profile_is_filled_in_without_script_saved_and_seen_again(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    assert 'href="/account/profile"' in (await browser.get("/account")).text
    fresh = (await browser.get(PAGE)).text
    more = (await browser.post(PAGE, data=posted(fresh, add="/identities"))).text
    more = (await browser.post(PAGE, data=posted(more, add="/identities"))).text
    assert more.count('name="inject"') == 2
    assert "data-unsaved" in more
    wanted = posted(more, inject=["/identities/1"])
    wanted |= {"/team": "wages", "/identities/0/forge": "mine", "/identities/0/token": "t-0"}
    saved = await browser.post(PAGE, data=wanted)
    assert saved.status_code == 303, saved.text
    seen = (await browser.get(saved.headers["location"])).text
    assert 'name="/team" value="wages"' in seen
    assert "Services launched from now on have it." in seen
    assert "data-unsaved hidden" not in seen
    switches = re.findall(r'name="inject" value="([^"]*)" (checked)?', seen)
    assert switches == [("/identities/0", ""), ("/identities/1", "checked")]
    assert "t-0" not in re.sub(r"<input [^>]*>", "", html.unescape(seen))
    less = (await browser.post(PAGE, data=posted(seen, remove="/identities/0"))).text
    assert re.findall(r'name="inject" value="([^"]*)" (checked)?', less) == [
        ("/identities/0", "checked")
    ]
    assert 'name="/identities/0/token" value="t-0"' in (await browser.get(PAGE)).text


async def test_what_is_wrong_is_told_at_its_place_and_nothing_is_saved(
    browser: httpx2.AsyncClient,
) -> None:
    page = (await browser.get(PAGE)).text
    refused = await browser.post(PAGE, data=posted(page) | {"/team": "Not A Team"})
    assert refused.status_code == 422
    assert 'href="#field-team"' in refused.text
    assert 'value="Not A Team"' in refused.text
    checked = await browser.post(f"{PAGE}/check", data=posted(page) | {"/team": "Not A Team"})
    assert checked.status_code == 200
    assert 'aria-invalid="true"' in checked.text
    assert "<html" not in checked.text
    assert 'value="none"' in (await browser.get(PAGE)).text


async def test_what_a_new_form_does_not_take_is_shown_until_it_is_removed(
    platform: SimpleNamespace,
) -> None:
    async with client(platform) as browser:
        page = (await browser.get(PAGE)).text
        await browser.post(PAGE, data=posted(page) | {"/phone": "12"})
    records, store = platform.accounts._records, platform.accounts._secrets
    platform.accounts = Accounts(
        records=records,
        secret_store=store,
        probe=MemoryProbe(),
        profile_schemas=GivenSchemas({"default": {"properties": {"team": {"type": "string"}}}}),
    )
    async with client(platform) as browser:
        page = (await browser.get(PAGE)).text
        assert "The form has changed since you saved" in page
        assert '<code translate="no">phone</code>' in page
        await browser.post(PAGE, data=posted(page) | {"/team": "x"})
        assert '<code translate="no">phone</code>' in (await browser.get(PAGE)).text
        await browser.post(f"{PAGE}/forget-rest")
        assert '<code translate="no">phone</code>' not in (await browser.get(PAGE)).text


async def test_nobody_is_led_to_a_profile_that_is_not_asked_for() -> None:
    async with client(with_profile(stub_platform(), None)) as browser:
        assert 'href="/account/profile"' not in (await browser.get("/account")).text
        assert (await browser.get(PAGE)).status_code == 404


async def test_a_form_of_another_site_saves_nothing(platform: SimpleNamespace) -> None:
    async with client(platform, **{"sec-fetch-site": "cross-site"}) as thief:
        for address in (PAGE, f"{PAGE}/forget-rest", "/projects/settings/password/renew"):
            assert (await thief.post(address, data={})).status_code == 403
    assert platform.accounts._records.audit == []


async def test_the_profile_is_french_for_the_french(platform: SimpleNamespace) -> None:
    async with client(platform, **{"accept-language": "fr"}) as browser:
        page = (await browser.get(PAGE)).text
        settings = (await browser.get("/projects/settings")).text
    assert "<h1>Profil</h1>" in page
    assert "Équipe" in page
    assert "Mot de passe des services" in settings


async def test_the_service_password_is_shown_when_asked_and_renewed(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    hidden = (await browser.get("/projects/settings")).text
    shown = await browser.get("/projects/settings?password=1")
    assert shown.headers["cache-control"] == "no-store"
    password = re.search(r'<pre id="password"[^>]*>([0-9a-z]{20})</pre>', shown.text)
    assert password is not None and password[1] not in hidden
    renewed = await browser.post("/projects/settings/password/renew")
    after = (await browser.get(renewed.headers["location"])).text
    assert password[1] not in after
    assert re.search(r'<pre id="password"[^>]*>[0-9a-z]{20}</pre>', after)
    assert "Services that run keep the old one." in after
    assert [one.action for one in platform.accounts._records.audit] == ["project.renew_password"]
