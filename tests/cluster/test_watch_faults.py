"""What the watch cache shows while the API server, the network or the rights are at fault."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.fault_proxy import Answer, FaultProxy
from tests.cluster.watching import PACE, Watched, storable, watched
from tests.runtime.world import until
from tools.cluster import clusters

from sardonyx.adapters.kubernetes.access import ClusterAccess
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import (
    NAMESPACES,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from sardonyx.services.errors import (
    ClusterRefusedError,
    ClusterUnavailableError,
)
from sardonyx.services.models import State
from sardonyx.testing.cluster_objects import helm_secret
from sardonyx.values import JsonObject

pytestmark = [
    pytest.mark.cluster,
    # The proxy cuts connections at any moment, its own to the API server among them.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
EXPIRED = json.dumps(
    {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
).encode()


@asynccontextmanager
async def behind_faults(
    cluster: RunningCluster, namespace: str, folder: Path
) -> AsyncIterator[tuple[FaultProxy, Watched]]:
    async with FaultProxy(cluster.kubeconfig).running() as proxy:
        path = proxy.kubeconfig_for(folder)
        async with watched(path, namespace, admin=cluster.kubeconfig) as world:
            yield proxy, world


async def test_lists_ask_the_api_server_nothing(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with behind_faults(light_cluster, namespace, tmp_path) as (proxy, world):
        await world.add("one")
        await world.meets("one")
        before = [asked for asked in proxy.asked if "/version" not in asked]
        for _ in range(100):
            world.cache.observations(namespace)
            world.cache.observation(namespace, "one")
            world.cache.revisions(namespace, "one")
            world.cache.quota(namespace)
            world.cache.follow(namespace, world.admin)  # somebody signs in
        assert [asked for asked in proxy.asked if "/version" not in asked] == before


async def test_a_watch_that_is_cut_again_and_again_misses_nothing(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with behind_faults(light_cluster, namespace, tmp_path) as (proxy, world):
        proxy.watch_life = 0.5
        proxy.cut()
        lists = world.cache.figures().lists
        for number in range(10):
            await world.add(f"r{number}")
            await asyncio.sleep(0.2)  # the load itself, not a wait for its effect
        for number in range(10):
            await world.meets(f"r{number}")
        await world.remove("r3")
        await until(lambda: not world.knows("r3"), saying=world.names)
        assert world.names() == {f"r{number}" for number in range(10) if number != 3}
        # It went on where it was: nothing was listed anew.
        assert world.cache.figures().lists == lists
        assert world.fault() == ""


async def test_a_place_too_old_is_listed_anew(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with behind_faults(light_cluster, namespace, tmp_path) as (proxy, world):
        await world.add("kept")
        await world.add("gone")
        await world.meets("gone")
        refused: list[str] = []

        def expired(_: str, address: str) -> Answer | None:
            if "watch=true" in address and "secrets" in address and len(refused) < 6:
                refused.append(address)
                return Answer(410, EXPIRED)
            return None

        lists = world.cache.figures().lists
        proxy.flowing.clear()
        proxy.fault = expired
        proxy.cut()
        await world.remove("gone")  # while nobody watches
        await world.add("new")
        proxy.flowing.set()
        await until(lambda: world.names() == {"kept", "new"}, saying=world.names)
        assert world.cache.figures().lists > lists
        deleted = [one.release for one in world.seen if "deleted" in one.facts]
        await until(lambda: "gone" in [o.release for o in world.seen if "deleted" in o.facts])
        assert deleted in ([], ["gone"])


@pytest.mark.parametrize("answer", [429, 500, 503, 0])
async def test_an_ailing_api_server_is_told_and_outlived(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path, answer: int
) -> None:
    async with behind_faults(light_cluster, namespace, tmp_path) as (proxy, world):
        await world.add("one")
        await world.meets("one")
        headers = ((b"retry-after", b"1"),) if answer == 429 else ()
        proxy.fault = lambda _method, _address: Answer(answer, b"busy", headers)
        proxy.cut()
        await until(lambda: world.fault() in ("slow", "unreachable"), saying=world.fault)
        # What was seen stays, with the word that it is stale.
        found = world.cache.observation(namespace, "one")
        assert found.evidence is not None
        assert found.evidence.api_fault in ("slow", "unreachable")
        assert found.evidence.api_since is not None
        await world.add("two")
        proxy.fault = lambda _method, _address: None
        await world.meets("two")
        await world.stands("")
        assert world.cache.observation(namespace, "one").evidence != found.evidence


async def test_a_frozen_api_server_is_noticed(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with FaultProxy(light_cluster.kubeconfig).running() as proxy:
        access = ClusterAccess(proxy.kubeconfig_for(tmp_path), timeout=timedelta(seconds=2))
        async with watched(
            proxy.kubeconfig_for(tmp_path),
            namespace,
            admin=light_cluster.kubeconfig,
            client=access.platform(),
        ) as world:
            await world.add("one")
            await world.meets("one")
            proxy.flowing.clear()
            await world.tells("slow", "one")
            proxy.flowing.set()
            await world.stands("")
        await access.aclose()


async def test_a_refused_token_is_told_and_a_new_one_ends_it(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with behind_faults(light_cluster, namespace, tmp_path) as (proxy, world):
        await world.add("one")
        await world.meets("one")
        told = {"kind": "Status", "reason": "Unauthorized", "message": "token has expired"}
        proxy.fault = lambda _method, _address: Answer(401, json.dumps(told).encode())
        proxy.cut()
        await world.tells("forbidden", "one")
        proxy.fault = lambda _method, _address: None
        await world.stands("")


async def test_rights_taken_away_while_watching_are_told(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with FaultProxy(light_cluster.kubeconfig).running() as proxy:
        admin = ClusterAccess(light_cluster.kubeconfig)
        through = ClusterAccess(proxy.kubeconfig_for(tmp_path))
        platform = admin.platform()
        await give_reader(platform, namespace)
        token, _ = await platform.token_request(namespace, "reader", life=timedelta(minutes=10))
        async with watched(
            proxy.kubeconfig_for(tmp_path),
            namespace,
            admin=light_cluster.kubeconfig,
            client=through.with_token(token),
            namespaces=[namespace],
        ) as world:
            await world.add("one")
            await world.meets("one")
            await world.stands("")
            # One namespace was allowed, so nothing of others is known.
            assert set(world.cache.store.namespaces) <= {namespace}
            await platform.delete(ROLE_BINDINGS, "reader", namespace=namespace)

            def refused() -> bool:
                proxy.cut()  # rights are asked when a watch begins
                return world.fault() == "forbidden"

            await until(refused, saying=world.fault)
            assert world.knows("one")
            await bind_reader(platform, namespace)
            await world.add("two")
            await world.meets("two")
            await world.stands("")
        await admin.aclose()
        await through.aclose()


async def test_two_namespaces_are_watched_where_the_whole_cluster_may_not_be(
    light_cluster: RunningCluster, namespace: str
) -> None:
    admin = ClusterAccess(light_cluster.kubeconfig)
    platform = admin.platform()
    other = f"{namespace}-b"
    light_cluster.kubectl("create", "namespace", other)
    try:
        for one in (namespace, other):
            await give_reader(platform, one)
        token, _ = await platform.token_request(namespace, "reader", life=timedelta(minutes=10))
        light_cluster.kubectl(
            *("create", "rolebinding", "also", "-n", other, "--role=reader"),
            f"--serviceaccount={namespace}:reader",
        )
        async with watched(
            light_cluster.kubeconfig,
            namespace,
            admin=light_cluster.kubeconfig,
            client=admin.with_token(token),
            namespaces=[namespace],
        ) as world:
            world.cache.follow(other)
            await world.add("one")
            secret = storable(helm_secret(other, "two"))
            await platform.create(SECRETS, secret, namespace=other)
            await world.meets("one")
            await until(lambda: len(world.cache.observations(other)) == 1)
            assert world.names() == {"one"}
    finally:
        light_cluster.kubectl("delete", "namespace", other, "--wait=false")
        await admin.aclose()


async def test_large_records_are_read_a_few_at_a_time(
    light_cluster: RunningCluster, namespace: str
) -> None:
    path = light_cluster.kubeconfig
    async with watched(path, namespace, admin=path, namespaces=[namespace]) as world:
        for number in range(6):
            await world.add(f"r{number}", notes=secrets.token_hex(100_000))
    small = replace(PACE, page_bytes=600_000)
    async with watched(path, namespace, admin=path, pace=small) as world:
        assert {f"r{number}" for number in range(6)} <= world.names()
        assert world.fault() == ""


async def test_an_odd_record_costs_only_itself(
    light_cluster: RunningCluster, namespace: str
) -> None:
    async with watched(
        light_cluster.kubeconfig, namespace, admin=light_cluster.kubeconfig
    ) as world:
        await world.add("corrupt", payload=b"\0\1\2")
        await world.add("one")
        unnamed = storable(helm_secret(namespace, "x"))
        unnamed["metadata"] = {"name": "mine", "labels": {"owner": "helm"}}
        await world.admin.create(SECRETS, unnamed, namespace=namespace)
        await world.meets("one")
        await world.meets("corrupt")
        found = world.cache.observation(namespace, "corrupt")
        assert (found.state, found.facts["record_fault"]) == (State.FAILED, "corrupt")
        assert world.names() == {"corrupt", "one"}


async def test_a_slow_reader_holds_nobody_up(light_cluster: RunningCluster, namespace: str) -> None:
    async with watched(
        light_cluster.kubeconfig, namespace, admin=light_cluster.kubeconfig
    ) as world:
        slow = world.cache.changes(namespace)
        await world.add("one")
        first = await anext(slow)
        assert first.release == "one"
        for revision in range(2, 12):
            await world.add("one", revision=revision)
        await until(lambda: world.cache.observation(namespace, "one").revision == 11)
        # Ten changes waited as one: the newest.
        assert (await anext(slow)).revision == 11
        await world.remove("one", 11)
        await until(lambda: world.cache.observation(namespace, "one").revision == 10)
        await slow.aclose()


async def test_calls_fail_with_our_errors(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    async with FaultProxy(light_cluster.kubeconfig).running() as proxy:
        access = ClusterAccess(proxy.kubeconfig_for(tmp_path), timeout=timedelta(seconds=3))
        client = access.platform()
        busy = [Answer(429, b"", ((b"retry-after", b"0"),))]
        proxy.fault = lambda _method, _address: busy.pop() if busy else None
        assert (await client.version()).startswith("v1.")  # asked again
        for answer, reason in (
            (Answer(500, b"oh no"), "oh no"),
            (Answer(0), "peer closed"),
            (Answer(200, b"<html>"), "not JSON"),
            (Answer(200, b"[]"), "no object"),
        ):
            proxy.fault = lambda _method, _address, answer=answer: answer  # type: ignore[misc]
            with pytest.raises(ClusterUnavailableError, match=reason):
                await client.get(SECRETS, "x", namespace=namespace)
        proxy.flowing.clear()
        with pytest.raises(ClusterUnavailableError, match="3 s") as late:
            await client.get(SECRETS, "x", namespace=namespace)
        assert late.value.values["cause"] == "Timeout"
        proxy.flowing.set()
        await access.aclose()
    gone = ClusterAccess(proxy.kubeconfig_for(tmp_path))
    with pytest.raises(ClusterUnavailableError) as away:
        await gone.platform().version()
    assert "cause" not in away.value.values
    await gone.aclose()


async def test_somebody_else_s_account_is_used_and_no_more(
    light_cluster: RunningCluster, namespace: str
) -> None:
    access = ClusterAccess(light_cluster.kubeconfig)
    ada = access.impersonating("ada", ["statisticians", "équipe"])
    with pytest.raises(ClusterRefusedError, match="ada"):
        await ada.list(SECRETS, namespace=namespace)
    light_cluster.kubectl(
        *("create", "rolebinding", "g", "-n", namespace, "--clusterrole=admin", "--group=équipe")
    )
    while not await ada.self_subject_access("list", SECRETS, namespace=namespace):  # noqa: ASYNC110
        await asyncio.sleep(0.1)  # the server learns of it in its own time
    assert await ada.list(SECRETS, namespace=namespace) == ()
    for user, groups in (
        ("system:admin", ()),
        ("ada", ("system:masters",)),
        ("", ()),
        ("ada\r\nImpersonate-Group: system:masters", ()),
    ):
        with pytest.raises(ClusterRefusedError, match="reserved"):
            access.impersonating(user, groups)
    await access.aclose()


async def test_the_api_server_is_stopped_and_comes_back(
    own_cluster: Callable[..., clusters.Light],
) -> None:
    cluster = own_cluster()
    access = ClusterAccess(cluster.admin)
    await access.platform().create(NAMESPACES, {"metadata": {"name": "user-ada"}})
    async with watched(cluster.admin, "user-ada", admin=cluster.admin) as world:
        await world.add("one")
        await world.meets("one")
        cluster.processes.stop("api")
        await world.tells("unreachable", "one")
        cluster.processes.again("api")
        await world.stands("")
        await world.add("two")
        await world.meets("two")
    await access.aclose()


async def give_reader(client: ClusterClient, namespace: str) -> None:
    """Let a service account `reader` watch one namespace."""
    account: JsonObject = {"metadata": {"name": "reader"}}
    await client.create(SERVICE_ACCOUNTS, account, namespace=namespace)
    groups = ["", "apps", "batch", "networking.k8s.io", "gateway.networking.k8s.io"]
    role: JsonObject = {
        "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [*groups], "resources": ["*"], "verbs": ["get", "list", "watch"]}],
    }
    await client.create(ROLES, role, namespace=namespace)
    await bind_reader(client, namespace)


async def bind_reader(client: ClusterClient, namespace: str) -> None:
    binding: JsonObject = {
        "metadata": {"name": "reader"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": "reader",
        },
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": namespace}],
    }
    await client.create(ROLE_BINDINGS, binding, namespace=namespace)
