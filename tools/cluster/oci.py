"""Write container images without a daemon or a registry: OCI archives of plain tar layers."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Image:
    """What an image says of itself.

    name: as pods ask for it, `localhost/sardonyx/<chart>:<version>`. user: `uid:gid`.
    """

    name: str
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    folder: str = "/"

    def config(self, layers: Iterable[str]) -> dict[str, object]:
        """Return the image's configuration. layers: digests of the uncompressed tars."""
        variables = {"PATH": _PATH, **self.environment}
        return {
            "architecture": _ARCHITECTURES[platform.machine()],
            "os": "linux",
            "config": {
                "Env": [f"{name}={value}" for name, value in variables.items()],
                "Entrypoint": list(self.entrypoint),
                "Cmd": list(self.command),
                "User": self.user,
                "WorkingDir": self.folder,
            },
            "rootfs": {"type": "layers", "diff_ids": list(layers)},
        }


def write(
    image: Image, layers: Sequence[Path], archive: Path, *, held: Collection[str] = ()
) -> None:
    """Write the image as one archive, as `ctr images import` and `registry.push` take it.

    layers: tars, the lowest first; a layer shared by two images has one digest and is kept once.
    held: digests of layers that the reader has already; they are left out.
    """
    partial = archive.with_suffix(".partial")
    digests = [digest(layer) for layer in layers]
    with tarfile.open(partial, "w") as out:
        _put(out, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        for layer, layer_digest in zip(layers, digests, strict=True):
            if layer_digest in held:
                continue
            member = tarfile.TarInfo(f"blobs/sha256/{layer_digest.removeprefix('sha256:')}")
            member.size = layer.stat().st_size
            with layer.open("rb") as content:
                out.addfile(member, content)
        described = [
            {"mediaType": _LAYER, "digest": each, "size": layer.stat().st_size}
            for layer, each in zip(layers, digests, strict=True)
        ]
        config = _blob(out, _CONFIG, image.config(digests))
        manifest = _blob(
            out,
            _MANIFEST,
            {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": described},
        )
        named = {
            "io.containerd.image.name": image.name,
            "org.opencontainers.image.ref.name": image.name.rpartition(":")[2],
        }
        index = {"schemaVersion": 2, "manifests": [{**manifest, "annotations": named}]}
        _put(out, "index.json", json.dumps(index).encode())
    partial.replace(archive)


def digest(file: Path) -> str:
    """Return `sha256:…` of a layer; found once, it is kept beside it."""
    kept = file.with_suffix(".digest")
    if kept.exists() and kept.stat().st_mtime_ns >= file.stat().st_mtime_ns:
        return kept.read_text()
    whole = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(_BLOCK):
            whole.update(block)
    kept.write_text(f"sha256:{whole.hexdigest()}")
    return kept.read_text()


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer made of single files; owners are root, times are zero: it has always one digest."""

    tar: tarfile.TarFile

    def folder(self, path: str, *, mode: int = 0o755, owner: tuple[int, int] = (0, 0)) -> None:
        member = tarfile.TarInfo(path.lstrip("/"))
        member.type, member.mode = tarfile.DIRTYPE, mode
        member.uid, member.gid = owner
        self.tar.addfile(member)

    def file(self, path: str, content: bytes | Path, *, mode: int = 0o644) -> None:
        """Add a file. content: its bytes, or a file of this machine."""
        data = content.read_bytes() if isinstance(content, Path) else content
        member = tarfile.TarInfo(path.lstrip("/"))
        member.size, member.mode = len(data), mode
        self.tar.addfile(member, io.BytesIO(data))

    def link(self, path: str, target: str) -> None:
        member = tarfile.TarInfo(path.lstrip("/"))
        member.type, member.linkname = tarfile.SYMTYPE, target
        self.tar.addfile(member)

    def tree(self, source: Path, path: str) -> None:
        """Add a folder with all below it, in a fixed order."""
        self.tar.add(source, path.lstrip("/"), filter=_settled)


def _settled(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def _put(out: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    out.addfile(member, io.BytesIO(data))


def _blob(out: tarfile.TarFile, kind: str, content: Mapping[str, object]) -> dict[str, object]:
    data = json.dumps(content).encode()
    found = hashlib.sha256(data).hexdigest()
    _put(out, f"blobs/sha256/{found}", data)
    return {"mediaType": kind, "digest": f"sha256:{found}", "size": len(data)}
