"""What charts of one's own are, and what keeping them needs from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sardonyx.catalog.models import Chart, ChartRef, ListedChart
from sardonyx.projects.models import Actor
from sardonyx.values import JsonObject

OWN_CATALOG = "own"
OWN_NAME = {"en": "Your own charts", "fr": "Vos propres charts"}


@dataclass(frozen=True, slots=True)
class ChartSource:
    """Where a chart is.

    address: of an archive (https, `.tgz`), a Helm repository (https, with `chart`), a registry
    (`oci://`) or a Git repository (`git+https://`, `git+ssh://`). version: of the chart, the
    newest without it. folder, branch: inside a Git repository.
    """

    address: str
    chart: str = ""
    version: str = ""
    folder: str = ""
    branch: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """A chart in a folder: `chart.tgz`, `chart/`, and `content.json` with its values and schema.

    digest: of the archive, hex. listing: what a list says of the chart, as the disk cache has it.
    """

    digest: str
    listing: JsonObject


@dataclass(frozen=True, slots=True)
class LaunchedFrom:
    """A service that a person launched from a chart of theirs. name: its release."""

    chart: ChartRef
    project: str
    name: str
    friendly_name: str


@dataclass(frozen=True, slots=True)
class Removed:
    """Charts that were taken away, and the services launched from them, which go on."""

    charts: tuple[ChartRef, ...]
    services: tuple[LaunchedFrom, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Kind and name of what a chart would create in a project, or why it would not be had.

    Their texts may hold what was drawn for the rehearsal, and are not told. reaches_out: refused
    for what lies outside the project.
    """

    objects: tuple[tuple[str, str], ...] = ()
    refusal: str = ""
    reaches_out: bool = False


# What a cluster says, as the project's own account is told: by whom, and of which chart.
Rehearse = Callable[[Actor, Chart], Awaitable[Rehearsed]]
# What stands in a person's own catalogue, the newest version of each name first.
KeptBy = Callable[[Actor], Sequence[ListedChart]]
# The services a person launched from a catalogue, in all their projects.
LaunchedBy = Callable[[Actor, str], Sequence[LaunchedFrom]]


class ChartFetcher(Protocol):
    """Brings a stranger's chart here, unpacked and within bounds."""

    async def fetch(self, source: ChartSource, place: Path) -> Brought:
        """Bring the chart into the new folder `place`.

        Raises ChartSourceError with the reason in its problems; nothing is left then.
        """

    async def unpack(self, content: AsyncIterator[bytes], place: Path) -> Brought:
        """Do the same with an archive that is sent."""


class Shelf(Protocol):
    """Keeps people's charts: those that wait for their word, and those they kept."""

    def scratch(self) -> AbstractContextManager[Path]:
        """Give an empty folder to bring a chart into, gone at the end."""

    async def wait(self, username: str, place: Path, brought: Brought) -> None:
        """Have what was brought into `place` wait; the person's oldest are forgotten."""

    async def waiting(self, username: str, digest: str) -> Chart:
        """Return a chart that waits, under a name by which a runtime finds it.

        Raises ReviewGoneError, also for what is another's; ChartSourceError.
        """

    def catalog_of(self, username: str) -> str:
        """Return the id of a person's own catalogue."""

    async def keep(
        self, username: str, digest: str, chart: Chart, used: Collection[ChartRef]
    ) -> ChartRef:
        """Offer a chart that waits; the same version is replaced.

        What was taken out and `used` does not name may go for it; what it names counts as kept.
        Raises ReviewGoneError, OwnChartsFullError.
        """

    async def remove(
        self, username: str, refs: Collection[ChartRef], used: Collection[ChartRef]
    ) -> None:
        """Take charts out of the person's catalogue; of all that was ever taken out, what `used`
        names stays at hand for its services. Raises ChartNotFoundError."""

    async def known(self, username: str) -> None:
        """Know which charts the person has, and begin to have them at hand."""

    async def ready(self, username: str) -> None:
        """Have the person's charts at hand in this process; wait for them, but not for long."""
