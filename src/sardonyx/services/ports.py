"""What services need from outside: something that runs releases."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sardonyx.services.cluster_events import Looked
from sardonyx.services.evidence import ProjectEvent
from sardonyx.services.models import (
    LaunchPlan,
    Loss,
    Observation,
    PlannedObject,
    QuotaUse,
    Revision,
)
from sardonyx.values import Secret


class Runtime(Protocol):
    """Runs releases. Writes are acknowledged at once; what follows is seen by `observe`.

    Reads come from a watch cache: they start no process and ask no server.
    """

    async def install(self, plan: LaunchPlan) -> None:
        """Begin to run `plan`. Raises ServiceExistsError, or a SystemFault when not begun."""

    async def upgrade(self, plan: LaunchPlan) -> None:
        """Begin to run the release of `plan` with its values and chart, as a new revision.

        Raises ServiceNotFoundError, ServiceBusyError while another operation goes on.
        """

    async def rollback(self, project: str, release: str, revision: int) -> None:
        """Begin to run again what `revision` was, as a new revision.

        Raises RevisionNotFoundError, ServiceBusyError.
        """

    async def history(self, project: str, release: str) -> Sequence[Revision]:
        """Return the revisions that can still be returned to, newest first."""

    async def suspend(self, project: str, release: str) -> None:
        """Stop the processes; keep files, values and timeline. Already paused is no fault."""

    async def resume(self, project: str, release: str) -> None:
        """Start a paused, stopped or failed release again with fresh credentials."""

    async def restart(self, project: str, release: str) -> None:
        """Stop and start again."""

    async def uninstall(self, project: str, release: str) -> None:
        """Stop, revoke its credentials, remove its files. Logs and timeline stay readable."""

    async def rename(self, project: str, release: str, friendly_name: str) -> None: ...

    async def share(self, project: str, release: str, *, shared: bool) -> None:
        """Let the project's other members see the release, or its owner alone."""

    async def adopt(self, project: str, release: str, owner: str) -> None:
        """Give a release that has no owner to `owner`. Of one that has, nothing changes."""

    def releases(self, project: str) -> Sequence[Observation]:
        """Return the project's releases, newest first."""

    def release(self, project: str, release: str) -> Observation:
        """Raises ServiceNotFoundError."""

    def observe(self, project: str) -> AsyncIterator[Observation]:
        """Yield a release each time something about it changes, until the caller stops."""

    async def place_file(self, project: str, release: str, name: str, content: bytes) -> bool:
        """Put a file into the working folder, whole or not at all.

        Returns False, and changes nothing, when something of that name is there. Raises
        ServiceNotFoundError, FileNotPlacedError.
        """

    async def logs(
        self, project: str, release: str, *, lines: int = 200, previous: bool = False
    ) -> str:
        """Return the last lines, also after the process is gone.

        previous: those of the run before the present one; empty where there was none.
        """

    def follow_logs(self, project: str, release: str, *, lines: int = 0) -> AsyncIterator[str]:
        """Yield the last `lines`, then new log text as it is written; none is missed between."""

    async def losses(self, project: str, release: str) -> Sequence[Loss]:
        """Return what `uninstall` would lose."""

    async def service_credential(
        self, project: str, release: str, *, life: timedelta
    ) -> tuple[str, Secret]:
        """Return header name and short-lived value that open the release's `address`."""

    async def underneath(self, project: str, release: str) -> str:
        """Return a shell script that runs what the release runs, without the platform."""

    async def underneath_plan(self, plan: LaunchPlan) -> str:
        """Return that script for a plan not yet installed; `underneath` then gives the same."""

    def underneath_action(self, verb: str, project: str, release: str, *, revision: int = 0) -> str:
        """Return the commands that do one action on what runs, without the platform.

        verb: pause, resume, restart, roll_back (to `revision`), history, delete.
        """

    def underneath_look(self, project: str, release: str | None = None) -> str:
        """Return the commands that show a project's releases and allowance, or what one release
        says and runs with, without the platform. Empty where nothing but the platform knows."""

    async def preflight(self, plan: LaunchPlan) -> dict[str, str | int | float]:
        """Return the facts `diagnose` judges before a launch (disk_free, …)."""

    async def planned(self, plan: LaunchPlan) -> Sequence[PlannedObject]:
        """Return what `install` or `upgrade` of `plan` would create; nothing is changed.

        Raises PlanRefusedError when the chart does not render or the cluster refuses it.
        """

    def quota(self, project: str) -> Sequence[QuotaUse]:
        """Return the project's limits and what is used of them; empty where there are none."""


class EventSource(Protocol):
    """Knows what a cluster says of a project's objects, from a watch cache."""

    def events(self, project: str) -> Iterator[ProjectEvent]:
        """Return the events that are kept, the newest first by `created`; each `uid` once.

        Raises EventsForbiddenError.
        """

    def changes(self, project: str) -> AsyncGenerator[None, None]:
        """Yield after events or quotas of the project changed; several may count as one."""

    def underneath(self, project: str) -> str:
        """Return the commands that show the same without the platform."""


class EventMarks(Protocol):
    """Keeps until when the events of a project were looked at."""

    async def looked(self, project: str, username: str) -> Looked: ...

    async def look(self, project: str, username: str, at: datetime) -> None:
        """Note that `username` saw what was there until `at`. A mark never goes back."""
