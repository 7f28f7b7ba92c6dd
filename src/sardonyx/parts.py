"""Say what the platform stands on, and whether it answers.

Used by the “being prepared” strip of pages, by `sardonyx status` and by `sardonyx doctor`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part. source: where its program comes from (path, wheel, setting).

    name: `environment:<chart>` for one that is being built, `progress` in [0, 1] of it.
    """

    name: str
    ready: bool
    source: str
    version: str
    progress: float | None = None


class Parts(Protocol):
    """What the platform stands on: store, secrets, identity provider, cluster."""

    async def status(self) -> tuple[PartStatus, ...]:
        """Return every part's status, asked side by side."""
