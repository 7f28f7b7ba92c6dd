"""Charts of one's own from Python: review one, keep it, launch it as any other."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    would create with its defaults. secrets, reads: what it would be given of the person's.
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
    remarks: tuple[ReviewRemark, ...]
    commands: Commands | None
    raw: JsonObject = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class KeptChart:
    """A chart that can be launched now."""

    catalog: str
    chart: str
    version: str
    raw: JsonObject = field(repr=False, compare=False)


class ChartArea(Area[C_co]):
    """Reviews of charts."""

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
        remarks=tuple(
            ReviewRemark(one.text("code"), one.text("level"), one.text("message"))
            for one in map(Fields, read.items("remarks"))
        ),
        commands=commands_of(commands) if commands else None,
        raw=read.document,
    )


def _kept(answer: Answer) -> KeptChart:
    read = Fields(answer.document)
    return KeptChart(read.text("catalog"), read.text("chart"), read.text("version"), read.document)
