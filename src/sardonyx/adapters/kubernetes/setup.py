"""Answer the set-up checks' few questions to a cluster, under the platform's own account."""

from __future__ import annotations

from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import ResourceKind
from sardonyx.services.errors import ClusterObjectNotFoundError
from sardonyx.setup.models import Right
from sardonyx.values import Json

_WAYS = {
    "HTTPRoute": ResourceKind("gateway.networking.k8s.io", "v1", "APIResourceList", False),
    "Ingress": ResourceKind("networking.k8s.io", "v1", "APIResourceList", False),
    "Route": ResourceKind("route.openshift.io", "v1", "APIResourceList", False),
}


class AskedCluster:
    """A `ClusterAsked` over one client."""

    def __init__(self, client: ClusterClient) -> None:
        self._client = client

    async def version(self) -> str:
        return await self._client.version()

    async def may(self, right: Right) -> bool:
        plural, _, subresource = right.resource.partition("/")
        api = f"{right.group}/v1" if right.group else "v1"
        return await self._client.self_subject_access(
            right.verb,
            ResourceKind(api, plural, ""),
            namespace=right.namespace,
            name=right.name,
            subresource=subresource,
        )

    async def kinds(self) -> frozenset[str]:
        """Ask the API's own lists, which every account may read."""
        found = set()
        for kind, group in _WAYS.items():
            try:
                listed = await self._client.get(group, "")
            except ClusterObjectNotFoundError:
                continue
            if kind in _kinds(listed.get("resources")):
                found.add(kind)
        return frozenset(found)


def _kinds(resources: Json) -> set[Json]:
    listed = resources if isinstance(resources, list) else []
    return {str(one.get("kind")) for one in listed if isinstance(one, dict)}
