"""What a node leaves on its machine outside its folder, and how that is undone.

Root's work: a network namespace with one pair of interfaces and two routes, four kernel settings
that the kubelet changes, folders that the kubelet and the CNI plug-ins make, control groups.
`remember` is called before the first change, `restore` after the last process has ended.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tools.cluster.steps import UnfitMachineError

NAMESPACE = "sardonyx-node"
HOST_ADDRESS = "10.99.1.1"
NODE_ADDRESS = "10.99.1.2"
PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
INSIDE = ("nsenter", f"--net=/run/netns/{NAMESPACE}")

_HOST_LINK = "sx-host"
_NODE_LINK = "sx-node"
# The kubelet sets them to what it wants.
_SETTINGS = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops")
# Made by the kubelet, containerd, the CNI plug-ins and `ip netns`, whatever they are told.
_FOLDERS = (
    "/var/lib/cni",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/pods",
    "/run/containerd",
    "/run/netns",
    "/etc/cni",
    "/opt/cni",
    "/opt/containerd",
    "/usr/libexec/kubernetes",
)
_PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "nft": "nftables",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "busybox": "busybox-static",
    "mmdebstrap": "mmdebstrap",
    "docker-registry": "docker-registry",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}


def missing() -> str:
    """Return one sentence saying why this machine cannot be a node; empty when it can."""
    if os.geteuid() != 0:
        return "A whole node needs root."
    trial = subprocess.run(("unshare", "--net", "true"), capture_output=True, check=False)
    if trial.returncode:
        return "A whole node needs network namespaces, which this machine refuses."
    if not Path("/sys/fs/cgroup").is_dir() or not os.access("/sys/fs/cgroup", os.W_OK):
        return "A whole node needs control groups that can be written."
    absent = absent_packages()
    if absent and shutil.which("apt-get") is None:
        return f"A whole node needs {', '.join(absent)}, and apt-get is not there to install them."
    return ""


def absent_packages() -> list[str]:
    """Return the Debian packages that are not installed."""
    return sorted(package for program, package in _PACKAGES.items() if not shutil.which(program))


def install_packages() -> None:
    """Install what is missing, without starting the services of those packages.

    Raises UnfitMachineError naming the packages.
    """
    absent = absent_packages()
    if not absent:
        return
    # Debian's way to say it: init scripts ask RUNLEVEL's policy before they start anything.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qqy", "--no-install-recommends", *absent],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        if done.returncode:
            raise UnfitMachineError(f"apt-get could not install {', '.join(absent)}.")


def remember(file: Path) -> None:
    """Write down what `restore` needs: settings, and which folders are there already."""
    found = {
        "settings": {name: Path("/proc/sys", name).read_text().strip() for name in _SETTINGS},
        "folders": [folder for folder in _FOLDERS if Path(folder).exists()],
        "namespaces": [path.name for path in Path("/run/netns").glob("cni-*")],
    }
    file.write_text(json.dumps(found))


def connect() -> None:
    """Make the network namespace, and reach it from the host: node, pods and services."""
    for command in (
        f"ip netns add {NAMESPACE}",
        f"ip link add {_HOST_LINK} type veth peer name {_NODE_LINK} netns {NAMESPACE}",
        f"ip addr add {HOST_ADDRESS}/24 dev {_HOST_LINK}",
        f"ip link set {_HOST_LINK} up",
        f"ip -n {NAMESPACE} addr add {NODE_ADDRESS}/24 dev {_NODE_LINK}",
        f"ip -n {NAMESPACE} link set {_NODE_LINK} up",
        f"ip -n {NAMESPACE} link set lo up",
        f"ip -n {NAMESPACE} route add default via {HOST_ADDRESS}",
        f"ip route add {PODS} via {NODE_ADDRESS}",
        f"ip route add {SERVICES} via {NODE_ADDRESS}",
        f"{' '.join(INSIDE)} sysctl -qw net.ipv4.ip_forward=1",
    ):
        subprocess.run(command.split(), check=True, capture_output=True)
    # Answers of a service come back through what changed the question. Where the machine lacks
    # the module this fails, and pods reach services of other pods only if it is not needed.
    bridged = f"{' '.join(INSIDE)} sysctl -qw net.bridge.bridge-nf-call-iptables=1"
    subprocess.run(bridged.split(), check=False, capture_output=True)


def connected() -> bool:
    """Tell whether a node has its network namespace on this machine."""
    return Path("/run/netns", NAMESPACE).exists()


def has_pods() -> bool:
    """Tell whether some kubelet keeps pods on this machine; ours can only be the one of them."""
    return bool(_pod_groups())


def end_pods(folder: Path) -> None:
    """Kill every process of a pod of the node that lives in `folder`, and its keepers (shims).

    Control groups of pods have one name on a machine: call it for a node that has been started.
    """
    own = str(folder / "containerd")
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if "containerd-shim" in words[0] and any(word.startswith(own) for word in words):
                os.kill(int(process.name), signal.SIGKILL)
    for group in _pod_groups():
        for members in group.rglob("cgroup.procs"):
            for number in members.read_text().split():
                _kill(int(number))


def restore(file: Path, folder: Path) -> None:
    """Undo what is outside `folder`, after the processes have ended; may be called again."""
    _unmount(str(folder))
    for command in (
        f"ip link del {_HOST_LINK}",
        f"ip netns del {NAMESPACE}",
        f"ip route del {PODS}",
        f"ip route del {SERVICES}",
    ):
        subprocess.run(command.split(), check=False, capture_output=True)
    for group in _pod_groups():
        _remove_group(group)
    if not file.exists():
        return
    before = json.loads(file.read_text())
    for path in Path("/run/netns").glob("cni-*"):
        if path.name not in before["namespaces"]:
            subprocess.run(("ip", "netns", "del", path.name), check=False, capture_output=True)
    for name, value in before["settings"].items():
        Path("/proc/sys", name).write_text(value)
    for made in _FOLDERS:
        if made in before["folders"]:
            continue
        _unmount(made)
        shutil.rmtree(made, ignore_errors=True)
    # What could not be removed yet is so at the next call.
    if not _pod_groups():
        file.unlink()


def _pod_groups() -> list[Path]:
    tops = (*Path("/sys/fs/cgroup").glob("*/kubepods"), Path("/sys/fs/cgroup/kubepods"))
    return [top for top in tops if top.is_dir()]


def _remove_group(group: Path) -> None:
    """Remove a tree of control groups; a killed process may take a moment to leave its own."""
    deadline = time.monotonic() + 10
    for folder, _, _ in os.walk(group, topdown=False):
        while Path(folder).is_dir():
            try:
                Path(folder).rmdir()
            except OSError:
                if time.monotonic() > deadline:
                    return
                time.sleep(0.05)


def _unmount(folder: str) -> None:
    """Unmount all that is mounted at a folder or below it, the innermost first."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    below = [place for place in mounted if place == folder or place.startswith(f"{folder}/")]
    for place in sorted(below, reverse=True):
        subprocess.run(("umount", "--lazy", place), check=False, capture_output=True)


def _kill(number: int) -> None:
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        return
