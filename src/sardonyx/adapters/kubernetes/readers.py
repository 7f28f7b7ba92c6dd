"""Have the namespaces of whoever acts watched, with the account that the region says."""

from __future__ import annotations

import time
from collections.abc import Callable

from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.onboarding import IdentityMode
from sardonyx.projects.models import Actor
from sardonyx.projects.ports import IdentityProvider
from sardonyx.values import Secret

_READER_SECONDS = 60.0


class NamespaceReaders:
    """An IdentityProvider that has the namespaces of whoever acts watched, as the region says.

    So a namespace is seen again after a restart without a new sign-in. Where the platform
    watches the whole cluster, following one namespace changes nothing.
    """

    def __init__(
        self,
        *,
        identity: IdentityProvider,
        mode: IdentityMode,
        platform: ClusterClient,
        follow: Callable[[str, ClusterClient | None], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._identity = identity
        self._mode = mode
        self._platform = platform
        self._follow = follow
        self._clock = clock
        self._clients: dict[str, ClusterClient] = {}
        self._fresh_until: dict[tuple[str, str], float] = {}

    async def actor(self, username: str) -> Actor:
        actor = await self._identity.actor(username)
        stale = [one for one in actor.projects if self._is_stale(username, one.namespace)]
        if stale:
            client = await self._client(actor)
            for project in stale:
                self._clients[project.namespace] = client
                self._follow(project.namespace, client)
                self._fresh_until[username, project.namespace] = self._clock() + _READER_SECONDS
        return actor

    async def web_identity(self, username: str) -> Secret:
        return await self._identity.web_identity(username)

    def client(self, namespace: str) -> ClusterClient:
        """Return whose account reads a namespace's logs."""
        return self._clients.get(namespace, self._platform)

    def _is_stale(self, username: str, namespace: str) -> bool:
        return self._fresh_until.get((username, namespace), 0.0) < self._clock()

    async def _client(self, actor: Actor) -> ClusterClient:
        if self._mode.name != "tokenPassthrough":
            return self._mode.client(actor)
        return self._mode.client(actor, await self._identity.web_identity(actor.username))
