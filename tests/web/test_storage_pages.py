"""Own storage as a browser meets it, and the launcher that offers it."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx2
import pytest
from tests.web.stub_platform import stub_platform, stub_portal

from sardonyx.account.service import Accounts
from sardonyx.services.contexts import Region, RegionContexts
from sardonyx.services.service import Services
from sardonyx.testing.identity import People
from sardonyx.testing.secret_store import MemorySecretStore
from sardonyx.testing.storage_probe import MemoryProbe

PAGE = "/account/storage"
URL = "https://nas.example:9000"
NAS = {
    "name": "nas",
    "url": URL,
    "folder": "pool/ada",
    "access_key_id": "AK",
    "secret_access_key": "s3cr3t",
}
JUPYTER = "/launch/sardonyx/jupyter-python"
HEADERS = {"cookie": "sardonyx=ada", "accept": "text/html", "sec-fetch-site": "same-origin"}


@pytest.fixture
def platform() -> SimpleNamespace:
    made, people = stub_platform(), People(names=("ada",))
    made.accounts = Accounts(
        records=made.accounts._records,
        secret_store=MemorySecretStore(people, people.issuer),
        probe=MemoryProbe({URL: {"AK": "s3cr3t"}}),
    )
    region = Region("localhost:8000", "http://127.0.0.1:1", "us", "http://127.0.0.1:2", "kv")
    made.services = Services(
        catalog=made.catalog,
        runtime=made.runtime,
        contexts=RegionContexts(region=region, accounts=made.accounts),
        audit=made.accounts._records,
    )
    return made


@pytest.fixture
async def browser(platform: SimpleNamespace) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=stub_portal(platform)),
        base_url="http://localhost:8000",
        headers=HEADERS,
    ) as made:
        yield made


async def test_a_store_is_kept_tried_changed_and_forgotten(browser: httpx2.AsyncClient) -> None:
    kept = await browser.post(PAGE, data=NAS)
    assert kept.status_code == 303
    page = (await browser.get(kept.headers["location"])).text
    assert "“nas” is kept" in page
    assert "sardonyx account storage set nas" in html.unescape(page)
    assert "s3cr3t" not in page
    change = (await browser.get(f"{PAGE}?change=nas")).text
    assert f'value="{URL}"' in change
    assert "s3cr3t" not in change and ">AK<" not in change
    tried = await browser.post(f"{PAGE}/nas/test")
    assert "“nas” answers" in (await browser.get(tried.headers["location"])).text
    gone = await browser.post(f"{PAGE}/nas/remove")
    assert "forgotten" in (await browser.get(gone.headers["location"])).text
    assert (await browser.get(f"{PAGE}?change=nas")).status_code == 404


async def test_without_script_the_page_says_what_is_wrong(browser: httpx2.AsyncClient) -> None:
    refused = await browser.post(PAGE, data={**NAS, "url": "https://away.example"})
    assert refused.status_code == 403
    assert "No S3 storage answers at https://away.example" in html.unescape(refused.text)
    assert 'value="anyway"' in refused.text
    assert "s3cr3t" not in refused.text
    wrong = await browser.post(PAGE, data={**NAS, "folder": "a/../b"})
    assert wrong.status_code == 422
    assert 'value="anyway"' not in wrong.text


async def test_a_script_gets_the_words_alone(browser: httpx2.AsyncClient) -> None:
    script = {"hx-request": "true"}
    tried = await browser.post(PAGE, data={**NAS, "act": "test"}, headers=script)
    assert "<html" not in tried.text
    assert "The storage answers" in tried.text
    assert "nas" not in (await browser.get(PAGE)).text
    bad = await browser.post(PAGE, data={**NAS, "secret_access_key": "x"}, headers=script)
    assert "SignatureDoesNotMatch" in bad.text
    anyway = await browser.post(
        PAGE, data={**NAS, "secret_access_key": "x", "act": "anyway"}, headers=script
    )
    assert anyway.headers["hx-redirect"].startswith(PAGE)
    failed = await browser.post(f"{PAGE}/nas/test")
    assert "refuses" in (await browser.get(failed.headers["location"])).text


async def test_the_launcher_offers_it_only_where_there_is_a_choice(
    browser: httpx2.AsyncClient,
) -> None:
    alone = (await browser.get(JUPYTER)).text
    assert '<select class="select" id="profile"' not in alone
    await browser.post(PAGE, data=NAS)
    page = (await browser.get(JUPYTER)).text
    assert re.findall(r'<option value="(default|nas)"', page) == ["default", "nas"]
    assert "s3=default" in page
    database = (await browser.get("/launch/sardonyx/postgresql")).text
    assert 'id="profile"' not in database  # it reads no storage
    chosen = html.unescape((await browser.get(f"{JUPYTER}?s3=nas")).text)
    assert re.search(r'<option value="nas" selected', chosen)
    assert "s3://pool/ada" in chosen
    assert "--storage nas" in chosen
    assert "s3cr3t" not in chosen
    gone = html.unescape((await browser.get(f"{JUPYTER}?s3=gone")).text)
    assert "The storage profile “gone” is not there; “default” is used." in gone


async def test_a_change_of_storage_keeps_what_was_typed(browser: httpx2.AsyncClient) -> None:
    await browser.post(PAGE, data=NAS)
    link = f"{JUPYTER}?s3=default&s3.workingDirectoryPath=«mine/»&git.branch=«dev»"
    page = (await browser.get(link)).text
    hidden = {
        name: html.unescape(found[1])
        for name in ("draft", "patch", "stamp", "shown", "shown_version", "shown_s3")
        if (found := re.search(rf'name="{name}" value="([^"]*)"', page))
    }
    typed = {**hidden, "friendly_name": "x", "s3": "nas"}
    changed = html.unescape((await browser.post(f"{JUPYTER}/check", data=typed)).text)
    assert "s3=nas" in changed
    assert "s3.workingDirectoryPath=" in changed and "git.branch=" in changed
