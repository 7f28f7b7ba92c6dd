"""A launch reaches its own namespace and nothing else, refused by the cluster itself.

Charts evaluate users' text, so what counts is what the API server refuses the account.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_charts import write_chart
from tests.cluster.helm_world import Site, site
from tests.cluster.watching import eventually

from sardonyx.adapters.kubernetes.confined import ACCOUNT
from sardonyx.adapters.kubernetes.kinds import (
    NAMESPACES,
    NODES,
    ROLE_BINDINGS,
    SECRETS,
    SERVICE_ACCOUNTS,
    ResourceKind,
)
from sardonyx.adapters.kubernetes.operations import encoded
from sardonyx.adapters.kubernetes.rights import in_force
from sardonyx.catalog.models import Chart
from sardonyx.services.errors import ClusterRefusedError, PlanRefusedError
from sardonyx.services.models import State
from sardonyx.values import JsonObject

pytestmark = pytest.mark.cluster
TREASURE = "treasure-of-b-4711"
CLUSTER_ROLES = ResourceKind(
    "rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole", namespaced=False
)
_LOOKUP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: found}
data: {found: {{ tpl .Values.greeting . | quote }}}
"""
_PEEK = '{{ (lookup "v1" "Secret" "%s" "treasure").data.key }}'


@pytest.fixture
async def here(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> AsyncIterator[Site]:
    async with site(light_cluster.kubeconfig, namespace, tmp_path) as made:
        yield made


@pytest.fixture
def other(light_cluster: RunningCluster) -> Iterator[str]:
    """Another project's namespace, with a Secret in it."""
    name = f"test-{secrets.token_hex(4)}"
    light_cluster.kubectl("create", "namespace", name)
    yield name
    light_cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


async def put_treasure(here: Site, namespace: str) -> None:
    treasure: JsonObject = {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "treasure"},
        "data": {"key": encoded(TREASURE)},
    }  # fmt: skip
    await here.access.platform().create(SECRETS, treasure, namespace=namespace)


async def test_the_account_reaches_its_namespace_only(here: Site, other: str) -> None:
    await put_treasure(here, other)
    await put_treasure(here, here.namespace)
    confined = await here.accounts.client(here.namespace)
    assert await confined.get(SECRETS, "treasure", namespace=here.namespace)
    with pytest.raises(ClusterRefusedError):
        await confined.get(SECRETS, "treasure", namespace=other)
    for kind in (NODES, NAMESPACES, CLUSTER_ROLES):
        with pytest.raises(ClusterRefusedError):
            await confined.list(kind)
    with pytest.raises(ClusterRefusedError):
        await confined.list(SECRETS)
    grab: JsonObject = {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "grab"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                    "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": here.namespace}],
    }  # fmt: skip
    for namespace in (other, here.namespace):
        with pytest.raises(ClusterRefusedError):
            await confined.create(ROLE_BINDINGS, grab, namespace=namespace)


async def test_an_account_that_was_made_anew_is_used_at_once(here: Site) -> None:
    before = await here.accounts.client(here.namespace)
    assert await before.list(SECRETS, namespace=here.namespace) is not None
    await here.access.platform().delete(SERVICE_ACCOUNTS, ACCOUNT, namespace=here.namespace)
    await here.accounts.prepare(here.namespace)
    after = await here.accounts.client(here.namespace)
    assert await after.list(SECRETS, namespace=here.namespace) is not None


async def test_rights_are_waited_for_until_they_are_in_force(here: Site) -> None:
    platform, namespace = here.access.platform(), here.namespace
    confined = await here.accounts.client(namespace)
    binding = await platform.get(ROLE_BINDINGS, ACCOUNT, namespace=namespace)
    await platform.delete(ROLE_BINDINGS, ACCOUNT, namespace=namespace)

    async def refused() -> bool:
        return not await confined.self_subject_access("create", SECRETS, namespace=namespace)

    await eventually(refused, "the rights end")
    waiting = asyncio.create_task(in_force(confined, "create", SECRETS, namespace=namespace))
    again: JsonObject = {**binding, "metadata": {"name": ACCOUNT}}
    await platform.create(ROLE_BINDINGS, again, namespace=namespace)
    assert await waiting


async def test_its_token_is_short_lived(here: Site) -> None:
    from datetime import UTC, datetime, timedelta

    await here.accounts.prepare(here.namespace)
    platform = here.access.platform()
    _, end = await platform.token_request(here.namespace, ACCOUNT, life=timedelta(minutes=10))
    assert end - datetime.now(UTC) <= timedelta(minutes=11)


async def test_a_value_cannot_read_another_projects_secret(
    here: Site, other: str, tmp_path: Path
) -> None:
    await put_treasure(here, other)
    chart = write_chart(tmp_path, extra=_LOOKUP)
    here.offer(chart)
    plan = here.plan(chart, "thief", greeting=_PEEK % other)
    with pytest.raises(PlanRefusedError) as caught:
        await here.runtime.planned(plan)
    assert "forbidden" in str(caught.value)
    assert TREASURE not in str(caught.value)
    seen = await here.launch(chart, "thief", greeting=_PEEK % other)
    assert seen.state is State.FAILED
    assert seen.evidence is not None
    assert "forbidden" in seen.evidence.helm.error
    assert encoded(TREASURE) not in repr(seen)
    assert not seen.evidence.pods


async def test_a_value_reads_its_own_project(here: Site, tmp_path: Path) -> None:
    """Inside one namespace there is no barrier: discovery stands on that."""
    await put_treasure(here, here.namespace)
    chart = write_chart(tmp_path, extra=_LOOKUP)
    seen = await here.launch(chart, "finder", greeting=_PEEK % here.namespace)
    assert seen.evidence is not None
    assert seen.state is State.RUNNING, seen.evidence.helm
    config_maps = ResourceKind("v1", "configmaps", "ConfigMap")
    found = await here.access.platform().get(config_maps, "found", namespace=here.namespace)
    assert found["data"] == {"found": encoded(TREASURE)}


def aimed_at(tmp_path: Path, name: str, other: str) -> Chart:
    """Return a chart that puts an object into another namespace."""
    extra = (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: planted, namespace: {other}}}\n"
        "data: {a: b}\n"
    )
    return write_chart(tmp_path, name, extra=extra)


async def test_an_object_aimed_at_another_namespace_is_refused(
    here: Site, other: str, tmp_path: Path
) -> None:
    chart = aimed_at(tmp_path, "aimed", other)
    here.offer(chart)
    with pytest.raises(PlanRefusedError) as caught:
        await here.runtime.planned(here.plan(chart, "bow"))
    assert f"ConfigMap “planted” (namespace {other})" in str(caught.value)
    with pytest.raises(PlanRefusedError):  # looked at before: refused at once, by name
        await here.runtime.preflight(here.plan(chart, "bow"))
        await here.runtime.install(here.plan(chart, "bow"))
    seen = await here.launch(chart, "bow", greeting="not looked at before")
    assert seen.state is State.FAILED
    assert seen.evidence is not None
    assert f"ConfigMap “planted” (namespace {other})" in seen.evidence.helm.error
    config_maps = ResourceKind("v1", "configmaps", "ConfigMap")
    there: Any = await here.access.platform().list(config_maps, namespace=other)
    names = [one["metadata"]["name"] for one in there]
    assert "planted" not in names
    assert not await here.access.platform().list(
        SECRETS, namespace=here.namespace, labels="owner=helm"
    )


@pytest.mark.parametrize(
    ("kind", "extra"),
    [
        ("Namespace", "apiVersion: v1\nkind: Namespace\nmetadata: {name: {{ .Release.Name }}-x}\n"),
        (
            "ClusterRole",
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
            "metadata: {name: {{ .Release.Name }}-x}\nrules: []\n",
        ),
        (
            "CustomResourceDefinition",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
            "metadata: {name: xs.example.org}\nspec: {group: example.org, scope: Cluster,"
            " names: {kind: X, plural: xs}, versions: [{name: v1, served: true, storage: true,"
            " schema: {openAPIV3Schema: {type: object}}}]}\n",
        ),
    ],
)
async def test_what_belongs_to_the_whole_cluster_is_refused(
    here: Site, tmp_path: Path, kind: str, extra: str
) -> None:
    chart = write_chart(tmp_path, "wide", extra=extra)
    here.offer(chart)
    with pytest.raises(PlanRefusedError) as caught:
        await here.runtime.planned(here.plan(chart, "wide"))
    assert kind in str(caught.value)
    assert "whole cluster" in str(caught.value)
    seen = await here.launch(chart, "wide", greeting="not looked at before")
    assert seen.state is State.FAILED
    assert seen.evidence is not None
    assert kind in seen.evidence.helm.error
    assert not seen.evidence.pods


async def test_the_account_refuses_what_only_a_lookup_would_show(
    here: Site, other: str, tmp_path: Path
) -> None:
    """An object that renders only on the cluster passes the first look, not the account."""
    extra = (
        '{{ if (lookup "v1" "Secret" .Release.Namespace "treasure") }}\n'
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: planted, namespace: {other}}}\n"
        "{{ end }}\n"
    )
    await put_treasure(here, here.namespace)
    seen = await here.launch(write_chart(tmp_path, "sly", extra=extra), "sly")
    assert seen.state is State.FAILED
    assert seen.evidence is not None
    assert "forbidden" in seen.evidence.helm.error
    assert not seen.evidence.pods
