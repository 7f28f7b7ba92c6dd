"""The whole node: a control plane, containerd and a kubelet, with DNS, volumes and ways in.

In a network namespace of its own. The host reaches the API server (10.99.1.2:6443), Traefik
(10.99.1.2:80), pods and services by routes; pods reach programs of the host at 10.99.1.1.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import partial
from pathlib import Path

from tools.cluster import host, objects, oci, registry
from tools.cluster.control_plane import ControlPlane
from tools.cluster.images import Made
from tools.cluster.processes import answers, succeeds

API_PORT = 6443
# Files that containerd, the kubelet and kube-proxy read, written into the run folder.
_CONFIGURED = ("containerd.toml", "kubelet.yaml", "proxy.yaml", "cni/10.conflist", "Corefile")
_TEMPLATES = Path(__file__).parent / "node_files"


def plane_of(work: Path, programs: Path) -> ControlPlane:
    """Return the control plane of the node that lives in `work`."""
    return ControlPlane(
        work,
        programs,
        address=host.NODE_ADDRESS,
        port=API_PORT,
        inside=host.INSIDE,
        controller_flags=(f"--cluster-cidr={host.PODS}", "--allocate-node-cidrs=true"),
    )


def up(work: Path, programs: Path, images: Path) -> None:
    """Start the node, with the images of the folder `images` imported. Raises NotReadyError.

    The machine is fit (`host.missing()` is empty) and has the packages.
    """
    plane = plane_of(work, programs)
    work.mkdir(parents=True, exist_ok=True)
    host.remember(work / "before.json")
    host.connect()
    plane.up()
    _configure(plane)
    _containerd(plane)
    for image in sorted(images.glob("*.tar")):
        _import(plane, image)
    _kubelet(plane)
    _names(plane)
    _volumes(plane)
    _ways_in(plane)
    registry.up(plane.run, images / "pulled")


def down(work: Path, programs: Path) -> None:
    """End the node and leave the machine as it was; what is already gone is no error."""
    plane = plane_of(work, programs)
    registry.down(plane.run)
    processes = plane.processes
    # Without the kubelet nobody starts the pods again; containerd goes last.
    first = [name for name in processes.names() if name != "containerd"]
    processes.stop(*first)
    before = work / "before.json"
    # Without it this node was never started, and pods on this machine are somebody else's.
    if before.exists():
        host.end_pods(plane.run)
        processes.stop("containerd")
        host.restore(before, plane.run)
    shutil.rmtree(plane.run, ignore_errors=True)


def give(plane: ControlPlane, made: Made) -> None:
    """Give the node an image, with those layers that it lacks. Raises CalledProcessError."""
    held = _said(plane, "content", "ls", "--quiet").split()
    archive = plane.run / f"{made.name}.tar"
    oci.write(made.image, made.layers, archive, held=held)
    _import(plane, archive)
    archive.unlink()
    _forget_images(plane)


def _import(plane: ControlPlane, archive: Path) -> None:
    _said(plane, "images", "import", str(archive))


def _said(plane: ControlPlane, *arguments: str) -> str:
    """Return what containerd's own client prints. Raises CalledProcessError."""
    command = [*_ctr(plane), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _forget_images(plane: ControlPlane) -> None:
    """Let go of what an earlier image of the same name left; running pods keep theirs."""
    rows = [line.split() for line in _said(plane, "images", "ls").splitlines()[1:]]
    named = {row[2] for row in rows if not row[0].startswith("sha256:")}
    gone = [row[0] for row in rows if row[2] not in named]
    if gone:
        _said(plane, "images", "rm", *gone)


def _configure(plane: ControlPlane) -> None:
    for folder in ("cni", "containerd", "kubelet", "pods-logs", "volumes"):
        (plane.run / folder).mkdir()
    values = {
        "RUN": str(plane.run),
        "NODE": host.NODE_ADDRESS,
        "HOST": host.HOST_ADDRESS,
        "PODS": host.PODS,
    }
    for name in _CONFIGURED:
        text = (_TEMPLATES / Path(name).name).read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        (plane.run / name).write_text(text)
    (plane.run / "resolv.conf").write_text(f"nameserver {host.HOST_ADDRESS}\n")
    registry.trust(plane.run / "registries")


def _containerd(plane: ControlPlane) -> None:
    plane.processes.start("containerd", ["containerd", "-c", "containerd.toml"])
    ready = partial(succeeds, *_ctr(plane), "version")
    plane.processes.wait("containerd", "containerd", ready)


def _kubelet(plane: ControlPlane) -> None:
    server = f"https://{plane.address}:{plane.port}"
    for name, subject in (
        ("node", "/O=system:nodes/CN=system:node:node1"),
        ("proxy", "/CN=system:kube-proxy"),
    ):
        plane.authority.kubeconfig(plane.run / f"{name}.kubeconfig", subject, server)
    plane.authority.sign("kubelet", "/CN=node1", f"DNS:node1,IP:{plane.address}")
    plane.processes.start("kubelet", [
        plane.programs / "kubelet", "--config=kubelet.yaml", "--kubeconfig=node.kubeconfig",
        "--hostname-override=node1", f"--node-ip={plane.address}",
        f"--root-dir={plane.run}/kubelet", f"--cert-dir={plane.run}/kubelet/pki",
    ])  # fmt: skip
    plane.processes.start("proxy", [plane.programs / "kube-proxy", "--config=proxy.yaml"])
    kubectl = (str(plane.programs / "kubectl"), "--kubeconfig", str(plane.admin))
    ready = partial(succeeds, *kubectl, "wait", "--for=condition=Ready", "node/node1")
    plane.processes.wait("kubelet", "the node", ready)


def _names(plane: ControlPlane) -> None:
    """Give the cluster its DNS: CoreDNS at the node's address behind the service 10.96.0.10."""
    plane.processes.start("coredns", [
        plane.programs / "coredns", "-conf", "Corefile", "-p", "53",
    ])  # fmt: skip
    plane.kubectl("apply", "-f", "-", stdin=objects.DNS.format(node=plane.address))
    ready = partial(answers, f"http://{plane.address}:8181/ready")
    plane.processes.wait("coredns", "the cluster's DNS", ready)


def _volumes(plane: ControlPlane) -> None:
    """Give the cluster its default StorageClass: folders below `run/volumes`."""
    (plane.run / "local-path.json").write_text(objects.volume_places(plane.run / "volumes"))
    (plane.run / "helper.yaml").write_text(objects.VOLUME_HELPER)
    plane.kubectl("apply", "-f", "-", stdin=objects.VOLUMES)
    plane.processes.start("local-path", [
        plane.programs / "local-path-provisioner", "start", "--config=local-path.json",
        "--kubeconfig=admin.kubeconfig", "--namespace=local-path-storage",
        "--service-account-name=default", "--helper-image=localhost/busybox:1",
        "--helper-pod-file=helper.yaml", "--configmap-name=local-path-config",
    ])  # fmt: skip


def _ways_in(plane: ControlPlane) -> None:
    """Serve Ingress objects of class `traefik`, and routes of the Gateway `traefik/web`."""
    definitions = str(plane.programs / "gateway-crds.yaml")
    plane.kubectl("apply", "--server-side", "-f", definitions)
    plane.kubectl("apply", "-f", "-", stdin=objects.WAYS_IN)
    plane.processes.start("traefik", [
        plane.programs / "traefik", f"--entrypoints.web.address={plane.address}:80",
        f"--entrypoints.ping.address={plane.address}:8082", "--ping=true",
        "--ping.entrypoint=ping", "--providers.kubernetesingress=true",
        "--providers.kubernetesingress.ingressclass=traefik",
        f"--providers.kubernetesingress.ingressendpoint.ip={plane.address}",
        "--providers.kubernetesgateway=true",
        f"--providers.kubernetesgateway.statusaddress.ip={plane.address}",
        "--global.checknewversion=false", "--global.sendanonymoususage=false",
    ], environment={"KUBECONFIG": str(plane.admin)})  # fmt: skip
    plane.processes.wait(
        "traefik", "Traefik", partial(answers, f"http://{plane.address}:8082/ping")
    )


def _ctr(plane: ControlPlane) -> tuple[str, ...]:
    return ("ctr", "-a", f"{plane.run}/containerd/socket", "-n", "k8s.io")
