"""Carry out a Containerfile without docker: the few instructions our own files use.

FROM (the Debian of `images.debian`), RUN, COPY of files of the checkout, ENV, USER, WORKDIR,
ENTRYPOINT and CMD as JSON. Anything else is refused: these files also build with docker or
podman, and must mean the same there.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tools.cluster import oci

BASE = "docker.io/library/debian:12-slim"
_KNOWN = ("FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD")
# Where the machine's own authorities are while commands run, and its names; not in the image.
_AUTHORITIES = Path("run/build-authorities.crt")
_RESOLVER = Path("etc/resolv.conf")
_MACHINES = Path("/etc/ssl/certs/ca-certificates.crt")
# Runs one command in the new root with its own mounts, which end with it.
_INSIDE = """set -e
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
exec chroot "$1" /bin/sh -ec "$2"
"""
_PASSED_ON = ("UV_", "PIP_", "http_proxy", "https_proxy", "no_proxy", "HTTP_", "HTTPS_", "NO_PROXY")


# Begins the name that says in a layer: what is named so is gone.
_GONE = ".wh."


class ContainerfileError(Exception):
    """A line that is not understood; the message quotes it."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The instructions of a file, in order: (word, rest of the line)."""

    instructions: tuple[tuple[str, str], ...]

    def sources(self) -> list[str]:
        """Return the paths of the checkout that are copied in."""
        return [
            path for word, rest in self.instructions if word == "COPY" for path in _copy(rest)[0]
        ]

    def image(self, name: str) -> oci.Image:
        """Return what the image of this name says of itself."""
        found = oci.Image(name)
        for word, rest in self.instructions:
            match word:
                case "ENV":
                    found = replace(found, environment={**found.environment, **_variables(rest)})
                case "USER":
                    found = replace(found, user=rest)
                case "WORKDIR":
                    found = replace(found, folder=rest)
                case "ENTRYPOINT":
                    found = replace(found, entrypoint=tuple(json.loads(rest)))
                case "CMD":
                    found = replace(found, command=tuple(json.loads(rest)))
        return found

    def steps(self, context: Path, base: str) -> list[Step]:
        """Return what changes the root, each known by all that it depends on.

        base: what names the layer below. Raises ContainerfileError when a file is not there.
        """
        found: list[Step] = []
        variables: dict[str, str] = {}
        key = base
        for word, rest in self.instructions:
            if word == "ENV":
                variables = variables | _variables(rest)
            if word in ("RUN", "COPY"):
                parts = [key.encode(), word.encode(), rest.encode(), repr(variables).encode()]
                for source in _copy(rest)[0] if word == "COPY" else ():
                    files = [file for top in _found(context, source) for file in _below(top)]
                    parts += [str(file.relative_to(context)).encode() for file in files]
                    parts += [file.read_bytes() for file in files]
                key = hashlib.sha256(b"\0".join(parts)).hexdigest()
                found.append(Step(key, word, rest, variables))
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """A RUN or COPY. key: digest of it and of all before it. variables: those set by then."""

    key: str
    word: str
    rest: str
    variables: Mapping[str, str]


def read(file: Path) -> Recipe:
    """Read a Containerfile. Raises ContainerfileError on what is not understood."""
    joined = file.read_text().replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines()]
    instructions = []
    for line in lines:
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word not in _KNOWN or (word == "FROM" and rest != BASE):
            raise ContainerfileError(f"{file.name}: {line}")
        instructions.append((word, rest.strip()))
    return Recipe(tuple(instructions))


def carry_out(
    steps: Sequence[Step], *, context: Path, base: Path, root: Path, layers: Path
) -> list[Path]:
    """Carry the steps out on `base` and return the layers, `base` first.

    context: the checkout, for COPY. root: a folder for the new root, made when a step has to be
    carried out. layers: where layers are kept by key; what is there is not made again.
    Needs root. Raises CalledProcessError when a command fails; its output goes to standard error.
    """
    found = [base, *(layers / f"{step.key[:32]}.tar" for step in steps)]
    made = next((n for n, layer in enumerate(found) if not layer.exists()), len(found))
    if made == len(found):
        return found
    root.mkdir()
    for layer in found[:made]:
        _unpack(layer, root)
    for folder in ("dev", "proc", "run"):
        (root / folder).mkdir(exist_ok=True)
    for step, layer in zip(steps[made - 1 :], found[made:], strict=True):
        before = _listing(root)
        if step.word == "RUN":
            _run(root, step.rest, step.variables)
        else:
            _copy_in(context, root, *_copy(step.rest))
        partial = layer.with_suffix(".partial")
        _write_changes(root, before, partial)
        partial.replace(layer)
    return found


def _unpack(layer: Path, root: Path) -> None:
    """Unpack a layer over those below it; a whiteout removes what it names."""
    subprocess.run(["tar", "-xf", layer, "-C", root], check=True)
    for mark in root.rglob(f"{_GONE}*"):
        gone = mark.with_name(mark.name.removeprefix(_GONE))
        if gone.is_dir() and not gone.is_symlink():
            shutil.rmtree(gone)
        else:
            gone.unlink(missing_ok=True)
        mark.unlink()


def _variables(rest: str) -> dict[str, str]:
    return dict(each.split("=", 1) for each in shlex.split(rest))


def _run(root: Path, command: str, variables: Mapping[str, str]) -> None:
    (root / _AUTHORITIES).write_bytes(_MACHINES.read_bytes())
    kept = root / _RESOLVER
    saved = kept.read_bytes() if kept.exists() else None
    kept.write_bytes(Path("/etc/resolv.conf").read_bytes())
    authorities = f"/{_AUTHORITIES}"
    environment = {
        **{name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)},
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "DEBIAN_FRONTEND": "noninteractive",
        "SSL_CERT_FILE": authorities,
        "PIP_CERT": authorities,
        **variables,
    }
    try:
        words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _INSIDE, "sh"]
        words += [str(root), command]
        subprocess.run(words, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=2)
    finally:
        (root / _AUTHORITIES).unlink()
        if saved is None:
            kept.unlink()
        else:
            kept.write_bytes(saved)


def _copy(rest: str) -> tuple[list[str], str, int | None]:
    """Return sources, target and mode of a COPY."""
    words = shlex.split(rest)
    mode = None
    while words[0].startswith("--"):
        option, _, value = words.pop(0).partition("=")
        if option != "--chmod":
            raise ContainerfileError(f"COPY {rest}")
        mode = int(value, 8)
    return words[:-1], words[-1], mode


def _copy_in(context: Path, root: Path, sources: list[str], target: str, mode: int | None) -> None:
    place = root / target.lstrip("/")
    for source in sources:
        for found in _found(context, source):
            if found.is_dir():
                shutil.copytree(found, place, dirs_exist_ok=True)
                continue
            result = place / found.name if target.endswith("/") else place
            result.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, result)
            result.chmod(0o644 if mode is None else mode)


def _found(context: Path, source: str) -> list[Path]:
    found = sorted(context.glob(source))
    if not found:
        raise ContainerfileError(f"COPY: there is no {source}")
    return found


def _below(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(each for each in path.rglob("*") if each.is_file())


def _listing(root: Path) -> dict[str, tuple[int, int, int, int, int]]:
    """Return what tells whether a path was changed: change time, size, mode, owner."""
    found = {}
    for folder, folders, files in os.walk(root):
        for each in (*folders, *files):
            path = os.path.join(folder, each)  # noqa: PTH118 - many paths
            stat = os.lstat(path)
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_mode, stat.st_uid, stat.st_gid)
            found[os.path.relpath(path, root)] = seen
    return found


def _write_changes(
    root: Path, before: dict[str, tuple[int, int, int, int, int]], layer: Path
) -> None:
    """Write a layer of what is new or changed; what was removed is told by a whiteout."""
    after = _listing(root)
    with tarfile.open(layer, "w") as tar:
        for name in sorted(after):
            if after[name] != before.get(name) and not name.startswith(("dev/", "proc/", "run/")):
                tar.add(root / name, name, recursive=False)
        for name in sorted(set(before) - set(after)):
            parent, _, last = name.rpartition("/")
            if parent == "" or parent in after:
                tar.addfile(tarfile.TarInfo(f"{parent}/{_GONE}{last}".lstrip("/")))
