"""What a cluster said, and what was read of it, in memory: fakes of `EventSource`, `EventMarks`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from datetime import datetime

from sardonyx.services.cluster_events import Looked
from sardonyx.services.errors import EventsForbiddenError
from sardonyx.services.evidence import EventEvidence, ProjectEvent


class MemoryEvents:
    """The events of projects. refused: those whose events may not be read."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self._kept: dict[str, dict[str, ProjectEvent]] = {}
        self._readers: dict[str, list[asyncio.Event]] = {}
        self._fault: Exception | None = None

    def tell(self, project: str, event: EventEvidence, release: str = "") -> None:
        """Let the cluster say something, or say it again."""
        self._kept.setdefault(project, {})[event.uid] = ProjectEvent(event, release)
        self.change(project)

    def change(self, project: str) -> None:
        """Let something about the project's events or quotas change."""
        for changed in self._readers.get(project, ()):
            changed.set()

    def fail(self, fault: Exception) -> None:
        """Let nothing about any project be watched any more."""
        self._fault = fault
        for project in self._readers:
            self.change(project)

    def events(self, project: str) -> Iterator[ProjectEvent]:
        if project in self.refused:
            raise EventsForbiddenError(namespace=project)
        kept = self._kept.get(project, {}).values()
        return iter(sorted(kept, key=_created, reverse=True))

    def changes(self, project: str) -> AsyncGenerator[None, None]:
        changed = asyncio.Event()
        self._readers.setdefault(project, []).append(changed)
        return self._changes(project, changed)

    async def _changes(self, project: str, changed: asyncio.Event) -> AsyncGenerator[None, None]:
        try:
            while True:
                await changed.wait()
                changed.clear()
                if self._fault is not None:
                    raise self._fault
                yield
        finally:
            self._readers[project].remove(changed)

    def underneath(self, project: str) -> str:
        return f"kubectl get events --namespace {project}\n"


class MemoryMarks:
    """Until when events were looked at."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], datetime] = {}

    async def looked(self, project: str, username: str) -> Looked:
        return Looked(self._kept.get((project, "")), self._kept.get((project, username)))

    async def look(self, project: str, username: str, at: datetime) -> None:
        for name in ("", username):
            self._kept[project, name] = max(at, self._kept.get((project, name), at))


def _created(event: ProjectEvent) -> datetime:
    return event.evidence.created or event.evidence.last
