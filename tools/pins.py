"""Write `requirements.txt` (every version and hash pinned) beside each `requirements.in`.

    python tools/pins.py [--upgrade] [FOLDER]...

The result holds no address of a package registry: it installs from whichever one is set.
`--universal` makes it one file for every supported platform and Python.
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


def pin(folder: Path, *, upgrade: bool = False) -> Path:
    """Resolve `folder/requirements.in` and return the pinned file. Raises CalledProcessError."""
    command = [uv(), "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", LOWEST_PYTHON, "--no-header", "--no-emit-index-url"]
    command += ["--no-emit-find-links", "--output-file", "requirements.txt"]
    if upgrade:
        command.append("--upgrade")
    # Run in the folder, so that the comments of the result name `requirements.in` alone.
    subprocess.run([*command, "requirements.in"], check=True, cwd=folder)
    result = folder / "requirements.txt"
    if "://" in result.read_text():
        raise RuntimeError(f"{result}: an address came into the pinned requirements")
    return result


def uv() -> str:
    """Return uv's path: the environment's own first. Raises FileNotFoundError."""
    beside = Path(sysconfig.get_path("scripts")) / "uv"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("uv")
    if found is None:
        raise FileNotFoundError("uv: install the extra `local`")
    return found


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--upgrade"]
    folders = [Path(argument) for argument in arguments] or sorted(
        found.parent for found in ROOT.joinpath("catalog").glob("*/requirements.in")
    )
    for folder in folders:
        print(pin(folder, upgrade="--upgrade" in sys.argv))
