"""Own the account Helm works with: one per project namespace, with rights there and nowhere else.

Charts evaluate users' text with `tpl`, where `lookup` reads what Helm may read: so Helm never
has the platform's account, nor a user's whole identity. Source: charts.md 9.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from sardonyx.adapters.kubernetes.access import ClusterAccess
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import ROLE_BINDINGS, SECRETS, SERVICE_ACCOUNTS
from sardonyx.adapters.kubernetes.operations import MANAGED_BY
from sardonyx.adapters.kubernetes.rights import in_force
from sardonyx.services.errors import ClusterObjectNotFoundError
from sardonyx.values import JsonObject, Secret

ACCOUNT = "sardonyx-helm"
ROLE = "admin"
SHORTEST = timedelta(minutes=10)  # what Kubernetes gives at least
LONGEST = timedelta(minutes=30)
_MARGIN = timedelta(minutes=2)


def account(namespace: str) -> JsonObject:
    """Return the ServiceAccount; no pod gets its token by itself."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": ACCOUNT, "namespace": namespace, "labels": dict(MANAGED_BY)},
        "automountServiceAccountToken": False,
    }


def binding(namespace: str) -> JsonObject:
    """Return the RoleBinding to ClusterRole `admin`: rights in this namespace alone."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": ACCOUNT, "namespace": namespace, "labels": dict(MANAGED_BY)},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": ROLE,
        },
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace}],
    }


class ConfinedAccounts:
    """Makes the accounts, and gives short-lived tokens of them."""

    def __init__(self, access: ClusterAccess) -> None:
        self._access = access
        self._platform = access.platform()
        self._clients: dict[str, tuple[float, ClusterClient]] = {}
        self._in_force: set[str] = set()

    async def prepare(self, namespace: str) -> None:
        """Make the account and its rights, or set them right.

        Raises ClusterObjectNotFoundError when there is no such namespace, ClusterRefusedError
        where the platform may not do it.
        """
        await self._platform.apply(
            SERVICE_ACCOUNTS, ACCOUNT, account(namespace), namespace=namespace, force=True
        )
        await self._platform.apply(
            ROLE_BINDINGS, ACCOUNT, binding(namespace), namespace=namespace, force=True
        )
        # Where the namespace was made anew, a token of the former account is refused.
        self._clients.pop(namespace, None)
        self._in_force.discard(namespace)

    async def kubeconfig(self, namespace: str, *, work: timedelta) -> Secret:
        """Return a kubeconfig whose token lasts for `work`, 10 to 30 minutes.

        Raises as `prepare`.
        """
        token, _ = await self._token(namespace, min(max(work + _MARGIN, SHORTEST), LONGEST))
        return self._access.kubeconfig(token, namespace)

    async def client(self, namespace: str) -> ClusterClient:
        """Return calls made with the namespace's account. Raises as `prepare`."""
        until, client = self._clients.get(namespace, (0.0, None))
        if client is None or time.monotonic() > until:
            token, end = await self._token(namespace, SHORTEST)
            client = self._access.with_token(token)
            left = (end - datetime.now(UTC) - _MARGIN).total_seconds()
            self._clients[namespace] = (time.monotonic() + left, client)
        return client

    async def _token(self, namespace: str, life: timedelta) -> tuple[Secret, datetime]:
        try:
            made = await self._platform.token_request(namespace, ACCOUNT, life=life)
        except ClusterObjectNotFoundError:
            await self.prepare(namespace)
            self._in_force.discard(namespace)  # another account, if of the same name
            made = await self._platform.token_request(namespace, ACCOUNT, life=life)
        if namespace not in self._in_force:
            client = self._access.with_token(made[0])
            await in_force(client, "create", SECRETS, namespace=namespace)
            self._in_force.add(namespace)  # waited for once, also where it was in vain
        return made
