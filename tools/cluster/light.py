"""The light cluster: a control plane, and nodes that only pretend to run their pods (kwok)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tools.cluster.control_plane import ControlPlane

_NODE = """---
apiVersion: v1
kind: Node
metadata:
  name: {name}
  labels: {{type: kwok, kubernetes.io/hostname: {name}, kubernetes.io/os: linux}}
status:
  allocatable: {{cpu: "64", memory: 256Gi, pods: "1000"}}
  capacity: {{cpu: "64", memory: 256Gi, pods: "1000"}}
"""


def up(work: Path, programs: Path, *, nodes: int = 5, api_flags: Sequence[str] = ()) -> None:
    """Start a light cluster in `work`, on free ports of loopback. Raises NotReadyError.

    nodes: simulated ones, of 64 cores and 256 GiB each, on which a pod runs at once. Volumes
    become bound; there are no logs, no exec, no DNS and nothing answers at a pod's address.
    """
    plane = ControlPlane(work, programs, api_flags=api_flags)
    plane.up()
    plane.processes.start("kwok", [
        programs / "kwok", "--kubeconfig=admin.kubeconfig", f"--config={programs}/kwok.yaml",
        "--manage-all-nodes=true", "--cidr=10.128.0.0/14", "--node-ip=127.0.0.1",
        "--node-lease-duration-seconds=40",
    ])  # fmt: skip
    names = [f"simulated-{number}" for number in range(1, nodes + 1)]
    plane.kubectl("apply", "-f", "-", stdin="".join(_NODE.format(name=name) for name in names))
    plane.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=120s")
    plane.kubectl("apply", "--server-side", "-f", str(programs / "gateway-crds.yaml"))


def down(work: Path, programs: Path) -> None:
    """End the light cluster of `work` and drop its state."""
    ControlPlane(work, programs).down()
