"""The two clusters as a person or a test sees them: fit, up once, down, what is told of them."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.cluster import host, images, light, node, programs
from tools.cluster.control_plane import ControlPlane
from tools.cluster.images import Made
from tools.cluster.processes import Processes
from tools.cluster.steps import UnfitMachineError, ready, step

LIGHT = programs.BUILD / "light"
NODE = programs.BUILD / "node"


def build(*, node: bool) -> Path:
    """Return the folder of programs after making it; node: and the packages and images of it.

    Raises UnfitMachineError, CalledProcessError.
    """
    # One at a time: two test runs may begin at once.
    with _alone(programs.BUILD):
        if node:
            absent = host.absent_packages()
            if absent:
                with step(f"packages: {', '.join(absent)}"):
                    host.install_packages()
        folder = programs.prepare(node=node)
        if node:
            images.small()
        return folder


@dataclass(frozen=True, slots=True)
class Light:
    """The light cluster of a work folder. flags: added to the API server's command line."""

    work: Path = LIGHT
    nodes: int = 5
    flags: Sequence[str] = ()
    name: str = "light"

    @property
    def admin(self) -> Path:
        """Return the administrator's kubeconfig; it is there while the cluster is up."""
        return self.work / "run" / "admin.kubeconfig"

    @property
    def plane(self) -> ControlPlane:
        return ControlPlane(self.work, programs.BIN)

    @property
    def processes(self) -> Processes:
        """Return its programs by name: `etcd`, `api`, `controllers`, `scheduler`, `kwok`."""
        return self.plane.processes

    def unfit(self) -> str:
        """Return one sentence saying why it cannot run here; empty when it can."""
        if shutil.which("openssl") is None:
            return "A light cluster needs openssl."
        if not (programs.BIN / "complete").exists() and shutil.which("go") is None:
            return "A light cluster needs Go 1.26 or newer, to build Kubernetes."
        return ""

    def is_up(self) -> bool:
        return self.admin.exists() and self.processes.running("kwok") is not None

    def up(self) -> None:
        """Start it unless it runs. Raises UnfitMachineError, NotReadyError."""
        if self.unfit():
            raise UnfitMachineError(self.unfit())
        folder = build(node=False)
        with _alone(self.work):
            if self.is_up():
                return ready("light cluster")
            with step("light cluster"):
                light.down(self.work, folder)
                light.up(self.work, folder, nodes=self.nodes, api_flags=self.flags)
            return None

    def down(self) -> None:
        """End it; nothing is left but its programs' folder."""
        with _alone(self.work):
            light.down(self.work, programs.BIN)

    def told(self) -> str:
        return _told(self.admin, up=self.is_up())


@dataclass(frozen=True, slots=True)
class Node:
    """The whole node: one for a machine. whole: with the large images that have been made."""

    work: Path = NODE
    whole: bool = True
    name: str = "node"

    @property
    def admin(self) -> Path:
        """Return the administrator's kubeconfig; it is there while the cluster is up."""
        return self.work / "run" / "admin.kubeconfig"

    @property
    def plane(self) -> ControlPlane:
        return node.plane_of(self.work, programs.BIN)

    @property
    def processes(self) -> Processes:
        """Return its programs by name; beside those of Light `kubelet`, `containerd`, `traefik`…"""
        return self.plane.processes

    def unfit(self) -> str:
        """Return one sentence saying why it cannot run here; empty when it can."""
        if not self.work.joinpath("before.json").exists():
            if host.connected():
                return "Another checkout's node runs on this machine."
            if host.has_pods():
                return "Another kubelet keeps pods on this machine, and there can be only one."
        return host.missing() or Light().unfit()

    def is_up(self) -> bool:
        return self.admin.exists() and self.processes.running("traefik") is not None

    def up(self) -> None:
        """Start it unless it runs. Raises UnfitMachineError, NotReadyError."""
        if self.unfit():
            raise UnfitMachineError(self.unfit())
        folder = build(node=True)
        with _alone(self.work):
            if self.is_up():
                return ready("node")
            with step("node"):
                node.down(self.work, folder)
                node.up(self.work, folder, images.ARCHIVES)
            for made in images.last() if self.whole else ():
                self._give(made)
            return None

    def down(self) -> None:
        """End it and leave the machine as it was. Raises UnfitMachineError without root."""
        if os.geteuid() != 0:
            if host.connected():
                raise UnfitMachineError("Ending the node needs root.")
            return
        with _alone(self.work):
            node.down(self.work, programs.BIN)

    def images(self, names: Sequence[str] = ()) -> None:
        """Make the images of `images/` (or those named) and give them to the node if it is up.

        Raises UnfitMachineError without root, CalledProcessError when a command of one fails.
        """
        if host.missing():
            raise UnfitMachineError(host.missing())
        host.install_packages()
        for name in names or images.names():
            with _alone(programs.BUILD):
                made = images.built(name)
            if self.is_up():
                self._give(made)

    def told(self) -> str:
        return _told(self.admin, up=self.is_up())

    def _give(self, made: Made) -> None:
        with step(f"{made.image.name} to the node"):
            node.give(self.plane, made)


def _told(admin: Path, *, up: bool) -> str:
    return f"up: export KUBECONFIG={admin}" if up else "down"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
