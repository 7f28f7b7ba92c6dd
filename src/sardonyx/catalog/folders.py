"""Read a catalogue from a folder of chart folders, each again only when its files changed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from sardonyx.catalog.models import (
    Catalog,
    Chart,
    ChartFault,
    ChartRef,
    ListedChart,
    LocalizedText,
    Reading,
)
from sardonyx.catalog.read import READ_FILES, is_chart_folder, read_chart
from sardonyx.catalog.settings import CatalogSettings
from sardonyx.catalog.versions import order
from sardonyx.catalog.visibility import is_for_all, visible_to
from sardonyx.errors import Problem
from sardonyx.projects.models import Actor, Project
from sardonyx.text import N_, Text

# What was read of a chart's files: a change of any of them reads the chart again.
Signature = tuple[tuple[str, int, int], ...]


class CatalogSource:
    """A catalogue that is a folder of chart folders; the Repository of one machine.

    It keeps one entry for each chart folder there is; entries of folders that are gone are
    dropped. Without settings everybody sees it.
    """

    def __init__(
        self, id_: str, name: LocalizedText, folder: Path, settings: CatalogSettings | None = None
    ) -> None:
        self.id = id_
        self.name = name
        self.folder = folder
        self._settings = settings
        self._read: dict[Path, tuple[Signature, Chart | ChartFault]] = {}
        self._made: tuple[tuple[int, ...], Catalog] | None = None
        self._lock = threading.Lock()

    @classmethod
    def of_folder(cls, folder: Path) -> CatalogSource:
        """Return the catalogue of an administrator's folder, named as the folder is."""
        return cls(folder.name, folder.name, folder)

    def visible_to(self, actor: Actor, project: Project | None) -> bool:
        """Tell whether the settings, if any, let `actor` see it."""
        if self._settings is None:
            return True
        return visible_to(
            actor,
            project,
            visible=self._settings.visible,
            restrictions=self._settings.restrictions,
        )

    @property
    def is_for_all(self) -> bool:
        """Whether the settings, if any, keep nobody from it."""
        if self._settings is None:
            return True
        return is_for_all(visible=self._settings.visible, restrictions=self._settings.restrictions)

    def catalog(self) -> Catalog:
        """Return the charts of the folder as it is now."""
        with self._lock:
            read = [self._chart(folder) for folder in _folders(self.folder)]
            identity = tuple(id(one) for one in read)
            if self._made is not None and self._made[0] == identity:
                return self._made[1]
            gone = [path for path in self._read if not path.exists()]
            for path in gone:
                del self._read[path]
            catalog = self._catalog(read)
            self._made = identity, catalog
            return catalog

    def whole(self, listed: ListedChart) -> Chart:
        """Return the chart itself: everything was read."""
        assert isinstance(listed, Chart)  # noqa: S101 - this class made it
        return listed

    def installed(self, ref: ChartRef) -> Chart | None:
        """Return the chart if it is in the folder still."""
        found = (self.whole(one) for one in self.catalog().charts if one.ref == ref)
        return next(found, None)

    def reload(self) -> None:
        """Forget what was read; the next question reads every chart again."""
        with self._lock:
            self._read.clear()
            self._made = None

    def _chart(self, folder: Path) -> Chart | ChartFault:
        signature = _signature(folder)
        known = self._read.get(folder)
        if known is not None and known[0] == signature:
            return known[1]
        if not folder.resolve().is_relative_to(self.folder.resolve()):
            message = Text(N_("The link leads out of the catalogue's folder."))
            problem = Problem(folder.name, "chart_link_outside", "error", message)
            read: Chart | ChartFault = ChartFault(self.id, folder.name, (problem,))
        else:
            read = read_chart(folder, self.id)
        self._read[folder] = signature, read
        return read

    def _catalog(self, read: Sequence[Chart | ChartFault]) -> Catalog:
        charts: dict[tuple[str, str], Chart] = {}
        faults = [one for one in read if isinstance(one, ChartFault)]
        for one in read:
            if not isinstance(one, Chart):
                continue
            first = charts.setdefault((one.ref.chart, one.ref.version), one)
            if first is not one:
                faults.append(_twice(one, first))
        ordered = in_order(tuple(charts.values()))
        if self._settings is None:
            return Catalog(self.id, self.name, ordered, tuple(faults))
        return catalog_of(self._settings, ordered, tuple(faults))


def catalog_of(
    settings: CatalogSettings,
    charts: tuple[ListedChart, ...],
    faults: tuple[ChartFault, ...],
    reading: Reading | None = None,
) -> Catalog:
    """Return the catalogue that `settings` describe, with these charts."""
    return Catalog(
        settings.id,
        settings.name or settings.id,
        charts,
        faults,
        description=settings.description,
        highlighted=settings.highlighted_charts,
        shareable=settings.allow_sharing,
        listed=settings.is_listed,
        status=settings.status or "",
        maintainer=settings.maintainer,
        reading=reading,
        auto_launch=settings.auto_launch,
    )


def in_order(charts: Sequence[ListedChart]) -> tuple[ListedChart, ...]:
    """Return charts by name, each with its newest version first."""
    newest = sorted(charts, key=lambda chart: order(chart.ref.version), reverse=True)
    return tuple(sorted(newest, key=lambda chart: chart.ref.chart))


def _twice(chart: Chart, first: Chart) -> ChartFault:
    message = Text(
        N_("Version {version} of {chart} is also in the folder “{other}”, which is used."),
        {
            "version": chart.ref.version,
            "chart": chart.ref.chart,
            "other": first.folder.name,
        },
    )
    problem = Problem("Chart.yaml", "chart_twice", "error", message)
    return ChartFault(chart.ref.catalog, chart.folder.name, (problem,))


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
