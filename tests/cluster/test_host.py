"""A node that was started and ended leaves nothing on its machine."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.cluster.conftest import top
from tools.cluster import clusters

# Where the kubelet, containerd, the network plug-ins and `ip netns` leave things.
FOLDERS = ("/run", "/var/lib", "/var/log", "/etc", "/opt", "/usr/libexec", "/var/lib/kubelet")
COMMANDS = (
    "ip -o -br link",
    "ip route",
    "ip rule",
    "ip netns list",
    "nft list ruleset",
    "sysctl vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops "
    "net.ipv4.ip_forward net.ipv4.conf.all.forwarding",
)


def machine() -> dict[str, list[str]]:
    """Return what a node could have changed outside its folder."""
    found = {command: _said(command) for command in COMMANDS}
    found["mounts"] = sorted(
        " ".join(line.split()[:3]) for line in Path("/proc/mounts").read_text().splitlines()
    )
    found["folders"] = [
        str(entry) for top in FOLDERS if Path(top).is_dir() for entry in sorted(Path(top).iterdir())
    ]
    groups = (*Path("/sys/fs/cgroup").glob("*"), *Path("/sys/fs/cgroup").glob("*/kube*"))
    found["groups"] = sorted(str(group) for group in groups if group.is_dir())
    return found


@pytest.mark.node
def test_the_end_of_a_node_leaves_the_machine_as_it_was() -> None:
    running = clusters.Node(top("node"))
    if running.is_up():
        pytest.skip("a node runs already: what one leaves behind is not to be seen beside it")
    if running.unfit():
        pytest.skip(running.unfit())
    clusters.build(node=True)
    before = machine()
    with TemporaryDirectory(prefix="sx") as folder:  # containerd's sockets want a short path
        node = clusters.Node(Path(folder) / "node", whole=False)
        try:
            node.up()
            plane = node.plane
            plane.kubectl("run", "web", "--image=localhost/web:1")
            plane.kubectl("wait", "pod/web", "--for=condition=Ready", "--timeout=180s")
        finally:
            node.down()
        assert machine() == before
        assert [path.name for path in (Path(folder) / "node").iterdir()] == ["lock"]
        assert folder not in "".join(_said("ps -eo args"))


def _said(command: str) -> list[str]:
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    return done.stdout.splitlines()
