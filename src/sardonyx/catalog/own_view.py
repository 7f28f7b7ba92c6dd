"""What pages and REST v1 say of a chart that a person brings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from sardonyx.catalog.own import ChartSource
from sardonyx.catalog.review import Review
from sardonyx.services.models import Commands
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
    remarks: list[RemarkView]
    commands: dict[str, str] = Field(default_factory=dict)


class Kept(_View):
    """A chart that can be launched now."""

    catalog: str
    chart: str
    version: str


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
        commands={}
        if commands is None
        else {"platform": commands.platform, "underneath": commands.underneath},
    )
