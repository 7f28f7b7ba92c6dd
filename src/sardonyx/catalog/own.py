"""Own the charts that a person brings: fetched, reviewed, and kept in a catalogue of their own.

What was fetched waits until the person keeps it; what is kept stays, so that its services can be
changed and resumed later. On one machine the person is the administrator of all that runs; on a
cluster an administrator says where charts may come from, and the account of the project's
namespace is what no chart reaches out of.
"""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from sardonyx.catalog.allowance import ANYWHERE, Allowance
from sardonyx.catalog.errors import (
    ChartReviewsTooManyError,
    OwnChartOutsideError,
    OwnChartRefusedError,
    ReviewGoneError,
)
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.catalog.review import Remark, Review, review
from sardonyx.catalog.turns import Turns
from sardonyx.done import Done
from sardonyx.projects.audit import Audit, audited
from sardonyx.projects.models import Actor
from sardonyx.services.errors import PlanRefusedError
from sardonyx.services.models import Commands, PlannedObject
from sardonyx.text import N_, Text
from sardonyx.values import JsonObject

OWN_CATALOG = "own"
OWN_NAME = {"en": "Your own charts", "fr": "Vos propres charts"}
# Of one person in an hour, in one replica: what was looked at stays unpacked for a while.
MOST_REVIEWS = 30
_DIGEST = re.compile(r"[0-9a-f]{64}")
# What a cluster would create, as the project's own account is told: by whom, and of which chart.
Rehearse = Callable[[Actor, Chart], Awaitable[Sequence[PlannedObject]]]


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
class Reviewed:
    """A chart that waits to be kept. digest: of its archive; names it."""

    digest: str
    source: str
    review: Review


@dataclass(frozen=True, slots=True)
class Brought:
    """A chart in a folder: `chart.tgz`, `chart/`, and `content.json` with its values and schema.

    digest: of the archive, hex. listing: what a list says of the chart, as the disk cache has it.
    """

    digest: str
    listing: JsonObject


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

    async def keep(self, username: str, digest: str, chart: Chart) -> ChartRef:
        """Offer a chart that waits; the same version is replaced.

        Raises ReviewGoneError, OwnChartsFullError.
        """

    async def known(self, username: str) -> None:
        """Know which charts the person has, and begin to have them at hand."""

    async def ready(self, username: str) -> None:
        """Have the person's charts at hand in this process; wait for them, but not for long."""


class OwnCharts:
    """Charts by address, archive or Git repository. None of its methods runs anything of them."""

    def __init__(
        self,
        *,
        fetcher: ChartFetcher,
        shelf: Shelf,
        audit: Audit,
        allowance: Allowance = ANYWHERE,
        rehearse: Rehearse | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """rehearse: asks the cluster; None on one machine, where charts run as processes."""
        self._turns = Turns(MOST_REVIEWS, timedelta(hours=1), clock=clock)
        self._fetcher = fetcher
        self._shelf = shelf
        self._audit = audit
        self._rehearse = rehearse
        self.allowance = allowance

    @property
    def on_cluster(self) -> bool:
        """Whether what is kept runs on a cluster, not as processes of this machine."""
        return self._rehearse is not None

    async def known(self, actor: Actor) -> None:
        """Know the person's charts: each request may be answered by another replica."""
        await self._shelf.known(actor.username)

    async def ready(self, actor: Actor) -> None:
        """Have the person's charts at hand, for what reads them."""
        await self._shelf.ready(actor.username)

    async def review(self, actor: Actor, source: ChartSource) -> Done[Reviewed]:
        """Fetch a chart and say what it would do; it is not offered yet.

        Raises ChartAddressRefusedError, ChartSourceError, ChartReviewsTooManyError.
        """
        told = without_keys(source.address)
        async with audited(self._audit, actor.username, "chart.review", told):
            self.allowance.check_address(source.address)
            self._take_turn(actor)
            found = await self._taken(actor, told, lambda to: self._fetcher.fetch(source, to))
        return Done(found, _commands(source))

    async def review_archive(
        self, actor: Actor, name: str, content: AsyncIterator[bytes]
    ) -> Done[Reviewed]:
        """Say what an archive that is sent would do. Raises as `review`."""
        async with audited(self._audit, actor.username, "chart.review", name[:500]):
            self.allowance.check_archive()
            self._take_turn(actor)
            found = await self._taken(actor, name, lambda to: self._fetcher.unpack(content, to))
        here = shlex.quote(name)
        return Done(found, Commands(f"sardonyx chart add {here}\n", f"tar xzf {here}\n"))

    async def reviewed(self, actor: Actor, digest: str) -> Review:
        """Return a review again. Raises ReviewGoneError."""
        return await self._review(actor, await self._waiting(actor, digest))

    async def keep(self, actor: Actor, digest: str) -> ChartRef:
        """Offer a reviewed chart in the person's own catalogue; the same version is replaced.

        Raises ReviewGoneError, OwnChartRefusedError, OwnChartOutsideError, OwnChartsFullError.
        """
        chart = await self._waiting(actor, digest)
        found = await self._review(actor, chart)
        ref = chart.ref
        async with audited(self._audit, actor.username, "chart.keep", f"{ref.chart} {ref.version}"):
            if found.refused:
                reasons = [one for one in found.remarks if one.level == "refused"]
                said = reasons[0].message.in_language("en")
                refused = OwnChartOutsideError if self.on_cluster else OwnChartRefusedError
                raise refused(chart=ref.chart, reason=said)
            return await self._shelf.keep(actor.username, digest, chart)

    def _take_turn(self, actor: Actor) -> None:
        """Count a review; on one machine the person's own disk and time are theirs."""
        if self.on_cluster and not self._turns.take(actor.username):
            raise ChartReviewsTooManyError(most=MOST_REVIEWS)

    async def _taken(
        self, actor: Actor, source: str, bring: Callable[[Path], Awaitable[Brought]]
    ) -> Reviewed:
        with self._shelf.scratch() as scratch:
            place = scratch / "brought"
            brought = await bring(place)
            await self._shelf.wait(actor.username, place, brought)
        chart = await self._shelf.waiting(actor.username, brought.digest)
        return Reviewed(brought.digest, source, await self._review(actor, chart))

    async def _waiting(self, actor: Actor, digest: str) -> Chart:
        if not _DIGEST.fullmatch(digest):
            raise ReviewGoneError
        return await self._shelf.waiting(actor.username, digest)

    async def _review(self, actor: Actor, chart: Chart) -> Review:
        """Return the review of a chart that waits; its files are a stranger's, and may be many."""
        found = await asyncio.to_thread(review, chart, processes=self._rehearse is None)
        if self._rehearse is None:
            return found
        try:
            planned = await self._rehearse(actor, chart)
        except PlanRefusedError as refused:
            return replace(found, remarks=(_refusal(refused), *found.remarks))
        return replace(found, objects=tuple((one.kind, one.name) for one in planned))


def _refusal(error: PlanRefusedError) -> Remark:
    """Return what the cluster says: to keep it out, or what a value may still change."""
    reason = str(error.values["reason"])
    if error.reaches_out:
        template = N_("It would create what is outside your project: {reason}.")
        return Remark("reaches_out", "refused", Text(template, {"reason": reason}))
    template = N_("With its defaults it cannot be launched: {reason}")
    return Remark("not_rendered", "warning", Text(template, {"reason": reason}))


def without_keys(address: str) -> str:
    """Return an address as it may be kept and shown: no name, password, query or fragment in it.

    A password may hold a slash, after which no parser finds it: what stands before the last “@”
    is left out.
    """
    return re.sub(r"//(.*:.*|[^/]*)@", "//", re.split(r"[?#]", address)[0])[:500]


def _commands(source: ChartSource) -> Commands:
    """Return the same by command. An address never holds a key: those are refused."""
    words = ["sardonyx", "chart", "add", source.address]
    for option, value in (
        ("--chart", source.chart),
        ("--version", source.version),
        ("--folder", source.folder),
        ("--branch", source.branch),
    ):
        words += [option, value] if value else []
    version = ["--version", source.version] if source.version else []
    if source.address.startswith("git+"):
        branch = ["--branch", source.branch] if source.branch else []
        url = source.address.removeprefix("git+")
        beneath = ["git", "clone", "--depth", "1", *branch, "--", url]
    elif source.chart:
        beneath = ["helm", "pull", source.chart, "--repo", source.address, *version]
    elif source.address.startswith("oci://"):
        beneath = ["helm", "pull", source.address, *version]
    else:
        beneath = ["curl", "-fLO", source.address]
    return Commands(shlex.join(words) + "\n", shlex.join(beneath) + "\n")
