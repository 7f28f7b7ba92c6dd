"""Measure the first `make up` of a fresh clone with empty package caches."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e.platform import ROOT, until
from tools.measures.machine import received_bytes
from tools.measures.table import Asked, Measure, Table

from sardonyx.adapters.processes.home import Home, free_ports

_BROUGHT = re.compile(r"^(\d/\d .+?)\s+([\d.]+) MB\s+([\d.]+) s$", re.MULTILINE)
_STARTED = re.compile(r"^(\d/\d .+?)\s{2,}.*?([\d.]+) s$", re.MULTILINE)
_SECONDS = 1800.0


def measure(asked: Asked) -> Table:
    """Clone, bootstrap, start, wait for JupyterLab's environment; then uv alone. Once."""
    with TemporaryDirectory(prefix="sx") as folder:
        place = Path(folder)
        clone, home = place / "c", Home(place / "h")
        _run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], place, {})
        environment = _environment(place / "ours", home)
        received, begun = received_bytes(), time.perf_counter()
        said = _run([sys.executable, "tools/bootstrap.py", "run"], clone, environment)
        lines = [
            Measure(f"set up {title}", float(seconds), "s", note=f"{megabytes} MB on the disk")
            for title, megabytes, seconds in _BROUGHT.findall(said)
        ]
        (port,) = free_ports(1)
        command = [str(clone / ".venv/bin/sardonyx"), "up", "--detach", "--no-browser"]
        before = time.perf_counter()
        told = _run([*command, "--port", str(port)], clone, environment)
        try:
            whole = time.perf_counter() - begun
            started = _STARTED.findall(told)
            lines += [Measure(f"up {title}", float(seconds), "s") for title, seconds in started]
            # What follows the portal's step is not waited for.
            portal = whole - sum(float(seconds) for _, seconds in started[3:])
            until(lambda: _prepared(home), seconds=_SECONDS, what="environments built")
            ready = time.perf_counter() - begun
            brought = received_bytes() - received
            size = max(_size(one) for one in home.environments.iterdir() if one.is_dir())
        finally:
            _run([command[0], "down"], clone, environment)
        uv = str(clone / ".venv/bin/uv")
        alone = _alone(uv, clone / "requirements/local.txt", place / "p1")
        lab = _alone(uv, clone / "catalog/jupyter-python/requirements.txt", place / "p2")
        subprocess.run(["chmod", "-R", "u+rwX", folder], check=False)
    lines += [
        Measure("`sardonyx up` alone", whole - (before - begun), "s"),
        Measure("portal answers, from nothing", portal, "s", peer=alone, at_most=90),
        Measure("`make up` to the address", whole, "s", peer=alone),
        Measure(
            "JupyterLab's environment too", ready, "s", peer=alone + lab,
            note=f"{size / 1e6:.0f} MB on the disk",
        ),
    ]  # fmt: skip
    return Table(
        "cold",
        "Cold start",
        lines,
        (
            "Once, in a fresh clone with empty caches of uv, pip and npm; peer: `uv venv` and "
            "`uv pip install` of the same requirements with an empty cache of their own "
            f"(requirements/local.txt {alone:.1f} s, JupyterLab's {lab:.1f} s). The machine "
            f"received {brought / 1e6:.0f} MB over its network meanwhile. File caches of the "
            "system were not emptied.",
        ),
    )


def _environment(cache: Path, home: Home) -> dict[str, str]:
    return {
        "UV_CACHE_DIR": str(cache / "uv"),
        "PIP_CACHE_DIR": str(cache / "pip"),
        "npm_config_cache": str(cache / "npm"),
        "SARDONYX_HOME": str(home.root),
        "LANG": "C.UTF-8",
    }


def _prepared(home: Home) -> bool:
    ready = len(list(home.environments.glob("*/.ready")))
    return ready > 0 and (not home.preparation.exists() or home.preparation.read_text() == "{}")


def _alone(uv: str, requirements: Path, place: Path) -> float:
    """Return the seconds uv takes for an environment of `requirements`, nothing cached."""
    environment = {"UV_CACHE_DIR": str(place / "cache")}
    begun = time.perf_counter()
    _run([uv, "venv", "--quiet", str(place / "env")], ROOT, environment)
    install = [uv, "pip", "install", "--quiet", "--require-hashes"]
    python = str(place / "env/bin/python")
    _run([*install, "--python", python, "-r", str(requirements)], ROOT, environment)
    return time.perf_counter() - begun


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Run a program and return what it said on standard error. Raises RuntimeError."""
    ours = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**ours, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stderr[-2000:]}")
    return done.stderr


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))
