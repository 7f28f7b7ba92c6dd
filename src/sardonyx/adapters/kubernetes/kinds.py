"""Name the kinds of Kubernetes objects we read or write, and their addresses."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """One kind. api: `v1`, `apps/v1`, …; plural: as it stands in addresses."""

    api: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group; empty for the core."""
        return self.api.rpartition("/")[0]

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the address of the kind, or of one object, from the server's root.

        namespace: empty for all namespaces, or for a kind that has none.
        """
        parts = ["api" if self.api == "v1" else "apis", self.api]
        if namespace and self.namespaced:
            parts += ["namespaces", _segment(namespace)]
        parts.append(self.plural)
        parts += [_segment(part) for part in (name, subresource) if part]
        return "/" + "/".join(parts)

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _segment(text: str) -> str:
    # A name of dots alone would lead to another address.
    return quote(text, safe="").replace("..", "%2E%2E") if set(text) != {"."} else "%2E" * len(text)


SECRETS = ResourceKind("v1", "secrets", "Secret")
PODS = ResourceKind("v1", "pods", "Pod")
EVENTS = ResourceKind("v1", "events", "Event")
CLAIMS = ResourceKind("v1", "persistentvolumeclaims", "PersistentVolumeClaim")
QUOTAS = ResourceKind("v1", "resourcequotas", "ResourceQuota")
LIMIT_RANGES = ResourceKind("v1", "limitranges", "LimitRange")
SERVICES = ResourceKind("v1", "services", "Service")
CONFIG_MAPS = ResourceKind("v1", "configmaps", "ConfigMap")
SERVICE_ACCOUNTS = ResourceKind("v1", "serviceaccounts", "ServiceAccount")
NAMESPACES = ResourceKind("v1", "namespaces", "Namespace", namespaced=False)
NODES = ResourceKind("v1", "nodes", "Node", namespaced=False)
DEPLOYMENTS = ResourceKind("apps/v1", "deployments", "Deployment")
STATEFUL_SETS = ResourceKind("apps/v1", "statefulsets", "StatefulSet")
DAEMON_SETS = ResourceKind("apps/v1", "daemonsets", "DaemonSet")
REPLICA_SETS = ResourceKind("apps/v1", "replicasets", "ReplicaSet")
JOBS = ResourceKind("batch/v1", "jobs", "Job")
INGRESSES = ResourceKind("networking.k8s.io/v1", "ingresses", "Ingress")
HTTP_ROUTES = ResourceKind("gateway.networking.k8s.io/v1", "httproutes", "HTTPRoute")
ROLES = ResourceKind("rbac.authorization.k8s.io/v1", "roles", "Role")
ROLE_BINDINGS = ResourceKind("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding")
LEASES = ResourceKind("coordination.k8s.io/v1", "leases", "Lease")
STORAGE_CLASSES = ResourceKind(
    "storage.k8s.io/v1", "storageclasses", "StorageClass", namespaced=False
)
ACCESS_REVIEWS = ResourceKind(
    "authorization.k8s.io/v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False
)
