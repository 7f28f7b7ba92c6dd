"""Write what a list says of a chart as JSON, and read it back: the disk cache's own form."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from sardonyx.catalog.models import ChartRef, Dependency, ListedChart, LocalizedText
from sardonyx.values import Json, JsonObject

# A change of the form, or of how charts are read, is a new number: what was kept is read anew.
FORMAT = 2


def listing(chart: ListedChart) -> JsonObject:
    """Return `chart` without its place: it may stand in several catalogues."""
    return {
        "chart": chart.ref.chart,
        "version": chart.ref.version,
        "title": _written(chart.title),
        "description": _written(chart.description),
        "keywords": list(chart.keywords),
        "appVersion": chart.app_version,
        "home": chart.home,
        "sources": list(chart.sources),
        "icon": chart.icon.name if chart.icon is not None else None,
        "dependencies": [
            {"name": one.name, "version": one.version, "condition": one.condition}
            for one in chart.dependencies
        ],
        "local": chart.local,
        "deprecated": chart.deprecated,
        "renewing": chart.renewing,
    }


def listed(
    document: JsonObject, *, catalog: str, folder: Path, digest: str, icon: Path | None
) -> ListedChart:
    """Return the chart of a listing. icon: shown when the chart has none of its own.

    Raises ValueError, KeyError or TypeError when the document is no listing.
    """
    own = document["icon"]
    local = document["local"]
    return ListedChart(
        ref=ChartRef(catalog, _text(document["chart"]), _text(document["version"])),
        folder=folder,
        title=_localized(document["title"]),
        description=_localized(document["description"]),
        keywords=_texts(document["keywords"]),
        app_version=_text(document["appVersion"]),
        home=None if document["home"] is None else _text(document["home"]),
        sources=_texts(document["sources"]),
        icon=folder / _text(own) if own is not None else icon,
        dependencies=tuple(_dependency(one) for one in _items(document["dependencies"])),
        local=local if isinstance(local, dict) else None,
        digest=digest,
        deprecated=document["deprecated"] is True,
        # Lists of people's own charts are older than this key, and are never read anew.
        renewing=document.get("renewing") is True,
    )


def _dependency(document: Json) -> Dependency:
    if not isinstance(document, dict):
        raise TypeError("no dependency")
    condition = document["condition"]
    return Dependency(
        name=_text(document["name"]),
        version=_text(document["version"]),
        condition=None if condition is None else _text(condition),
    )


def _written(text: LocalizedText) -> Json:
    return text if isinstance(text, str) else dict(text)


def _localized(value: Json) -> LocalizedText:
    if isinstance(value, dict):
        return {language: _text(text) for language, text in value.items()}
    return _text(value)


def _items(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(cast("list[str]", [_text(one) for one in _items(value)]))


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
