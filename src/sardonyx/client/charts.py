"""Charts of one's own from Python: review one, keep it, launch it as any other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sardonyx.client.calls import Answer, Call, path
from sardonyx.client.models import Commands, Fields, commands_of
from sardonyx.client.operations import Area, C_co, operation
from sardonyx.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class ReviewRemark:
    """One thing to know before keeping a chart. level: `refused` keeps it out, or `warning`."""

    code: str
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class Review:
    """What a chart creates and asks for; nothing of it has run.

    digest: names the review, to keep the chart by. processes: what runs on one machine. kinds:
    how many objects of each kind its templates name; objects: kind and name of what a cluster
    would create with its defaults, as it said at `asked_at`. secrets, reads: what it would be
    given of the person's.
    """

    digest: str
    chart: str
    version: str
    title: str
    description: str
    refused: bool
    processes: tuple[str, ...]
    packages: int
    kinds: tuple[tuple[str, int], ...]
    hooks: tuple[str, ...]
    images: tuple[str, ...]
    volumes: tuple[str, ...]
    secrets: tuple[str, ...]
    reads: tuple[str, ...]
    lookups: int
    objects: tuple[tuple[str, str], ...]
    asked_at: datetime | None
    remarks: tuple[ReviewRemark, ...]
    commands: Commands | None
    raw: JsonObject = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class KeptChart:
    """A chart that can be launched now. commands: the same, where it was just kept."""

    catalog: str
    chart: str
    version: str
    raw: JsonObject = field(repr=False, compare=False)
    commands: Commands | None = None


@dataclass(frozen=True, slots=True)
class LaunchedFrom:
    """A service that was launched from a chart of one's own."""

    project: str
    name: str
    friendly_name: str


@dataclass(frozen=True, slots=True)
class OwnChart:
    """A chart of the catalogue `own`, and the services launched from it."""

    catalog: str
    chart: str
    version: str
    title: str
    services: tuple[LaunchedFrom, ...]
    raw: JsonObject = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class RemovedCharts:
    """What was removed, and the services launched from it, which go on."""

    removed: tuple[KeptChart, ...]
    services: tuple[LaunchedFrom, ...]
    commands: Commands
    raw: JsonObject = field(repr=False, compare=False)


class ChartArea(Area[C_co]):
    """Reviews of charts, and those that were kept."""

    @operation
    def review(
        self,
        address: str,
        *,
        chart: str = "",
        version: str = "",
        folder: str = "",
        branch: str = "",
    ) -> Call[Review]:
        """Have a chart fetched; return what it creates and asks for. Nothing of it runs.

        address: an archive (https), a Helm repository with `chart`, `oci://…`, `git+https://…`.
        """
        body: dict[str, Json] = {
            "address": address,
            "chart": chart,
            "version": version,
            "folder": folder,
            "branch": branch,
        }
        return Call("POST", path("chart-reviews"), read_review, body=body)

    @operation
    def keep(self, digest: str) -> Call[KeptChart]:
        """Put a reviewed chart into the catalogue `own`."""
        return Call("POST", path("chart-reviews", digest, "keep"), _kept)

    @operation
    def reviewed(self, digest: str, *, anew: bool = False) -> Call[Review]:
        """Return a review again; anew: as a cluster says it now, else at `asked_at`."""
        return Call(
            "GET",
            path("chart-reviews", digest),
            read_review,
            query={"anew": "true"} if anew else {},
        )

    @operation
    def mine(self) -> Call[tuple[OwnChart, ...]]:
        """Return the charts of the catalogue `own`."""
        return Call("GET", path("own-charts"), _own)

    @operation
    def remove(self, chart: str, *, version: str | None = None) -> Call[RemovedCharts]:
        """Take a chart out of the catalogue `own`, all its versions where none is named."""
        query = {} if version is None else {"version": version}
        return Call("DELETE", path("own-charts", chart), _removed, query=query)


def read_review(answer: Answer) -> Review:
    """Return the review that a platform answers."""
    read = Fields(answer.document)
    commands = read.document.get("commands")
    return Review(
        digest=read.text("digest"),
        chart=read.text("chart"),
        version=read.text("version"),
        title=read.text("title"),
        description=read.text("description"),
        refused=read.flag("refused"),
        processes=read.texts("processes"),
        packages=read.integer("packages"),
        kinds=tuple(
            (one.text("kind"), one.integer("count")) for one in map(Fields, read.items("kinds"))
        ),
        hooks=read.texts("hooks"),
        images=read.texts("images"),
        volumes=read.texts("volumes"),
        secrets=read.texts("secrets"),
        reads=read.texts("reads"),
        lookups=read.integer("lookups"),
        objects=tuple(
            (one.text("kind"), one.text("name")) for one in map(Fields, read.items("objects"))
        ),
        asked_at=read.optional_moment("askedAt"),
        remarks=tuple(
            ReviewRemark(one.text("code"), one.text("level"), one.text("message"))
            for one in map(Fields, read.items("remarks"))
        ),
        commands=commands_of(commands) if commands else None,
        raw=read.document,
    )


def _kept(answer: Answer) -> KeptChart:
    return _chart(answer.document)


def _chart(document: Json) -> KeptChart:
    read = Fields(document)
    commands = read.document.get("commands")
    return KeptChart(
        read.text("catalog"),
        read.text("chart"),
        read.text("version"),
        read.document,
        commands_of(commands) if commands else None,
    )


def _own(answer: Answer) -> tuple[OwnChart, ...]:
    listed = answer.document if isinstance(answer.document, list) else []
    return tuple(
        OwnChart(
            catalog=one.text("catalog"),
            chart=one.text("chart"),
            version=one.text("version"),
            title=one.text("title"),
            services=_launched(one),
            raw=one.document,
        )
        for one in map(Fields, listed)
    )


def _removed(answer: Answer) -> RemovedCharts:
    read = Fields(answer.document)
    return RemovedCharts(
        removed=tuple(_chart(one) for one in read.items("removed")),
        services=_launched(read),
        commands=commands_of(read.document.get("commands")),
        raw=read.document,
    )


def _launched(read: Fields) -> tuple[LaunchedFrom, ...]:
    return tuple(
        LaunchedFrom(one.text("project"), one.text("name"), one.text("friendlyName"))
        for one in map(Fields, read.items("services"))
    )
