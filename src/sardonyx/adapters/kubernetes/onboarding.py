"""Make a project's namespace ready: labels, the person's rights, quota, the account for Helm.

The platform's own account does it, whatever the identity mode. Each part can be left to an
administrator. Objects have Onyxia's names and form, so that both keep the same namespace.
Source: wire-api.md 4, 6, 9, 12 (D7, D8, D29, D41).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from sardonyx.adapters.kubernetes.access import ClusterAccess
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.confined import ConfinedAccounts
from sardonyx.adapters.kubernetes.kinds import NAMESPACES, QUOTAS, ROLE_BINDINGS, SECRETS
from sardonyx.adapters.kubernetes.rights import in_force
from sardonyx.projects.errors import WorkspaceRefusedError
from sardonyx.projects.models import Actor, Project
from sardonyx.services.errors import (
    ClusterConflictError,
    ClusterObjectNotFoundError,
    ClusterRefusedError,
)
from sardonyx.values import Json, JsonObject, Secret

BINDING = "full_control_namespace"
QUOTA = "onyxia-quota"
PLATFORM_BINDING = "sardonyx"
CREATED_BY: Mapping[str, str] = {"createdby": "onyxia"}
OWNER_LABEL = "onyxia_owner"
OWNER_TEXT = "sardonyx.dev/owner"
LAST_LOGIN = "onyxia_last_login_timestamp"
_IGNORED = (("onyxia_ignore", None), ("onyxia.sh/ignore", "true"))
_NOT_IN_LABEL = re.compile(r"[^A-Za-z0-9._-]+")
_NOT_IN_KEY = re.compile(r"[^A-Za-z0-9._-]+")
# A claim of this name is a credential, not a word about the person.
_TOKENS = re.compile(r"(?:^|[_-])tokens?$|^(?:raw|jwt)$", re.IGNORECASE)
_LONGEST_TEXT = 1_000
_KEPT_BY_KUBERNETES = re.compile(r"default|kube-.*|openshift.*")

_log = structlog.get_logger("onyxia.sh.events")


@dataclass(frozen=True, slots=True)
class OnboardingRules:
    """What a region says of namespaces. Each switch leaves its part to an administrator.

    creates: `allowNamespaceCreation`; `onboarding.{labels,roleBinding,quota,account}` are ours.
    user_prefix, group_prefix: of Kubernetes' subjects. quotas: `services.quotas`.
    platform_role: ClusterRole that the platform gives itself in each namespace, where it has no
    rights on the whole cluster (`onboarding.platformRole`).
    """

    single: bool
    creates: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    dynamic: tuple[str, ...] | None
    user_prefix: str
    group_prefix: str
    quotas: JsonObject
    has_labels: bool = True
    has_binding: bool = True
    has_quota: bool = True
    has_account: bool = True
    platform_role: str = ""

    @classmethod
    def of_region(cls, region: JsonObject) -> OnboardingRules:
        services = _object(region.get("services"))
        parts = _object(services.get("onboarding"))
        dynamic = _object(services.get("namespaceAnnotationsDynamic"))
        attributes = dynamic.get("userAttributes")
        is_dynamic = dynamic.get("enabled", True) is not False
        return cls(
            single=services.get("singleNamespace", True) is not False,
            creates=services.get("allowNamespaceCreation", True) is not False,
            labels=_texts(services.get("namespaceLabels")),
            annotations=_texts(services.get("namespaceAnnotations")),
            dynamic=(
                tuple(str(one) for one in attributes if not _TOKENS.search(str(one)))
                if is_dynamic and isinstance(attributes, list)
                else ()
                if is_dynamic
                else None
            ),
            user_prefix=str(services.get("usernamePrefix") or ""),
            group_prefix=str(services.get("groupPrefix") or ""),
            quotas=_object(services.get("quotas")),
            has_labels=parts.get("labels", True) is not False,
            has_binding=parts.get("roleBinding", True) is not False,
            has_quota=parts.get("quota", True) is not False,
            has_account=parts.get("account", True) is not False,
            platform_role=str(parts.get("platformRole") or ""),
        )


class ClusterWorkspaces:
    """Namespaces of one cluster (`projects.ports.Workspaces`).

    account: the platform's own ServiceAccount as `namespace/name`, for `platform_role`. opened:
    told of each namespace that is ready, so that it is watched.
    """

    def __init__(
        self,
        *,
        access: ClusterAccess,
        accounts: ConfinedAccounts,
        rules: OnboardingRules,
        account: str = "",
        opened: Callable[[Actor, Project], None] = lambda _actor, _project: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = access.platform()
        self._accounts = accounts
        self._rules = rules
        self._account = account
        self._opened = opened
        self._clock = clock
        self._waited: set[str] = set()

    async def open(self, actor: Actor, project: Project) -> None:
        """Make or refresh the namespace. Raises WorkspaceRefusedError, ClusterUnavailableError."""
        namespace, rules = project.namespace, self._rules
        own = self._account.partition("/")[0]
        if not rules.single and (_KEPT_BY_KUBERNETES.fullmatch(namespace) or namespace == own):
            raise WorkspaceRefusedError(namespace=namespace, reason="it is not for people")
        try:
            if not rules.single:
                await self._namespace(actor, project)
                if rules.platform_role:
                    await self._own_rights(namespace)
                if rules.has_binding:
                    await self._binding(actor, project)
                if rules.has_quota:
                    await self._quota(actor, project)
                if rules.has_account:
                    await self._accounts.prepare(namespace)
        except ClusterObjectNotFoundError as fault:
            raise WorkspaceRefusedError(namespace=namespace, reason="it does not exist") from fault
        except ClusterRefusedError as fault:
            raise WorkspaceRefusedError(
                namespace=namespace, reason=str(fault.values.get("reason", ""))
            ) from fault
        self._opened(actor, project)

    async def _namespace(self, actor: Actor, project: Project) -> None:
        """Make the namespace where that is allowed, and write its labels and annotations."""
        name = project.namespace
        try:
            there = await self._client.get(NAMESPACES, name)
        except ClusterObjectNotFoundError:
            if not self._rules.creates:
                raise
            await self._make(actor, name)
        else:
            if _object(there.get("status")).get("phase") == "Terminating":
                raise WorkspaceRefusedError(namespace=name, reason="it is being deleted")
            self._of_them(actor, project, there)
        if not self._rules.has_labels:
            return
        try:
            await self._client.apply(NAMESPACES, name, self._labelled(actor, project))
        except ClusterConflictError as fault:
            # Another manager keeps one of these fields: theirs stays (D29).
            _log.warning("namespace_labels_kept", namespace=name, reason=str(fault)[:300])

    async def _make(self, actor: Actor, name: str) -> None:
        content: JsonObject = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name},
        }
        try:
            await self._client.create(NAMESPACES, content)
        except ClusterConflictError:
            return  # another replica was first
        _log.info(
            "onboarding.createNamespace",
            type="onboarding.createNamespace",
            namespace=name,
            username=actor.username,
        )

    def _of_them(self, actor: Actor, project: Project, there: JsonObject) -> None:
        """Refuse a namespace that is another's: nobody is given rights in it.

        Told by Onyxia's label and our annotation; a namespace without either was made for them
        by an administrator, who chose its name.
        """
        metadata = _object(there.get("metadata"))
        whole = _object(metadata.get("annotations")).get(OWNER_TEXT)
        label = _object(metadata.get("labels")).get(OWNER_LABEL)
        wanted = project.group or actor.username
        is_theirs = whole == wanted if whole else label in (None, "", wanted, label_of(wanted))
        if not is_theirs:
            raise WorkspaceRefusedError(
                namespace=project.namespace, reason="it belongs to somebody else"
            )

    def _labelled(self, actor: Actor, project: Project) -> JsonObject:
        rules, owner = self._rules, project.group or actor.username
        labels: JsonObject = {**rules.labels, OWNER_LABEL: label_of(owner)}
        annotations: JsonObject = {**rules.annotations, OWNER_TEXT: owner}
        if rules.dynamic is not None:
            annotations[LAST_LOGIN] = str(int(self._clock().timestamp() * 1000))
            for claim in rules.dynamic:
                key = "onyxia_" + _NOT_IN_KEY.sub("_", claim)[:50]
                annotations[key] = _claim_text(actor.claims.get(claim))
        return {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": project.namespace,
                "labels": labels,
                "annotations": annotations,
            },
        }

    async def _binding(self, actor: Actor, project: Project) -> None:
        """Give the person, or the group, ClusterRole `admin` in the namespace."""
        if project.group is None:
            subject = {"kind": "User", "name": self._rules.user_prefix + actor.username}
        else:
            subject = {"kind": "Group", "name": self._rules.group_prefix + project.group}
        if subject["name"].startswith("system:"):
            raise WorkspaceRefusedError(
                namespace=project.namespace, reason="Kubernetes keeps this name for itself"
            )
        content = _role_binding(
            BINDING, project.namespace, "admin", CREATED_BY, {**subject, "apiGroup": _RBAC}
        )
        await self._applied_binding(content, project.namespace)

    async def _own_rights(self, namespace: str) -> None:
        """Let the platform itself in, with the role an administrator made for it."""
        place, _, name = self._account.partition("/")
        subject: JsonObject = {"kind": "ServiceAccount", "name": name, "namespace": place}
        content = _role_binding(PLATFORM_BINDING, namespace, self._rules.platform_role, {}, subject)
        await self._applied_binding(content, namespace)
        if namespace not in self._waited:  # once, should the role not hold that right
            await in_force(self._client, "list", SECRETS, namespace=namespace)
            self._waited.add(namespace)

    async def _applied_binding(self, content: JsonObject, namespace: str) -> None:
        metadata = _object(content.get("metadata"))
        name = str(metadata["name"])
        try:
            await self._client.apply(ROLE_BINDINGS, name, content, namespace=namespace, force=True)
        except ClusterConflictError as fault:
            _log.warning("role_binding_kept", namespace=namespace, reason=str(fault)[:300])

    async def _quota(self, actor: Actor, project: Project) -> None:
        """Write the quota, unless an administrator took this one out of our hands."""
        hard = self.hard(actor, project)
        if not hard:
            return
        namespace = project.namespace
        try:
            there = await self._client.get(QUOTAS, QUOTA, namespace=namespace)
            annotations = _object(_object(there.get("metadata")).get("annotations"))
            if any(
                key in annotations and (value is None or annotations[key] == value)
                for key, value in _IGNORED
            ):
                return
        except ClusterObjectNotFoundError:
            pass
        content: JsonObject = {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {
                "name": QUOTA,
                "namespace": namespace,
                "labels": dict(CREATED_BY),
            },
            "spec": {"hard": hard},
        }
        await self._client.apply(QUOTAS, QUOTA, content, namespace=namespace, force=True)

    def hard(self, actor: Actor, project: Project) -> JsonObject:
        """Return the limits of a project's quota; empty for none."""
        quotas = self._rules.quotas
        if project.group is not None:
            chosen = quotas.get("group") if quotas.get("groupEnabled") is True else None
        elif quotas.get("userEnabled") is True:
            by_role = _object(quotas.get("roles"))
            role = next((role for role in sorted(actor.roles) if role in by_role), None)
            chosen = by_role[role] if role is not None else quotas.get("user")
        else:
            chosen = None
        return {
            name: str(value)
            for name, value in _object(chosen).items()
            if isinstance(value, str | int | float) and not isinstance(value, bool)
        }


class IdentityMode:
    """Says with whose account a person's namespaces are read (`services.authenticationMode`)."""

    def __init__(self, access: ClusterAccess, region: JsonObject) -> None:
        services = _object(region.get("services"))
        self.name = str(services.get("authenticationMode") or "serviceAccount")
        self._access = access
        self._rules = OnboardingRules.of_region(region)

    def client(self, actor: Actor, token: Secret | None = None) -> ClusterClient:
        """Return calls for the person's reads. token: theirs, for `tokenPassthrough`.

        Raises ClusterRefusedError for a name that Kubernetes keeps, or without a token.
        """
        if self.name == "impersonate":
            groups = [self._rules.group_prefix + group for group in actor.groups]
            return self._access.impersonating(self._rules.user_prefix + actor.username, groups)
        if self.name == "tokenPassthrough":
            if token is None:
                raise ClusterRefusedError(
                    verb="read", resource="namespace", reason="no token of this person"
                )
            return self._access.with_token(token)
        return self._access.platform()


_RBAC = "rbac.authorization.k8s.io"


def _role_binding(
    name: str, namespace: str, role: str, labels: Mapping[str, str], subject: Mapping[str, Json]
) -> JsonObject:
    return {
        "apiVersion": ROLE_BINDINGS.api,
        "kind": ROLE_BINDINGS.kind,
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [dict(subject)],
    }


def label_of(owner: str) -> str:
    """Return a name as a label may hold it; the whole name is in an annotation (D41)."""
    return _NOT_IN_LABEL.sub("-", owner)[:63].strip("-._")


def _claim_text(claim: Json) -> str:
    if isinstance(claim, list):
        return ",".join(_claim_text(one) for one in claim)[:_LONGEST_TEXT]
    if isinstance(claim, bool):
        return str(claim).lower()
    return str(claim)[:_LONGEST_TEXT] if isinstance(claim, str | int | float) else ""


def _texts(value: Json | None) -> dict[str, str]:
    return {key: str(text) for key, text in _object(value).items() if text is not None}


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}
