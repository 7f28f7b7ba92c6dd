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
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sardonyx.catalog.allowance import ANYWHERE, Allowance
from sardonyx.catalog.errors import (
    ChartNotFoundError,
    ChartReviewsTooManyError,
    OwnChartOutsideError,
    OwnChartRefusedError,
    ReviewGoneError,
)
from sardonyx.catalog.models import Chart, ChartRef, ListedChart
from sardonyx.catalog.own_ports import (
    OWN_CATALOG,
    Brought,
    ChartFetcher,
    ChartSource,
    KeptBy,
    LaunchedBy,
    LaunchedFrom,
    Rehearse,
    Rehearsed,
    Removed,
    Shelf,
)
from sardonyx.catalog.review import Remark, Review, review
from sardonyx.catalog.turns import Turns
from sardonyx.done import ON_PLATFORM_ONLY, Commands, Done
from sardonyx.projects.audit import Audit, audited
from sardonyx.projects.models import Actor
from sardonyx.text import N_, Text

# Of one person in an hour, in one replica: what was looked at stays unpacked for a while.
MOST_REVIEWS = 30
_DIGEST = re.compile(r"[0-9a-f]{64}")
# Commands of so many reviews are known when their charts are kept: in this process, the newest.
_MOST_KNOWN = 1000
_UNKNOWN = '# SOURCE: the address or the file that was reviewed.\nsardonyx chart add "$SOURCE"\n'
# What a cluster answered is shown again for this long, to so many readers; rights may change.
_ANSWER_LASTS, _MOST_ANSWERS = timedelta(minutes=15), 200


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A chart that waits to be kept. digest: of its archive; names it."""

    digest: str
    source: str
    review: Review


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a cluster said of a chart, and when."""

    at: datetime
    said: Rehearsed


class OwnCharts:
    """Charts by address, archive or Git repository. None of its methods runs anything of them."""

    def __init__(
        self,
        *,
        fetcher: ChartFetcher,
        shelf: Shelf,
        kept: KeptBy,
        launched: LaunchedBy,
        audit: Audit,
        allowance: Allowance = ANYWHERE,
        rehearse: Rehearse | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """rehearse: asks the cluster; None on one machine, where charts run as processes."""
        self._turns = Turns(MOST_REVIEWS, timedelta(hours=1), clock=clock)
        self._kept = kept
        self._launched = launched
        self._clock = clock
        # By person, place and archive; the oldest first.
        self._answers: OrderedDict[tuple[str, str, str], _Answer] = OrderedDict()
        # By person and archive, how it was brought; the oldest first.
        self._brought: OrderedDict[tuple[str, str], Commands] = OrderedDict()
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
        return self._done(actor, found, _commands(source))

    async def review_archive(
        self, actor: Actor, name: str, content: AsyncIterator[bytes]
    ) -> Done[Reviewed]:
        """Say what an archive that is sent would do. Raises as `review`."""
        async with audited(self._audit, actor.username, "chart.review", name[:500]):
            self.allowance.check_archive()
            self._take_turn(actor)
            found = await self._taken(actor, name, lambda to: self._fetcher.unpack(content, to))
        here = shlex.quote(name)
        commands = Commands(f"sardonyx chart add {here}\n", f"tar xzf {here}\n")
        return self._done(actor, found, commands)

    async def reviewed(self, actor: Actor, digest: str, *, anew: bool = False) -> Review:
        """Return a review again. Raises ReviewGoneError.

        anew: ask the cluster once more; else what it said some minutes ago is good enough to read.
        """
        chart = await self._waiting(actor, digest)
        return await self._review(actor, chart, digest, anew=anew)

    async def keep(self, actor: Actor, digest: str) -> Done[ChartRef]:
        """Offer a reviewed chart in the person's own catalogue; the same version is replaced.

        Raises ReviewGoneError, OwnChartRefusedError, OwnChartOutsideError, OwnChartsFullError.
        """
        chart = await self._waiting(actor, digest)
        found = await self._review(actor, chart, digest, anew=True)
        ref = chart.ref
        async with audited(self._audit, actor.username, "chart.keep", f"{ref.chart} {ref.version}"):
            if found.refused:
                reasons = [one for one in found.remarks if one.level == "refused"]
                said = reasons[0].message.in_language("en")
                refused = OwnChartOutsideError if self.on_cluster else OwnChartRefusedError
                raise refused(chart=ref.chart, reason=said)
            launched = self._launched(actor, self._shelf.catalog_of(actor.username))
            used = {one.chart for one in launched}
            kept = await self._shelf.keep(actor.username, digest, chart, used)
        # Not by its digest: a review that was kept is gone.
        brought = self._brought.get((actor.username, digest))
        add = brought.platform if brought is not None else _UNKNOWN
        return Done(kept, Commands(f"{add.rstrip()} --yes\n", ON_PLATFORM_ONLY))

    def _done(self, actor: Actor, found: Reviewed, commands: Commands) -> Done[Reviewed]:
        """Return a review, and know its commands when its chart is kept."""
        self._brought[actor.username, found.digest] = commands
        self._brought.move_to_end((actor.username, found.digest))
        while len(self._brought) > _MOST_KNOWN:
            self._brought.popitem(last=False)
        return Done(found, commands)

    def _take_turn(self, actor: Actor) -> None:
        """Count a review; on one machine the person's own disk and time are theirs."""
        if self.on_cluster and not self._turns.take(actor.username):
            raise ChartReviewsTooManyError(most=MOST_REVIEWS)

    def mine(self, actor: Actor) -> tuple[tuple[ListedChart, tuple[LaunchedFrom, ...]], ...]:
        """Return the charts a person kept, each with the services they launched from it."""
        charts = self._kept(actor)
        catalogs = {one.ref.catalog for one in charts}
        launched = [one for id_ in catalogs for one in self._launched(actor, id_)]
        return tuple(
            (chart, tuple(one for one in launched if one.chart == chart.ref)) for chart in charts
        )

    async def remove(self, actor: Actor, chart: str, version: str | None = None) -> Done[Removed]:
        """Take a chart out of the person's own catalogue, all its versions where none is named.

        Services launched from it go on, and can be changed, paused and resumed; nothing new is
        launched from it. Raises ChartNotFoundError.
        """
        told = chart if version is None else f"{chart} {version}"
        async with audited(self._audit, actor.username, "chart.remove", told[:500]):
            refs = [
                one.ref
                for one in self._kept(actor)
                if one.ref.chart == chart and version in (None, one.ref.version)
            ]
            if not refs:
                raise ChartNotFoundError(chart=told, catalog=OWN_CATALOG, field="chart")
            launched = self._launched(actor, refs[0].catalog)
            await self._shelf.remove(actor.username, refs, {one.chart for one in launched})
        words = ["sardonyx", "chart", "remove", chart]
        words += ["--version", version] if version is not None else []
        commands = Commands(shlex.join(words) + "\n", ON_PLATFORM_ONLY)
        gone = tuple(one for one in launched if one.chart in refs)
        return Done(Removed(tuple(refs), gone), commands)

    async def _taken(
        self, actor: Actor, source: str, bring: Callable[[Path], Awaitable[Brought]]
    ) -> Reviewed:
        with self._shelf.scratch() as scratch:
            place = scratch / "brought"
            brought = await bring(place)
            await self._shelf.wait(actor.username, place, brought)
        chart = await self._shelf.waiting(actor.username, brought.digest)
        found = await self._review(actor, chart, brought.digest, anew=True)
        return Reviewed(brought.digest, source, found)

    async def _waiting(self, actor: Actor, digest: str) -> Chart:
        if not _DIGEST.fullmatch(digest):
            raise ReviewGoneError
        return await self._shelf.waiting(actor.username, digest)

    async def _review(self, actor: Actor, chart: Chart, digest: str, *, anew: bool) -> Review:
        """Return the review of a chart that waits; its files are a stranger's, and may be many."""
        found = await asyncio.to_thread(review, chart, processes=self._rehearse is None)
        if self._rehearse is None:
            return found
        key = (actor.username, actor.default_project.id, digest)
        answer = self._answers.get(key)
        if anew or answer is None or self._clock() - answer.at > _ANSWER_LASTS:
            answer = _Answer(self._clock(), await self._rehearse(actor, chart))
            self._answers[key] = answer
            self._answers.move_to_end(key)
            while len(self._answers) > _MOST_ANSWERS:
                self._answers.popitem(last=False)
        if answer.said.refusal:
            remarks = (_refusal(answer.said), *found.remarks)
            return replace(found, remarks=remarks, asked_at=answer.at)
        return replace(found, objects=answer.said.objects, asked_at=answer.at)


def _refusal(said: Rehearsed) -> Remark:
    """Return what the cluster says: to keep it out, or what a value may still change."""
    if said.reaches_out:
        template = N_("It would create what is outside your project: {reason}.")
        return Remark("reaches_out", "refused", Text(template, {"reason": said.refusal}))
    template = N_("With its defaults it cannot be launched: {reason}")
    return Remark("not_rendered", "warning", Text(template, {"reason": said.refusal}))


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
