"""Pages as a browser without script meets them: what they say, and where forms lead."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.web.stub_platform import ADA, PROJECT, fill, stub_platform, stub_portal, usual_releases

from sardonyx.catalog.service import CatalogSource
from sardonyx.services.models import State

SIGNED_IN = {"cookie": "sardonyx=ada", "accept": "text/html", "sec-fetch-site": "same-origin"}
JUPYTER = "/launch/sardonyx/jupyter-python"


@pytest.fixture
async def platform() -> SimpleNamespace:
    made = stub_platform(usual_releases())
    await made.files.listing(ADA, PROJECT.id)
    await fill(made)
    return made


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


async def test_a_stranger_is_told_how_to_sign_in(platform: SimpleNamespace) -> None:
    async with client(platform, cookie="sardonyx=eve") as stranger:
        answer = await stranger.get("/files/")
    assert answer.status_code == 401
    assert "sardonyx open" in answer.text
    assert "prices-2026" not in answer.text


async def test_signing_in_leads_to_the_address_that_was_asked_for(
    platform: SimpleNamespace,
) -> None:
    async with client(platform, cookie="") as stranger:
        refused = await stranger.get("/files/survey/?sort=size&order=desc")
        wanted = refused.cookies["wanted"].strip('"')
        answer = await stranger.get("/sign-in?t=one", headers={"cookie": f"wanted={wanted}"})
        elsewhere = await stranger.get("/sign-in?t=one", headers={"cookie": "wanted=//evil.test"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/files/survey/?sort=size&order=desc"
    assert elsewhere.headers["location"] == "/"


async def test_the_first_home_offers_three_ways_to_start() -> None:
    platform = stub_platform()
    await platform.files.listing(ADA, PROJECT.id)
    async with client(platform) as browser:
        page = (await browser.get("/")).text
    assert "What do you want to work on?" in page
    assert all(words in page for words in ("Upload a file", "Open JupyterLab", "Ten-minute tour"))
    assert f'href="{JUPYTER}"' in page


async def test_home_continues_where_one_left(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get("/")).text
    assert "Continue where you left" in page
    assert "Labour survey" in page and "part-2.json" in page
    assert "The service ended by itself" in page  # the last finding
    assert 'href="/open/jupyter-python-73105"' in page


async def test_the_catalogue_is_searched_and_its_hits_are_marked(
    browser: httpx2.AsyncClient,
) -> None:
    everything = (await browser.get("/catalog")).text
    assert JUPYTER in everything and "/launch/sardonyx/postgresql" in everything
    found = (await browser.get("/catalog", params={"search": "postg"})).text
    assert "<mark>Postg</mark>reSQL" in found
    assert JUPYTER not in found
    nothing = (await browser.get("/catalog", params={"search": "<b>zz"})).text
    assert "Nothing found" in nothing and "<b>zz" not in nothing


async def test_a_broken_chart_costs_only_itself(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: broken\nversion: [1\n")
    platform = stub_platform(sources=[CatalogSource("lab", "Lab", folder.parent)])
    async with client(platform) as browser:
        page = (await browser.get("/catalog")).text
    assert JUPYTER in page
    assert "Chart.yaml" in page and "Could not be read" in page


async def test_an_icon_may_draw_and_nothing_else(browser: httpx2.AsyncClient) -> None:
    icon = await browser.get("/catalog/sardonyx/jupyter-python/icon")
    assert icon.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in icon.headers["content-security-policy"]


async def test_the_launcher_promises_only_what_the_chart_has(browser: httpx2.AsyncClient) -> None:
    notebook = (await browser.get(JUPYTER)).text
    database = (await browser.get("/launch/sardonyx/postgresql")).text
    for promise in ("your files, at", "your secrets"):
        assert promise in notebook
        assert promise not in database
    assert "your others find by themselves" in database


async def test_a_launch_by_form_leads_to_its_service(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(JUPYTER)).text
    asked = {**hidden(page), "friendly_name": "Wages"}
    answer = await browser.post(JUPYTER, data=asked)
    assert answer.status_code == 303
    address = answer.headers["location"]
    assert re.match(r"/services/jupyter-python-\d+\?done=", address)
    shown = (await browser.get(address)).text
    assert "Wages" in shown and "Launch asked" in shown
    name = address.split("?")[0].rsplit("/", 1)[1]
    assert platform.runtime.release("user-ada", name).friendly_name == "Wages"
    for page in (shown, (await browser.get(f"/services/{name}")).text):  # at once, and later
        assert page.count("<pre") and page.count("sardonyx launch jupyter-python") == 1
        assert f"sardonyx services show {name}" in page


async def test_a_wrong_value_is_named_at_its_field_and_beside_the_button(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(JUPYTER)).text
    slider = next(name for name in names(page) if "memory" in name.lower())
    before = len(platform.runtime.kept)
    asked = {**hidden(page), "friendly_name": "Wages", slider: "900000"}
    answer = await browser.post(JUPYTER, data=asked)
    assert answer.status_code == 422
    assert len(platform.runtime.kept) == before
    assert 'aria-invalid="true"' in answer.text
    assert "To correct before the launch" in answer.text
    field = "field" + slider.replace("/", "-")
    assert f'href="#{field}"' in answer.text and f'id="{field}"' in answer.text


async def test_the_draft_keeps_its_name_while_it_is_checked(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(JUPYTER)).text
    name = re.search(r"jupyter-python-\d+", page)
    assert name
    checked = await browser.post(f"{JUPYTER}/check", data={**hidden(page), "friendly_name": "x"})
    assert name[0] in checked.text


async def test_a_service_with_its_own_sign_in_shows_its_password_when_asked(
    platform: SimpleNamespace,
) -> None:
    platform.service_host = None
    name, seen = next(
        (name, one)
        for name, one in platform.runtime.kept.items()
        if one.state is State.RUNNING and one.urls
    )
    platform.runtime.kept[name] = replace(seen, notes="Password: tulip", values={})
    async with client(platform) as browser:
        page = (await browser.get(f"/services/{name}")).text
        assert f'href="/services/{name}?password=true"' in page
        assert 'id="password"' not in page
        shown = (await browser.get(f"/services/{name}?password=true")).text
        assert re.search(r'<pre id="password"[^>]*>tulip</pre>', shown)
        platform.runtime.kept[name] = replace(seen, notes="", values={})
        none = (await browser.get(f"/services/{name}?password=true")).text
        assert "Neither its notes nor its settings name one." in none


async def test_a_service_tells_its_story_and_hides_its_secrets(
    browser: httpx2.AsyncClient,
) -> None:
    page = (await browser.get("/services/jupyter-python-9041")).text
    assert "Preparing programs and packages" in page
    assert '<progress value="0.62"' in page
    assert "/open/" not in page  # it does not answer yet
    running = (await browser.get("/services/jupyter-python-73105")).text
    assert "/open/jupyter-python-73105" in running
    assert "$GIT_TOKEN" in running and "hidden" not in re.findall(r"<pre[^>]*>(.*?)</pre>", running)
    assert "<script>alert" not in running


async def test_pause_answers_with_the_same_by_command(browser: httpx2.AsyncClient) -> None:
    answer = await browser.post("/services/jupyter-python-73105/pause")
    assert answer.status_code == 303
    page = (await browser.get(answer.headers["location"])).text
    assert "is pausing" in page
    assert "sardonyx services pause jupyter-python-73105" in page
    assert "Start again" in page


async def test_delete_says_first_what_would_be_lost(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    asked = (await browser.get("/services/jupyter-python-73105/delete")).text
    assert "analysis/prices.ipynb" in asked and "Commits not pushed in prices-model" in asked
    assert "jupyter-python-73105" in platform.runtime.kept
    await browser.post("/services/jupyter-python-73105/delete")
    assert "jupyter-python-73105" not in platform.runtime.kept


async def test_files_stand_in_natural_order_and_are_sorted(browser: httpx2.AsyncClient) -> None:
    def order(page: str) -> list[str]:
        return re.findall(r'name="key" value="([^"]+)"', page)

    usual = order((await browser.get("/files/")).text)
    assert usual[0] == "survey/"
    assert usual.index("part-2.json") < usual.index("part-10.json")
    largest = order((await browser.get("/files/?sort=size&order=desc")).text)
    assert largest[1] == "report.pdf"


async def test_a_table_shows_rows_types_and_the_line_that_reads_it(
    browser: httpx2.AsyncClient,
) -> None:
    page = (await browser.get("/files/prices-2026.parquet")).text
    assert "Île-de-France" in page and "DOUBLE" in page
    assert "duckdb.read_parquet(&#39;s3://user-ada/prices-2026.parquet&#39;)" in page
    asked = (await browser.get("/files/prices-2026.parquet", params={"sql": "SELECT 1"})).text
    assert "SELECT 1" in asked and "Answer" in asked


async def test_a_plain_form_uploads_and_never_replaces_unasked(
    browser: httpx2.AsyncClient,
) -> None:
    name = "naïve \"x\" 'y'.csv"
    first = await browser.post(
        "/files/", data={"action": "upload"}, files={"file": ("a.csv", b"x\n1\n")}
    )
    assert first.status_code == 303
    again = await browser.post(
        "/files/", data={"action": "upload"}, files={"file": ("a.csv", b"y\n")}
    )
    page = (await browser.get(again.headers["location"])).text
    assert "Already there and left as they are: a.csv" in page
    content = await browser.get("/files/a.csv?download=1")
    assert content.content == b"x\n1\n"
    assert "attachment" in content.headers["content-disposition"]
    put = await browser.put(
        f"/api/v1/projects/user-ada/files/{name}", content=b"z", headers={"if-none-match": "*"}
    )
    assert put.status_code == 201
    listed = (await browser.get("/files/")).text
    assert "naïve &#34;x&#34; &#39;y&#39;.csv" in listed


async def test_a_file_opens_as_a_notebook_in_the_jupyterlab_that_runs(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get("/files/prices-2026.parquet")).text
    assert '<form method="post" action="/files/prices-2026.parquet" target="_blank"' in page
    placed = platform.runtime.placed
    for _ in range(2):  # the second time the notebook is there already
        opened = await browser.post("/files/prices-2026.parquet", data={"action": "notebook"})
        assert opened.status_code == 303
        [(release, name)] = placed
        wanted = f"/open/{release}?next=%2Flab%2Ftree%2F{name}"
        assert opened.headers["location"] == wanted
    [content] = placed.values()
    assert b"duckdb.read_parquet('s3://user-ada/prices-2026.parquet')" in content


async def test_a_launch_for_a_file_opens_its_notebook_first(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(JUPYTER, params={"file": "a/é b.csv"})).text
    found = re.search(rf'action="({JUPYTER}\?file=[^"]+)"', page)
    assert found is not None
    action = html.unescape(found[1])
    assert parse_qs(urlsplit(action).query) == {"file": ["a/é b.csv"]}
    [first] = re.findall(r"open-e-b-csv-[0-9a-f]+\.ipynb(?=\")", page)
    asked = {**hidden(page), "friendly_name": "For a file", "/open/path": first}
    answer = await browser.post(action, data=asked)
    release = answer.headers["location"].split("?")[0].rsplit("/", 1)[1]
    [(placed, name)] = platform.runtime.placed
    assert (placed, name) == (release, first)
    assert platform.runtime.release("user-ada", release).values["open"] == {"path": name}


async def test_deleting_files_asks_with_the_count(browser: httpx2.AsyncClient) -> None:
    asked = await browser.post("/files/", data={"action": "ask", "key": ["survey/", "report.pdf"]})
    assert "Delete 3 files?" in asked.text
    done = await browser.post(
        "/files/", data={"action": "delete", "key": ["survey/", "report.pdf"]}
    )
    page = (await browser.get(done.headers["location"])).text
    assert "Deleted: 3 file(s)." in page and "survey/" not in names_of_ticks(page)


async def test_a_secrets_value_leaves_the_server_only_when_asked(
    browser: httpx2.AsyncClient,
) -> None:
    hidden_page = (await browser.get("/secrets/databases/census")).text
    assert "PASSWORD" in hidden_page and "password-value" not in hidden_page
    shown = await browser.get("/secrets/databases/census?show=1")
    assert "password-value" in shown.text
    assert shown.headers["cache-control"] == "no-store"


async def test_saving_a_secret_keeps_values_left_empty(browser: httpx2.AsyncClient) -> None:
    form = {
        "version": "1",
        "key": ["HOST", "USER", "PASSWORD", "PORT"],
        "value": ["", "bob", "", "5432"],
        "remove": ["HOST"],
    }
    answer = await browser.post("/secrets/databases/census", data=form)
    assert answer.status_code == 303
    page = (await browser.get("/secrets/databases/census?show=1")).text
    assert all(value in page for value in ("bob", "password-value", "5432"))
    assert "host-value" not in page
    late = await browser.post("/secrets/databases/census", data=form)
    assert late.status_code in (404, 412)


async def test_a_new_secret_does_not_replace_one_that_is_there(
    browser: httpx2.AsyncClient,
) -> None:
    form = {"action": "create", "name": "forge", "key": "TOKEN", "value": "other"}
    answer = await browser.post("/secrets/", data=form)
    assert answer.status_code == 412
    assert "forge" in answer.text and "other" not in answer.text


async def test_language_and_theme_are_kept(browser: httpx2.AsyncClient) -> None:
    await browser.post("/account/appearance", data={"theme": "dark", "language": "fr"})
    page = (await browser.get("/services")).text
    assert '<html lang="fr" data-theme="dark">' in page
    assert "Nouveau service" in page


async def test_an_unknown_page_says_so(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/nothing/here")
    assert answer.status_code == 404
    assert "/nothing/here" in answer.text and "Traceback" not in answer.text
    assert 'aria-label="Main"' in answer.text  # the navigation stays


async def test_an_unforeseen_fault_gives_a_number(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    platform.services = None
    answer = await browser.get("/services")
    assert answer.status_code == 500
    assert re.search(r"number is [0-9a-f]{8}", answer.text)
    assert "NoneType" not in answer.text


async def test_a_form_of_another_site_is_refused(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    answer = await browser.post(
        "/services/jupyter-python-73105/delete", headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403
    assert "jupyter-python-73105" in platform.runtime.kept


@pytest.mark.parametrize(
    "address",
    ["/", "/catalog", "/services", JUPYTER, "/files/", "/secrets/", "/account", "/tour"],
)
async def test_pages_hold_no_inline_script_or_style(
    browser: httpx2.AsyncClient, address: str
) -> None:
    page = (await browser.get(address)).text
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*src=)|\son\w+=", page)


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of the launch form that keep its draft."""
    draft = re.search(r'name="draft" value="([^"]*)"', page)
    assert draft
    return {"draft": draft[1], "patch": "[]"}


def names(page: str) -> list[str]:
    """Return the names of a form's settings: JSON pointers."""
    return re.findall(r'name="(/[^"]+)"', page)


def names_of_ticks(page: str) -> list[str]:
    return re.findall(r'name="key" value="([^"]+)"', page)
