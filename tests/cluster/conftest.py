"""The clusters that tests run on: found running, or started once for a test run.

A test that uses one is marked `cluster` (light) or `node` (whole), owns its namespaces and
leaves the rest alone. Whoever must stop or set up a cluster takes `own_cluster`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tools.cluster import clusters
from tools.cluster.control_plane import ControlPlane
from tools.cluster.processes import NotReadyError
from tools.cluster.programs import BIN

_CUT_OPENING = (
    "ignore:.*(_SelectorTransport.__del__|<socket.socket fd)"
    ":pytest.PytestUnraisableExceptionWarning"
)
# A cluster that the tests started, to be ended when they have ended.
_STARTED = "started-by-tests"


@dataclass(frozen=True, slots=True)
class RunningCluster:
    """A cluster that is up. kubeconfig: its administrator's. programs: helm, kubectl and more."""

    kubeconfig: Path
    plane: ControlPlane
    programs: Path = BIN

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what kubectl prints as administrator. Raises CalledProcessError."""
        return self.plane.kubectl(*arguments, stdin=stdin)


@pytest.fixture(scope="session")
def light_cluster() -> RunningCluster:
    """The light cluster: API server and simulated nodes; a pod runs at once and does nothing."""
    return _running(clusters.Light(top("light")))


@pytest.fixture(scope="session")
def node_cluster() -> RunningCluster:
    """The whole node with real pods; see `tools.cluster.node` for its addresses."""
    return _running(clusters.Node(top("node")))


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own, on the cluster of its mark; deleted after, unawaited."""
    whole = request.node.get_closest_marker("node") is not None
    cluster: RunningCluster = request.getfixturevalue("node_cluster" if whole else "light_cluster")
    name = f"test-{secrets.token_hex(4)}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Callable[..., clusters.Light]]:
    """Start a light cluster of the test's own: `own_cluster("--authentication-config=…")`.

    `cluster.processes.stop("api")` and `.again("api")` end and start a part of it.
    """
    started: list[clusters.Light] = []

    def start(*flags: str, nodes: int = 1) -> clusters.Light:
        cluster = clusters.Light(tmp_path / f"cluster-{len(started)}", nodes, flags)
        started.append(cluster)
        _running(cluster)
        return cluster

    yield start
    for cluster in started:
        cluster.down()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what needs a machine without a node: the others leave theirs running.

    Two lanes, one for each cluster: side by side they take turns with the processors.
    """
    items.sort(key=lambda item: item.path.name != "test_host.py")
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            lane = "cluster" if item.get_closest_marker("node") is None else "node"
            item.add_marker(pytest.mark.xdist_group(lane))
            # asyncio leaves the transport of a connection that is cancelled in its TLS opening, or
            # its bare socket, to the collector, which tells it in whatever test runs then.
            item.add_marker(pytest.mark.filterwarnings(_CUT_OPENING))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End what the tests started, once the last worker is done."""
    if hasattr(session.config, "workerinput"):
        return
    for cluster in (clusters.Node(top("node")), clusters.Light(top("light"))):
        if (cluster.work / _STARTED).exists():
            cluster.down()
            (cluster.work / _STARTED).unlink(missing_ok=True)


def _running(cluster: clusters.Light | clusters.Node) -> RunningCluster:
    if not cluster.is_up():
        unfit = cluster.unfit()
        if unfit:
            pytest.skip(unfit)
        cluster.work.mkdir(parents=True, exist_ok=True)
        (cluster.work / _STARTED).touch()
        try:
            cluster.up()
        except NotReadyError as error:
            pytest.fail(str(error))
    return RunningCluster(cluster.admin, cluster.plane)


def top(name: str) -> Path:
    """Return the folder of a cluster: below SARDONYX_CLUSTER_DIR, else `make cluster`'s own."""
    given = os.environ.get("SARDONYX_CLUSTER_DIR")
    return Path(given) / name if given else {"light": clusters.LIGHT, "node": clusters.NODE}[name]
