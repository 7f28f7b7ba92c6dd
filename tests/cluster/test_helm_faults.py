"""Whatever is killed, stuck or in the way: what was asked is done, or said, and can be undone.

Over 400 lines: the faults share the ways to provoke them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_charts import write_chart
from tests.cluster.helm_world import CONFIG_MAPS, OWNER, Site, site, until
from tools.helm import program

from sardonyx.adapters.kubernetes import onyxia_secret
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.confined import ACCOUNT
from sardonyx.adapters.kubernetes.kinds import (
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from sardonyx.adapters.kubernetes.operations import (
    Operation,
    OperationStatus,
    Verb,
    encoded,
    operation_secret,
)
from sardonyx.adapters.kubernetes.sealed import SealedOperations
from sardonyx.adapters.oidc.sealing import Sealer
from sardonyx.catalog.models import Chart
from sardonyx.projects.errors import WorkspaceRefusedError
from sardonyx.services.errors import (
    ClusterObjectNotFoundError,
    ClusterUnavailableError,
    PlanRefusedError,
    ServiceBusyError,
    ServiceChangedError,
)
from sardonyx.services.models import State
from sardonyx.values import JsonObject

pytestmark = pytest.mark.cluster


@pytest.fixture
async def here(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> AsyncIterator[Site]:
    async with site(light_cluster.kubeconfig, namespace, tmp_path) as made:
        yield made


@pytest.fixture
async def asking(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> AsyncIterator[Site]:
    """A site that asks, and never carries anything out."""
    async with site(
        light_cluster.kubeconfig, namespace, tmp_path / "asking", working=False
    ) as made:
        yield made


def dying_helm(folder: Path) -> str:
    """Return a Helm that is killed without a word when it is told to end, as we are killed."""
    path = folder / "dying-helm"
    path.write_text(
        f'#!/bin/sh\n{program()} "$@" &\nchild=$!\n'
        'trap "kill -9 $child; exit 137" TERM\nwait $child\n'
    )
    path.chmod(0o755)
    return str(path)


@asynccontextmanager
async def replica(
    cluster: RunningCluster, here: Site, folder: Path, charts: Sequence[Chart], helm: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    told = [
        {"name": c.ref.chart, "version": c.ref.version, "folder": str(c.folder)} for c in charts
    ]
    words = ["-m", "tests.cluster.replica", str(cluster.kubeconfig), here.namespace]
    words += [str(folder), helm, json.dumps(told)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "src:."},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(120):
            while b"ready" not in await process.stdout.readline():
                assert process.returncode is None
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def records(here: Site, release: str) -> dict[int, str]:
    found: Any = await here.access.platform().list(
        SECRETS, namespace=here.namespace, labels=f"owner=helm,name={release}"
    )
    labels = [one["metadata"]["labels"] for one in found]
    return {int(one["version"]): str(one["status"]) for one in labels}


async def until_record(here: Site, release: str, revision: int, status: str) -> None:
    async with asyncio.timeout(120):
        while (await records(here, release)).get(revision) != status:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_kill_during_an_install_is_made_good(
    light_cluster: RunningCluster, asking: Site, tmp_path: Path
) -> None:
    chart, stuck = write_chart(tmp_path), write_chart(tmp_path / "stuck", hook="pre-install")
    asking.offer(stuck)
    helm = dying_helm(tmp_path)
    async with replica(light_cluster, asking, tmp_path / "first", [stuck], helm) as first:
        await asking.runtime.install(asking.plan(chart, "stuck"))
        await until_record(asking, "stuck", 1, "pending-install")
        first.send_signal(signal.SIGKILL)
        await first.wait()
    found = await asking.operation("stuck")
    assert found is not None
    assert (found.status, found.attempt) == (OperationStatus.RUNNING, 1)
    assert (await records(asking, "stuck"))[1] == "pending-install"
    async with site(light_cluster.kubeconfig, asking.namespace, tmp_path / "next") as successor:
        successor.offer(chart)
        await until(
            lambda: asking.seen("stuck").state is State.RUNNING, lambda: asking.seen("stuck")
        )
        await successor.settled("stuck")
    assert await records(asking, "stuck") == {1: "deployed"}
    seen = asking.seen("stuck")
    assert (seen.owner, seen.friendly_name) == (OWNER, "Stuck")
    onyxia: Any = await asking.access.platform().get(
        SECRETS, "sh.onyxia.release.v1.stuck", namespace=asking.namespace
    )
    first_record: Any = await asking.access.platform().get(
        SECRETS, "sh.helm.release.v1.stuck.v1", namespace=asking.namespace
    )
    [owner] = onyxia["metadata"]["ownerReferences"]
    assert owner["uid"] == first_record["metadata"]["uid"]


async def test_an_operation_stays_until_all_it_owes_is_done(
    here: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else Onyxia's Secret, not yet tied to the release, outlives one that Helm deletes."""
    was_asked = []
    tie = onyxia_secret.tie

    async def cut_once(client: ClusterClient, namespace: str, release: str) -> bool:
        was_asked.append(await here.operation(release) is not None)
        if len(was_asked) == 1:
            raise ClusterUnavailableError(verb="patch", resource="secrets", reason="cut")
        return await tie(client, namespace, release)

    monkeypatch.setattr(onyxia_secret, "tie", cut_once)
    await here.launch(write_chart(tmp_path), "tied")
    assert was_asked == [True, True]
    onyxia: Any = await here.access.platform().get(
        SECRETS, "sh.onyxia.release.v1.tied", namespace=here.namespace
    )
    [owner] = onyxia["metadata"]["ownerReferences"]
    assert owner["name"] == "sh.helm.release.v1.tied.v1"
    assert await records(here, "tied") == {1: "deployed"}


async def test_a_kill_during_an_upgrade_is_made_good(
    light_cluster: RunningCluster, asking: Site, tmp_path: Path
) -> None:
    chart = write_chart(tmp_path)
    asking.offer(chart)
    async with site(light_cluster.kubeconfig, asking.namespace, tmp_path / "whole") as whole:
        await whole.launch(chart, "edited")
    stuck = write_chart(tmp_path / "stuck", hook="pre-upgrade")
    helm = dying_helm(tmp_path)
    async with replica(light_cluster, asking, tmp_path / "first", [stuck], helm) as first:
        await asking.runtime.upgrade(asking.plan(chart, "edited", greeting="bonsoir"))
        await until_record(asking, "edited", 2, "pending-upgrade")
        first.send_signal(signal.SIGKILL)
        await first.wait()
    async with site(light_cluster.kubeconfig, asking.namespace, tmp_path / "next") as successor:
        successor.offer(chart)
        await until(
            lambda: (
                asking.seen("edited").revision == 2
                and asking.seen("edited").state is State.RUNNING
                and asking.seen("edited").evidence.helm.status == "deployed"  # type: ignore[union-attr]
            ),
            lambda: asking.seen("edited"),
        )
        await successor.settled("edited")
    assert await records(asking, "edited") == {1: "superseded", 2: "deployed"}
    assert asking.seen("edited").values["greeting"] == "bonsoir"


@pytest.mark.parametrize(("cut_at", "revisions"), [("_laid_over", 3), ("_keys_told", 4)])
async def test_a_roll_back_that_was_cut_goes_on_with_fresh_keys(
    here: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_at: str, revisions: int
) -> None:
    """Two revisions: that of Helm's roll back, and the fresh keys laid over it."""
    chart = write_chart(tmp_path)
    await here.launch(chart, "back")
    await here.runtime.upgrade(here.plan(chart, "back", greeting="bonsoir"))
    await here.settled("back")
    here.credentials.fresh = {"security": {"password": "fresh-key-4711"}}
    whole = getattr(here.carrier, cut_at)
    cuts: list[dict[int, str]] = []

    async def cut_once(*words: Any) -> None:
        if not cuts:
            cuts.append(await records(here, "back"))
            raise ClusterUnavailableError(verb="patch", resource="secrets", reason="cut")
        await whole(*words)

    monkeypatch.setattr(here.carrier, cut_at, cut_once)
    await here.runtime.rollback(here.namespace, "back", 1)
    seen = await here.settled("back")
    assert len(cuts[0]) == revisions
    assert (seen.revision, seen.values["greeting"]) == (4, "good morning")
    assert seen.values["security"] == {"password": "fresh-key-4711"}
    onyxia: Any = await here.access.platform().get(
        SECRETS, "sh.onyxia.release.v1.back", namespace=here.namespace
    )
    until_when = base64.b64decode(onyxia["data"]["sardonyx-keys-until"]).decode()
    assert until_when == "2030-01-01T00:00:00Z"


async def test_a_kill_during_a_deletion_is_made_good(
    light_cluster: RunningCluster, asking: Site, tmp_path: Path
) -> None:
    chart = write_chart(tmp_path, hook="pre-delete")
    asking.offer(chart)
    async with site(light_cluster.kubeconfig, asking.namespace, tmp_path / "whole") as whole:
        await whole.launch(chart, "leaving")
    helm = dying_helm(tmp_path)
    async with replica(light_cluster, asking, tmp_path / "first", [chart], helm) as first:
        await asking.runtime.uninstall(asking.namespace, "leaving")
        await until_record(asking, "leaving", 1, "uninstalling")
        first.send_signal(signal.SIGKILL)
        await first.wait()
    async with site(light_cluster.kubeconfig, asking.namespace, tmp_path / "next") as successor:
        await asking.gone("leaving")
        assert successor.credentials.revoked == ["leaving"]
    assert await records(asking, "leaving") == {}
    left: Any = await asking.access.platform().list(SECRETS, namespace=asking.namespace)
    assert not [one for one in left if "leaving" in one["metadata"]["name"]]


async def test_a_replica_that_ends_well_hands_its_work_on(
    light_cluster: RunningCluster, asking: Site, tmp_path: Path
) -> None:
    chart, stuck = write_chart(tmp_path), write_chart(tmp_path / "stuck", hook="pre-install")
    asking.offer(chart)
    async with site(
        light_cluster.kubeconfig, asking.namespace, tmp_path / "first", helm=dying_helm(tmp_path)
    ) as first:
        first.offer(stuck)
        await asking.runtime.install(asking.plan(chart, "handed"))
        await until_record(asking, "handed", 1, "pending-install")
    async with site(light_cluster.kubeconfig, asking.namespace, tmp_path / "next") as successor:
        successor.offer(chart)
        seen = await successor.settled("handed")
    assert seen.state is State.RUNNING, seen


async def test_two_replicas_do_each_thing_once(
    light_cluster: RunningCluster, asking: Site, tmp_path: Path
) -> None:
    chart = write_chart(tmp_path)
    asking.offer(chart)
    names = [f"twice-{number}" for number in range(6)]
    async with (
        site(light_cluster.kubeconfig, asking.namespace, tmp_path / "one") as one,
        site(light_cluster.kubeconfig, asking.namespace, tmp_path / "two") as two,
    ):
        for each in (one, two):
            each.offer(chart)
        for name in names:
            await asking.runtime.install(asking.plan(chart, name))
        positions = [asking.seen(name).evidence.helm.queue_position for name in names]  # type: ignore[union-attr]
        assert max(positions) >= 1
        for name in names:
            assert (await asking.settled(name)).revision == 1
    for name in names:
        assert await records(asking, name) == {1: "deployed"}


async def test_a_hook_that_never_ends_is_given_up(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    limit = timedelta(seconds=3)
    async with site(light_cluster.kubeconfig, namespace, tmp_path, limit=limit) as here:
        seen = await here.launch(write_chart(tmp_path, "hooked", hook="pre-install"), "hooked")
        assert seen.state is State.FAILED
        assert seen.evidence is not None
        assert "hook" in seen.evidence.helm.error
        await here.runtime.uninstall(here.namespace, "hooked")
        await here.gone("hooked")


async def test_a_deletion_whose_hook_never_ends_goes_without_it(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    limit = timedelta(seconds=3)
    async with site(light_cluster.kubeconfig, namespace, tmp_path, limit=limit) as here:
        seen = await here.launch(write_chart(tmp_path, "hooked", hook="pre-delete"), "hooked")
        assert seen.state is State.RUNNING
        await here.runtime.uninstall(here.namespace, "hooked")

        def is_stuck() -> bool:
            evidence = here.seen("hooked").evidence
            return evidence is not None and bool(evidence.helm.error)

        await until(is_stuck, lambda: here.seen("hooked"))
        await here.runtime.uninstall(here.namespace, "hooked")
        await here.gone("hooked")


async def test_a_launch_under_way_can_be_deleted(here: Site, tmp_path: Path) -> None:
    chart = write_chart(tmp_path, "hooked", hook="pre-install")
    here.offer(chart)
    await here.runtime.install(here.plan(chart, "regret"))
    await until_record(here, "regret", 1, "pending-install")
    with pytest.raises(ServiceBusyError):
        await here.runtime.suspend(here.namespace, "regret")
    await here.runtime.uninstall(here.namespace, "regret")
    await here.gone("regret")
    assert await records(here, "regret") == {}


async def test_a_record_left_pending_by_another_helm(here: Site, tmp_path: Path) -> None:
    """Too old to be at work: deletion and edit go on all the same (D25)."""
    chart = write_chart(tmp_path)
    await here.launch(chart, "foreign")
    client = here.access.platform()
    name = "sh.helm.release.v1.foreign.v1"
    record: Any = await client.get(SECRETS, name, namespace=here.namespace)
    stuck = {
        "apiVersion": "v1", "kind": "Secret", "type": record["type"], "data": record["data"],
        "metadata": {"name": "sh.helm.release.v1.foreign.v2",
                     "labels": {**record["metadata"]["labels"], "version": "2",
                                "status": "pending-upgrade", "modifiedAt": "1700000000"}},
    }  # fmt: skip
    await client.create(SECRETS, stuck, namespace=here.namespace)
    await until(lambda: len(here.cache.revisions(here.namespace, "foreign")) == 2)
    await here.runtime.upgrade(here.plan(chart, "foreign", greeting="again"))
    seen = await here.settled("foreign")
    assert seen.state is State.RUNNING
    assert await records(here, "foreign") == {1: "superseded", 2: "deployed"}


async def test_a_release_that_another_helm_is_at_waits(
    light_cluster: RunningCluster, asking: Site, tmp_path: Path
) -> None:
    chart = write_chart(tmp_path)
    asking.offer(chart)
    async with site(light_cluster.kubeconfig, asking.namespace, tmp_path / "whole") as whole:
        await whole.launch(chart, "shared-work")
    await asking.settled("shared-work")
    await asking.runtime.upgrade(asking.plan(chart, "shared-work", greeting="mine"))
    client = asking.access.platform()
    record: Any = await client.get(
        SECRETS, "sh.helm.release.v1.shared-work.v1", namespace=asking.namespace
    )
    theirs = {
        "apiVersion": "v1", "kind": "Secret", "type": record["type"], "data": record["data"],
        "metadata": {"name": "sh.helm.release.v1.shared-work.v2",
                     "labels": {**record["metadata"]["labels"], "version": "2",
                                "status": "pending-upgrade", "modifiedAt": str(int(time.time()))}},
    }  # fmt: skip
    await client.create(SECRETS, theirs, namespace=asking.namespace)
    async with site(light_cluster.kubeconfig, asking.namespace, tmp_path / "next") as here:
        here.offer(chart)
        await until(lambda: bool(here.queue._not_before))
        assert (await records(here, "shared-work"))[2] == "pending-upgrade"
        await client.delete(SECRETS, theirs["metadata"]["name"], namespace=here.namespace)
        await until(lambda: here.seen("shared-work").values["greeting"] == "mine")


@pytest.mark.parametrize("record", ["!!", "bm90IGd6aXA=", "SDRzSUFBQUFBQUFBLzE="])
async def test_a_release_whose_record_is_corrupt_is_deleted(
    here: Site, tmp_path: Path, record: str
) -> None:
    await here.launch(write_chart(tmp_path), "corrupt")
    client = here.access.platform()
    broken: JsonObject = {"data": {"release": encoded(record)}}
    name = "sh.helm.release.v1.corrupt.v1"
    await client.patch(SECRETS, name, broken, namespace=here.namespace)
    await until(lambda: "record_fault" in here.seen("corrupt").facts, lambda: here.seen("corrupt"))
    await here.runtime.uninstall(here.namespace, "corrupt")
    await here.gone("corrupt")
    left: Any = await client.list(DEPLOYMENTS, namespace=here.namespace)
    assert left == ()
    secrets_left: Any = await client.list(SECRETS, namespace=here.namespace)
    assert not [one for one in secrets_left if "corrupt" in one["metadata"]["name"]]


async def test_two_people_who_edit_one_release(here: Site, tmp_path: Path) -> None:
    chart = write_chart(tmp_path)
    await here.launch(chart, "both")
    here.queue.wake()
    await here.runtime.upgrade(here.plan(chart, "both", greeting="first"))
    with pytest.raises(ServiceBusyError):
        await here.runtime.upgrade(here.plan(chart, "both", greeting="second"))
    seen = await here.settled("both")
    assert seen.values["greeting"] == "first"


async def test_an_edit_of_what_changed_meanwhile_is_refused(
    light_cluster: RunningCluster, asking: Site, tmp_path: Path
) -> None:
    """Asked on revision 1; before its turn comes somebody makes revision 2 with Helm itself."""
    chart = write_chart(tmp_path)
    asking.offer(chart)
    async with site(light_cluster.kubeconfig, asking.namespace, tmp_path / "whole") as whole:
        await whole.launch(chart, "raced")
    await asking.settled("raced")
    await asking.runtime.upgrade(asking.plan(chart, "raced", greeting="late"))
    words = ["upgrade", "raced", str(chart.folder), "-n", asking.namespace]
    process = await asyncio.create_subprocess_exec(
        str(program()), *words, "--kubeconfig", str(light_cluster.kubeconfig),
        "--set", "greeting=theirs", stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await process.wait() == 0
    async with site(light_cluster.kubeconfig, asking.namespace, tmp_path / "next") as successor:
        successor.offer(chart)
        await until(lambda: bool(successor.seen("raced").evidence.helm.error))  # type: ignore[union-attr]
        assert successor.seen("raced").values["greeting"] == "theirs"
    assert await records(asking, "raced") == {1: "superseded", 2: "deployed"}


async def test_a_megabyte_of_manifests(here: Site, tmp_path: Path) -> None:
    noise = "".join(secrets.token_hex(32) + "\n    " for _ in range(16_000))
    extra = (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big}}\ndata:\n  big: |\n    {noise}"
    )
    chart = write_chart(tmp_path, "big", extra=extra + "\n")
    here.offer(chart)
    seen = await here.launch(chart, "big")
    assert seen.state is State.FAILED
    assert seen.evidence is not None
    assert seen.evidence.helm.error
    await here.runtime.uninstall(here.namespace, "big")
    await here.gone("big")


async def test_a_field_that_the_cluster_does_not_know_is_refused(
    here: Site, tmp_path: Path
) -> None:
    extra = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: misspelt}\ndate: {a: b}\n"
    chart = write_chart(tmp_path, "misspelt", extra=extra)
    here.offer(chart)
    seen = await here.launch(chart, "misspelt")
    assert seen.state is State.FAILED
    assert seen.evidence is not None
    assert ".date: field not declared in schema" in seen.evidence.helm.error
    await here.runtime.uninstall(here.namespace, "misspelt")
    await here.gone("misspelt")


async def test_values_that_no_secret_can_hold_are_refused_at_once(
    here: Site, tmp_path: Path
) -> None:
    chart = write_chart(tmp_path)
    here.offer(chart)
    with pytest.raises(PlanRefusedError):
        await here.runtime.install(here.plan(chart, "huge", greeting="x" * 800_000))
    assert await here.operation("huge") is None


async def test_a_namespace_that_goes_takes_what_waits_with_it(
    light_cluster: RunningCluster, asking: Site, tmp_path: Path
) -> None:
    chart = write_chart(tmp_path)
    asking.offer(chart)
    client = asking.access.platform()
    held: JsonObject = {
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "finalizers": ["example.org/held"]},
    }  # fmt: skip
    await client.create(CONFIG_MAPS, held, namespace=asking.namespace)
    await asking.runtime.install(asking.plan(chart, "waits"))
    await client.delete(NAMESPACES, asking.namespace)
    try:
        with pytest.raises(WorkspaceRefusedError) as caught:
            await asking.runtime.install(asking.plan(chart, "late"))
        assert "deleted" in str(caught.value)
        async with site(light_cluster.kubeconfig, asking.namespace, tmp_path / "next") as successor:
            successor.offer(chart)
            await asking.gone("waits")
            assert not await client.list(PODS, namespace=asking.namespace)
    finally:
        gone: JsonObject = {"metadata": {"finalizers": None}}
        await client.patch(CONFIG_MAPS, "held", gone, namespace=asking.namespace)


async def test_a_namespace_that_does_not_exist_is_said(here: Site, tmp_path: Path) -> None:
    chart = write_chart(tmp_path)
    here.offer(chart)
    plan = replace(here.plan(chart, "lost"), project="test-nowhere-4711")
    with pytest.raises(WorkspaceRefusedError):
        await here.runtime.install(plan)
    planned = await here.runtime.planned(plan)  # rendered without the cluster
    assert {one.kind for one in planned} == {"Deployment", "Service", "Secret"}


async def test_a_forged_operation_is_not_carried_out(here: Site, tmp_path: Path) -> None:
    """Whoever may write Secrets asks nothing of the platform, nor changes what was asked."""
    chart = write_chart(tmp_path)
    here.offer(chart)
    forged = Operation(
        id="forged",
        namespace=here.namespace,
        release="forged",
        verb=Verb.INSTALL,
        asked_at=datetime.now(UTC),
        by="eve",
        owner=OWNER,
        friendly_name="Forged",
        shared=True,
        chart=chart.ref,
        values=chart.values,
    )
    client = here.access.platform()
    sealed = SealedOperations(Sealer(b"1" * 32)).secret(replace(forged, release="resealed"))
    for secret in (operation_secret(forged), sealed):
        await client.create(SECRETS, secret, namespace=here.namespace)
    for name in ("forged", "resealed"):
        await until(lambda: here.seen(name).state is State.FAILED, lambda: here.seen(name))  # noqa: B023
        evidence = here.seen(name).evidence
        assert evidence is not None
        assert "not asked of the platform" in evidence.helm.error
        assert await records(here, name) == {}
    with pytest.raises(ClusterObjectNotFoundError):  # not even the account was made
        await client.get(SERVICE_ACCOUNTS, ACCOUNT, namespace=here.namespace)
    await here.runtime.uninstall(here.namespace, "forged")
    await here.gone("forged")


async def test_a_secret_in_the_way_is_not_replaced(here: Site, tmp_path: Path) -> None:
    chart = write_chart(tmp_path)
    here.offer(chart)
    theirs: JsonObject = {
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "sardonyx.operation.taken"},
    }  # fmt: skip
    await here.access.platform().create(SECRETS, theirs, namespace=here.namespace)
    with pytest.raises(ServiceChangedError):
        await here.runtime.install(here.plan(chart, "taken"))
