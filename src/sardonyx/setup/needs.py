"""Name the rights the platform's account uses, by how the region is set: pure.

The documents of `deploy/rbac` and the templates of the chart grant these; a test holds the
three together.
"""

from __future__ import annotations

from collections.abc import Iterator

from sardonyx.deployment import ClusterSettings
from sardonyx.setup.models import Right
from sardonyx.setup.region import RegionView

# Helm works with a token of this account, and of no other.
_HELM = "sardonyx-helm"
_SHOWN = (
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
_INGRESS = ("networking.k8s.io", "ingresses")
_GATEWAY = ("gateway.networking.k8s.io", "httproutes")
_CHECKED = ("limitranges", "services", "configmaps", "serviceaccounts")
_KEPT = ("list", "watch", "create", "update", "patch", "delete")


def needed_rights(settings: ClusterSettings) -> tuple[Right, ...]:
    """Return what the account must be allowed: in its one namespace, or everywhere.

    With a role of its own for each project's namespace nothing is asked there: which of them
    there are is seen when they are read.
    """
    region = RegionView.of(settings)
    if region.single_namespace:
        return tuple(_work(region, _own_namespace(settings)))
    rights = [] if region.platform_role else list(_work(region, ""))
    if region.makes_namespaces:
        rights += _places()
    if region.mode == "impersonate":
        rights += [Right("impersonate", "users"), Right("impersonate", "groups")]
    return tuple(rights)


def _work(region: RegionView, namespace: str) -> Iterator[Right]:
    for verb in _KEPT:
        yield Right(verb, "secrets", namespace)
    yield Right("create", "serviceaccounts/token", namespace, name=_HELM)
    for resource in _CHECKED:
        yield Right("list", resource, namespace)
    if region.single_namespace or region.mode == "serviceAccount":
        ways = [_INGRESS] if "Ingress" in region.exposed_by else []
        ways += [_GATEWAY] if region.reads_gateway else []
        for group, resource in (*_SHOWN, *ways):
            for verb in ("list", "watch"):
                yield Right(verb, resource, namespace, group)


def _places() -> Iterator[Right]:
    for verb in ("get", "create", "patch"):
        yield Right(verb, "namespaces")
        yield Right(verb, "serviceaccounts")
        yield Right(verb, "resourcequotas")
        yield Right(verb, "rolebindings", "", "rbac.authorization.k8s.io")
    yield Right("bind", "clusterroles", "", "rbac.authorization.k8s.io", "admin")


def _own_namespace(settings: ClusterSettings) -> str:
    if settings.evaluation is not None:
        return settings.evaluation.namespace
    return settings.namespace or "default"
