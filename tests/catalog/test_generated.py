"""Sixty charts after Onyxia's: the catalogue loads, each chart gives its form without an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.catalog.folders import ADA
from tests.catalog.generated import TRAITS, write_catalog

from sardonyx.catalog.registry import built_in_schemas
from sardonyx.catalog.service import CatalogService, CatalogSource
from sardonyx.launcher.draft import Draft, make_draft
from sardonyx.launcher.sample import sample_context

# What authors write that these platforms do without; each has its words in the form's problems.
KNOWN = {"schema_unknown_override", "schema_bad_render"}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> CatalogService:
    folder = write_catalog(tmp_path_factory.mktemp("generated"), built_in_schemas())
    return CatalogService([CatalogSource.of_folder(folder)], processes=False)


def drafts(catalog: CatalogService, language: str) -> list[Draft]:
    (whole,) = catalog.catalogs(ADA)
    registry = catalog.overrides(ADA).registry
    return [
        make_draft(
            chart=catalog.chart(ADA, one.ref.chart),
            context=sample_context(language),
            language=language,
            registry=registry,
        )
        for one in whole.charts
    ]


def test_all_sixty_are_read(catalog: CatalogService) -> None:
    (whole,) = catalog.catalogs(ADA)
    assert len(TRAITS) == 60
    assert {one.ref.chart for one in whole.charts} == {one.name for one in TRAITS}
    assert whole.faults == ()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_gives_its_form_without_an_error(catalog: CatalogService, language: str) -> None:
    for made in drafts(catalog, language):
        assert made.errors == (), made.chart.ref
        assert {one.code for one in made.problems} <= KNOWN, made.problems
        with_schema = made.chart.schema is not None
        assert bool(list(made.form.fields())) is with_schema, made.chart.ref
        assert made.values["security"]["password"], made.chart.ref  # type: ignore[index,call-overload]


def test_the_same_seed_writes_the_same_charts(tmp_path: Path) -> None:
    registry = built_in_schemas()
    first = write_catalog(tmp_path / "a", registry)
    second = write_catalog(tmp_path / "b", registry)
    other = write_catalog(tmp_path / "c", registry, seed=6)

    def schemas(folder: Path) -> list[object]:
        files = sorted(folder.glob("*/values.schema.json"))
        return [json.loads(file.read_text()) for file in files]

    assert schemas(first) == schemas(second)
    assert schemas(first) != schemas(other)
