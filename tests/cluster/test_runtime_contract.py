"""Run the contract of runtimes on a cluster; what a machine has and a cluster has not is told."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tests.cluster.conftest import RunningCluster
from tests.cluster.helm_charts import write_chart
from tests.cluster.helm_world import Site, site
from tests.contracts.runtime import ADA, EVE, Bench, RuntimeContract
from tests.runtime.world import ONE_TIME, make_plan, read_chart, until

from sardonyx.services.diagnosis import diagnose
from sardonyx.services.errors import (
    FileNotPlacedError,
    ServiceExistsError,
    ServiceNotFoundError,
)
from sardonyx.services.models import State

_CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: "{{ .Release.Name }}-work"}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: "{{ .Release.Name }}-db"}
spec:
  replicas: 1
  serviceName: "{{ .Release.Name }}-db"
  selector: {matchLabels: {of: "{{ .Release.Name }}-db"}}
  template:
    metadata: {labels: {of: "{{ .Release.Name }}-db"}}
    spec: {containers: [{name: main, image: "{{ .Values.image }}", command: [sleep, "100000"]}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 2Gi}}}
"""


def charts(here: Site, folder: Path) -> None:
    """Offer the charts that the contract knows, as far as a cluster can run them."""
    local = read_chart("hello").local
    here.offer(replace(write_chart(folder, values={"security": {"password": "its-own-word"}}),
                       local=local))  # fmt: skip
    here.offer(write_chart(folder, "claims", extra=_CLAIM))


def other_namespace(cluster: RunningCluster) -> Iterator[str]:
    name = f"test-{secrets.token_hex(4)}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


class ClusterContract(RuntimeContract):
    """The contract, with what is otherwise on a cluster told anew."""

    async def test_a_launch_is_acknowledged_then_runs(self, bench: Bench) -> None:
        await bench.runtime.install(make_plan("hello", "hello-1"))
        assert bench.seen("hello-1").state in {State.PREPARING, State.STARTING, State.RUNNING}
        seen = await bench.reach("hello-1", State.RUNNING, State.FAILED)
        assert seen.state is State.RUNNING, seen
        steps = [event.step for event in seen.timeline]
        assert steps[0] == "asked"
        assert "created" in steps
        assert [event.at for event in seen.timeline] == sorted(e.at for e in seen.timeline)
        assert seen.started_at is not None
        assert seen.address is not None
        assert diagnose(seen) == []

    async def test_a_name_is_taken_once(self, bench: Bench) -> None:
        """In a project; another project may have it too."""
        await bench.runtime.install(make_plan("hello", "twin"))
        with pytest.raises(ServiceExistsError):
            await bench.runtime.install(make_plan("hello", "twin"))
        await bench.runtime.install(make_plan("hello", "twin", project=EVE))

    async def test_a_pause_keeps_everything_and_resume_goes_on(self, bench: Bench) -> None:
        await bench.launch("hello", "rest")
        await bench.runtime.suspend(ADA, "rest")
        assert bench.seen("rest").state in {State.PAUSING, State.PAUSED}
        seen = await bench.reach("rest", State.PAUSED)
        assert seen.timeline[-1].step == "paused"
        assert diagnose(seen) == []
        await bench.runtime.suspend(ADA, "rest")
        await until(lambda: not _is_busy(bench, "rest"))
        await bench.runtime.resume(ADA, "rest")
        seen = await bench.reach("rest", State.RUNNING, State.FAILED)
        assert seen.state is State.RUNNING
        assert "resumed" in [event.step for event in seen.timeline]

    async def test_a_restart_is_a_new_start(self, bench: Bench) -> None:
        """Told by the pod: Kubernetes' moments of a start are whole seconds."""
        await bench.launch("hello", "again")
        before = _pods(bench, "again")
        await bench.runtime.restart(ADA, "again")
        await until(
            lambda: (
                bench.seen("again").state is State.RUNNING
                and len(_pods(bench, "again")) == 1
                and not _pods(bench, "again") & before
            )
        )

    async def test_losses_are_the_files_only_there(self, bench: Bench) -> None:
        """On a cluster: volumes that go, and those that stay."""
        await bench.runtime.install(make_plan("claims", "full"))

        def is_there() -> bool:
            evidence = bench.seen("full").evidence
            return evidence is not None and len(evidence.claims) == 2

        await until(is_there)
        losses = {(one.kind, one.path, one.size) for one in await bench.runtime.losses(ADA, "full")}
        assert losses == {
            ("volume", "full-work", 2**30),
            ("volume_kept", "data-full-db-0", 2 * 2**30),
        }

    async def test_a_file_is_placed_once_and_never_replaced(self, bench: Bench) -> None:
        """A simulated pod has no folder: it is said. What works is in `TestNode`."""
        await bench.launch("hello", "given")
        with pytest.raises(FileNotPlacedError):
            await bench.runtime.place_file(ADA, "given", "start.ipynb", b"12345")

    async def test_the_script_holds_no_secret(self, bench: Bench) -> None:
        await bench.launch("hello", "open")
        script = await bench.runtime.underneath(ADA, "open")
        assert "(\nset -eu\n" in script
        assert "helm upgrade --install --history-max 0 open " in script
        assert ONE_TIME not in script

    async def test_preflight_tells_the_free_disk(self, bench: Bench) -> None:
        """On a cluster: nothing is started either."""
        await bench.runtime.preflight(make_plan("hello", "asked"))
        assert bench.runtime.releases(ADA) == []

    # What only pods that really run can show is in `TestNode`.

    async def test_a_deleted_release_is_gone_and_its_logs_stay(self, bench: Bench) -> None:
        await bench.launch("hello", "brief")
        await bench.runtime.uninstall(ADA, "brief")
        await until(lambda: not bench.runtime.releases(ADA))
        seen = await bench.launch("hello", "brief")
        assert seen.state is State.RUNNING

    @pytest.mark.skip(reason="simulated nodes print no logs")
    async def test_logs_are_read_and_followed(self, bench: Bench) -> None: ...

    @pytest.mark.skip(reason="simulated pods do not crash")
    async def test_a_crash_is_failed_with_its_last_lines(self, bench: Bench) -> None: ...

    @pytest.mark.skip(reason="an image is whole: packages are not resolved at a launch")
    async def test_a_package_that_does_not_exist_is_named(self, bench: Bench) -> None: ...

    @pytest.mark.skip(reason="simulated pods have no probes")
    async def test_a_service_that_never_answers_is_said_so(self, bench: Bench) -> None: ...


@pytest.mark.cluster
class TestLight(ClusterContract):
    @pytest.fixture
    async def bench(
        self, light_cluster: RunningCluster, namespace: str, tmp_path: Path
    ) -> AsyncIterator[Bench]:
        others = other_namespace(light_cluster)
        places = {ADA: namespace, EVE: next(others)}
        async with site(light_cluster.kubeconfig, namespace, tmp_path, projects=places) as here:
            charts(here, tmp_path)
            yield Bench(here.runtime, lambda release, name, size: None)
        next(others, None)


@pytest.mark.node
class TestNode:
    """What needs a pod that really runs."""

    @pytest.fixture
    async def bench(
        self, node_cluster: RunningCluster, namespace: str, tmp_path: Path
    ) -> AsyncIterator[Bench]:
        places = {ADA: namespace}
        async with site(node_cluster.kubeconfig, namespace, tmp_path, projects=places) as here:
            charts(here, tmp_path)
            yield Bench(here.runtime, lambda release, name, size: None)

    async def test_a_file_is_placed_once_and_never_replaced(
        self, bench: Bench, node_cluster: RunningCluster, namespace: str
    ) -> None:
        await bench.launch("hello", "given")
        place = bench.runtime.place_file
        content = bytes(range(256)) * 4_000
        assert await place(ADA, "given", "-start 'of' été.ipynb", content)
        assert not await place(ADA, "given", "-start 'of' été.ipynb", b"another")
        words = ["-n", namespace, "deploy/given", "--", "sh", "-c", "cat ./-start* | sha256sum"]
        assert node_cluster.kubectl("exec", *words).split()[0] == sha256(content).hexdigest()
        left = node_cluster.kubectl("exec", *words[:-1], "ls -a")
        assert ".part" not in left
        for name in ("../start.ipynb", "a/b", "..", ""):
            with pytest.raises(FileNotPlacedError):
                await place(ADA, "given", name, b"x")
        with pytest.raises(ServiceNotFoundError):
            await place(EVE, "given", "hers.txt", b"x")

    async def test_logs_are_read_and_followed(self, bench: Bench) -> None:
        await bench.launch("hello", "talk")
        async with asyncio.timeout(60):  # it runs a moment before it prints
            while "hello from" not in await bench.runtime.logs(ADA, "talk"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        heard: list[str] = []

        async def listen() -> None:
            async with aclosing(bench.runtime.follow_logs(ADA, "talk")) as text:  # type: ignore[type-var]
                async for piece in text:
                    heard.append(piece)
                    if "hello from the service" in "".join(heard):
                        return

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        await bench.runtime.restart(ADA, "talk")
        await asyncio.wait_for(listening, timeout=120)


def _pods(bench: Bench, release: str) -> set[str]:
    evidence = bench.seen(release).evidence
    assert evidence is not None
    return {pod.name for pod in evidence.pods if not pod.is_leaving}


def _is_busy(bench: Bench, release: str) -> bool:
    evidence = bench.seen(release).evidence
    return evidence is not None and bool(evidence.helm.operation)
