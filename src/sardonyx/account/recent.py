"""Keep for some seconds what launch forms read of people's own secrets at each keystroke.

Bounded and short: 5 s, 1,000 sets, in memory alone. What is written here counts at once; another
replica of the platform knows it that much later.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from sardonyx.projects.models import Project
from sardonyx.secrets.errors import SecretNotFoundError
from sardonyx.secrets.models import SecretSet
from sardonyx.secrets.ports import KeptSecrets
from sardonyx.values import Secret

_SECONDS = 5.0
_MOST = 1_000
_Place = tuple[str, str, str]  # who asks, the project's id, the path


class RecentSecrets:
    """A KeptSecrets over another; `lately` answers from what was read some seconds ago."""

    def __init__(self, store: KeptSecrets, *, now: Callable[[], float] = time.monotonic) -> None:
        """now: seconds."""
        self._store = store
        self._now = now
        # When it was read, and what; None: there was nothing. The oldest first.
        self._kept: OrderedDict[_Place, tuple[float, SecretSet | None]] = OrderedDict()
        self._changes = 0
        self.lately = Lately(self)

    async def recent(self, *, username: str, project: Project, path: str) -> SecretSet:
        """Return what `read` returned some seconds ago, else what it returns now."""
        kept = self._kept.get((username, project.id, path))
        if kept is None or self._now() >= kept[0] + _SECONDS:
            return await self.read(username=username, project=project, path=path)
        if kept[1] is None:
            raise SecretNotFoundError(path=path)
        return kept[1]

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet:
        place, changes = (username, project.id, path), self._changes
        try:
            found = await self._store.read(username=username, project=project, path=path)
        except SecretNotFoundError:
            self._keep(place, None, changes)
            raise
        self._keep(place, found, changes)
        return found

    async def write(
        self,
        *,
        username: str,
        project: Project,
        path: str,
        entries: dict[str, Secret],
        expected_version: int | None = None,
    ) -> SecretSet:
        try:
            return await self._store.write(
                username=username,
                project=project,
                path=path,
                entries=entries,
                expected_version=expected_version,
            )
        finally:
            self._forget(project, path)

    async def delete(self, *, username: str, project: Project, path: str) -> None:
        try:
            await self._store.delete(username=username, project=project, path=path)
        finally:
            self._forget(project, path)

    def _keep(self, place: _Place, found: SecretSet | None, changes: int) -> None:
        """Remember an answer, unless something was written since it was asked for."""
        if changes != self._changes:
            return
        now = self._now()
        self._kept[place] = (now, found)
        self._kept.move_to_end(place)
        while len(self._kept) > _MOST or now >= next(iter(self._kept.values()))[0] + _SECONDS:
            self._kept.popitem(last=False)

    def _forget(self, project: Project, path: str) -> None:
        """Drop what anybody was told of a place of the project."""
        self._changes += 1
        for place in [one for one in self._kept if one[1:] == (project.id, path)]:
            del self._kept[place]


class Lately:
    """Reads as RecentSecrets does, where an answer of some seconds ago will do."""

    def __init__(self, secrets: RecentSecrets) -> None:
        self._secrets = secrets

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet:
        """Raises as `KeptSecrets.read`."""
        return await self._secrets.recent(username=username, project=project, path=path)
