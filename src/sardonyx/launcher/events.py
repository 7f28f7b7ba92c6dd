"""Read a project's Kubernetes events: one for each that happened, in order, by how grave it is.

Source: launcher.md 17.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sardonyx.services.models import Severity
from sardonyx.values import Json, JsonObject

TOAST = timedelta(seconds=7)
_SEVERITY = {"Normal": Severity.INFO, "Warning": Severity.WARNING, "Error": Severity.ERROR}
# What passes by itself while a service starts.
_HARMLESS = ("probe failed:", "unbound immediate PersistentVolumeClaims")


@dataclass(frozen=True, slots=True)
class ProjectEvent:
    """One thing that happened in a project's namespace."""

    uid: str
    at: datetime
    severity: Severity
    message: str

    def is_unread(self, checked_out: datetime) -> bool:
        """Tell whether it is worth a look, and newer than the last look (UTC)."""
        return self.severity is not Severity.INFO and self.at > checked_out

    def is_toast(self, now: datetime) -> bool:
        """Tell whether to show it for a moment: a warning of just now."""
        return self.severity is Severity.WARNING and timedelta(0) <= now - self.at < TOAST


def read_events(objects: Iterable[Json]) -> tuple[ProjectEvent, ...]:
    """Return the events, oldest first; of one seen again the last state. No event: left out."""
    found: dict[str, ProjectEvent] = {}
    for item in objects:
        event = _read(item)
        if event is not None:
            found[event.uid] = event
    return tuple(sorted(found.values(), key=lambda one: (one.at, one.uid)))


def _read(item: Json) -> ProjectEvent | None:
    if not isinstance(item, dict):
        return None
    metadata = item.get("metadata")
    about: JsonObject = metadata if isinstance(metadata, dict) else {}
    uid, at, said = about.get("uid"), _time(about.get("creationTimestamp")), item.get("message")
    severity = _SEVERITY.get(str(item.get("type")))
    if not isinstance(uid, str) or at is None or severity is None:
        return None
    message = said if isinstance(said, str) else ""
    if any(words in message for words in _HARMLESS):
        severity = Severity.INFO
    return ProjectEvent(uid, at, severity, message)


def _time(text: Json | None) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
