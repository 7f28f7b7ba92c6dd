"""The catalogue over REST: same charts, same errors, icons that are pictures only."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from fastapi import FastAPI
from tests.catalog.folders import ADA, chart_folder

from sardonyx.api import problems
from sardonyx.catalog import api
from sardonyx.catalog.models import Catalog, Reading
from sardonyx.catalog.registry import SchemaRegistry
from sardonyx.catalog.service import CatalogService, CatalogSource, default_sources
from sardonyx.catalog.settings import catalog_settings
from sardonyx.errors import Problem
from sardonyx.projects.models import Actor, Project
from sardonyx.text import Text

MINE = Project("user-ada", "Ada", "user-ada", "user-ada")
OURS = Project("projet-soil", "Soil", "projet-soil", "projet-soil", group="soil")
PEOPLE = {
    "ada": replace(ADA, projects=(MINE, OURS)),
    "admin": replace(ADA, is_admin=True),
}


class SignIn:
    async def actor(self, token: str | None) -> Actor | None:
        return PEOPLE.get(token or "")


class Away(CatalogSource):
    """A catalogue whose repository cannot be reached."""

    reloaded = 0

    def catalog(self) -> Catalog:
        fault = Problem(
            "https://charts.example/index.yaml",
            "repository_unreachable",
            "error",
            Text("It cannot be reached."),
        )
        since = datetime(2026, 11, 23, 12, tzinfo=UTC)
        return replace(super().catalog(), reading=Reading(fault=fault, since=since))

    def reload(self) -> None:
        self.reloaded += 1


@asynccontextmanager
async def _caller(
    service: CatalogService, *, token: str = "ada", language: str = "en"
) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.state.platform = SimpleNamespace(catalog=service, sign_in=SignIn(), own_charts=None)
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
        found = (await client.get("/catalog-search", params={"text": "base"})).json()
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


@pytest.mark.parametrize("name", ["search", "refresh", "report"])
async def test_a_chart_may_be_called_as_what_catalogues_do(tmp_path: Path, name: str) -> None:
    chart_folder(tmp_path, name)
    async with _caller(CatalogService([CatalogSource("own", "Own", tmp_path)])) as client:
        assert (await client.get(f"/catalog/{name}")).json()["name"] == name


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


async def test_a_repository_that_is_away_is_told_with_its_place(tmp_path: Path) -> None:
    source = Away("own", {"en": "Own", "fr": "Nôtre"}, tmp_path)
    async with _caller(CatalogService([source])) as client:
        (catalog,) = (await client.get("/catalog")).json()["catalogs"]
    assert catalog["name"] == "Own"
    assert catalog["reading"] == {
        "readAt": None,
        "fault": {
            "place": "https://charts.example/index.yaml",
            "code": "repository_unreachable",
            "message": "It cannot be reached.",
        },
        "since": "2026-11-23T12:00:00Z",
    }


async def test_a_catalogue_is_offered_where_it_is_visible(tmp_path: Path) -> None:
    chart_folder(tmp_path, "tide")
    settings = catalog_settings(
        {"id": "own", "location": "file:/x", "visible": {"user": False, "project": True}}
    )
    service = CatalogService([CatalogSource("own", "Own", tmp_path, settings)])
    async with _caller(service) as client:
        mine = (await client.get("/catalog", params={"project": "user-ada"})).json()
        ours = (await client.get("/catalog", params={"project": "projet-soil"})).json()
        chart = await client.get("/catalog/tide", params={"project": "user-ada"})
        foreign = await client.get("/catalog", params={"project": "user-eve"})
    assert mine["catalogs"] == []
    assert [one["id"] for one in ours["catalogs"]] == ["own"]
    assert chart.json()["code"] == "chart_not_found"
    assert foreign.status_code == 404


async def test_a_schema_may_be_asked_for_as_ones_roles_have_it(tmp_path: Path) -> None:
    schema = {
        "properties": {
            "a": {"x-onyxia": {"overwriteSchemaWith": "a.json"}},
            "b": {"$ref": "#/$defs/b", "title": "B"},
            "loop": {"$ref": "#/properties/loop"},
        },
        "$defs": {"b": {"type": "string"}},
    }
    files = {"values.schema.json": json.dumps(schema)}
    chart_folder(tmp_path / "charts", "tide", files=files)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "a.json").write_text('{"type": "object", "properties": {"x": {}}}')
    registry = SchemaRegistry(directory=tmp_path / "schemas")
    service = CatalogService([CatalogSource("own", "Own", tmp_path / "charts")], schemas=registry)
    async with _caller(service) as client:
        own = (await client.get("/catalog/tide/schema")).json()
        mine = (await client.get("/catalog/tide/schema", params={"resolved": True})).json()
    assert own == schema
    assert mine["properties"] == {
        "a": {"type": "object", "properties": {"x": {}}},
        "b": {"title": "B", "type": "string"},
        "loop": {"$ref": "#/properties/loop"},
    }


async def test_an_administrator_alone_has_catalogues_read_at_once(tmp_path: Path) -> None:
    source = Away("own", "Own", tmp_path)
    async with _caller(CatalogService([source])) as client:
        refused = await client.post("/catalog/refresh")
        assert (refused.status_code, source.reloaded) == (403, 0)
        asked = await client.post("/catalog/refresh", headers={"authorization": "Bearer admin"})
        assert (asked.status_code, source.reloaded) == (202, 1)
        assert asked.json() == {"catalogs": ["own"]}


@pytest.mark.parametrize(
    ("name", "media"), [("icon.svg", "image/svg+xml"), ("icon.png", "image/png")]
)
async def test_an_icon_is_a_picture_and_no_page(tmp_path: Path, name: str, media: str) -> None:
    chart_folder(tmp_path, "tide", files={name: "<svg onload='alert(1)'/>"})
    async with _caller(CatalogService([CatalogSource("own", "Own", tmp_path)])) as client:
        icon = await client.get("/catalog/tide/icon")
    assert icon.headers["content-type"] == media
    assert "sandbox" in icon.headers["content-security-policy"]
    assert icon.headers["x-content-type-options"] == "nosniff"


async def test_what_charts_lack_is_told_to_administrators_alone(tmp_path: Path) -> None:
    chart_folder(tmp_path, "tide")
    async with _caller(CatalogService([CatalogSource("own", "Own", tmp_path)])) as client:
        refused = await client.get("/catalog-report")
        told = await client.get("/catalog-report", headers={"authorization": "Bearer admin"})
    assert refused.json()["code"] == "catalog_report_refused"
    assert told.json()["remarks"] == [
        {
            "chart": "own/tide",
            "version": "1.0.0",
            "code": "icon_missing",
            "message": "Its icon could not be had, or there is none.",
        }
    ]
