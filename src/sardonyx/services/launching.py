"""Own what a launch needs before a runtime sees it: drafts, requests, repeats.

Nothing here starts a service.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.catalog.registry import Overrides
from sardonyx.errors import Problem
from sardonyx.launcher import patterns
from sardonyx.launcher.context import ContextInputs
from sardonyx.launcher.defaults import compute_defaults
from sardonyx.launcher.draft import Draft, merge
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.patch import diff
from sardonyx.projects.models import Actor, Project
from sardonyx.services.comparing import hidden_paths
from sardonyx.services.drafts import Seeds
from sardonyx.services.errors import (
    FriendlyNameError,
    IdempotencyConflictError,
    ServiceNameError,
)
from sardonyx.services.models import LaunchPlan, Observation
from sardonyx.text import N_, Text
from sardonyx.values import JsonObject, Path, pointer

REPEATS_KEPT = 1_000
RELEASE_LENGTH = 53
FRIENDLY_LENGTH = 100
_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?", re.ASCII)


class LaunchContexts(Protocol):
    """Gathers what a person, their project and the region put into a launch."""

    async def inputs(self, actor: Actor, project: Project) -> ContextInputs:
        """Return the inputs of the launch context; the draft's random items are set later."""


class Charts(Protocol):
    """Finds charts: what launching needs of the catalogue."""

    def chart(
        self,
        actor: Actor,
        chart: str,
        *,
        catalog: str | None = None,
        version: str | None = None,
        project: Project | None = None,
    ) -> Chart:
        """Return a chart, the newest version if none is named.

        Raises CatalogNotFoundError, ChartNotFoundError, ChartVersionNotFoundError.
        """

    def versions(
        self,
        actor: Actor,
        chart: str,
        *,
        catalog: str | None = None,
        project: Project | None = None,
    ) -> tuple[str, ...]:
        """Return a chart's versions, newest first. Raises as `chart`."""

    def installed(self, ref: ChartRef) -> Chart:
        """Return the chart of a release, though it left the catalogue. Raises as `chart`."""

    def running(self, actor: Actor, ref: ChartRef, *, project: Project | None = None) -> Chart:
        """Return the same for somebody who may see it. Raises as `chart`."""

    def overrides(self, actor: Actor) -> Overrides:
        """Return what the person's schemas are resolved with."""

    def shareable(self, ref: ChartRef) -> bool:
        """Tell whether services of the chart may be shared in a group."""


class Audit(Protocol):
    """Keeps who changed what, with which result."""

    async def record(self, username: str, action: str, target: str, result: str) -> None: ...


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """One opening of the launcher: the draft, the id that keeps its random items, its place.

    `language` is the reader's; problems found before the launch stand in `problems`.
    all_defaults: whether values that only values.yaml knows are sent too. s3_profile: the storage
    profile in use, None without any; s3_profiles: those one may choose from; s3_chosen: the one
    in use where the chart reads it and nothing asked would give another, else None.
    """

    id: str
    project: str
    seeds: Seeds
    language: str
    draft: Draft
    problems: tuple[Problem, ...] = ()
    all_defaults: bool = False
    s3_profile: str | None = None
    s3_profiles: tuple[str, ...] = ()
    s3_chosen: str | None = None

    def plain(self) -> tuple[JsonObject, Sequence[PatchEntry]]:
        """Return defaults and patch as they are without the switch `all_defaults`.

        Whoever opens a link or a saved configuration has it off: what it adds is in the patch.
        """
        draft = self.draft
        if not self.all_defaults or draft.schema.root is None:
            return draft.defaults, draft.patch
        with patterns.limited():
            made = compute_defaults(draft.schema.root, draft.context, draft.chart.values)
        return made.values, diff(made.values, draft.values)


@dataclass(frozen=True, slots=True)
class Opening:
    """How a page or a link opens the launcher.

    version, s3_profile: what is not there any more gives the default and a notice, as a link may
    be older than the catalogue. draft_id: of an opening that goes on.
    """

    chart: str
    catalog: str | None = None
    version: str | None = None
    patch: tuple[PatchEntry, ...] = field(default=(), repr=False)
    s3_profile: str | None = None
    all_defaults: bool = False
    draft_id: str | None = None


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """A launch as the command line and REST ask for it.

    values: a document over the computed defaults (maps merge, lists replace), as `-f`.
    settings: `PATH=VALUE` texts, as `--set`; they win over `values`, and refuse secret fields.
    patch: entries as pages and saved configurations keep them; they win over both.
    shared: None where the request leaves it to its link, else to nobody but the owner.
    s3_profile: None for the usual one. all_defaults: send what only values.yaml knows, too.
    linked: entries of a link; all the others win over them. problems: found before, as in a link.
    """

    chart: str
    catalog: str | None = None
    version: str | None = None
    name: str | None = None
    friendly_name: str | None = None
    shared: bool | None = None
    s3_profile: str | None = None
    all_defaults: bool = False
    values: JsonObject = field(default_factory=dict, repr=False)
    settings: tuple[str, ...] = field(default=(), repr=False)
    patch: tuple[PatchEntry, ...] = field(default=(), repr=False)
    linked: tuple[PatchEntry, ...] = field(default=(), repr=False)
    problems: tuple[Problem, ...] = ()

    @property
    def is_shared(self) -> bool:
        return self.shared is True


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A change of a running service, as the command line and REST ask for it.

    version: of the chart, None for the one that runs. values, settings, patch: as in a launch,
    but over the values it runs with.
    """

    version: str | None = None
    values: JsonObject = field(default_factory=dict, repr=False)
    settings: tuple[str, ...] = field(default=(), repr=False)
    patch: tuple[PatchEntry, ...] = field(default=(), repr=False)


class Repeats:
    """Answers a repeated request (`Idempotency-Key`) with what the first one made."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], tuple[object, asyncio.Future[str]]] = (
            OrderedDict()
        )
        self._running: set[asyncio.Future[str]] = set()

    async def once(
        self, key: tuple[str, str, str], asked: object, act: Callable[[], Awaitable[str]]
    ) -> str:
        """Return the name that `act` gives, running it once per key.

        key: person, project, the client's key. A request that failed may be sent again; one
        whose client went away goes on, and answers those who ask again. Raises
        IdempotencyConflictError when the same key comes with another request.
        """
        known = self._kept.get(key)
        if known is None:
            made = asyncio.ensure_future(act())
            self._running.add(made)
            made.add_done_callback(lambda done: self._ended(key, done))
            self._kept[key] = known = (asked, made)
            while len(self._kept) > REPEATS_KEPT:
                self._kept.popitem(last=False)
        elif known[0] != asked:
            raise IdempotencyConflictError(key=key[2], field="Idempotency-Key")
        return await asyncio.shield(known[1])

    def _ended(self, key: tuple[str, str, str], made: asyncio.Future[str]) -> None:
        self._running.discard(made)
        if not made.cancelled() and made.exception() is None:
            return
        if key in self._kept and self._kept[key][1] is made:
            del self._kept[key]


def plan_of(seen: Observation, *, chart: Chart | None, context: JsonObject) -> LaunchPlan:
    """Return the plan that gives what runs. chart: None where it is no longer known."""
    return LaunchPlan(
        release=seen.release,
        project=seen.project,
        owner=seen.owner,
        friendly_name=seen.friendly_name,
        shared=seen.shared,
        chart=seen.chart,
        values=seen.values,
        merged=seen.values if chart is None else merge(chart.values, seen.values),
        context=context,
        secret_paths=hidden_paths(seen.values, seen.secret_paths),
        s3_profile=seen.s3_profile,
    )


def checked_release(name: str) -> str:
    """Return `name` if it can be a release's; raises ServiceNameError (field `name`)."""
    if len(name) > RELEASE_LENGTH or not _LABEL.fullmatch(name):
        raise ServiceNameError(name=name[:80], limit=RELEASE_LENGTH, field="name")
    return name


def checked_friendly(name: str) -> str:
    """Return the words a person gave their service; raises FriendlyNameError."""
    stripped = name.strip()
    if not stripped or len(stripped) > FRIENDLY_LENGTH or not stripped.isprintable():
        raise FriendlyNameError(name=stripped[:80], limit=FRIENDLY_LENGTH, field="friendlyName")
    return stripped


def secrets_in_open(
    entries: Sequence[PatchEntry], secret_paths: frozenset[Path]
) -> tuple[Problem, ...]:
    """Return a problem for each setting that would put a secret on a command line."""
    return tuple(
        Problem(
            pointer=pointer(entry.path),
            code="secret_in_open",
            level="error",
            message=Text(
                N_("This field is a secret: give it in a file or by standard input (“-f -”).")
            ),
        )
        for entry in entries
        if any(_touches(entry.path, secret) for secret in secret_paths)
    )


def _touches(path: Path, secret: Path) -> bool:
    shorter = min(len(path), len(secret))
    return path[:shorter] == secret[:shorter]
