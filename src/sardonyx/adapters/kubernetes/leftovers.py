"""Remove by hand what Helm can no longer remove: a release whose record it cannot read.

Helm marks each object it makes with an annotation; claims are left, as Helm leaves those of
StatefulSets: data is not lost because a record was.
"""

from __future__ import annotations

from contextlib import suppress

import structlog

from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import SECRETS, ResourceKind
from sardonyx.adapters.kubernetes.onyxia_secret import record_name
from sardonyx.adapters.kubernetes.records import Records
from sardonyx.services.errors import ClusterObjectNotFoundError, ClusterRefusedError
from sardonyx.values import Json, JsonObject

_RELEASE = "meta.helm.sh/release-name"
_MADE_BY_HELM = "app.kubernetes.io/managed-by=Helm"
_KINDS = (
    ResourceKind("apps/v1", "deployments", "Deployment"),
    ResourceKind("apps/v1", "statefulsets", "StatefulSet"),
    ResourceKind("apps/v1", "daemonsets", "DaemonSet"),
    ResourceKind("batch/v1", "jobs", "Job"),
    ResourceKind("batch/v1", "cronjobs", "CronJob"),
    ResourceKind("v1", "services", "Service"),
    ResourceKind("v1", "configmaps", "ConfigMap"),
    SECRETS,
    ResourceKind("v1", "serviceaccounts", "ServiceAccount"),
    ResourceKind("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding"),
    ResourceKind("rbac.authorization.k8s.io/v1", "roles", "Role"),
    ResourceKind("networking.k8s.io/v1", "ingresses", "Ingress"),
    ResourceKind("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"),
    ResourceKind("gateway.networking.k8s.io/v1", "httproutes", "HTTPRoute"),
)

_log = structlog.get_logger(__name__)


async def remove_leftovers(client: ClusterClient, namespace: str, release: str) -> None:
    """Remove the objects and records of a release that Helm left; client: the confined account.

    Does nothing when Helm has left no record. Kinds that the account may not see are left.
    """
    records = await Records.read(client, namespace, release)
    if not records.kept:
        return
    _log.warning("release_removed_by_hand", namespace=namespace, release=release)
    for kind in _KINDS:
        with suppress(ClusterObjectNotFoundError, ClusterRefusedError):
            for one in await client.list(kind, namespace=namespace, labels=_MADE_BY_HELM):
                metadata = _object(one.get("metadata"))
                if _object(metadata.get("annotations")).get(_RELEASE) == release:
                    with suppress(ClusterObjectNotFoundError):
                        await client.delete(kind, str(metadata["name"]), namespace=namespace)
    for record in records.kept:
        with suppress(ClusterObjectNotFoundError):
            name = record_name(release, record.revision)
            await client.delete(SECRETS, name, namespace=namespace)


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}
