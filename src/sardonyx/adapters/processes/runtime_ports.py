"""What the local runtime needs from the rest: credentials for services, and their way in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol, TypeAlias

from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.services.models import LaunchPlan
from sardonyx.values import Secret

# Return the chart of a launch; raises ChartNotFoundError's kin when it is gone.
FindChart: TypeAlias = Callable[[ChartRef], Chart]


class ServiceCredentials(Protocol):
    """Gives a service what it needs to reach storage and secrets as its owner."""

    async def issue(self, plan: LaunchPlan, *, token_file: str) -> Mapping[str, str]:
        """Return environment variables; older credentials of the release die.

        The bearer token of the renewing endpoint is written to `<service>/creds.token`, which
        the service sees at `token_file`. Called at install, resume and restart.
        """

    async def revoke(self, release: str) -> None:
        """Make what was issued worthless; nothing issued is no fault."""


class FrontDoor(Protocol):
    """Opens the way from browsers and programs to a service."""

    async def add(
        self,
        *,
        release: str,
        upstream: str,
        header: tuple[str, Secret] | None,
        address_port: int | None,
    ) -> None:
        """upstream: `unix//path` or `127.0.0.1:PORT`. Adding again changes the way."""

    async def remove(self, release: str) -> None: ...

    async def credential(self, release: str, *, life: timedelta) -> tuple[str, Secret]:
        """Return header name and short-lived value that open the release's address."""
