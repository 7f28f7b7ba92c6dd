"""What a catalogue holds: charts in versions, with their texts, schema and process profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sardonyx.errors import Problem
from sardonyx.values import JsonObject

LocalizedText = str | Mapping[str, str]
# Bytes of a chart's archive, wherever it comes from.
LARGEST_ARCHIVE = 20 * 1024 * 1024


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedChart:
    """What a list says of a chart: all but its values, schema and readme.

    `folder` holds the whole chart, its sub-charts included: what Helm is given. `digest` is that
    of the archive it was unpacked from (`sha256:…`), empty for a folder that is worked on.
    `local` is its process profile (`local.yaml`), None when it cannot run as processes.
    `title` is the words of a card (annotation `sardonyx.dev/title`, else the name).
    `keywords` serve search. `icon` is a picture on this disk, if any. `withdrawn`: its owner took
    it out of their catalogue, where it is offered no more; its services go on with it.
    `renewing`: its services ask for fresh credentials while they run (annotation
    `sardonyx.dev/credentials: renewing`), so no plain keys stand in their values.
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
    local: JsonObject | None
    digest: str = ""
    deprecated: bool = False
    withdrawn: bool = False
    renewing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart(ListedChart):
    """A chart, whole. `schema` is None when it has none."""

    values: JsonObject
    schema: JsonObject | None
    readme: str


@dataclass(frozen=True, slots=True)
class ChartFault:
    """A chart folder that could not be read: it costs only itself."""

    catalog: str
    folder: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the last readings of a repository went. All None: it was never read.

    read: when it was last read well; fault: what is wrong since `since`, None when all is well.
    `fault.pointer` is the place, an address without any key.
    """

    read: datetime | None = None
    fault: Problem | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """Charts (newest version first for each name) and the faults of those left out.

    highlighted: names of charts to show first. shareable: its services may be shared.
    listed: shown to everybody who may see it; else only an administrator finds it in lists,
    and others who know its id. status, maintainer: the administrator's words, empty for none.
    reading: of a repository; None for a folder on this machine. auto_launch: by chart, the paths
    that a link may set and be launched without a question.
    """

    id: str
    name: LocalizedText
    charts: tuple[ListedChart, ...]
    faults: tuple[ChartFault, ...]
    description: LocalizedText = ""
    highlighted: tuple[str, ...] = ()
    shareable: bool = True
    listed: bool = True
    status: str = ""
    maintainer: str = ""
    reading: Reading | None = None
    auto_launch: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
