"""What the set-up checks need from outside: one look at each area."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sardonyx.setup.models import (
    CatalogFacts,
    DatabaseFacts,
    ExposureFacts,
    IdentityFacts,
    ImagesFacts,
    Right,
    RightsFacts,
    SecretsFacts,
    StorageFacts,
)


class Probes(Protocol):
    """Looks at one area. Never raises: what cannot be reached is in the facts.

    Each look ends within seconds; none changes anything, and none sends a credential.
    """

    async def identity(self) -> IdentityFacts: ...

    async def database(self) -> DatabaseFacts: ...

    async def rights(self, needed: Sequence[Right]) -> RightsFacts: ...

    async def storage(self) -> StorageFacts | None:
        """Return None where no store is set."""

    async def secrets(self) -> SecretsFacts | None:
        """Return None where no secret store is set."""

    async def exposure(self) -> ExposureFacts: ...

    async def catalogs(self) -> Sequence[CatalogFacts]: ...

    async def images(self) -> ImagesFacts: ...


class ClusterAsked(Protocol):
    """The few questions that the checks put to a cluster, under the platform's own account.

    Raises SystemFault when it does not answer.
    """

    async def version(self) -> str:
        """Return the server's version, such as `v1.37.2`."""

    async def may(self, right: Right) -> bool: ...

    async def kinds(self) -> frozenset[str]:
        """Return the kinds among `HTTPRoute`, `Ingress` and `Route` that the cluster serves."""
