"""The preview of a chart: its form for a sample person, without a platform."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from sardonyx.cli.main import application
from sardonyx.web.preview import preview, preview_application, preview_page

EVERYTHING = Path(__file__).parents[1] / "data" / "charts" / "everything"
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EVERYTHING, tmp_path / "everything"))


@pytest.fixture
async def browser(folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    app = preview_application(folder, language="en")
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://127.0.0.1:4711",
        headers=SAME_ORIGIN,
    ) as client:
        yield client


def _changed_at(page: str) -> str:
    found = re.search(r'hx-get="(/changed[^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


async def test_the_form_is_that_of_the_launcher_in_both_languages(
    browser: httpx2.AsyncClient,
) -> None:
    english = await browser.get("/?language=en")
    french = await browser.get("/?language=fr")
    assert 'name="/choices/enum"' in english.text
    assert "One of three" in english.text
    assert "Un parmi trois" in french.text
    assert '<html lang="fr"' in french.text
    # The sample person's own values.
    assert "ada@stat.example" in english.text


async def test_what_is_typed_is_checked_and_kept(browser: httpx2.AsyncClient) -> None:
    first = await browser.post("/check", data={"/choices/enum": "c", "patch": "[]"})
    assert "enum: c" in first.text
    found = re.search(r'name="patch" value="([^"]*)"', first.text)
    assert found is not None
    kept = html.unescape(found[1])
    second = await browser.post("/check", data={"/greeting": "NO", "patch": kept})
    assert "enum: c" in second.text
    assert 'aria-invalid="true"' in second.text
    # Without script the same form is the whole page.
    whole = await browser.post("/", data={"add": "/lists/tags", "patch": kept})
    assert "<h1>Everything</h1>" in whole.text
    assert 'name="/lists/tags/2"' in whole.text


async def test_it_follows_the_files(browser: httpx2.AsyncClient, folder: Path) -> None:
    asked = _changed_at((await browser.get("/")).text)
    assert (await browser.get(asked)).status_code == 204
    schema = folder / "values.schema.json"
    schema.write_text(schema.read_text().replace("One of three", "One of these three"))
    changed = await browser.get(asked)
    assert (changed.status_code, changed.headers["hx-trigger"]) == (200, "chart-changed")
    assert "One of these three" in (await browser.post("/check", data={"patch": "[]"})).text


async def test_a_chart_that_cannot_be_read_says_why(
    browser: httpx2.AsyncClient, folder: Path
) -> None:
    (folder / "values.schema.json").write_text("{")
    page = await browser.get("/")
    assert page.status_code == 200
    assert "values.schema.json:1" in page.text
    assert "this is not JSON" in page.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_other_sites_are_refused(
    browser: httpx2.AsyncClient, headers: dict[str, str], status: int
) -> None:
    assert (await browser.post("/check", headers=headers, data={})).status_code == status


def test_the_page_as_one_file_asks_for_nothing(folder: Path) -> None:
    page = preview_page(preview(folder, language="fr"))
    assert "/static/" not in page
    assert "<script" not in page
    assert "Un parmi trois" in page


def test_texts_of_a_chart_are_no_markup(folder: Path) -> None:
    schema = folder / "values.schema.json"
    schema.write_text(schema.read_text().replace("One of three", "<script>x</script>"))
    page = preview_page(preview(folder, language="en"))
    assert "<script>x" not in page


def test_the_command_prints_the_form_as_json(folder: Path, tmp_path: Path) -> None:
    run = CliRunner()
    shown = run.invoke(application(), ["chart", "preview", str(folder), "--json"])
    document = json.loads(shown.stdout)
    assert document["values"]["greeting"] == "good morning"
    assert {one["role"] for one in document["form"]} >= {"miscellaneous", "accordion", "block"}
    assert "schema_degraded" in {one["code"] for one in document["findings"]}
    # The passwords of the sample person are none, and are not shown all the same.
    fields = json.dumps(document["form"])
    assert "sample0one0time0word" not in fields
    page = tmp_path / "page.html"
    assert (
        run.invoke(
            application(),
            ["chart", "preview", str(folder), "--html", str(page), "--language", "fr"],
        ).exit_code
        == 0
    )
    assert page.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("options", [["--json", "--open"], ["--json", "--html", "x"]])
def test_one_way_to_show_it_at_a_time(folder: Path, options: list[str]) -> None:
    done = CliRunner().invoke(application(), ["chart", "preview", str(folder), *options])
    assert getattr(done.exception, "code", "") == "one_choice"
