"""What REST v1 says of catalogues and charts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from sardonyx.catalog.models import Catalog, Chart, ChartFault, ListedChart
from sardonyx.catalog.report import Remark
from sardonyx.catalog.service import one_of_each
from sardonyx.errors import Problem
from sardonyx.text import localized


class _View(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ChartSummary(_View):
    """A chart as a list shows it."""

    catalog: str
    name: str
    version: str
    title: str = Field(description="In the language asked for.")
    description: str
    keywords: list[str]
    app_version: str
    home: str | None
    icon: str | None = Field(description="Address of the icon, null when the chart has none.")
    runs_here: bool = Field(description="Whether it can be launched on this platform.")


class FaultItem(_View):
    """One thing that keeps a chart out: the file and line, and a sentence."""

    place: str
    code: str
    message: str


class FaultView(_View):
    folder: str
    problems: list[FaultItem]


class ReadingView(_View):
    """How the last readings of a repository went; all null: it was never read."""

    read_at: datetime | None = Field(description="When it was last read well.")
    fault: FaultItem | None = Field(description="What is wrong since then, null when all is well.")
    since: datetime | None


class CatalogView(_View):
    """A catalogue: one version of each chart, and the charts that could not be read."""

    id: str
    name: str
    description: str
    status: str = Field(description="`PROD`, `TEST`, `INTERNAL` or empty.")
    maintainer: str
    shareable: bool = Field(description="Whether its services may be shared in a group.")
    reading: ReadingView | None = Field(description="Null for a folder of this machine.")
    charts: list[ChartSummary]
    faults: list[FaultView]


class CatalogList(_View):
    catalogs: list[CatalogView]


class RemarkItem(_View):
    """One thing that charts ask for and do not get here."""

    chart: str | None = Field(description="`catalogue/name`; null for what concerns all.")
    version: str | None
    code: str
    message: str


class ReportView(_View):
    remarks: list[RemarkItem]


class RefreshAsked(_View):
    catalogs: list[str] = Field(description="Ids of what is being read again.")


class ChartList(_View):
    charts: list[ChartSummary]


class ChartView(ChartSummary):
    """A chart with all that is known of it."""

    versions: list[str]
    sources: list[str]
    chart_schema: dict[str, JsonValue] | None = Field(alias="schema")
    values: dict[str, JsonValue]
    readme: str


def summary(chart: ListedChart, language: str, *, runs_here: bool) -> ChartSummary:
    """Return the chart as a list shows it, in `language`."""
    return ChartSummary(
        catalog=chart.ref.catalog,
        name=chart.ref.chart,
        version=chart.ref.version,
        title=localized(chart.title, language),
        description=localized(chart.description, language),
        keywords=list(chart.keywords),
        app_version=chart.app_version,
        home=chart.home,
        icon=icon_address(chart),
        runs_here=runs_here,
    )


def whole(chart: Chart, versions: tuple[str, ...], language: str, *, runs_here: bool) -> ChartView:
    return ChartView(
        **summary(chart, language, runs_here=runs_here).model_dump(),
        versions=list(versions),
        sources=list(chart.sources),
        schema=chart.schema,
        values=chart.values,
        readme=chart.readme,
    )


def catalog_view(
    catalog: Catalog, language: str, *, runs_here: Callable[[ListedChart], bool]
) -> CatalogView:
    reading = catalog.reading
    return CatalogView(
        id=catalog.id,
        name=localized(catalog.name, language),
        description=localized(catalog.description, language),
        status=catalog.status,
        maintainer=catalog.maintainer,
        shareable=catalog.shareable,
        reading=None
        if reading is None
        else ReadingView(
            read_at=reading.read,
            fault=None if reading.fault is None else _item(reading.fault, language),
            since=reading.since,
        ),
        charts=[
            summary(chart, language, runs_here=runs_here(chart)) for chart in one_of_each(catalog)
        ],
        faults=[_fault(fault, language) for fault in catalog.faults],
    )


def icon_address(chart: ListedChart) -> str | None:
    if chart.icon is None:
        return None
    ref = chart.ref
    return f"/api/v1/catalog/{ref.chart}/icon?catalog={ref.catalog}&version={ref.version}"


def report_view(remarks: Iterable[Remark], language: str) -> ReportView:
    return ReportView(
        remarks=[
            RemarkItem(
                chart=f"{one.chart.catalog}/{one.chart.chart}" if one.chart else None,
                version=one.chart.version if one.chart else None,
                code=one.code,
                message=one.message.in_language(language),
            )
            for one in remarks
        ]
    )


def _fault(fault: ChartFault, language: str) -> FaultView:
    return FaultView(
        folder=fault.folder,
        problems=[_item(problem, language) for problem in fault.problems],
    )


def _item(problem: Problem, language: str) -> FaultItem:
    message = problem.message.in_language(language)
    return FaultItem(place=problem.pointer, code=problem.code, message=message)
