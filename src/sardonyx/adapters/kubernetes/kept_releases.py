"""Ask the cluster whether a release is there still: what stands beside it goes with it."""

from __future__ import annotations

from collections.abc import Callable

from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import SECRETS
from sardonyx.adapters.kubernetes.onyxia_secret import name_of
from sardonyx.errors import SystemFault, UserError
from sardonyx.services.errors import ClusterObjectNotFoundError


class KeptReleases:
    """KnownReleases by the Secret that we and Onyxia keep beside each release.

    The cluster removes that Secret with Helm's first record, also when Helm is used by hand.
    namespace: of a project.
    """

    def __init__(self, client: ClusterClient, namespace: Callable[[str], str]) -> None:
        self._client = client
        self._namespace = namespace

    async def exists(self, project: str, release: str) -> bool:
        try:
            await self._client.get(SECRETS, name_of(release), namespace=self._namespace(project))
        except ClusterObjectNotFoundError:
            return False
        except (SystemFault, UserError):  # away, or our rights are gone: nobody can tell
            return True
        return True
