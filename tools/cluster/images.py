"""The images of the test node, made on this machine: no registry, no daemon.

Small ones are a single file each (Debian's static busybox). The others are what
`images/<name>/Containerfile` says: `containerfile` carries it out on a Debian made by
mmdebstrap. An archive is made again when what it depends on has changed.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.cluster import containerfile, oci, programs
from tools.cluster.programs import BUILD, ROOT
from tools.cluster.steps import UnfitMachineError
from tools.cluster.steps import step as telling

ARCHIVES = BUILD / "images"
# Not given to the node: it pulls them.
PULLED = ARCHIVES / "pulled"
LAYERS = BUILD / "layers"
# Debian as `FROM docker.io/library/debian:12-slim` gives it, near enough: apt and little more.
DEBIAN = "bookworm"
_BUSYBOX = Path("/bin/busybox")
_PASSWD = b"root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n"
_GROUP = b"root:x:0:\nuser:x:1000:\n"


def small() -> None:
    """Make `localhost/{pause,busybox,web}:1`, and what the two registries hold."""
    _busybox("pause", ("/bin/busybox", "sleep", "infinity"))
    _busybox("busybox", ("sh",))
    _busybox("web", ("httpd", "-f", "-p", "80", "-h", "/www"))
    # Each of its own digest: the kubelet asks for credentials again for an image that it once
    # pulled with some, under whatever name.
    _busybox("open-hello", ("sleep", "600"), folder=PULLED)
    _busybox("guarded-hello", ("sleep", "601"), folder=PULLED)


@dataclass(frozen=True, slots=True)
class Made:
    """An image that is made. image: what it says of itself. layers: its tars, the lowest first."""

    name: str
    image: oci.Image
    layers: tuple[Path, ...]


def built(name: str) -> Made:
    """Return the image of `images/<name>`, making the layers that are not current. Needs root.

    Its name is `localhost/sardonyx/<name>:<version>`; see `version`.
    Raises ContainerfileError, or CalledProcessError when a command of the file fails.
    """
    if name == "sardonyx":
        _own_wheel()
    recipe = containerfile.read(ROOT / "images" / name / "Containerfile")
    steps = recipe.steps(ROOT, DEBIAN)
    base = debian()
    with (
        telling(f"image {name}", LAYERS),
        tempfile.TemporaryDirectory(dir=BUILD) as scratch,
    ):
        root = Path(scratch) / "root"
        layers = containerfile.carry_out(steps, context=ROOT, base=base, root=root, layers=LAYERS)
    image = recipe.image(f"localhost/sardonyx/{name}:{version(name)}")
    kept = {"image": asdict(image), "layers": [layer.name for layer in layers]}
    (LAYERS / f"{name}.json").write_text(json.dumps(kept))
    _forget_layers()
    return Made(name, image, tuple(layers))


def last() -> list[Made]:
    """Return the images as they were made last, current or not."""
    found = []
    for mark in sorted(LAYERS.glob("*.json")):
        kept = json.loads(mark.read_text())
        layers = tuple(LAYERS / name for name in kept["layers"])
        if all(layer.exists() for layer in layers):
            found.append(Made(mark.stem, oci.Image(**kept["image"]), layers))
    return found


def _own_wheel() -> None:
    """Build the wheel of this checkout into `dist/`, and fetch what else the image carries."""
    programs.fetch_helm(programs.BIN)
    python = str(ROOT / ".venv/bin/python")
    for old in (ROOT / "dist").glob("sardonyx-*.whl"):
        old.unlink()
    command = [str(ROOT / ".venv/bin/uv"), "build", "--quiet", "--wheel", "--no-build-isolation"]
    subprocess.run([*command, "--python", python, "--out-dir", "dist"], cwd=ROOT, check=True)


def _forget_layers() -> None:
    """Remove the layers that no image is made of any more."""
    kept = {layer for made in last() for layer in made.layers}
    for layer in LAYERS.glob("*.tar"):
        if layer not in kept and layer != debian():
            layer.unlink()
            layer.with_suffix(".digest").unlink(missing_ok=True)


def names() -> list[str]:
    """Return the images that have a Containerfile."""
    return sorted(path.parent.name for path in ROOT.glob("images/*/Containerfile"))


def version(name: str) -> str:
    """Return an image's version: the chart's of that name, else the project's own."""
    chart = ROOT / "catalog" / name / "Chart.yaml"
    if chart.exists():
        return _first(r"^version: *(\S+)", chart)
    return _first(r'^version = "(.+)"', ROOT / "pyproject.toml")


def debian() -> Path:
    """Return a tar of a small Debian, made once."""
    LAYERS.mkdir(parents=True, exist_ok=True)
    layer = LAYERS / f"debian-{DEBIAN}.tar"
    if layer.exists():
        return layer
    with telling(f"Debian {DEBIAN}", layer):
        partial = layer.with_suffix(".partial.tar")
        command = ["mmdebstrap", "--quiet", "--variant=minbase"]
        command += ["--include=ca-certificates", DEBIAN, str(partial)]
        subprocess.run(command, check=True)
        _without_devices(partial, layer)
        partial.unlink()
    return layer


def _static_busybox() -> bytes:
    """Return Debian's static busybox. Raises UnfitMachineError when it needs libraries."""
    program = _BUSYBOX.read_bytes()
    if b"/ld-linux" in program:
        raise UnfitMachineError("/bin/busybox is not static: install busybox-static.")
    return program


def _busybox(name: str, command: tuple[str, ...], *, folder: Path = ARCHIVES) -> None:
    archive, mark = folder / f"{name}.tar", LAYERS / f"{name}.key"
    key = _digest(_static_busybox(), Path(__file__).read_bytes())
    if archive.exists() and mark.exists() and mark.read_text() == key:
        return
    folder.mkdir(parents=True, exist_ok=True)
    LAYERS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        layer = Path(scratch) / "layer.tar"
        with tarfile.open(layer, "w") as tar:
            _fill(oci.Layer(tar))
        oci.write(oci.Image(f"localhost/{name}:1", command=command), [layer], archive)
    mark.write_text(key)


def _fill(layer: oci.Layer) -> None:
    for folder in ("bin", "etc", "proc", "sys", "dev", "www"):
        layer.folder(folder)
    layer.folder("tmp", mode=0o1777)
    layer.file("etc/passwd", _PASSWD)
    layer.file("etc/group", _GROUP)
    layer.file("www/index.html", b"it works\n")
    layer.file("bin/busybox", _static_busybox(), mode=0o755)
    listed = subprocess.run([_BUSYBOX, "--list"], check=True, capture_output=True, text=True)
    for program in listed.stdout.split():
        if program != "busybox":
            layer.link(f"bin/{program}", "busybox")


def _without_devices(source: Path, result: Path) -> None:
    """Copy a tar without what is below /dev: the container runtime makes its own."""

    def kept(member: tarfile.TarInfo) -> bool:
        return not (
            member.ischr() or member.isblk() or member.name.removeprefix("./").startswith("dev/")
        )

    copy(source, result, kept)


def copy(source: Path, result: Path, kept: Callable[[tarfile.TarInfo], bool]) -> None:
    """Copy the members of a tar that `kept` says yes to."""
    with tarfile.open(source) as old, tarfile.open(result, "w") as new:
        for member in old:
            if kept(member):
                new.addfile(member, old.extractfile(member) if member.isreg() else None)


def _first(pattern: str, file: Path) -> str:
    found = re.search(pattern, file.read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{file.name}: no version")
    return found.group(1)


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
