"""Catalogues from folders: versions, faults, search, and reading each chart once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from tests.catalog.folders import ADA, chart_folder

from sardonyx.catalog.errors import (
    CatalogNotFoundError,
    ChartNotFoundError,
    ChartVersionNotFoundError,
)
from sardonyx.catalog.service import CatalogService, CatalogSource, default_sources


def _service(root: Path) -> CatalogService:
    return CatalogService([CatalogSource("own", "Own", root)])


def test_a_broken_chart_costs_only_itself(tmp_path: Path) -> None:
    chart_folder(tmp_path, "good")
    chart_folder(tmp_path, "bad", files={"values.yaml": "a: [\n"})
    (tmp_path / "notes").mkdir()
    (catalog,) = _service(tmp_path).catalogs(ADA)
    assert [chart.ref.chart for chart in catalog.charts] == ["good"]
    assert [fault.folder for fault in catalog.faults] == ["bad"]


def test_the_newest_version_that_is_no_prerelease_is_offered(tmp_path: Path) -> None:
    for version in ("1.9.0", "1.10.0", "2.0.0-rc.1", "1.10.0-beta.2", "1.10.0-beta.10"):
        chart_folder(tmp_path, "tide", version, folder=f"tide-{version}")
    service = _service(tmp_path)
    assert service.versions(ADA, "tide") == (
        "2.0.0-rc.1",
        "1.10.0",
        "1.10.0-beta.10",
        "1.10.0-beta.2",
        "1.9.0",
    )
    assert service.chart(ADA, "tide").ref.version == "1.10.0"
    assert service.chart(ADA, "tide", version="2.0.0-rc.1").ref.version == "2.0.0-rc.1"


def test_a_chart_of_prereleases_alone_is_offered_all_the_same(tmp_path: Path) -> None:
    chart_folder(tmp_path, "tide", "0.1.0-rc.1")
    assert _service(tmp_path).chart(ADA, "tide").ref.version == "0.1.0-rc.1"


def test_what_is_unknown_is_named_with_what_is_known(tmp_path: Path) -> None:
    chart_folder(tmp_path)
    service = _service(tmp_path)
    with pytest.raises(ChartNotFoundError) as missing:
        service.chart(ADA, "moon")
    assert missing.value.values["chart"] == "moon"
    with pytest.raises(ChartVersionNotFoundError) as version:
        service.chart(ADA, "tide", version="9.9.9")
    assert version.value.values["known"] == "1.0.0"
    with pytest.raises(CatalogNotFoundError) as catalog:
        service.chart(ADA, "tide", catalog="theirs")
    assert catalog.value.values["known"] == "own"


def test_one_version_in_two_folders_is_a_fault_of_the_second(tmp_path: Path) -> None:
    chart_folder(tmp_path, folder="a")
    chart_folder(tmp_path, folder="b")
    (catalog,) = _service(tmp_path).catalogs(ADA)
    assert len(catalog.charts) == 1
    assert [(fault.folder, fault.problems[0].code) for fault in catalog.faults] == [
        ("b", "chart_twice")
    ]


def test_a_chart_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    folder = chart_folder(tmp_path, files={"values.yaml": "a: 1\n"})
    service = _service(tmp_path)
    first = service.chart(ADA, "tide")
    assert service.chart(ADA, "tide") is first
    (folder / "values.yaml").write_text("a: 22\n")
    assert service.chart(ADA, "tide").values == {"a": 22}
    service.reload()
    assert service.chart(ADA, "tide") is not first


def test_a_chart_that_appears_or_leaves_is_noticed(tmp_path: Path) -> None:
    service = _service(tmp_path)
    assert service.catalogs(ADA)[0].charts == ()
    folder = chart_folder(tmp_path)
    assert len(service.catalogs(ADA)[0].charts) == 1
    folder.rename(tmp_path / ".away")
    assert service.catalogs(ADA)[0].charts == ()


def test_a_linked_chart_folder_outside_the_catalogue_is_refused(tmp_path: Path) -> None:
    outside = chart_folder(tmp_path / "outside")
    root = tmp_path / "catalog"
    root.mkdir()
    (root / "tide").symlink_to(outside)
    (catalog,) = _service(root).catalogs(ADA)
    assert catalog.charts == ()
    assert catalog.faults[0].problems[0].code == "chart_link_outside"


def test_a_missing_folder_is_an_empty_catalogue(tmp_path: Path) -> None:
    assert _service(tmp_path / "none").catalogs(ADA)[0].charts == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("note", ["jupyter-python", "postgresql"]),
        ("Données", ["jupyter-python", "postgresql"]),
        ("base donnees", ["postgresql"]),
        ("carnet", ["jupyter-python"]),
        ("lab", ["jupyter-python"]),
        ("GRES sql", ["postgresql"]),
        ("jupyter nothing", []),
        ("", ["jupyter-python", "postgresql"]),
        ("(*[", ["jupyter-python", "postgresql"]),
    ],
)
def test_search_finds_parts_of_words_in_both_languages(text: str, found: list[str]) -> None:
    service = CatalogService(default_sources())
    for language in ("en", "fr"):
        charts = service.search(ADA, text, language=language)
        assert sorted(chart.ref.chart for chart in charts) == found


def test_a_hit_in_the_name_comes_before_one_in_the_description() -> None:
    charts = CatalogService(default_sources()).search(ADA, "notebook", language="en")
    assert [chart.ref.chart for chart in charts] == ["jupyter-python", "postgresql"]
    charts = CatalogService(default_sources()).search(ADA, "postgres", language="en")
    assert charts[0].ref.chart == "postgresql"


def test_a_service_of_before_goes_on_with_the_version_that_took_its_place(tmp_path: Path) -> None:
    chart_folder(tmp_path, "tide")
    service = _service(tmp_path)
    now = service.chart(ADA, "tide").ref
    before = dataclasses.replace(now, version="0.0.1")
    assert service.present(before).ref == now
    assert service.present(now).ref == now
    with pytest.raises(ChartNotFoundError):
        service.installed(before)
    with pytest.raises(ChartNotFoundError):
        service.present(dataclasses.replace(now, chart="gone"))
