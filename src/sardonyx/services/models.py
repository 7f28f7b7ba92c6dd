"""What a running service is, as every runtime reports it and every page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sardonyx.catalog.models import ChartRef
from sardonyx.done import Commands
from sardonyx.services.evidence import EventEvidence, Evidence
from sardonyx.text import Scalar
from sardonyx.values import JsonObject, Path

# After how long a service that runs looks forgotten (portal.md 7, 168 hours).
LONG_RUNNING = timedelta(days=7)


class State(StrEnum):
    """The life of a service, in the order it is met."""

    PREPARING = "preparing"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"


class Standing(StrEnum):
    """What a person is to a release; `ownership` decides it."""

    OWNER = "owner"
    MEMBER = "member"
    ADMINISTRATOR = "administrator"
    STRANGER = "stranger"


class StepStatus(StrEnum):
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """All a runtime needs to run one release; made by the launcher, executed by a runtime.

    values: what is sent to Helm (computed values); merged: those over the chart's values.yaml,
    which templates of the process profile read. context: the launch context (launcher.md 2)
    the references of the process profile resolve against. secret_paths: places in `values`
    that must never be shown. s3_profile: the name of the storage profile in `values`, None
    where the chart reads none. Secrets inside are plain text here: a plan is stored only in
    owner-only files and never logged.
    """

    release: str
    project: str
    owner: str
    friendly_name: str
    shared: bool
    chart: ChartRef
    values: JsonObject = field(repr=False)
    merged: JsonObject = field(repr=False)
    context: JsonObject = field(repr=False)
    secret_paths: frozenset[Path] = frozenset()
    s3_profile: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One step of a launch.

    step: asked, checked, values, environment, init.<name>, started, answering, paused,
    resumed, exited, restarted, stopped, edited, rolled_back; on a cluster also queued, created,
    scheduled, volume, image. `detail` holds plain facts (seconds, bytes, exit_code,
    package, port, …) that the page words; `progress` in [0, 1] while a step goes on.
    """

    at: datetime
    step: str
    status: StepStatus
    detail: Mapping[str, Scalar] = field(default_factory=dict)
    progress: float | None = None


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a service does not advance. `code` names the words (services/findings.py);
    `evidence` is what was seen: last lines, exit code, a resolver's sentence."""

    code: str
    severity: Severity
    values: Mapping[str, Scalar] = field(default_factory=dict)
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a runtime sees of one release: facts only; `services` words and judges them.

    urls: for browsers. address: for programs (`http://127.0.0.1:PORT`, `postgresql://…`),
    without its credential. notes: Markdown of the chart, in English; notes_by_language: in
    each language it has. facts: keys read by `diagnose`
    (exit_code, signal, oom, last_lines, port_taken, package_error, disk_free, …); on a cluster
    `evidence` holds the rest. suspendable: whether the chart can be paused. s3_profile: the
    storage profile it was launched with, None where it has none or nobody kept its name.
    """

    release: str
    project: str
    owner: str
    friendly_name: str
    shared: bool
    chart: ChartRef
    revision: int
    state: State
    started_at: datetime | None
    created_at: datetime
    urls: tuple[str, ...]
    address: str | None
    notes: str
    timeline: tuple[TimelineEvent, ...]
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    values: JsonObject = field(default_factory=dict, repr=False)
    secret_paths: frozenset[Path] = frozenset()
    notes_by_language: Mapping[str, str] = field(default_factory=dict)
    suspendable: bool = True
    evidence: Evidence | None = None
    s3_profile: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One state a release had: what a roll back returns to. number counts from 1.

    status: `deployed` (the present one), `superseded`, `failed`, `pending`. description: the
    runtime's words (“Install complete”). values: secrets stand in them; masked before shown.
    """

    number: int
    at: datetime
    status: str
    chart: ChartRef
    description: str = ""
    values: JsonObject = field(default_factory=dict, repr=False)
    secret_paths: frozenset[Path] = frozenset()


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """One limit of a project. resource: Kubernetes' name (`requests.memory`, `count/pods`).

    used, hard: quantities as written (`10Gi`, `500m`, `4`).
    """

    resource: str
    used: str
    hard: str


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """One thing a launch would create. text: its manifest, secrets as `$VAR`; kind `Process`
    on one machine."""

    kind: str
    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """What deleting a service would lose: a file only there, or unpushed Git work.

    kind: `file`, `git_uncommitted`, `git_unpushed`, `volume` (goes with the service) or
    `volume_kept` (stays, and may be forgotten). size in bytes.
    """

    kind: str
    path: str
    size: int = 0
    count: int = 1


@dataclass(frozen=True, slots=True)
class Service:
    """A release as people see it: an observation, judged and worded by `services`.

    chart_withdrawn: its owner took the chart out of their own catalogue; told of one service, not
    in lists.
    """

    name: str
    friendly_name: str
    chart: ChartRef
    project: str
    owner: str
    shared: bool
    state: State
    urls: tuple[str, ...]
    address: str | None
    started_at: datetime | None
    created_at: datetime
    revision: int
    notes: str
    findings: tuple[Finding, ...]
    timeline: tuple[TimelineEvent, ...]
    commands: Commands
    notes_by_language: Mapping[str, str] = field(default_factory=dict)
    standing: Standing = Standing.OWNER
    suspendable: bool = True
    events: tuple[EventEvidence, ...] = field(default=(), repr=False)
    chart_withdrawn: bool = False
