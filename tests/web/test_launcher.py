"""The launch page by its pieces and without script: link, views, origins, what is in the way."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.web.stub_platform import stub_platform, stub_portal

from sardonyx.errors import HTTP_STATUS
from sardonyx.projects.errors import WorkspaceRefusedError

CHART = "/launch/sardonyx/postgresql"
DATABASE = "/auth/database"
PASSWORD = "/auth/password"
HEADERS = {"cookie": "sardonyx=ada", "accept": "text/html", "sec-fetch-site": "same-origin"}


@pytest.fixture
def platform() -> SimpleNamespace:
    return stub_platform()


@pytest.fixture
async def browser(platform: SimpleNamespace) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=stub_portal(platform)),
        base_url="http://localhost:8000",
        headers=HEADERS,
    ) as made:
        yield made


def hidden(page: str, *, values: bool = False) -> dict[str, str]:
    """Return what the page's form posts beside its settings; `values`: the YAML text too."""
    names = ("draft", "patch", "stamp", "shown", "shown_version", "shown_s3", "all_defaults")
    posted = {name: attribute(page, f'name="{name}" value') for name in names}
    if values:
        found = re.search(r'<textarea[^>]*name="values"[^>]*>(.*?)</textarea>', page, re.DOTALL)
        assert found
        posted["values"] = html.unescape(found[1])
        posted["given"] = attribute(page, 'name="given" value')
    return {**posted, "friendly_name": attribute(page, 'name="friendly_name" value')}


def attribute(page: str, name: str) -> str:
    found = re.search(rf'{re.escape(name)}="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def address(page: str) -> str:
    return attribute(page, "data-address")


async def checked(browser: httpx2.AsyncClient, page: str, chart: str = CHART, **typed: str) -> str:
    answer = await browser.post(f"{chart}/check", data={**hidden(page), **typed})
    assert answer.status_code == 200
    return answer.text


async def test_the_address_is_the_link_of_each_edit(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(CHART)).text
    assert re.fullmatch(rf"{CHART}\?name=[^&]+&version=[0-9.]+", address(page))
    after = await checked(browser, page, **{DATABASE: "census", "friendly_name": "A b"})
    assert "auth.database=%C2%ABcensus%C2%BB" in address(after).replace("«", "%C2%AB").replace(
        "»", "%C2%BB"
    )
    assert "name=A%20b" in address(after)
    again = (await browser.get(address(after))).text
    assert attribute(again, f'name="{DATABASE}" value') == "census"
    assert attribute(again, 'name="friendly_name" value') == "A b"
    assert attribute(again, 'name="patch" value') == attribute(after, 'name="patch" value')


async def test_a_secret_stays_out_of_the_link_and_of_the_page(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(CHART)).text
    after = await checked(browser, page, **{PASSWORD: "hunter2"})
    assert "hunter2" not in address(after) and "hunter2" not in attribute(after, 'id="link" value')
    assert "1 setting stays out of the link" in after
    assert "a secret, which changes" in after


async def test_a_part_of_a_link_that_is_not_understood_is_told(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(f"{CHART}?auth.database=3Gi&version=9.9.9&utm=5")).text
    assert "A part of the link is not understood" in page and "auth.database" in page
    assert "Version 9.9.9 is no longer offered" in page


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?auth.database=%C2%ABa+b%C2%BB&version=0.1.0",
        "?labels.app%5Ckind=%abc&a.b=«x»&&c.d=a+b%20c",
    ],
)
async def test_onyxias_address_leads_here_with_its_query_untouched(
    browser: httpx2.AsyncClient, query: str
) -> None:
    answer = await browser.get(f"http://localhost:8000/launcher/sardonyx/postgresql{query}")
    assert answer.status_code == 308
    wanted = urlsplit(str(answer.request.url))
    assert answer.headers["location"] == f"{CHART}{'?' if wanted.query else ''}{wanted.query}"


async def test_only_the_sections_that_changed_are_sent_again(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(CHART)).text
    after = await checked(browser, page, **{DATABASE: "census"})
    sections = re.findall(r'<details class="fold" id="([^"]+)"', after)
    assert sections == ["field-auth"]
    assert 'id="settings-part"' not in after
    lost = await browser.post(
        f"{CHART}/check", data={**hidden(page), "stamp": "of another", DATABASE: "census"}
    )
    assert 'id="settings-part"' in lost.text


async def test_what_differs_is_listed_and_put_back_one_by_one(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(CHART)).text
    assert "Every setting has its default." in page
    edited = {DATABASE: "census", "/resources/limits/memory": "6"}
    after = await checked(browser, page, **edited)
    assert "What you changed" in after and ">census</ins>" in after
    answer = await browser.post(CHART, data={**hidden(after), "reset": DATABASE})
    assert ">census</ins>" not in answer.text and "What you changed" in answer.text
    answer = await browser.post(CHART, data={**hidden(answer.text), "reset": ""})
    assert "Every setting has its default." in answer.text


async def test_every_value_says_where_it_comes_from(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(CHART)).text
    assert "filled for you" in page and "default of the chart" in page
    answer = await browser.post(
        f"{CHART}/look", data={**hidden(page), DATABASE: "census", "unfolded": "sent"}
    )
    assert re.search(
        r"auth\.database</code></th><td[^>]*>census</td><td[^>]*>chosen by you", answer.text
    )


async def test_what_will_be_created_is_shown_before_the_launch(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(CHART)).text
    looked = await browser.post(f"{CHART}/look", data={**hidden(page), "unfolded": "created"})
    assert "Process" in looked.text and "uv venv" in looked.text
    without_script = await browser.post(CHART, data={**hidden(page), "look": "created"})
    assert "Process" in without_script.text and without_script.status_code == 200


async def test_the_script_of_a_launch_is_a_file_named_after_it(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(CHART)).text
    answer = await browser.post(f"{CHART}/script", data=hidden(page))
    name = re.search(r"postgresql-\d+", page)
    assert name
    assert answer.headers["content-disposition"] == f'attachment; filename="launch-{name[0]}.sh"'
    assert answer.text.startswith("#!/bin/sh\n")
    assert name[0] not in platform.runtime.kept


async def test_both_views_are_of_one_draft(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(CHART)).text
    typed = {DATABASE: "census", PASSWORD: "hunter2"}
    answer = await browser.post(CHART, data={**hidden(page), **typed, "view": "yaml"})
    assert "launch_view=yaml" in answer.headers["set-cookie"]
    assert f"Path={CHART}" in answer.headers["set-cookie"]
    posted = hidden(answer.text, values=True)
    assert "database: census" in posted["values"] and "$AUTH_PASSWORD" in posted["values"]
    text = posted["values"].replace("census", "survey")
    after = await browser.post(f"{CHART}/check", data={**posted, "values": text})
    assert ">survey</ins>" in after.text and "a secret, which changes" in after.text
    back = await browser.post(CHART, data={**posted, "values": text, "view": "form"})
    assert attribute(back.text, f'name="{DATABASE}" value') == "survey"
    assert attribute(back.text, f'name="{PASSWORD}" value') == "hunter2"
    remembered = await browser.get(CHART, headers={"cookie": "sardonyx=ada; launch_view=yaml"})
    assert 'name="values"' in remembered.text


async def test_a_text_that_is_no_yaml_keeps_what_was_typed_and_launches_nothing(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.post(CHART, data={"view": "yaml"})).text
    posted = {**hidden(page, values=True), "values": "auth: [broken"}
    answer = await browser.post(CHART, data=posted)
    assert answer.status_code == 422
    assert "auth: [broken" in answer.text and "this is not YAML" in answer.text
    stays = await browser.post(CHART, data={**posted, "view": "form"})
    assert "auth: [broken" in stays.text
    assert platform.runtime.kept == {}


async def test_a_secret_of_the_text_can_be_left_and_can_be_replaced(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    for written, wanted in (("$AUTH_PASSWORD", "hunter2"), ("mine", "mine")):
        page = (await browser.get(CHART)).text
        typed = {PASSWORD: "hunter2", "view": "yaml"}
        page = (await browser.post(CHART, data={**hidden(page), **typed})).text
        posted = hidden(page, values=True)
        posted["values"] = posted["values"].replace("$AUTH_PASSWORD", written)
        assert (await browser.post(CHART, data=posted)).status_code == 303
        kept = list(platform.runtime.kept.values())[-1]
        assert kept.values["auth"]["password"] == wanted


async def test_why_the_runtime_refused_a_launch_is_told_in_the_launcher(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(CHART)).text
    platform.runtime.refusal = WorkspaceRefusedError(namespace="ada", reason="none may be made")
    answer = await browser.post(CHART, data=hidden(page))
    assert answer.status_code == HTTP_STATUS[WorkspaceRefusedError.kind]
    assert "none may be made" in answer.text and 'id="launch-form"' in answer.text


@pytest.mark.parametrize("view", ["form", "yaml"])
async def test_a_name_taken_meanwhile_gives_the_page_back_with_all_that_was_typed(
    browser: httpx2.AsyncClient, platform: SimpleNamespace, view: str
) -> None:
    await browser.post(CHART, data=hidden((await browser.get(CHART)).text))
    page = (await browser.post(CHART, data={"view": view})).text
    name = re.search(r'id="release".*?<code[^>]*>([^<]+)</code>', page)
    assert name
    another = replace(next(iter(platform.runtime.kept.values())), release=name[1])
    platform.runtime.kept[name[1]] = another
    posted = {**hidden(page, values=view == "yaml"), "friendly_name": "Census"}
    if view == "yaml":
        posted["values"] = posted["values"].replace("database: ", "database: census #")
    else:
        posted[DATABASE] = "census"
    answer = await browser.post(CHART, data=posted)
    assert answer.status_code == 409
    assert f"“{name[1]}” already exists" in html.unescape(answer.text)
    assert '<a href="#friendly">' in answer.text
    assert attribute(answer.text, 'name="friendly_name" value') == "Census"
    assert "census" in attribute(answer.text, 'name="patch" value')
    # It has another name now: the next click launches it.
    again = await browser.post(CHART, data=hidden(answer.text))
    assert again.status_code == 303
    kept = list(platform.runtime.kept.values())[-1]
    assert kept.values["auth"]["database"] == "census" and kept.release != name[1]


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("[[", "What you had changed came back damaged"),
        ("{}", "What you had changed came back damaged"),
        ('[[["auth","database"],"census"],[["auth",true],1]]', "Change 2 of yours"),
        ('[[["auth","database"],"census"],[["auth",1.5]]]', "Change 2 of yours"),
        ('[[["auth","database"],"census"],[["auth","port"],NaN]]', "came back damaged"),
    ],
)
async def test_a_change_that_comes_back_damaged_is_told_and_nothing_is_launched(
    browser: httpx2.AsyncClient, platform: SimpleNamespace, patch: str, said: str
) -> None:
    page = (await browser.get(CHART)).text
    answer = await browser.post(CHART, data={**hidden(page), "patch": patch})
    assert answer.status_code == 422 and said in answer.text
    assert platform.runtime.kept == {}
    if "Change 2" in said:  # the rest is there
        assert attribute(answer.text, f'name="{DATABASE}" value') == "census"


async def test_a_service_is_called_like_its_chart_where_nobody_says_otherwise(
    browser: httpx2.AsyncClient,
) -> None:
    page = (await browser.get(CHART)).text
    assert attribute(page, 'name="friendly_name" value') == "postgresql"


async def test_the_schema_of_the_text_is_given_to_other_editors(
    browser: httpx2.AsyncClient,
) -> None:
    page = (await browser.post(CHART, data={"view": "yaml"})).text
    assert f'formaction="{CHART}/schema"' in page
    answer = await browser.post(f"{CHART}/schema", data=hidden(page, values=True))
    assert answer.headers["content-disposition"].endswith('"postgresql.schema.json"')
    schema = answer.json()
    assert schema["properties"]["auth"]["properties"]["database"]["pattern"]
    assert (
        "x-onyxia" not in answer.text
        and "default" not in (schema["properties"]["auth"]["properties"]["password"])
    )


async def test_a_version_that_left_meanwhile_is_told_before_anything_is_launched(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(CHART)).text
    posted = {**hidden(page), "version": "0.0.9", "shown_version": "0.0.9", DATABASE: "census"}
    answer = await browser.post(CHART, data=posted)
    assert answer.status_code == 200 and platform.runtime.kept == {}
    assert "Version 0.0.9 is no longer offered" in answer.text
    assert attribute(answer.text, f'name="{DATABASE}" value') == "census"


async def test_an_expired_draft_keeps_the_edits(browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(CHART)).text
    after = await checked(browser, page, **{DATABASE: "census", "draft": "long gone"})
    assert attribute(after, f'name="{DATABASE}" value') == "census"
    assert 'id="settings-part"' in after  # all of it: its random items are new


async def test_a_chart_that_left_meanwhile_takes_nothing_with_it(
    browser: httpx2.AsyncClient,
) -> None:
    page = (await browser.get(CHART)).text
    answer = await browser.post(
        "/launch/sardonyx/gone/check", data={**hidden(page), DATABASE: "census"}
    )
    assert answer.status_code == 200 and "All you typed is still here" in answer.text
    answer = await browser.post("/launch/sardonyx/gone", data={**hidden(page), DATABASE: "census"})
    assert answer.status_code == 404
    assert attribute(answer.text, f'name="{DATABASE}" value') == "census"


async def test_the_text_is_marked_where_it_is_wrong_and_completed_from_the_schema(
    browser: httpx2.AsyncClient,
) -> None:
    page = (await browser.post(CHART, data={"view": "yaml"})).text
    posted = hidden(page, values=True)
    wrong = posted["values"].replace("database: ", "database: No Good #")
    after = (await browser.post(f"{CHART}/check", data={**posted, "values": wrong})).text
    [mark] = json.loads(attribute(after, "data-marks"))
    line = wrong.splitlines().index(next(x for x in wrong.splitlines() if "No Good" in x)) + 1
    assert (mark["line"], mark["level"]) == (line, "error")
    assert f'href="#editor">line {line}</a>' in after
    assert attribute(after, "data-given") == posted["given"]  # what is typed stays as it is
    asked = {**posted, "values": "auth:\n  da", "line": "2", "column": "5"}
    found = (await browser.post(f"{CHART}/complete", data=asked)).json()
    assert [one["label"] for one in found] == ["database"]


async def test_an_edit_of_the_text_goes_on_from_what_is_typed(browser: httpx2.AsyncClient) -> None:
    page = (await browser.post(CHART, data={"view": "yaml"})).text
    posted = hidden(page, values=True)
    text = posted["values"].replace("database: ", "database: census #")
    reset = (
        await browser.post(f"{CHART}/check", data={**posted, "values": text, "reset": ""})
    ).text
    assert "Every setting has its default." in reset
    assert int(attribute(reset, "data-given")) == int(posted["given"]) + 1
    more = {**posted, "values": text, "all": "true"}
    everything = (await browser.post(f"{CHART}/check", data=more)).text
    assert ">census</ins>" in everything and 'aria-pressed="true">' in everything
