"""What of an index becomes the catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from sardonyx.catalog.selection import IndexEntry, selected
from sardonyx.catalog.settings import catalog_settings


def _entry(name: str, version: str, **more: Any) -> IndexEntry:
    return IndexEntry(name, version, (f"{name}-{version}.tgz",), **more)


def _kept(entries: list[IndexEntry], **settings: Any) -> list[str]:
    written = {"id": "lab", "location": "https://charts.example", **settings}
    return [f"{one.name} {one.version}" for one in selected(entries, catalog_settings(written))]


VERSIONS = ["1.0.0", "1.0.2", "1.0.1", "1.10.0", "1.9.0", "2.0.0-rc.1", "odd", "v0.1.0"]


@pytest.mark.parametrize(
    ("mode", "kept"),
    [
        ("latest", ["1.10.0"]),
        (
            "all",
            ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.2", "1.0.1", "1.0.0", "v0.1.0", "odd"],
        ),
        ("skipPatches", ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.2", "v0.1.0", "odd"]),
        ("maxNumber", ["2.0.0-rc.1", "1.10.0", "1.9.0"]),
    ],
)
def test_versions_are_kept_by_the_mode(mode: str, kept: list[str]) -> None:
    entries = [_entry("tide", version) for version in VERSIONS]
    found = _kept(entries, multipleServicesMode=mode, maxNumberOfVersions=3)
    assert found == [f"tide {version}" for version in kept]


def test_a_chart_of_prereleases_alone_keeps_the_newest() -> None:
    assert _kept([_entry("tide", "0.1.0-a"), _entry("tide", "0.1.0-b")]) == ["tide 0.1.0-b"]


def test_a_version_that_stands_twice_is_the_first() -> None:
    written = {"id": "lab", "location": "https://charts.example"}
    twice = [_entry("tide", "1.0.0", digest="a"), _entry("tide", "1.0.0", digest="b")]
    (found,) = selected(twice, catalog_settings({**written}))
    assert found.digest == "a"


def test_library_charts_are_left_out() -> None:
    assert _kept([_entry("lib", "1.0.0", kind="library"), _entry("tide", "1.0.0")]) == [
        "tide 1.0.0"
    ]


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, ["sea", "moon", "sun"]),
        ({"excludedCharts": ["MOON"]}, ["sea", "sun"]),
        ({"includeKeywords": ["water", "night"]}, ["sea", "moon"]),
        ({"excludeKeywords": ["night"]}, ["sea", "sun"]),
        ({"includeKeywords": ["water", "night"], "excludeKeywords": ["night"]}, ["sea"]),
        ({"includeAnnotations": {"kind": "body"}}, ["moon", "sun"]),
        ({"excludeAnnotations": {"kind": "body"}}, ["sea"]),
        ({"includeAnnotations": {"kind": "body"}, "includeKeywords": ["night"]}, ["moon"]),
    ],
)
def test_charts_are_kept_by_words_and_annotations(
    settings: dict[str, Any], kept: list[str]
) -> None:
    entries = [
        _entry("sea", "1.0.0", keywords=("water",)),
        _entry("moon", "1.0.0", keywords=("night",), annotations={"kind": "body"}),
        # The first version in the index speaks for its chart.
        _entry("moon", "0.9.0", keywords=("day",)),
        _entry("sun", "1.0.0", annotations={"kind": "body"}),
    ]
    assert _kept(entries, **settings) == [f"{name} 1.0.0" for name in kept]
