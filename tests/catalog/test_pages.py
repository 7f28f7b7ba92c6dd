"""The catalogue's page: several catalogues, those that are away, charts of a cluster."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.catalog.folders import chart_folder
from tests.web.stub_platform import stub_platform
from tests.web.test_pages import client

from sardonyx.catalog.models import Catalog, Reading
from sardonyx.catalog.service import CatalogService, CatalogSource
from sardonyx.errors import Problem
from sardonyx.text import N_, Text


class Away(CatalogSource):
    """A catalogue that was read once and is away now."""

    def catalog(self) -> Catalog:
        words = Text(N_("It cannot be reached."))
        fault = Problem(
            "https://charts.example/index.yaml", "repository_unreachable", "error", words
        )
        since = datetime(2026, 11, 23, 12, tzinfo=UTC)
        description = {"en": "Tools & <more>", "fr": "Outils"}
        return replace(
            super().catalog(),
            description=description,
            reading=Reading(read=since, fault=fault, since=since),
        )


async def test_each_catalogue_has_its_own_heading(tmp_path: Path) -> None:
    chart_folder(tmp_path, "tide")
    platform = stub_platform(sources=[Away("lab", "The lab", tmp_path)])
    async with client(platform) as browser:
        page = (await browser.get("/catalog")).text
        found = (await browser.get("/catalog", params={"search": "tide"})).text
    assert "The lab</h2>" in page
    assert "Tools &amp; &lt;more&gt;" in page
    assert "needs a cluster" in page
    assert "The lab</h2>" not in found
    assert "<mark>tide</mark>" in found


async def test_a_catalogue_that_is_away_is_told_with_its_place_and_since_when(
    tmp_path: Path,
) -> None:
    chart_folder(tmp_path, "tide")
    platform = stub_platform(sources=[Away("lab", "The lab", tmp_path)])
    async with client(platform) as browser:
        page = (await browser.get("/catalog")).text
    assert "The catalogue “The lab” could not be read" in page
    assert "It cannot be reached. <code>https://charts.example/index.yaml</code>" in page
    assert "23 Nov 2026" in page


async def test_on_a_cluster_every_chart_can_be_launched(tmp_path: Path) -> None:
    chart_folder(tmp_path, "tide")
    platform = stub_platform()
    platform.catalog = CatalogService([CatalogSource("lab", "Lab", tmp_path)], processes=False)
    async with client(platform) as browser:
        page = (await browser.get("/catalog")).text
    assert "/launch/lab/tide" in page
    assert "needs a cluster" not in page
