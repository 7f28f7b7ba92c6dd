"""Pin every version and hash of what is installed: our own packages, and each chart's.

    python tools/pins.py [--upgrade] [FOLDER]...

Writes `requirements/{bootstrap,node,local,dev}.txt` and `requirements.txt` beside each chart's
`requirements.in`; with FOLDER, only those charts. The result holds no address of a package
registry: it installs from whichever one is set. `--universal` makes it one file for every
supported platform and Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOWEST_PYTHON = "3.11"
# What is resolved into requirements/<name>.txt, from the checkout's own folder.
OWN = {
    "bootstrap": ("requirements/bootstrap.in",),
    "node": ("requirements/node.in",),
    "local": ("pyproject.toml", "--extra", "local"),
    "dev": ("pyproject.toml", "--extra", "local", "--group", "dev"),
}


def pin(folder: Path, *, upgrade: bool = False) -> Path:
    """Resolve a chart's `requirements.in` and return the pinned file. Raises CalledProcessError."""
    # Run in the folder, so that the comments of the result name `requirements.in` alone.
    return compiled(folder, "requirements.txt", ("requirements.in",), upgrade=upgrade)


def compiled(folder: Path, result: str, sources: tuple[str, ...], *, upgrade: bool) -> Path:
    """Resolve `sources` into the file `result` of `folder` and return it.

    Versions already in the file stay unless `upgrade`. Raises CalledProcessError, and
    RuntimeError when an address came into the file.
    """
    command = [uv(), "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", LOWEST_PYTHON, "--no-header", "--no-emit-index-url"]
    command += ["--no-emit-find-links", "--output-file", result]
    if upgrade:
        command.append("--upgrade")
    subprocess.run([*command, *sources], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    written = folder / result
    if "://" in written.read_text():
        raise RuntimeError(f"{written}: an address came into the pinned requirements")
    return written


def uv() -> str:
    """Return uv's path: the environment's own first. Raises FileNotFoundError."""
    beside = Path(sysconfig.get_path("scripts")) / "uv"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("uv")
    if found is None:
        raise FileNotFoundError("uv: install the extra `local`")
    return found


def main(arguments: list[str]) -> None:
    upgrade = "--upgrade" in arguments
    asked = [Path(argument) for argument in arguments if argument != "--upgrade"]
    if not asked:
        for name, sources in OWN.items():
            print(compiled(ROOT, f"requirements/{name}.txt", sources, upgrade=upgrade))
    charts = sorted(found.parent for found in ROOT.joinpath("catalog").glob("*/requirements.in"))
    for folder in asked or charts:
        print(pin(folder, upgrade=upgrade))


if __name__ == "__main__":
    main(sys.argv[1:])
