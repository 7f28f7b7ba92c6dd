"""Who sees a catalogue: by claims, and by the kind of project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.catalog.folders import ADA, chart_folder

from sardonyx.catalog.errors import CatalogNotFoundError, CatalogSettingsError, ChartNotFoundError
from sardonyx.catalog.service import CatalogService, CatalogSource
from sardonyx.catalog.settings import catalog_settings
from sardonyx.projects.models import Project

MINE = Project("user-ada", "Ada", "user-ada", "user-ada")
OURS = Project("projet-soil", "Soil", "projet-soil", "projet-soil", group="soil")
WRITTEN: dict[str, Any] = {"id": "lab", "location": "file:/charts"}


def _service(tmp_path: Path, **settings: Any) -> CatalogService:
    chart_folder(tmp_path, "tide")
    known = catalog_settings({**WRITTEN, **settings})
    return CatalogService([CatalogSource("lab", "Lab", tmp_path, known)])


def _restriction(key: str, matches: str) -> dict[str, Any]:
    return {"userAttribute": {"key": key, "matches": matches}}


@pytest.mark.parametrize(
    ("key", "matches", "claims", "seen"),
    [
        ("role", "geo", {"role": "geo"}, True),
        ("role", "geo", {"role": "geology"}, False),
        ("role", "geo.*", {"role": "geology"}, True),
        ("groups", "soil|tide", {"groups": ["moon", "tide"]}, True),
        ("groups", "soil|tide", {"groups": ["moon"]}, False),
        ("groups", "soil|tide", {"groups": ["soil-ext"]}, False),
        ("email_verified", "true", {"email_verified": True}, True),
        ("email_verified", "true", {"email_verified": False}, False),
        ("realm.roles", "geo", {"realm": {"roles": ["geo"]}}, True),
        ("realm.roles", "geo", {"realm.roles": "moon", "realm": {"roles": ["geo"]}}, False),
        ("role", ".*", {}, False),
        ("role", ".*", {"role": {"geo": 1}}, False),
        ("role", "geo", {"role": "geo\n"}, False),
        ("role", "(a+)+b", {"role": "a" * 60}, False),
    ],
)
def test_a_restriction_holds_by_a_whole_claim(
    tmp_path: Path, key: str, matches: str, claims: dict[str, Any], seen: bool
) -> None:
    service = _service(tmp_path, restrictions=[_restriction(key, matches)])
    actor = replace(ADA, claims=claims)
    assert bool(service.catalogs(actor)) is seen
    assert bool(service.search(actor, "tide", language="en")) is seen


def test_all_restrictions_must_hold(tmp_path: Path) -> None:
    both = [_restriction("role", "geo"), _restriction("site", "north")]
    service = _service(tmp_path, restrictions=both)
    assert service.catalogs(replace(ADA, claims={"role": "geo"})) == ()
    assert service.catalogs(replace(ADA, claims={"role": "geo", "site": "north"}))


def test_a_hidden_catalogue_is_hidden_by_every_way_in(tmp_path: Path) -> None:
    service = _service(tmp_path, restrictions=[_restriction("role", "geo")])
    with pytest.raises(CatalogNotFoundError) as refused:
        service.catalog(ADA, "lab")
    assert refused.value.values["known"] == ""
    with pytest.raises(CatalogNotFoundError):
        service.chart(ADA, "tide", catalog="lab")
    with pytest.raises(ChartNotFoundError):
        service.chart(ADA, "tide")
    with pytest.raises(ChartNotFoundError):
        service.versions(ADA, "tide")
    # What already runs is still described to those who may see it.
    seen = replace(ADA, claims={"role": "geo"})
    assert service.installed(service.chart(seen, "tide").ref).ref.chart == "tide"


@pytest.mark.parametrize(
    ("visible", "mine", "ours"),
    [
        ({}, True, True),
        ({"user": False}, False, True),
        ({"project": False}, True, False),
        ({"user": False, "project": False}, False, False),
    ],
)
def test_a_catalogue_is_offered_in_kinds_of_projects(
    tmp_path: Path, visible: dict[str, bool], mine: bool, ours: bool
) -> None:
    service = _service(tmp_path, visible=visible)
    actor = replace(ADA, projects=(MINE, OURS))
    assert bool(service.catalogs(actor, project=MINE)) is mine
    assert bool(service.catalogs(actor, project=OURS)) is ours
    assert bool(service.catalogs(actor)) is (mine or ours)
    if not ours:
        with pytest.raises(CatalogNotFoundError):
            service.chart(actor, "tide", catalog="lab", project=OURS)


def test_a_person_of_no_group_does_not_see_the_groups_catalogue(tmp_path: Path) -> None:
    service = _service(tmp_path, visible={"user": False})
    assert service.catalogs(replace(ADA, projects=(MINE,))) == ()


@pytest.mark.parametrize(
    ("status", "listed"), [(None, True), ("PROD", True), ("TEST", False), ("INTERNAL", False)]
)
def test_a_catalogue_for_tests_is_found_by_its_name_alone(
    tmp_path: Path, status: str | None, listed: bool
) -> None:
    service = _service(tmp_path, status=status)
    assert bool(service.catalogs(ADA)) is listed
    assert bool(service.search(ADA, "tide", language="en")) is listed
    assert service.catalogs(replace(ADA, is_admin=True))
    assert service.chart(ADA, "tide", catalog="lab").ref.chart == "tide"


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"id": "Lab"}, "id"),
        ({"id": "../lab"}, "id"),
        ({"location": "charts.example"}, "location"),
        ({"location": "ftp://charts.example"}, "location"),
        ({"location": "https://ada:hunter2@charts.example"}, "location"),
        ({"type": "git"}, "type"),
        ({"mirrors": ["gopher://charts.example"]}, "mirrors"),
        ({"timeout": "soon"}, "timeout"),
        ({"caFile": "../ca.pem"}, "caFile"),
        ({"multipleServicesMode": "some"}, "multipleServicesMode"),
        ({"restrictions": [_restriction("role", "(")]}, "restrictions.0.userAttribute.matches"),
        ({"restrictions": [{}]}, "restrictions.0.userAttribute"),
    ],
)
def test_wrong_settings_are_named_without_their_value(wrong: dict[str, Any], key: str) -> None:
    with pytest.raises(CatalogSettingsError) as refused:
        catalog_settings({**WRITTEN, **wrong})
    assert refused.value.values["key"] == key
    assert "hunter2" not in repr(refused.value)
    assert refused.value.__cause__ is None


def test_onyxias_own_object_is_read() -> None:
    settings = catalog_settings(
        {
            "id": "ide",
            "name": {"en": "Tools", "fr": "Outils"},
            "description": "d",
            "maintainer": "m@example.org",
            "location": "https://charts.example/ide/",
            "status": "PROD",
            "type": "helm",
            "highlightedCharts": ["jupyter-python"],
            "excludedCharts": ["library-chart"],
            "multipleServicesMode": "latest",
            "skipTlsVerify": False,
            "caFile": None,
            "timeout": "1m30s",
            "restrictions": None,
            "excludeKeywords": None,
            "visible": {"user": True, "project": True},
            "unknown": {"key": 1},
        }
    )
    assert settings.location == "https://charts.example/ide"
    assert settings.timeout.total_seconds() == 90
    assert "hunter2" not in repr(
        catalog_settings({**WRITTEN, "username": "ada", "password": "hunter2"})
    )


@pytest.mark.parametrize(
    ("location", "charts", "address"),
    [
        ("https://charts.example/ide/", [], "https://charts.example/ide"),
        ("oci://registry.example/lab/tide", [], "oci://registry.example/lab"),
        ("oci://registry.example/lab", ["tide"], "oci://registry.example/lab"),
        ("file:///charts", [], ""),
    ],
)
def test_helm_is_told_where_the_charts_are(location: str, charts: list[str], address: str) -> None:
    written: dict[str, Any] = {"id": "lab", "location": location, "charts": charts}
    settings = catalog_settings(written)
    assert settings.helm_address == address
