"""Choose what of a repository's index becomes the catalogue: pure rules of wire-api 7."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sardonyx.catalog.settings import CatalogSettings, Versions
from sardonyx.catalog.versions import Order, is_prerelease, is_version, order

_NO_VERSION: Order = (0, 0, 0, True, ())


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One version of one chart as an index has it. urls: as written, the first is used.

    digest: `sha256:…` of the archive, empty when the index does not say. created: the index's
    own text, kept to notice an archive that was written again.
    """

    name: str
    version: str
    urls: tuple[str, ...]
    digest: str = ""
    created: str = ""
    kind: str = "application"
    icon: str = ""
    keywords: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


def selected(entries: Iterable[IndexEntry], settings: CatalogSettings) -> tuple[IndexEntry, ...]:
    """Return the entries to keep, charts in the index's order, newest version first.

    Library charts are never kept. The first version in the index speaks for its chart.
    """
    charts: dict[str, dict[str, IndexEntry]] = {}
    for entry in entries:
        # A version that stands twice is the first one.
        charts.setdefault(entry.name, {}).setdefault(entry.version, entry)
    kept: list[IndexEntry] = []
    for versions in charts.values():
        if _wanted(next(iter(versions.values())), settings):
            newest = sorted(versions.values(), key=lambda one: _order(one.version), reverse=True)
            kept += _thinned(newest, settings)
    return tuple(kept)


def _wanted(first: IndexEntry, settings: CatalogSettings) -> bool:
    if first.kind == "library" or not first.name:
        return False
    if first.name.casefold() in {name.casefold() for name in settings.excluded_charts}:
        return False
    words, notes = set(first.keywords), set(first.annotations.items())
    if words & set(settings.exclude_keywords) or notes & set(settings.exclude_annotations.items()):
        return False
    asked_words, asked_notes = settings.include_keywords, settings.include_annotations
    return (not asked_words or bool(words & set(asked_words))) and (
        not asked_notes or bool(notes & set(asked_notes.items()))
    )


def _thinned(newest: Sequence[IndexEntry], settings: CatalogSettings) -> Sequence[IndexEntry]:
    mode = settings.multiple_services_mode
    if mode is Versions.ALL:
        return newest
    if mode is Versions.MAX_NUMBER:
        return newest[: settings.max_number_of_versions]
    if mode is Versions.LATEST:
        # A pre-release that is newer would hide the version people are offered.
        stable = (one for one in newest if not is_prerelease(one.version))
        return [next(stable, newest[0])]
    minors: dict[tuple[int, int], IndexEntry] = {}
    for one in newest:
        minors.setdefault(_order(one.version)[:2], one)
    return list(minors.values())


def _order(version: str) -> Order:
    return order(version) if is_version(version) else _NO_VERSION
