"""The catalogue over REST: same charts, same errors, icons that are pictures only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx2
from fastapi import FastAPI
from tests.catalog.folders import ADA, chart_folder

from sardonyx.api import problems
from sardonyx.catalog import api
from sardonyx.catalog.service import CatalogService, CatalogSource, default_sources
from sardonyx.projects.models import Actor


class SignIn:
    async def actor(self, token: str | None) -> Actor | None:
        return ADA if token == "ada" else None


@asynccontextmanager
async def _caller(
    service: CatalogService, *, token: str = "ada", language: str = "en"
) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.state.platform = SimpleNamespace(catalog=service, sign_in=SignIn())
    app.include_router(api.router, prefix="/api/v1")
    problems.install(app)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://localhost/api/v1",
        headers={"authorization": f"Bearer {token}", "accept-language": language},
    ) as client:
        yield client


async def test_the_list_shows_charts_and_faults(tmp_path: Path) -> None:
    chart_folder(tmp_path, "good")
    chart_folder(tmp_path, "bad", files={"values.yaml": "a: b\nc: [\n"})
    async with _caller(CatalogService([CatalogSource("own", "Own", tmp_path)])) as client:
        (catalog,) = (await client.get("/catalog")).json()["catalogs"]
    assert [chart["name"] for chart in catalog["charts"]] == ["good"]
    assert catalog["charts"][0]["runsHere"] is False
    (fault,) = catalog["faults"]
    assert (fault["folder"], fault["problems"][0]["place"]) == ("bad", "values.yaml:3")


async def test_a_chart_is_shown_in_the_language_asked_for() -> None:
    async with _caller(CatalogService(default_sources()), language="fr") as client:
        chart = (await client.get("/catalog/postgresql")).json()
        found = (await client.get("/catalog/search", params={"text": "base"})).json()
    assert chart["description"].startswith("Une base de données")
    assert chart["versions"] == [chart["version"]]
    assert chart["schema"]["properties"]["auth"]["title"]["fr"] == "Base de données"
    assert chart["values"]["auth"]["database"] == "defaultdb"
    assert [one["name"] for one in found["charts"]] == ["postgresql"]


async def test_schema_values_and_readme_have_their_own_addresses() -> None:
    async with _caller(CatalogService(default_sources())) as client:
        schema = await client.get("/catalog/jupyter-python/schema")
        values = await client.get("/catalog/jupyter-python/values")
        readme = await client.get("/catalog/jupyter-python/readme")
    assert "git" in schema.json()["properties"]
    assert values.json()["git"]["enabled"] is True
    assert readme.headers["content-type"].startswith("text/markdown")
    assert readme.text.startswith("# ")


async def test_what_is_unknown_is_told_as_everywhere() -> None:
    async with _caller(CatalogService(default_sources())) as client:
        chart = await client.get("/catalog/moon")
        version = await client.get("/catalog/postgresql", params={"version": "9.9.9"})
        catalog = await client.get("/catalog/postgresql", params={"catalog": "theirs"})
    assert [answer.status_code for answer in (chart, version, catalog)] == [404, 404, 404]
    assert [answer.json()["code"] for answer in (chart, version, catalog)] == [
        "chart_not_found",
        "chart_version_not_found",
        "catalog_not_found",
    ]


async def test_a_stranger_sees_no_catalogue() -> None:
    async with _caller(CatalogService(default_sources()), token="eve") as client:
        assert (await client.get("/catalog")).status_code == 401
        assert (await client.get("/catalog/postgresql/icon")).status_code == 401


async def test_an_icon_is_a_picture_and_never_a_page(tmp_path: Path) -> None:
    folder = chart_folder(tmp_path)
    (folder / "icon.svg").write_text('<svg xmlns="x"><script>alert(1)</script></svg>')
    chart_folder(tmp_path, "plain")
    async with _caller(CatalogService([CatalogSource("own", "Own", tmp_path)])) as client:
        shown = (await client.get("/catalog/tide")).json()
        icon = await client.get(shown["icon"].removeprefix("/api/v1"))
        again = await client.get(
            "/catalog/tide/icon", headers={"if-none-match": icon.headers["etag"]}
        )
        none = await client.get("/catalog/plain/icon")
    assert icon.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in icon.headers["content-security-policy"]
    assert icon.headers["x-content-type-options"] == "nosniff"
    assert again.status_code == 304
    assert (none.status_code, none.json()["code"]) == (404, "icon_not_found")
