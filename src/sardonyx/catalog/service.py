"""Own the catalogues: which charts there are, in which versions, and which could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sardonyx.catalog.errors import (
    CatalogNotFoundError,
    CatalogReportRefusedError,
    ChartNotFoundError,
    ChartVersionNotFoundError,
)
from sardonyx.catalog.folders import CatalogSource
from sardonyx.catalog.models import Catalog, Chart, ChartRef, ListedChart
from sardonyx.catalog.own_ports import OWN_CATALOG
from sardonyx.catalog.ports import PersonalCatalogs, Repository
from sardonyx.catalog.registry import Overrides, SchemaRegistry
from sardonyx.catalog.report import Remark, report
from sardonyx.catalog.search import search
from sardonyx.catalog.versions import is_prerelease
from sardonyx.launcher.context import ContextInputs, launch_context
from sardonyx.projects.models import Actor, Project
from sardonyx.values import JsonObject

__all__ = [
    "CatalogService",
    "CatalogSource",
    "default_catalog_folder",
    "default_sources",
    "offered",
    "one_of_each",
]

DEFAULT_CATALOG = "sardonyx"


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
    """The catalogues of an instance, each shown to those who may see it.

    project: where the person stands; without one, what they see in any of their projects.
    """

    def __init__(
        self,
        sources: Sequence[Repository],
        *,
        schemas: SchemaRegistry | None = None,
        processes: bool = True,
        region: JsonObject | None = None,
        personal: PersonalCatalogs | None = None,
    ) -> None:
        """Hold the catalogues.

        processes: services run as processes of this machine, for charts that can. region:
        Onyxia's object, to report what no chart reads of it. personal: each person's own, where
        they may bring charts and are not alone; to themselves it is called `own` too.
        """
        self._personal = personal
        self._region = region or {}
        self._sources: Mapping[str, Repository] = {source.id: source for source in sources}
        self._schemas = schemas or SchemaRegistry()
        self._processes = processes

    def catalogs(self, actor: Actor, *, project: Project | None = None) -> tuple[Catalog, ...]:
        """Return every catalogue the person finds in lists, each with its charts and faults.

        One that is for tests is left out, but for administrators; its charts can be named.
        """
        seen = (source.catalog() for source in self._visible(actor, project).values())
        return tuple(one for one in seen if one.listed or actor.is_admin)

    def catalog(self, actor: Actor, catalog: str, *, project: Project | None = None) -> Catalog:
        """Raises CatalogNotFoundError, also for one that is not for them."""
        return self._source(actor, catalog, project).catalog()

    def chart(
        self,
        actor: Actor,
        chart: str,
        *,
        catalog: str | None = None,
        version: str | None = None,
        project: Project | None = None,
    ) -> Chart:
        """Return a chart: the version asked for, else the newest that is no pre-release.

        Without `catalog` the first one that has the chart. Raises CatalogNotFoundError,
        ChartNotFoundError, ChartVersionNotFoundError, ChartContentMissingError.
        """
        source, one = self._found(actor, chart, catalog, version, project)
        return source.whole(one)

    def listed(
        self,
        actor: Actor,
        chart: str,
        *,
        catalog: str | None = None,
        version: str | None = None,
        project: Project | None = None,
    ) -> ListedChart:
        """Return what a list says of the same chart, without reading it. Raises as `chart`."""
        return self._found(actor, chart, catalog, version, project)[1]

    def runs_here(self, chart: ListedChart) -> bool:
        """Tell whether the chart can be launched on this platform."""
        return chart.local is not None or not self._processes

    def running(self, actor: Actor, ref: ChartRef, *, project: Project | None = None) -> Chart:
        """Return the chart of a service for somebody who may see it, though it left.

        A release says itself which chart it runs, and may be written by hand: what a person may
        not see, they are not shown by naming it. Raises CatalogNotFoundError, ChartNotFoundError.
        """
        self._source(actor, ref.catalog, project)
        return self.installed(ref)

    def is_for_all(self, ref: ChartRef) -> bool:
        """Tell whether nobody is kept from the chart's catalogue."""
        source = self._any(ref.catalog)
        return source is None or source.is_for_all

    def installed(self, ref: ChartRef) -> Chart:
        """Return the chart of a release, whoever may see it and though it left the catalogue.

        For what carries out launches, never to be shown: see `running`. Raises ChartNotFoundError
        and its kin.
        """
        source = self._any(ref.catalog)
        found = source.installed(ref) if source is not None else None
        if found is None:
            raise ChartNotFoundError(chart=ref.chart, catalog=ref.catalog)
        return found

    def present(self, ref: ChartRef) -> Chart:
        """Return the chart of a release, else the newest of its name, that took its place.

        A folder holds one version: on one machine a service launched before the platform was
        renewed goes on with what is there. Raises as `installed`.
        """
        try:
            return self.installed(ref)
        except ChartNotFoundError:
            source = self._sources.get(ref.catalog)
            charts = source.catalog().charts if source is not None else ()
            newer = next((one for one in charts if one.ref.chart == ref.chart), None)
            if newer is None:
                raise
            return self.installed(newer.ref)

    def versions(
        self,
        actor: Actor,
        chart: str,
        *,
        catalog: str | None = None,
        project: Project | None = None,
    ) -> tuple[str, ...]:
        """Return a chart's versions, newest first. Raises as `chart`."""
        _, known = self._versions(actor, chart, catalog, project)
        return tuple(one.ref.version for one in known)

    def search(
        self, actor: Actor, text: str, *, language: str, project: Project | None = None
    ) -> tuple[ListedChart, ...]:
        """Return the charts that hold every word of `text`, best first, one version of each.

        Both languages are searched whatever `language` is: people know services by either name.
        """
        found = self.catalogs(actor, project=project)
        return search([chart for one in found for chart in one_of_each(one)], text)

    def overrides(self, actor: Actor) -> Overrides:
        """Return what a chart's schema is resolved with for this person."""
        return self._schemas.overrides(actor)

    def shareable(self, ref: ChartRef) -> bool:
        """Tell whether services of this chart's catalogue may be shared in a group."""
        source = self._any(ref.catalog)
        return source is None or source.catalog().shareable

    def auto_launch_paths(self, ref: ChartRef) -> tuple[str, ...] | None:
        """Return the paths that a link to the chart may set and be launched without a question.

        None: every link is confirmed (launcher.md 13).
        """
        source = self._sources.get(ref.catalog)
        return None if source is None else source.catalog().auto_launch.get(ref.chart)

    def report(self, actor: Actor) -> tuple[Remark, ...]:
        """Return what the offered charts lack here. Reads them all: not for the event loop.

        Raises CatalogReportRefusedError, ChartContentMissingError.
        """
        if not actor.is_admin:
            raise CatalogReportRefusedError
        charts = (
            source.whole(one)
            for source in self._sources.values()
            for one in one_of_each(source.catalog())
        )
        read = launch_context(ContextInputs(username="", project_id="", region=self._region))
        region = read["region"]
        return report(
            charts,
            registry=self._schemas.overrides(actor).registry,
            region=region if isinstance(region, dict) else {},
            left_out=[problem.pointer for problem in self._schemas.problems()],
        )

    def own_charts(self) -> tuple[Chart, ...]:
        """Return the charts of the platform's own catalogue, for what is prepared ahead."""
        source = self._sources.get(DEFAULT_CATALOG)
        if source is None:
            return ()
        return tuple(source.whole(one) for one in source.catalog().charts)

    def brought_by(self, actor: Actor) -> tuple[ListedChart, ...]:
        """Return the charts a person keeps in their own catalogue; none where nobody may."""
        try:
            return self._source(actor, OWN_CATALOG, None).catalog().charts
        except CatalogNotFoundError:
            return ()

    def reload(self) -> tuple[str, ...]:
        """Have every catalogue and the schemas read again, folders at the next question.

        Return the catalogues' ids.
        """
        self._schemas.reload()
        for source in self._sources.values():
            source.reload()
        return tuple(self._sources)

    def _any(self, catalog: str) -> Repository | None:
        """Return a catalogue by its id, whoever may see it."""
        found = self._sources.get(catalog)
        if found is None and self._personal is not None:
            found = self._personal.named(catalog)
        return found

    def _visible(self, actor: Actor, project: Project | None) -> Mapping[str, Repository]:
        seen = {
            name: source
            for name, source in self._sources.items()
            if source.visible_to(actor, project)
        }
        if self._personal is not None:
            own = self._personal.of(actor)
            seen[own.id] = own
        return seen

    def _source(self, actor: Actor, catalog: str, project: Project | None) -> Repository:
        seen = self._visible(actor, project)
        if catalog == OWN_CATALOG and catalog not in seen and self._personal is not None:
            return self._personal.of(actor)
        if catalog not in seen:
            raise CatalogNotFoundError(catalog=catalog, known=", ".join(seen), field="catalog")
        return seen[catalog]

    def _found(
        self,
        actor: Actor,
        chart: str,
        catalog: str | None,
        version: str | None,
        project: Project | None,
    ) -> tuple[Repository, ListedChart]:
        source, known = self._versions(actor, chart, catalog, project)
        if version is None:
            return source, offered(known)
        for one in known:
            if one.ref.version == version:
                return source, one
        raise ChartVersionNotFoundError(
            chart=chart,
            version=version,
            known=", ".join(one.ref.version for one in known),
            field="version",
        )

    def _versions(
        self, actor: Actor, chart: str, catalog: str | None, project: Project | None
    ) -> tuple[Repository, Sequence[ListedChart]]:
        if catalog is None:
            sources = self._visible(actor, project)
        else:
            sources = {catalog: self._source(actor, catalog, project)}
        for source in sources.values():
            known = [one for one in source.catalog().charts if one.ref.chart == chart]
            if known:
                return source, known
        raise ChartNotFoundError(chart=chart, catalog=", ".join(sources), field="chart")


def offered(versions: Sequence[ListedChart]) -> ListedChart:
    """Return the newest of a chart's versions that is no pre-release, else the newest."""
    stable = (one for one in versions if not is_prerelease(one.ref.version))
    return next(stable, versions[0])


def one_of_each(catalog: Catalog) -> list[ListedChart]:
    """Return the offered version of each chart, those to show first at the beginning."""
    charts: dict[str, list[ListedChart]] = {}
    for chart in catalog.charts:
        charts.setdefault(chart.ref.chart, []).append(chart)
    first = {name: place for place, name in enumerate(catalog.highlighted)}
    return sorted(
        (offered(versions) for versions in charts.values()),
        key=lambda chart: first.get(chart.ref.chart, len(first)),
    )
