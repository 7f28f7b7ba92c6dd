"""Give a project's events out of the watch cache (`services.ports.EventSource`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator

from sardonyx.adapters.kubernetes import underneath
from sardonyx.adapters.kubernetes.cache import ClusterCache
from sardonyx.services.evidence import ProjectEvent


class ClusterEventSource:
    """The events of a cluster's namespaces. namespace: of a project's id."""

    def __init__(self, cache: ClusterCache, namespace: Callable[[str], str]) -> None:
        self._cache = cache
        self._namespace = namespace

    def events(self, project: str) -> Iterator[ProjectEvent]:
        return self._cache.events(self._namespace(project))

    def changes(self, project: str) -> AsyncGenerator[None, None]:
        return self._cache.surroundings(self._namespace(project))

    def underneath(self, project: str) -> str:
        return underneath.events(self._namespace(project))
