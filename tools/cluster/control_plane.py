"""etcd, API server, controllers and scheduler as processes of this machine."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tools.cluster.certificates import Authority
from tools.cluster.processes import Processes, free_ports, succeeds

SERVICES = "10.96.0.0/16"
FIRST_SERVICE = "10.96.0.1"
LOOPBACK = "127.0.0.1"
# Clients of the API that may ask as fast as they can; else 1,000 pods lag by minutes.
_FAST = ("--kube-api-qps=500", "--kube-api-burst=500")
# Whose tokens it believes beside its own: nobody, until a test says otherwise.
_BELIEVED = "authentication.json"
_ALONE = ("--leader-elect=false", "--secure-port=0")


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A control plane in `<work>/run`, with its programs in `programs`.

    address: where the API server listens; port: its port, 0 for a free one.
    inside: words put before each command, to start it in another namespace.
    api_flags, controller_flags: added to the command lines.
    """

    work: Path
    programs: Path
    address: str = LOOPBACK
    port: int = 0
    inside: tuple[str, ...] = ()
    api_flags: Sequence[str] = field(default=())
    controller_flags: Sequence[str] = field(default=())

    @property
    def run(self) -> Path:
        """Return the folder of everything that lives as long as the cluster."""
        return self.work / "run"

    @property
    def admin(self) -> Path:
        """Return the kubeconfig of an administrator."""
        return self.run / "admin.kubeconfig"

    @property
    def authority(self) -> Authority:
        return Authority(self.run / "pki")

    @property
    def processes(self) -> Processes:
        return Processes(self.run, self.inside)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what kubectl prints as administrator.

        Raises CalledProcessError, with what kubectl said as a note.
        """
        command = [str(self.programs / "kubectl"), "--kubeconfig", str(self.admin), *arguments]
        try:
            done = subprocess.run(command, input=stdin, check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            error.add_note(str(error.stderr)[-2000:])
            raise
        return done.stdout

    def up(self) -> None:
        """Start it and return when it answers. Raises NotReadyError with the end of a log."""
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir(parents=True)
        client, peer, free = free_ports(3)
        self._certificates(f"https://{self.address}:{self.port or free}")
        self._etcd(client, peer)
        self._api(client, self.port or free)
        # The controllers come after: started before it is ready they leave their work undone.
        self._controllers()
        account = partial(self._answers, "get", "serviceaccount", "default")
        self.processes.wait("controllers", "the controller manager", account)

    def down(self) -> None:
        """End what was started in the folder and drop its state."""
        self.processes.stop(*self.processes.names())
        shutil.rmtree(self.run, ignore_errors=True)

    def believe(self, *issuers: Mapping[str, object]) -> None:
        """Have the API server believe the tokens of these issuers and of no other.

        issuers: as `jwt` of an AuthenticationConfiguration. A running server reads it again.
        """
        written = {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "AuthenticationConfiguration",
            "jwt": [dict(one) for one in issuers],
        }
        new = self.run / f"{_BELIEVED}.new"
        new.write_text(json.dumps(written))
        new.replace(self.run / _BELIEVED)

    def wait_ready(self) -> None:
        """Return when the API server is ready. Raises NotReadyError."""
        ready = partial(self._answers, "get", "--raw", "/readyz")
        self.processes.wait("api", "the API server", ready)

    def _answers(self, *arguments: str) -> bool:
        return succeeds(self.programs / "kubectl", "--kubeconfig", self.admin, *arguments)

    def _certificates(self, server: str) -> None:
        authority = self.authority
        authority.create()
        names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
        names.append("kubernetes.default.svc.cluster.local")
        addresses = {LOOPBACK, FIRST_SERVICE, self.address}
        known = [f"DNS:{name}" for name in names] + [f"IP:{each}" for each in sorted(addresses)]
        authority.sign("api", "/CN=kube-apiserver", ",".join(known))
        authority.sign("front", "/CN=front-proxy")
        authority.sign("kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client")
        for name, subject in (
            ("admin", "/O=system:masters/CN=admin"),
            ("controllers", "/CN=system:kube-controller-manager"),
            ("scheduler", "/CN=system:kube-scheduler"),
        ):
            authority.kubeconfig(self.run / f"{name}.kubeconfig", subject, server)

    def _etcd(self, client: int, peer: int) -> None:
        clients, peers = f"http://{LOOPBACK}:{client}", f"http://{LOOPBACK}:{peer}"
        self.processes.start("etcd", [
            self.programs / "etcd", f"--data-dir={self.run}/etcd",
            f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}", "--unsafe-no-fsync", "--log-level=warn",
        ])  # fmt: skip

    def _api(self, etcd: int, port: int) -> None:
        self.believe()
        # An address of loopback is refused as an endpoint of the service `kubernetes`.
        endpoints = ["--endpoint-reconciler-type=none"] if self.address == LOOPBACK else []
        self.processes.start("api", [
            self.programs / "kube-apiserver", f"--etcd-servers=http://{LOOPBACK}:{etcd}",
            f"--bind-address={self.address}", f"--advertise-address={self.address}",
            f"--secure-port={port}", *endpoints, f"--authentication-config={_BELIEVED}",
            "--tls-cert-file=pki/api.crt", "--tls-private-key-file=pki/api.key",
            "--client-ca-file=pki/ca.crt", "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
            "--service-account-key-file=pki/sa.pub",
            "--service-account-signing-key-file=pki/sa.key",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-cluster-ip-range={SERVICES}",
            "--kubelet-client-certificate=pki/kubelet-client.crt",
            "--kubelet-client-key=pki/kubelet-client.key",
            "--kubelet-certificate-authority=pki/ca.crt",
            "--kubelet-preferred-address-types=InternalIP",
            "--requestheader-client-ca-file=pki/ca.crt",
            "--requestheader-allowed-names=front-proxy",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--proxy-client-cert-file=pki/front.crt", "--proxy-client-key-file=pki/front.key",
            *self.api_flags,
        ])  # fmt: skip
        self.wait_ready()

    def _controllers(self) -> None:
        self.processes.start("controllers", [
            self.programs / "kube-controller-manager", "--kubeconfig=controllers.kubeconfig",
            "--service-account-private-key-file=pki/sa.key", "--root-ca-file=pki/ca.crt",
            "--cluster-signing-cert-file=pki/ca.crt", "--cluster-signing-key-file=pki/ca.key",
            "--use-service-account-credentials=true", *_ALONE, *_FAST, *self.controller_flags,
        ])  # fmt: skip
        self.processes.start("scheduler", [
            self.programs / "kube-scheduler", "--kubeconfig=scheduler.kubeconfig", *_ALONE, *_FAST,
        ])  # fmt: skip
