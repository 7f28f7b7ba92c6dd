"""The catalogue from Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sardonyx.client.calls import Answer, Call, path
from sardonyx.client.models import Fields
from sardonyx.client.operations import Area, C_co, operation
from sardonyx.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class ChartSummary:
    """A chart as a list shows it, its words in the caller's language.

    icon: path below the platform's address, None where it has none.
    """

    catalog: str
    name: str
    version: str
    title: str
    description: str
    keywords: tuple[str, ...]
    app_version: str
    home: str | None
    icon: str | None
    runs_here: bool


@dataclass(frozen=True, slots=True)
class ChartDetails:
    """A chart with all that is known of it; versions: the newest first."""

    summary: ChartSummary
    versions: tuple[str, ...]
    sources: tuple[str, ...]
    schema: JsonObject | None = field(repr=False)
    values: JsonObject = field(repr=False)
    readme: str = field(repr=False)
    raw: JsonObject = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class CatalogFault:
    """One thing that is wrong: where (a file and its line, or an address), and a sentence."""

    place: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ChartFault:
    """A chart that was left out, and why."""

    folder: str
    problems: tuple[CatalogFault, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the last readings of a repository went; fault: what is wrong `since` then."""

    read_at: datetime | None
    fault: CatalogFault | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Catalog:
    """A catalogue with one version of each chart. reading: None for a folder of the machine."""

    id: str
    name: str
    description: str
    status: str
    maintainer: str
    shareable: bool
    reading: Reading | None
    charts: tuple[ChartSummary, ...]
    faults: tuple[ChartFault, ...]


@dataclass(frozen=True, slots=True)
class Catalogs:
    """All catalogues, in the platform's order."""

    catalogs: tuple[Catalog, ...]
    raw: JsonObject = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class CatalogRemark:
    """One thing that charts ask for and do not get. chart: `catalogue/name`, None for all."""

    chart: str | None
    version: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class CatalogReport:
    """What charts ask for and do not get here."""

    remarks: tuple[CatalogRemark, ...]
    raw: JsonObject = field(repr=False, compare=False)


class CatalogArea(Area[C_co]):
    """Charts that can be launched."""

    @operation
    def list(self) -> Call[Catalogs]:
        """Return every catalogue with its charts, and the faults of charts left out."""
        return Call("GET", path("catalog"), _catalogs)

    @operation
    def report(self) -> Call[CatalogReport]:
        """Return what charts ask for and do not get here; for administrators."""
        return Call("GET", path("catalog-report"), _report)

    @operation
    def refresh(self) -> Call[tuple[str, ...]]:
        """Have every catalogue read again soon; for administrators. Return their ids."""
        return Call("POST", path("catalog", "refresh"), _refreshed)

    @operation
    def show(
        self, chart: str, *, catalog: str | None = None, version: str | None = None
    ) -> Call[ChartDetails]:
        """Return one chart: versions, schema, values, readme."""
        asked = {"catalog": catalog, "version": version}
        query: Mapping[str, str] = {k: v for k, v in asked.items() if v is not None}
        return Call("GET", path("catalog", chart), _details, query=query)


def _refreshed(answer: Answer) -> tuple[str, ...]:
    return Fields(answer.document).texts("catalogs")


def _catalogs(answer: Answer) -> Catalogs:
    read = Fields(answer.document)
    return Catalogs(tuple(_catalog(one) for one in read.items("catalogs")), read.document)


def _catalog(document: Json) -> Catalog:
    read = Fields(document)
    reading = read.document.get("reading")
    return Catalog(
        id=read.text("id"),
        name=read.text("name"),
        description=read.text("description"),
        status=read.text("status"),
        maintainer=read.text("maintainer"),
        shareable=read.flag("shareable"),
        reading=None if reading is None else _reading(reading),
        charts=tuple(_summary(one) for one in read.items("charts")),
        faults=tuple(_chart_fault(one) for one in read.items("faults")),
    )


def _reading(document: Json) -> Reading:
    read = Fields(document)
    fault = read.document.get("fault")
    return Reading(
        read_at=read.optional_moment("readAt"),
        fault=None if fault is None else _fault(fault),
        since=read.optional_moment("since"),
    )


def _chart_fault(document: Json) -> ChartFault:
    read = Fields(document)
    return ChartFault(read.text("folder"), tuple(_fault(one) for one in read.items("problems")))


def _fault(document: Json) -> CatalogFault:
    read = Fields(document)
    return CatalogFault(read.text("place"), read.text("code"), read.text("message"))


def _summary(document: Json) -> ChartSummary:
    read = Fields(document)
    return ChartSummary(
        catalog=read.text("catalog"),
        name=read.text("name"),
        version=read.text("version"),
        title=read.text("title"),
        description=read.text("description"),
        keywords=read.texts("keywords"),
        app_version=read.text("appVersion"),
        home=read.optional("home"),
        icon=read.optional("icon"),
        runs_here=read.flag("runsHere"),
    )


def _details(answer: Answer) -> ChartDetails:
    read = Fields(answer.document)
    schema = read.document.get("schema")
    return ChartDetails(
        summary=_summary(read.document),
        versions=read.texts("versions"),
        sources=read.texts("sources"),
        schema=None if schema is None else Fields(schema).document,
        values=Fields(read.document.get("values")).document,
        readme=read.text("readme"),
        raw=read.document,
    )


def _report(answer: Answer) -> CatalogReport:
    read = Fields(answer.document)
    return CatalogReport(tuple(_remark(one) for one in read.items("remarks")), read.document)


def _remark(document: Json) -> CatalogRemark:
    read = Fields(document)
    return CatalogRemark(
        chart=read.optional("chart"),
        version=read.optional("version"),
        code=read.text("code"),
        message=read.text("message"),
    )
