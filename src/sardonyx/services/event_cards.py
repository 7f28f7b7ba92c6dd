"""Make what pages show above and beside a list of services: allowances, events, toasts."""

from __future__ import annotations

from dataclasses import dataclass

from sardonyx.services.cluster_events import COUNTED
from sardonyx.services.errors import EventsForbiddenError
from sardonyx.services.quotas import Gauge, gauges
from sardonyx.web.views import Viewer

AT_ONCE = 3  # toasts; what they leave out is counted beside “Events”


@dataclass(frozen=True, slots=True)
class EventsTold:
    """What the button “Events” says. refusal: why there is none, in the reader's language."""

    unread: str = ""
    refusal: str = ""


async def events_told(viewer: Viewer) -> EventsTold | None:
    """Return what the button says, None where nobody writes events."""
    events = viewer.platform.events
    if events is None:
        return None
    try:
        unread = await events.unread(viewer.actor, viewer.project.id)
    except EventsForbiddenError as fault:
        return EventsTold(refusal=fault.detail_text().in_language(viewer.language))
    return EventsTold(f"{COUNTED - 1}+" if unread >= COUNTED else str(unread or ""))


def allowance(viewer: Viewer) -> tuple[Gauge, ...]:
    """Return what of the project's allowances is used."""
    uses = viewer.platform.services.quota(viewer.actor, viewer.project.id)
    return gauges(uses, viewer.platform.quota_marks)


class Toasts:
    """The warnings that one open page has not told yet."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._told: frozenset[str] = frozenset()

    def new(self) -> list[str]:
        """Return the toasts of warnings that came just now, the newest last."""
        viewer, events = self._viewer, self._viewer.platform.events
        if events is None:
            return []
        try:
            fresh = events.fresh(viewer.actor, viewer.project.id)
        except EventsForbiddenError:
            return []
        untold = [one for one in fresh if one.uid not in self._told][:AT_ONCE]
        self._told = frozenset(one.uid for one in fresh)
        return [viewer.fragment("services/toast.html", event=one) for one in reversed(untold)]
