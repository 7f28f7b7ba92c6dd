"""Own the catalogues: which charts there are, in which versions, and which could not be read."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sardonyx.catalog.errors import (
    CatalogNotFoundError,
    ChartNotFoundError,
    ChartVersionNotFoundError,
)
from sardonyx.catalog.models import Catalog, Chart, ChartFault, ChartRef, LocalizedText
from sardonyx.catalog.read import READ_FILES, is_chart_folder, read_chart
from sardonyx.catalog.search import search
from sardonyx.catalog.versions import is_prerelease, order
from sardonyx.errors import Problem
from sardonyx.projects.models import Actor
from sardonyx.text import N_, Text

DEFAULT_CATALOG = "sardonyx"
# What was read of a chart's files: a change of any of them reads the chart again.
Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class CatalogSource:
    """A catalogue that is a folder of chart folders."""

    id: str
    name: LocalizedText
    folder: Path

    @classmethod
    def of_folder(cls, folder: Path) -> CatalogSource:
        """Return the catalogue of an administrator's folder, named as the folder is."""
        return cls(folder.name, folder.name, folder)


def default_catalog_folder() -> Path:
    """Return the folder of our own charts: inside the installed package, else the checkout's."""
    package = Path(__file__).parents[1]
    packaged = package / "_catalog"
    return packaged if packaged.is_dir() else package.parents[1] / "catalog"


def default_sources() -> tuple[CatalogSource, ...]:
    """Return our own catalogue alone."""
    name = {"en": "Sardonyx", "fr": "Sardonyx"}
    return (CatalogSource(DEFAULT_CATALOG, name, default_catalog_folder()),)


class CatalogService:
    """Read charts from folders, each once: again only when one of its files changed.

    The cache holds one entry for each chart folder there is; entries of folders that are gone
    are dropped. Everybody sees every catalogue (visibility by role is for a cluster).
    """

    def __init__(self, sources: Sequence[CatalogSource]) -> None:
        self._sources: Mapping[str, CatalogSource] = {source.id: source for source in sources}
        self._read: dict[Path, tuple[Signature, Chart | ChartFault]] = {}
        self._made: dict[str, tuple[tuple[int, ...], Catalog]] = {}
        self._lock = threading.Lock()

    def catalogs(self, actor: Actor) -> tuple[Catalog, ...]:
        """Return every catalogue, each with its charts and its faults."""
        return tuple(self._catalog(source) for source in self._sources.values())

    def catalog(self, actor: Actor, catalog: str) -> Catalog:
        """Raises CatalogNotFoundError."""
        source = self._sources.get(catalog)
        if source is None:
            raise CatalogNotFoundError(
                catalog=catalog, known=", ".join(self._sources), field="catalog"
            )
        return self._catalog(source)

    def chart(
        self, actor: Actor, chart: str, *, catalog: str | None = None, version: str | None = None
    ) -> Chart:
        """Return a chart: the version asked for, else the newest that is no pre-release.

        Without `catalog` the first one that has the chart. Raises CatalogNotFoundError,
        ChartNotFoundError, ChartVersionNotFoundError.
        """
        known = self._versions(actor, chart, catalog)
        if version is None:
            return next((one for one in known if not is_prerelease(one.ref.version)), known[0])
        for one in known:
            if one.ref.version == version:
                return one
        raise ChartVersionNotFoundError(
            chart=chart,
            version=version,
            known=", ".join(one.ref.version for one in known),
            field="version",
        )

    def installed(self, ref: ChartRef) -> Chart:
        """Return the chart of a release, whoever may see it. Raises ChartNotFoundError's kin."""
        source = self._sources.get(ref.catalog)
        charts = self._catalog(source).charts if source is not None else ()
        for chart in charts:
            if chart.ref == ref:
                return chart
        raise ChartNotFoundError(chart=ref.chart, catalog=ref.catalog)

    def versions(self, actor: Actor, chart: str, *, catalog: str | None = None) -> tuple[str, ...]:
        """Return a chart's versions, newest first. Raises as `chart`."""
        return tuple(one.ref.version for one in self._versions(actor, chart, catalog))

    def search(self, actor: Actor, text: str, *, language: str) -> tuple[Chart, ...]:
        """Return the charts that hold every word of `text`, best first, one version of each.

        Both languages are searched whatever `language` is: people know services by either name.
        """
        shown = []
        for found in self.catalogs(actor):
            names = dict.fromkeys(chart.ref.chart for chart in found.charts)
            shown += [self.chart(actor, name, catalog=found.id) for name in names]
        return search(shown, text)

    def own_charts(self) -> tuple[Chart, ...]:
        """Return the charts of the platform's own catalogue, for what is prepared ahead."""
        source = self._sources.get(DEFAULT_CATALOG)
        return self._catalog(source).charts if source is not None else ()

    def reload(self) -> None:
        """Forget what was read; the next question reads every chart again."""
        with self._lock:
            self._read.clear()
            self._made.clear()

    def _versions(self, actor: Actor, chart: str, catalog: str | None) -> tuple[Chart, ...]:
        ids = tuple(self._sources) if catalog is None else (catalog,)
        for found in (self.catalog(actor, one) for one in ids):
            known = tuple(one for one in found.charts if one.ref.chart == chart)
            if known:
                return known
        raise ChartNotFoundError(chart=chart, catalog=", ".join(ids), field="chart")

    def _catalog(self, source: CatalogSource) -> Catalog:
        with self._lock:
            read = [self._chart(folder, source) for folder in _folders(source.folder)]
            identity = tuple(id(one) for one in read)
            made = self._made.get(source.id)
            if made is not None and made[0] == identity:
                return made[1]
            gone = [path for path in self._read if not path.exists()]
            for path in gone:
                del self._read[path]
            catalog = _catalog(source, read)
            self._made[source.id] = identity, catalog
            return catalog

    def _chart(self, folder: Path, source: CatalogSource) -> Chart | ChartFault:
        signature = _signature(folder)
        known = self._read.get(folder)
        if known is not None and known[0] == signature:
            return known[1]
        if not folder.resolve().is_relative_to(source.folder.resolve()):
            message = Text(N_("The link leads out of the catalogue's folder."))
            problem = Problem(folder.name, "chart_link_outside", "error", message)
            read: Chart | ChartFault = ChartFault(source.id, folder.name, (problem,))
        else:
            read = read_chart(folder, source.id)
        self._read[folder] = signature, read
        return read


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.name[0] not in "._" and is_chart_folder(path)
    )


def _signature(folder: Path) -> Signature:
    found = []
    for name in READ_FILES:
        try:
            state = (folder / name).stat()
        except OSError:
            continue
        found.append((name, state.st_mtime_ns, state.st_size))
    return tuple(found)


def _catalog(source: CatalogSource, read: Sequence[Chart | ChartFault]) -> Catalog:
    charts: dict[tuple[str, str], Chart] = {}
    faults = [one for one in read if isinstance(one, ChartFault)]
    for one in read:
        if not isinstance(one, Chart):
            continue
        first = charts.setdefault((one.ref.chart, one.ref.version), one)
        if first is not one:
            message = Text(
                N_("Version {version} of {chart} is also in the folder “{other}”, which is used."),
                {
                    "version": one.ref.version,
                    "chart": one.ref.chart,
                    "other": first.folder.name,
                },
            )
            problem = Problem("Chart.yaml", "chart_twice", "error", message)
            faults.append(ChartFault(source.id, one.folder.name, (problem,)))
    newest = sorted(charts.values(), key=lambda chart: order(chart.ref.version), reverse=True)
    named = sorted(newest, key=lambda chart: chart.ref.chart)
    return Catalog(source.id, source.name, tuple(named), tuple(faults))
