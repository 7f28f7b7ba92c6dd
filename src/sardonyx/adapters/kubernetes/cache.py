"""Hold what a cluster says of releases, kept current by watches; answer without asking it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass

from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.operations import Operation
from sardonyx.services.models import Observation, QuotaUse, Revision
from sardonyx.values import JsonObject


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """The newest record Helm keeps of a release. manifest, notes: texts; config: user's values.

    uid: of the Secret of revision `first` (what an Onyxia Secret's owner reference names).
    """

    namespace: str
    release: str
    revision: int
    status: str
    manifest: str
    notes: str
    config: JsonObject
    first: int
    uid: str


class ClusterCache:
    """What is known of the releases of a cluster, of some namespaces, or of one.

    Nothing here asks the API server but `run`. client: whose account the watches run with.
    namespaces: those to watch where the account may not watch the whole cluster; more come by
    `follow`. project: id of the project of a namespace.
    """

    def __init__(
        self,
        client: ClusterClient,
        *,
        namespaces: Iterable[str] = (),
        project: Callable[[str], str] = str,
    ) -> None:
        raise NotImplementedError

    async def run(self) -> None:
        """Watch until cancelled."""
        raise NotImplementedError

    async def synced(self) -> None:
        """Return when the first lists have been read."""
        raise NotImplementedError

    def follow(self, namespace: str, client: ClusterClient | None = None) -> None:
        """Watch a namespace too, unless it is seen already; client: with that account."""
        raise NotImplementedError

    def observation(self, namespace: str, release: str) -> Observation:
        """Raises ServiceNotFoundError."""
        raise NotImplementedError

    def observations(self, namespace: str) -> Sequence[Observation]:
        """Return a namespace's releases, newest first."""
        raise NotImplementedError

    def changes(self, namespace: str) -> AsyncIterator[Observation]:
        """Yield a release each time it changed; a deleted one last with fact `deleted`."""
        raise NotImplementedError

    def revisions(self, namespace: str, release: str) -> Sequence[Revision]:
        """Return the kept revisions, newest first, with values. Raises ServiceNotFoundError."""
        raise NotImplementedError

    def stored(self, namespace: str, release: str) -> StoredRelease:
        """Return Helm's newest record. Raises ServiceNotFoundError when there is none."""
        raise NotImplementedError

    def operations(self) -> Sequence[Operation]:
        """Return all operations asked for and not done, oldest first, without their values."""
        raise NotImplementedError

    def quota(self, namespace: str) -> Sequence[QuotaUse]:
        """Return the namespace's limits and what is used of them; empty where there are none."""
        raise NotImplementedError
