"""What is asked of a cluster is carried out by Helm, and leaves what Onyxia expects."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_charts import write_chart
from tests.cluster.helm_world import OWNER, Site, site, until

from sardonyx.adapters.kubernetes.kinds import PODS, SECRETS
from sardonyx.services.errors import (
    NotSuspendableError,
    RevisionNotFoundError,
    ServiceExistsError,
    ServiceNotFoundError,
)
from sardonyx.services.models import State
from sardonyx.values import JsonObject

pytestmark = pytest.mark.cluster
PASSWORD = "hunter2-4711"


@pytest.fixture
async def here(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> AsyncIterator[Site]:
    async with site(light_cluster.kubeconfig, namespace, tmp_path) as made:
        yield made


async def stored(here: Site, name: str) -> Any:
    return await here.access.platform().get(SECRETS, name, namespace=here.namespace)


def texts(secret: JsonObject) -> dict[str, str]:
    data = secret["data"]
    assert isinstance(data, dict)
    return {key: base64.b64decode(str(value)).decode() for key, value in data.items()}


async def test_a_launch_runs_and_is_what_onyxia_expects(here: Site, tmp_path: Path) -> None:
    chart = write_chart(tmp_path)
    seen = await here.launch(chart, "hello-1", security={"password": PASSWORD})
    assert seen.state is State.RUNNING, seen
    assert (seen.owner, seen.friendly_name, seen.shared, seen.revision) == (
        OWNER,
        "Hello-1",
        False,
        1,
    )
    assert seen.chart == chart.ref
    assert await here.operation("hello-1") is None
    onyxia = await stored(here, "sh.onyxia.release.v1.hello-1")
    first = await stored(here, "sh.helm.release.v1.hello-1.v1")
    assert onyxia["type"] == "onyxia.sh/release.v1"
    told = texts(onyxia)
    assert {key: told[key] for key in ("catalog", "owner", "friendlyName", "share")} == {
        "catalog": "tests", "owner": OWNER, "friendlyName": "Hello-1", "share": "false"
    }  # fmt: skip
    assert json.loads(told["sardonyx-secret-paths"]) == [["security", "password"]]
    [owner] = onyxia["metadata"]["ownerReferences"]
    assert owner == {
        "apiVersion": "v1", "kind": "Secret", "name": "sh.helm.release.v1.hello-1.v1",
        "uid": first["metadata"]["uid"], "controller": True,
    }  # fmt: skip


async def test_a_name_is_taken_once_in_a_project(here: Site, tmp_path: Path) -> None:
    chart = write_chart(tmp_path)
    here.offer(chart)
    await here.runtime.install(here.plan(chart, "twin"))
    assert here.seen("twin").state is State.PREPARING
    with pytest.raises(ServiceExistsError):
        await here.runtime.install(here.plan(chart, "twin"))


async def test_a_pause_and_a_resume_with_fresh_keys(here: Site, tmp_path: Path) -> None:
    chart = write_chart(tmp_path)
    seen = await here.launch(chart, "rest", greeting="bonjour")
    assert seen.state is State.RUNNING
    await here.runtime.suspend(here.namespace, "rest")
    seen = await here.reach("rest", State.PAUSED)
    assert seen.values["global"] == {"suspend": True}
    assert seen.values["greeting"] == "bonjour"
    await here.runtime.suspend(here.namespace, "rest")  # already paused is no fault
    here.credentials.fresh = {"security": {"password": "fresh-key-4711"}}
    await here.settled("rest")
    await here.runtime.resume(here.namespace, "rest")
    seen = await here.reach("rest", State.RUNNING)
    assert seen.values["security"] == {"password": "fresh-key-4711"}
    assert seen.values["global"] == {"suspend": False}
    await here.settled("rest")
    told = texts(await stored(here, "sh.onyxia.release.v1.rest"))
    assert told["sardonyx-keys-until"] == "2030-01-01T00:00:00Z"


async def test_a_chart_without_the_switch_is_not_paused(here: Site, tmp_path: Path) -> None:
    await here.launch(write_chart(tmp_path, suspendable=False), "awake")
    with pytest.raises(NotSuspendableError):
        await here.runtime.suspend(here.namespace, "awake")
    assert here.seen("awake").state is State.RUNNING


async def test_an_edit_a_history_and_a_roll_back(here: Site, tmp_path: Path) -> None:
    chart, newer = write_chart(tmp_path), write_chart(tmp_path, version="2.0.0")
    here.offer(newer)
    await here.launch(chart, "edited")
    await here.runtime.upgrade(here.plan(newer, "edited", memory="32Mi"))
    seen = await here.settled("edited")
    assert (seen.revision, seen.chart, seen.values["memory"]) == (2, newer.ref, "32Mi")
    numbers = [one.number for one in await here.runtime.history(here.namespace, "edited")]
    assert numbers == [2, 1]
    with pytest.raises(RevisionNotFoundError):
        await here.runtime.rollback(here.namespace, "edited", 7)
    await here.runtime.rollback(here.namespace, "edited", 1)
    seen = await here.settled("edited")
    assert (seen.revision, seen.chart, seen.values["memory"]) == (3, chart.ref, "16Mi")


async def test_middle_revisions_go_and_the_first_stays(here: Site, tmp_path: Path) -> None:
    chart = write_chart(tmp_path)
    await here.launch(chart, "long")
    for number in range(12):
        await here.runtime.upgrade(here.plan(chart, "long", greeting=f"number {number}"))
        await here.settled("long")
    kept = [one.number for one in await here.runtime.history(here.namespace, "long")]
    assert kept == [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 1]
    assert await stored(here, "sh.onyxia.release.v1.long")


async def test_other_words_and_sharing_are_seen_at_once(here: Site, tmp_path: Path) -> None:
    await here.launch(write_chart(tmp_path), "named")
    await here.runtime.rename(here.namespace, "named", "Éléphants")
    await here.runtime.share(here.namespace, "named", shared=True)
    seen = here.seen("named")
    assert (seen.friendly_name, seen.shared) == ("Éléphants", True)
    told = texts(await stored(here, "sh.onyxia.release.v1.named"))
    assert (told["friendlyName"], told["share"], told["owner"]) == ("Éléphants", "true", OWNER)


async def test_what_is_changed_while_it_waits_is_not_undone(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    chart = write_chart(tmp_path)
    async with site(light_cluster.kubeconfig, namespace, tmp_path, working=False) as here:

        async def carried_out(revision: int) -> dict[str, str]:
            waiting = await here.operation("queued")
            assert waiting is not None
            await here.carrier.carry_out(waiting)
            await until(lambda: here.seen("queued").revision == revision)
            await here.settled("queued")
            onyxia = await stored(here, "sh.onyxia.release.v1.queued")
            assert onyxia["metadata"]["ownerReferences"]
            return texts(onyxia)

        here.offer(chart)
        await here.runtime.install(here.plan(chart, "queued"))
        await here.runtime.share(namespace, "queued", shared=True)
        told = await carried_out(1)
        assert (told["share"], told["friendlyName"]) == ("true", "Queued")
        await here.runtime.upgrade(here.plan(chart, "queued", greeting="bonsoir"))
        await here.runtime.rename(namespace, "queued", "Éléphants")
        told = await carried_out(2)
        assert (told["share"], told["friendlyName"]) == ("true", "Éléphants")


async def test_words_outlive_the_first_revision(here: Site, tmp_path: Path) -> None:
    """Helm keeps a number of revisions, and forgets the first of them too."""
    chart = write_chart(tmp_path)
    await here.launch(chart, "aged")
    await here.runtime.upgrade(here.plan(chart, "aged", greeting="second"))
    await here.settled("aged")
    client, name = here.access.platform(), "sh.onyxia.release.v1.aged"
    untied: JsonObject = {"metadata": {"ownerReferences": None}}
    await client.patch(SECRETS, name, untied, namespace=here.namespace)
    await client.delete(SECRETS, "sh.helm.release.v1.aged.v1", namespace=here.namespace)
    await here.runtime.upgrade(here.plan(chart, "aged", greeting="third"))
    seen = await here.settled("aged")
    assert (seen.revision, seen.owner, seen.friendly_name) == (3, OWNER, "Aged")
    assert texts(await stored(here, name))["owner"] == OWNER


async def test_a_release_without_onyxias_secret_gets_one(here: Site, tmp_path: Path) -> None:
    await here.launch(write_chart(tmp_path), "old")
    await here.access.platform().delete(
        SECRETS, "sh.onyxia.release.v1.old", namespace=here.namespace
    )
    await until(lambda: here.seen("old").owner == "")
    await here.runtime.adopt(here.namespace, "old", "eve")
    assert here.seen("old").owner == "eve"
    [owner] = (await stored(here, "sh.onyxia.release.v1.old"))["metadata"]["ownerReferences"]
    assert owner["name"] == "sh.helm.release.v1.old.v1"


async def test_a_restart_makes_new_pods(here: Site, tmp_path: Path) -> None:
    seen = await here.launch(write_chart(tmp_path), "again")
    assert seen.evidence is not None
    [before] = [pod.name for pod in seen.evidence.pods]
    await here.runtime.restart(here.namespace, "again")

    def is_new() -> bool:
        seen = here.seen("again")
        assert seen.evidence is not None
        names = [pod.name for pod in seen.evidence.pods if not pod.is_leaving]
        return seen.state is State.RUNNING and len(names) == 1 and names != [before]

    await until(is_new, lambda: here.seen("again"))


async def test_a_deletion_leaves_nothing(here: Site, tmp_path: Path) -> None:
    await here.launch(write_chart(tmp_path), "gone")
    await here.runtime.uninstall(here.namespace, "gone")
    await here.gone("gone")
    assert here.credentials.revoked == ["gone"]
    left: Any = await here.access.platform().list(SECRETS, namespace=here.namespace)
    assert not [one for one in left if "gone" in one["metadata"]["name"]]
    with pytest.raises(ServiceNotFoundError):
        await here.runtime.uninstall(here.namespace, "gone")


async def test_what_helm_refuses_is_kept_without_its_secrets(here: Site, tmp_path: Path) -> None:
    broken = write_chart(
        tmp_path, "broken", extra="{{ fail (print `no ` .Values.security.password) }}"
    )
    seen = await here.launch(broken, "poor", security={"password": PASSWORD})
    assert seen.state is State.FAILED
    assert seen.evidence is not None
    assert "no $SECURITY_PASSWORD" in seen.evidence.helm.error
    assert PASSWORD not in seen.evidence.helm.error
    assert seen.owner == OWNER
    # Its owner may try again under the same name, or delete it.
    chart = write_chart(tmp_path)
    seen = await here.launch(chart, "poor")
    assert seen.state is State.RUNNING
    pods = await here.access.platform().list(PODS, namespace=here.namespace)
    assert pods


async def test_a_failed_launch_is_deleted(here: Site, tmp_path: Path) -> None:
    broken = write_chart(tmp_path, "broken", extra="{{ fail `no` }}")
    assert (await here.launch(broken, "poor")).state is State.FAILED
    await here.runtime.uninstall(here.namespace, "poor")
    await here.gone("poor")
