"""What a catalogue holds: charts in versions, with their texts, schema and process profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sardonyx.errors import Problem
from sardonyx.values import JsonObject

LocalizedText = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChartRef:
    """One version of one chart of one catalogue."""

    catalog: str
    chart: str
    version: str


@dataclass(frozen=True, slots=True)
class Dependency:
    """A Helm dependency: name, version, and the value paths that switch it on, if any."""

    name: str
    version: str
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart read from a folder. `schema` is None when it has none.

    `local` is its process profile (`local.yaml`), None when it cannot run as processes.
    `title` is the words of a card (annotation `sardonyx.dev/title`, else the name).
    `keywords` serve search. `icon` is a file inside the chart's folder, if any.
    """

    ref: ChartRef
    folder: Path
    title: LocalizedText
    description: LocalizedText
    keywords: tuple[str, ...]
    app_version: str
    home: str | None
    sources: tuple[str, ...]
    icon: Path | None
    dependencies: tuple[Dependency, ...]
    values: JsonObject
    schema: JsonObject | None
    local: JsonObject | None
    readme: str


@dataclass(frozen=True, slots=True)
class ChartFault:
    """A chart folder that could not be read: it costs only itself."""

    catalog: str
    folder: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Charts (newest version first for each name) and the faults of those left out."""

    id: str
    name: LocalizedText
    charts: tuple[Chart, ...]
    faults: tuple[ChartFault, ...]
