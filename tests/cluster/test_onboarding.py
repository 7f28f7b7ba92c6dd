"""A project's namespace is made ready, and each identity mode has the rights it needs, no more.

Over 400 lines: namespaces and documents of rights are made and tried with the same means.
"""

from __future__ import annotations

import asyncio
import secrets
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_charts import write_chart
from tests.cluster.helm_world import CONFIG_MAPS, site
from tests.cluster.rights import applied, kubeconfig_of, removed
from tests.cluster.waiting import until

from sardonyx.adapters.kubernetes.access import ClusterAccess
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.confined import ACCOUNT, ConfinedAccounts
from sardonyx.adapters.kubernetes.kinds import (
    NAMESPACES,
    PODS,
    QUOTAS,
    ROLE_BINDINGS,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from sardonyx.adapters.kubernetes.onboarding import (
    ClusterWorkspaces,
    IdentityMode,
    OnboardingRules,
)
from sardonyx.adapters.kubernetes.rights import in_force
from sardonyx.projects.errors import WorkspaceRefusedError
from sardonyx.projects.models import Actor, Project
from sardonyx.services.errors import ClusterObjectNotFoundError, ClusterRefusedError
from sardonyx.services.models import State
from sardonyx.values import JsonObject, Secret

pytestmark = pytest.mark.cluster


@pytest.fixture
def names(light_cluster: RunningCluster) -> Iterator[list[str]]:
    """Two names of namespaces that do not exist yet; deleted after."""
    made = [f"test-{secrets.token_hex(4)}" for _ in range(2)]
    yield made
    light_cluster.kubectl(
        "delete", "namespace", *made, "--wait=false", "--ignore-not-found", "--now"
    )


@pytest.fixture
async def access(light_cluster: RunningCluster) -> AsyncIterator[ClusterAccess]:
    made = ClusterAccess(light_cluster.kubeconfig)
    yield made
    await made.aclose()


def person(namespace: str, *, username: str = "ada", **more: Any) -> tuple[Actor, Project]:
    project = Project(namespace, namespace, "bucket", "folder", more.pop("group", None))
    return Actor(username, "Ada", "ada@example.org", (project,), **more), project


def workspaces(access: ClusterAccess, services: JsonObject) -> ClusterWorkspaces:
    region: JsonObject = {"services": {"singleNamespace": False, **services}}
    return ClusterWorkspaces(
        access=access,
        accounts=ConfinedAccounts(access),
        rules=OnboardingRules.of_region(region),
        account="sardonyx/sardonyx",
    )


async def metadata(client: ClusterClient, name: str) -> Any:
    return (await client.get(NAMESPACES, name))["metadata"]


async def test_a_personal_place_is_what_onyxia_makes(
    access: ClusterAccess, names: list[str]
) -> None:
    actor, project = person(names[0], roles=("b", "data"), claims={"unit": "R&D", "id_token": "x"})
    services: JsonObject = {
        "usernamePrefix": "oidc-",
        "namespaceLabels": {"team": "stats"},
        "namespaceAnnotations": {"note": "hello"},
        "namespaceAnnotationsDynamic": {"enabled": True, "userAttributes": ["unit", "id_token"]},
        "quotas": {
            "userEnabled": True,
            "user": {"requests.memory": "10Gi"},
            "roles": {"data": {"requests.memory": "20Gi", "count/pods": 5}},
        },
    }
    place = workspaces(access, services)
    await place.open(actor, project)
    await place.open(actor, project)  # at each sign-in
    client = access.platform()
    about = await metadata(client, names[0])
    assert about["labels"]["onyxia_owner"] == "ada"
    assert about["labels"]["team"] == "stats"
    assert about["annotations"]["note"] == "hello"
    assert about["annotations"]["onyxia_unit"] == "R&D"
    assert int(about["annotations"]["onyxia_last_login_timestamp"]) > 1_700_000_000_000
    assert "onyxia_id_token" not in about["annotations"]
    binding: Any = await client.get(ROLE_BINDINGS, "full_control_namespace", namespace=names[0])
    assert binding["metadata"]["labels"]["createdby"] == "onyxia"
    assert binding["roleRef"]["name"] == "admin"
    [subject] = binding["subjects"]
    assert (subject["kind"], subject["name"]) == ("User", "oidc-ada")
    quota: Any = await client.get(QUOTAS, "onyxia-quota", namespace=names[0])
    assert quota["spec"]["hard"] == {"requests.memory": "20Gi", "count/pods": "5"}
    assert await client.get(SERVICE_ACCOUNTS, ACCOUNT, namespace=names[0])


async def test_a_groups_place_is_the_groups(access: ClusterAccess, names: list[str]) -> None:
    group = "Unité/Recherche & Développement" * 3
    actor, project = person(names[0], group=group)
    await workspaces(access, {"groupPrefix": "oidc:"}).open(actor, project)
    client = access.platform()
    about = await metadata(client, names[0])
    assert len(about["labels"]["onyxia_owner"]) <= 63
    assert about["annotations"]["sardonyx.dev/owner"] == group
    binding: Any = await client.get(ROLE_BINDINGS, "full_control_namespace", namespace=names[0])
    [subject] = binding["subjects"]
    assert (subject["kind"], subject["name"]) == ("Group", f"oidc:{group}")


async def test_each_part_can_be_left_to_an_administrator(
    access: ClusterAccess, names: list[str]
) -> None:
    actor, project = person(names[0])
    off: JsonObject = {"labels": False, "roleBinding": False, "quota": False, "account": False}
    services: JsonObject = {
        "onboarding": off,
        "quotas": {"userEnabled": True, "user": {"count/pods": 1}},
    }
    await workspaces(access, services).open(actor, project)
    client = access.platform()
    assert "onyxia_owner" not in (await metadata(client, names[0])).get("labels", {})
    for kind, name in (
        (ROLE_BINDINGS, "full_control_namespace"),
        (QUOTAS, "onyxia-quota"),
        (SERVICE_ACCOUNTS, ACCOUNT),
    ):
        with pytest.raises(ClusterObjectNotFoundError):
            await client.get(kind, name, namespace=names[0])


async def test_no_namespace_is_made_where_that_is_forbidden(
    access: ClusterAccess, names: list[str]
) -> None:
    actor, project = person(names[0])
    place = workspaces(access, {"allowNamespaceCreation": False})
    with pytest.raises(WorkspaceRefusedError):
        await place.open(actor, project)
    with pytest.raises(ClusterObjectNotFoundError):
        await access.platform().get(NAMESPACES, names[0])


async def test_anothers_namespace_is_not_given_away(
    access: ClusterAccess, names: list[str]
) -> None:
    place = workspaces(access, {})
    await place.open(*person(names[0]))
    for stranger in (
        person(names[0], username="eve"),
        person(names[0], username="Ada"),
        person(names[0], group="ada-s friends"),
    ):
        with pytest.raises(WorkspaceRefusedError):
            await place.open(*stranger)
    for kept in ("kube-system", "default", "sardonyx"):
        with pytest.raises(WorkspaceRefusedError):
            await place.open(*person(kept, username=kept))
    binding: Any = await access.platform().get(
        ROLE_BINDINGS, "full_control_namespace", namespace=names[0]
    )
    assert [subject["name"] for subject in binding["subjects"]] == ["ada"]


@pytest.mark.parametrize("name", ["system:masters", "system:admin"])
async def test_kubernetes_own_names_get_no_rights(
    access: ClusterAccess, names: list[str], name: str
) -> None:
    place = workspaces(access, {})
    for who in (person(names[0], username=name), person(names[1], group=name)):
        with pytest.raises(WorkspaceRefusedError):
            await place.open(*who)
        with pytest.raises(ClusterObjectNotFoundError):
            await access.platform().get(
                ROLE_BINDINGS, "full_control_namespace", namespace=who[1].namespace
            )


async def test_a_quota_that_an_administrator_took_over_is_left_alone(
    access: ClusterAccess, names: list[str]
) -> None:
    actor, project = person(names[0])
    services: JsonObject = {"quotas": {"userEnabled": True, "user": {"count/pods": 1}}}
    place = workspaces(access, services)
    await place.open(actor, project)
    client = access.platform()
    theirs: JsonObject = {
        "metadata": {"annotations": {"onyxia.sh/ignore": "true"}},
        "spec": {"hard": {"count/pods": "9"}},
    }
    await client.patch(QUOTAS, "onyxia-quota", theirs, namespace=names[0])
    await place.open(actor, project)
    quota: Any = await client.get(QUOTAS, "onyxia-quota", namespace=names[0])
    assert quota["spec"]["hard"] == {"count/pods": "9"}


async def test_fields_of_another_manager_stay(access: ClusterAccess, names: list[str]) -> None:
    actor, project = person(names[0])
    client = access.platform()
    theirs: JsonObject = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": names[0], "labels": {"team": "theirs"}},
    }
    await client.apply(NAMESPACES, names[0], theirs, manager="somebody")
    await workspaces(access, {"namespaceLabels": {"team": "ours"}}).open(actor, project)
    assert (await metadata(client, names[0]))["labels"]["team"] == "theirs"
    assert await client.get(ROLE_BINDINGS, "full_control_namespace", namespace=names[0])


async def test_a_namespace_that_is_going_is_said_so(
    access: ClusterAccess, names: list[str]
) -> None:
    client = access.platform()
    held: JsonObject = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "held", "finalizers": ["example.org/held"]},
    }
    place = workspaces(access, {})
    await place.open(*person(names[0]))
    await client.create(CONFIG_MAPS, held, namespace=names[0])
    await client.delete(NAMESPACES, names[0])
    try:
        with pytest.raises(WorkspaceRefusedError) as caught:
            await place.open(*person(names[0]))
        assert "deleted" in str(caught.value)
    finally:
        await client.patch(
            CONFIG_MAPS, "held", {"metadata": {"finalizers": None}}, namespace=names[0]
        )


async def test_modes_read_with_different_accounts(access: ClusterAccess, names: list[str]) -> None:
    """Ada and Eve: in each mode but the first, the cluster itself keeps them apart."""
    (ada, hers), (eve, eves) = person(names[0]), person(names[1], username="eve")
    for who, where in ((ada, hers), (eve, eves)):
        await workspaces(access, {}).open(who, where)

    def mode(name: str) -> IdentityMode:
        return IdentityMode(access, {"services": {"authenticationMode": name}})

    impersonated = mode("impersonate").client(ada)
    assert await in_force(impersonated, "list", PODS, namespace=names[0])
    assert await impersonated.list(PODS, namespace=names[0]) == ()
    with pytest.raises(ClusterRefusedError):
        await impersonated.list(PODS, namespace=names[1])
    with pytest.raises(ClusterRefusedError):
        mode("impersonate").client(person(names[0], username="system:admin")[0])
    with pytest.raises(ClusterRefusedError):
        mode("tokenPassthrough").client(ada)
    accounts = ConfinedAccounts(access)
    await accounts.prepare(names[0])
    token, _ = await access.platform().token_request(names[0], ACCOUNT, life=timedelta(minutes=10))
    passed = mode("tokenPassthrough").client(ada, token)
    assert await passed.list(PODS, namespace=names[0]) == ()
    with pytest.raises(ClusterRefusedError):
        await passed.list(PODS, namespace=names[1])
    forged = mode("tokenPassthrough").client(ada, Secret(token.reveal()[:-8] + "forgery0"))
    with pytest.raises(ClusterRefusedError):
        await forged.list(PODS, namespace=names[0])


@pytest.fixture
def prefix(light_cluster: RunningCluster) -> Iterator[str]:
    """A prefix of cluster roles, removed after."""
    made = f"t{secrets.token_hex(4)}"
    yield made
    removed(light_cluster, made)


CAN = {  # verb, resource, on the whole cluster / in a project, by file
    "service-account.yaml": {
        "cluster": ["create namespaces", "list pods", "watch secrets", "get pods/log",
                    "patch rolebindings.rbac.authorization.k8s.io"],
        "never": ["create pods", "delete pods", "create pods/exec", "impersonate users",
                  "list configmaps.x", "delete namespaces", "get nodes/proxy",
                  "create clusterrolebindings.rbac.authorization.k8s.io", "delete deployments.apps",
                  "escalate clusterroles.rbac.authorization.k8s.io"],
    },
    "impersonate.yaml": {
        "cluster": ["create namespaces", "watch secrets", "impersonate users"],
        "never": ["list pods", "get pods/log", "delete namespaces", "create pods",
                  "create clusterrolebindings.rbac.authorization.k8s.io"],
    },
    "token-passthrough.yaml": {
        "cluster": ["create namespaces", "watch secrets"],
        "never": ["list pods", "impersonate users", "get pods/log", "delete namespaces"],
    },
    "by-namespace.yaml": {
        "cluster": ["create namespaces", "patch rolebindings.rbac.authorization.k8s.io"],
        "never": ["list pods", "watch secrets", "get secrets", "impersonate users",
                  "list events"],
    },
    "one-namespace.yaml": {
        "cluster": [],
        "never": ["create namespaces", "list pods", "get secrets", "create rolebindings",
                  "impersonate users"],
    },
}  # fmt: skip


@pytest.mark.parametrize("file", sorted(CAN))
def test_a_document_gives_what_it_says_and_no_more(
    light_cluster: RunningCluster, namespace: str, prefix: str, file: str
) -> None:
    user = applied(light_cluster, file, prefix, namespace)

    def can(what: str, *where: str) -> bool:
        words = ["auth", "can-i", *what.split(), "--as", user, *where]
        try:
            return light_cluster.kubectl(*words).strip().endswith("yes")
        except subprocess.CalledProcessError:
            return False

    def will(what: str, *where: str) -> None:
        """Wait: a binding just made is known a moment later."""
        until(lambda: can(what, *where), what)

    for what in CAN[file]["cluster"]:
        will(what, "--all-namespaces")
    for what in CAN[file]["never"]:
        assert not can(what, "--all-namespaces"), what
    for what in ("update leases.coordination.k8s.io",):
        will(what, "-n", namespace)
        assert not can(what, "-n", "kube-system"), what
    assert not can("bind clusterroles.rbac.authorization.k8s.io/cluster-admin")
    if file == "one-namespace.yaml":
        for what in ("watch secrets", "list pods", "create serviceaccounts/token"):
            subresource = "create serviceaccounts/sardonyx-helm --subresource token"
            assert can(subresource if "token" in what else what, "-n", namespace), what


@pytest.mark.parametrize("file", ["service-account.yaml", "by-namespace.yaml"])
async def test_a_platform_with_these_rights_launches(
    light_cluster: RunningCluster,
    namespace: str,
    prefix: str,
    names: list[str],
    tmp_path: Path,
    file: str,
) -> None:
    """From nothing but the document: the namespace is made, and a service runs in it."""
    applied(light_cluster, file, prefix, namespace)
    kubeconfig = await asyncio.to_thread(
        kubeconfig_of, light_cluster, namespace, tmp_path / "platform.kubeconfig"
    )
    access = ClusterAccess(kubeconfig)
    onboarding: JsonObject = {}
    if file == "by-namespace.yaml":
        onboarding["platformRole"] = f"{prefix}-sardonyx-project"
    rules = OnboardingRules.of_region(
        {"services": {"singleNamespace": False, "onboarding": onboarding}}
    )
    place = ClusterWorkspaces(
        access=access,
        accounts=ConfinedAccounts(access),
        rules=rules,
        account=f"{namespace}/sardonyx",
    )
    await place.open(*person(names[0]))
    await access.aclose()
    async with site(kubeconfig, names[0], tmp_path, lease_namespace=namespace) as here:
        chart = write_chart(tmp_path)
        here.offer(chart)
        facts = await here.runtime.preflight(here.plan(chart, "demo"))
        assert "render_error" not in facts
        seen = await here.launch(chart, "demo")
        assert seen.state is State.RUNNING, seen
        await here.runtime.suspend(names[0], "demo")
        await here.reach("demo", State.PAUSED)
        await here.settled("demo")
        await here.runtime.rename(names[0], "demo", "Démo")
        await here.runtime.uninstall(names[0], "demo")
        await here.gone("demo")
        with pytest.raises(ClusterRefusedError):
            await here.access.platform().create(
                PODS, {"apiVersion": "v1", "kind": "Pod"}, namespace=names[0]
            )
        if file == "by-namespace.yaml":
            with pytest.raises(ClusterRefusedError):
                await here.access.platform().list(SECRETS)
