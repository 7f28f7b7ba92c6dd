"""Name the rights the platform's account uses, by how the region is set: pure.

The documents of `deploy/rbac` and the templates of the chart grant exactly these; a test holds
the three together.
"""

from __future__ import annotations

from sardonyx.deployment import ClusterSettings
from sardonyx.setup.models import Right
from sardonyx.setup.region import RegionView

_WATCHED = (
    ("", "secrets"),
    ("", "pods"),
    ("", "events"),
    ("", "persistentvolumeclaims"),
    ("", "resourcequotas"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
)
_GATEWAY = ("gateway.networking.k8s.io", "httproutes")
_INGRESS = ("networking.k8s.io", "ingresses")
# Helm works with a token of this account, and of no other.
_HELM = "sardonyx-helm"
_WRITTEN = ("create", "patch", "delete")


def needed_rights(settings: ClusterSettings) -> tuple[Right, ...]:
    """Return what the account must be allowed: in its one namespace, or everywhere."""
    region = RegionView.of(settings)
    evaluation = settings.evaluation
    namespace = evaluation.namespace if evaluation is not None else ""
    ways = [_INGRESS] if "Ingress" in region.exposed_by else []
    if region.reads_gateway:
        ways.append(_GATEWAY)
    rights = [
        Right(verb, resource, namespace, group)
        for group, resource in (*_WATCHED, *ways)
        for verb in ("list", "watch")
    ]
    rights += [Right(verb, "secrets", namespace) for verb in _WRITTEN]
    rights.append(Right("create", "serviceaccounts/token", namespace, name=_HELM))
    if not region.single_namespace:
        rights += [Right(verb, "namespaces") for verb in ("get", "create", "patch")]
        rights += [
            Right(verb, "rolebindings", "", "rbac.authorization.k8s.io")
            for verb in ("create", "patch")
        ]
        rights += [Right(verb, "resourcequotas") for verb in ("create", "patch")]
    if region.mode == "impersonate":
        rights += [Right("impersonate", "users"), Right("impersonate", "groups")]
    return tuple(rights)
