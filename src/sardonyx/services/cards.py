"""Make what the pages show of services: cards with state, words, links and what can be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from sardonyx.catalog.cards import icon_address
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.errors import PlatformError
from sardonyx.services.cluster_events import ClusterEvent, cluster_events
from sardonyx.services.models import Service, Standing, State
from sardonyx.services.timeline import StepView, latest, steps
from sardonyx.services.view import FindingView
from sardonyx.text import N_, localized
from sardonyx.web.views import Viewer

STATE_WORDS = {
    State.PREPARING: N_("being prepared"),
    State.STARTING: N_("starting"),
    State.RUNNING: N_("running"),
    State.PAUSING: N_("pausing"),
    State.PAUSED: N_("paused"),
    State.STOPPING: N_("stopping"),
    State.STOPPED: N_("stopped"),
    State.FINISHED: N_("finished"),
    State.FAILED: N_("failed"),
}
_TONES = {
    State.PREPARING: "busy",
    State.STARTING: "busy",
    State.RUNNING: "good",
    State.PAUSING: "busy",
    State.PAUSED: "rest",
    State.STOPPING: "busy",
    State.STOPPED: "rest",
    State.FINISHED: "rest",
    State.FAILED: "bad",
}
_RESUMABLE = (State.PAUSED, State.STOPPED, State.FINISHED, State.FAILED)
_BEGINNING = (State.PREPARING, State.STARTING)
_LEAVING = (State.PAUSING, State.STOPPING)
# Findings after which the log that matters is that of the run before.
_CRASHES = {"crash_loop", "pod_out_of_memory", "pod_killed", "init_failed", "ended_too_soon"}
_PAUSABLE = (State.PREPARING, State.STARTING, State.RUNNING)
CIRCUMFERENCE = 100  # of the ring's circle, by `pathLength`


@dataclass(frozen=True, slots=True)
class ServiceCard:
    """A service on a page. `arc` of the ring in 0..100; `since` is when this state began.

    runs_long: it may have been forgotten (portal.md 7).
    """

    name: str
    address: str
    title: str
    chart_title: str
    version: str
    icon: str | None
    letter: str
    state: str
    tone: str
    arc: int
    since: datetime
    runs_long: bool
    is_own: bool
    can_edit: bool
    can_delete: bool
    can_adopt: bool
    has_crashed: bool
    answers: bool
    has_page: bool
    can_open: bool
    can_pause: bool
    can_resume: bool
    can_restart: bool
    open_address: str
    findings: tuple[FindingView, ...]
    earlier: tuple[StepView, ...]
    steps: tuple[StepView, ...]
    events: tuple[ClusterEvent, ...]


def card(viewer: Viewer, service: Service) -> ServiceCard:
    """Return the card of `service`; its chart may have left the catalogue."""
    return _card(viewer, service, chart_of(viewer, service), with_story=True)


def rows(viewer: Viewer, services: Iterable[Service]) -> list[ServiceCard]:
    """Return the cards of a list, without the lines of their timelines that none shows."""
    charts: dict[ChartRef, Chart | None] = {}
    made = []
    for one in services:
        if one.chart not in charts:
            charts[one.chart] = chart_of(viewer, one)
        made.append(_card(viewer, one, charts[one.chart], with_story=False))
    return made


def _card(
    viewer: Viewer, service: Service, chart: Chart | None, *, with_story: bool
) -> ServiceCard:
    chart_title = localized(chart.title, viewer.language) if chart else service.chart.chart
    own = service.standing is Standing.OWNER
    used = own or service.standing is Standing.MEMBER
    codes = {finding.code for finding in service.findings}
    since, now = service.started_at or service.created_at, datetime.now(UTC)
    lines: tuple[StepView, ...] = ()
    if with_story or service.state in _BEGINNING:  # these show how far it is
        lines = steps(service.timeline, service.state, viewer.language, now)
    begin = latest(lines)
    return ServiceCard(
        name=service.name,
        address=f"/services/{quote(service.name)}",
        title=service.friendly_name,
        chart_title=chart_title,
        version=service.chart.version,
        icon=icon_address(chart) if chart else None,
        letter=chart_title[:1].upper(),
        state=viewer.say(STATE_WORDS[service.state]),
        tone=_TONES[service.state],
        arc=_arc(service.state, lines[begin:]),
        since=since,
        runs_long=service.state is State.RUNNING and now - since > viewer.platform.long_running,
        is_own=own,
        can_edit=own and service.state not in _LEAVING,
        can_delete=own or service.standing is Standing.ADMINISTRATOR,
        can_adopt=service.standing is Standing.ADMINISTRATOR,
        has_crashed=bool(codes & _CRASHES),
        answers=service.state is State.RUNNING,
        has_page=bool(service.urls),
        can_open=service.state is State.RUNNING and bool(service.urls),
        can_pause=used and service.suspendable and service.state in _PAUSABLE,
        can_resume=used and service.state in _RESUMABLE,
        can_restart=own and service.state is State.RUNNING,
        open_address=f"/open/{quote(service.name)}",
        findings=tuple(FindingView.of(one, viewer.language) for one in service.findings),
        earlier=lines[:begin],
        steps=lines[begin:],
        events=cluster_events(service.events) if with_story else (),
    )


def chart_of(viewer: Viewer, service: Service) -> Chart | None:
    """Return the service's chart, None when it is no longer in the catalogue."""
    ref = service.chart
    try:
        return viewer.platform.catalog.chart(
            viewer.actor, ref.chart, catalog=ref.catalog, version=ref.version
        )
    except PlatformError:
        return None


def _arc(state: State, lines: tuple[StepView, ...]) -> int:
    if state not in _BEGINNING:
        return CIRCUMFERENCE if state not in (State.PAUSED, State.STOPPED) else 0
    done = sum(1.0 if line.tone == "done" else line.progress or 0.0 for line in lines)
    return max(8, round(CIRCUMFERENCE * done / max(len(lines), 1)))
