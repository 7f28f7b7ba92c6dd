"""What pages and REST v1 say of a chart that a person brings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from sardonyx.catalog.models import ChartRef, ListedChart
from sardonyx.catalog.own_ports import ChartSource, LaunchedFrom, Removed
from sardonyx.catalog.review import Review
from sardonyx.done import Commands, Done
from sardonyx.text import localized


class _View(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class SourceBody(_View):
    """Where a chart is."""

    address: str = Field(
        min_length=1,
        max_length=2000,
        description="https archive (.tgz), Helm repository with `chart`, oci://, git+https://.",
    )
    chart: str = Field("", max_length=100, description="Name in a Helm repository.")
    version: str = Field("", max_length=100, description="Without it: the newest.")
    folder: str = Field("", max_length=300, description="Folder in a Git repository.")
    branch: str = Field("", max_length=200, description="Branch or tag of a Git repository.")

    def source(self) -> ChartSource:
        """Return what the service takes."""
        return ChartSource(self.address, self.chart, self.version, self.folder, self.branch)


class RemarkView(_View):
    """One thing to know before keeping it."""

    code: str
    level: str = Field(description="`refused` keeps it out, `warning` is for judgement.")
    message: str


class KindView(_View):
    """Objects of one kind that its templates name, on a cluster."""

    kind: str
    count: int


class ObjectView(_View):
    """An object that the cluster would be asked to create."""

    kind: str
    name: str


class ReviewView(_View):
    """What a chart creates and asks for."""

    digest: str = Field(description="Names the review; keep it by this.")
    chart: str
    version: str
    title: str
    description: str
    refused: bool
    processes: list[str] = Field(description="Commands that run on one machine.")
    packages: int = Field(description="Pinned packages that are installed for it.")
    kinds: list[KindView]
    hooks: list[str]
    images: list[str]
    volumes: list[str]
    secrets: list[str] = Field(description="Secrets of yours that it would receive.")
    reads: list[str] = Field(description="What else it reads of you and the platform.")
    lookups: int
    objects: list[ObjectView] = Field(
        description="What a cluster would create with its defaults; empty on one machine."
    )
    asked_at: datetime | None = Field(
        default=None, description="When the cluster said so: rights may have changed since."
    )
    remarks: list[RemarkView]
    commands: dict[str, str] = Field(default_factory=dict)


class Kept(_View):
    """A chart that can be launched now."""

    catalog: str
    chart: str
    version: str

    @classmethod
    def of(cls, ref: ChartRef) -> Self:
        return cls(catalog=ref.catalog, chart=ref.chart, version=ref.version)


class KeptNow(Kept):
    """A chart that was just kept, and the commands that do the same."""

    commands: dict[str, str] = Field(default_factory=dict)


class LaunchedFromView(_View):
    """A service that was launched from a chart of one's own."""

    project: str
    name: str
    friendly_name: str

    @classmethod
    def of(cls, one: LaunchedFrom) -> LaunchedFromView:
        return cls(project=one.project, name=one.name, friendly_name=one.friendly_name)


class OwnChartView(_View):
    """A chart of one's own, and the services launched from it."""

    catalog: str
    chart: str
    version: str
    title: str
    services: list[LaunchedFromView]


class RemovedView(_View):
    """What was removed, and the services launched from it, which go on."""

    removed: list[Kept]
    services: list[LaunchedFromView]
    commands: dict[str, str]


def own_chart_view(
    chart: ListedChart, services: Sequence[LaunchedFrom], language: str
) -> OwnChartView:
    """Return one of the charts that a person keeps."""
    return OwnChartView(
        catalog=chart.ref.catalog,
        chart=chart.ref.chart,
        version=chart.ref.version,
        title=localized(chart.title, language),
        services=[LaunchedFromView.of(one) for one in services],
    )


def kept_view(done: Done[ChartRef]) -> KeptNow:
    """Return what was kept, and the same by command."""
    return KeptNow(**Kept.of(done.result).model_dump(), commands=_commands(done.commands))


def removed_view(done: Done[Removed]) -> RemovedView:
    """Return what a removal did."""
    return RemovedView(
        removed=[Kept.of(one) for one in done.result.charts],
        services=[LaunchedFromView.of(one) for one in done.result.services],
        commands=_commands(done.commands),
    )


def _commands(commands: Commands) -> dict[str, str]:
    return {"platform": commands.platform, "underneath": commands.underneath}


def review_view(
    digest: str, found: Review, language: str, commands: Commands | None = None
) -> ReviewView:
    """Return a review in words."""
    chart = found.chart
    return ReviewView(
        digest=digest,
        chart=chart.ref.chart,
        version=chart.ref.version,
        title=localized(chart.title, language),
        description=localized(chart.description, language),
        refused=found.refused,
        processes=list(found.processes),
        packages=found.packages,
        kinds=[KindView(kind=kind, count=count) for kind, count in found.kinds],
        hooks=list(found.hooks),
        images=list(found.images),
        volumes=list(found.volumes),
        secrets=list(found.secrets),
        reads=list(found.reads),
        lookups=found.lookups,
        objects=[ObjectView(kind=kind, name=name) for kind, name in found.objects],
        remarks=[
            RemarkView(code=one.code, level=one.level, message=one.message.in_language(language))
            for one in found.remarks
        ],
        asked_at=found.asked_at,
        commands={} if commands is None else _commands(commands),
    )
