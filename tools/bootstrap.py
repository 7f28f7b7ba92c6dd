"""Prepare a checkout: environment, packages, page bundle, translations. Standard library only.

Each step is done once and remembered by the content of what it depends on; it prints its number,
what it brought in bytes, and how long it took.

    python3 tools/bootstrap.py run     what `make up` needs
    python3 tools/bootstrap.py dev     that, and what `make test` and `make check` need
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"
SUPPORTED = ((3, 11), (3, 12), (3, 13))
OLDEST_NODE = 20


def main(wanted: str) -> int:
    python = supported_python()
    if python is None:
        print(
            "sardonyx needs Python 3.11, 3.12 or 3.13 with venv; none was found on PATH.\n"
            "Debian and Ubuntu: apt-get install python3 python3-venv",
            file=sys.stderr,
        )
        return 2
    name = "local" if wanted == "run" else "dev"
    # The development set holds the local one: never take packages away from under it.
    if wanted == "run" and (STAMPS / "packages-dev").exists():
        name = "dev"
    python_of_ours = str(VENV / "bin/python")
    requirements = ROOT / "requirements"
    steps: list[tuple[str, str, list[Path], Callable[[], None]]] = [
        (
            "Python environment",
            "environment",
            [requirements / "bootstrap.txt"],
            lambda: create_environment(python),
        ),
        (
            "packages",
            f"packages-{name}",
            [requirements / f"{name}.txt", ROOT / "pyproject.toml"],
            lambda: install(name),
        ),
    ]
    if not node_on_path():
        steps.append(
            ("Node for the pages", "node", [requirements / "node.txt"], lambda: pinned("node"))
        )
    steps += [
        (
            "page bundle",
            "assets",
            [ROOT / "package-lock.json", *sorted((ROOT / "src/sardonyx/web/assets").rglob("*"))],
            lambda: run(python_of_ours, "tools/assets.py"),
        ),
        (
            "translations",
            "translations",
            sorted((ROOT / "src/sardonyx/locale").rglob("*.po")),
            lambda: run(python_of_ours, "tools/translations.py", "compile"),
        ),
    ]
    if wanted == "dev":
        steps.append(
            (
                "sign-in for tests",
                "test-provider",
                [ROOT / "tests/servers/oidc/package-lock.json"],
                lambda: run(python_of_ours, "tools/test_provider.py"),
            )
        )
    for number, (title, stamp, inputs, work) in enumerate(steps, start=1):
        step(f"{number}/{len(steps)} {title}", stamp, inputs, work)
    return 0


def step(title: str, stamp: str, inputs: list[Path], work: Callable[[], None]) -> None:
    """Do `work` unless its inputs are those of the last time; print bytes and seconds."""
    mark = STAMPS / stamp
    content = digest(inputs)
    if mark.exists() and mark.read_text() == content:
        print(f"{title:<24} ready", file=sys.stderr)
        return
    before, start = used_bytes(), time.monotonic()
    print(f"{title:<24} …", file=sys.stderr, flush=True)
    work()
    STAMPS.mkdir(parents=True, exist_ok=True)
    mark.write_text(content)
    brought = max(0, used_bytes() - before) / 1e6
    seconds = time.monotonic() - start
    print(f"{title:<24} {brought:8.1f} MB {seconds:6.1f} s", file=sys.stderr)


def supported_python() -> str | None:
    """Return the first supported interpreter: the one running, else one on PATH."""
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for major, minor in reversed(SUPPORTED):
        found = shutil.which(f"python{major}.{minor}")
        if found:
            return found
    return None


def create_environment(python: str) -> None:
    run(python, "-m", "venv", "--clear", str(VENV))
    run(
        str(VENV / "bin/python"), "-m", "pip", "install", "--quiet", "--require-hashes",
        "--no-deps", "--disable-pip-version-check", "-r", "requirements/bootstrap.txt",
    )  # fmt: skip


def install(name: str) -> None:
    uv = str(VENV / "bin/uv")
    python = str(VENV / "bin/python")
    pinned(name)
    quiet = ("--quiet", "--python", python)
    run(uv, "pip", "install", *quiet, "--no-deps", "--no-build-isolation", "--editable", ".")


def pinned(name: str) -> None:
    """Install `requirements/<name>.txt`, each file by its hash."""
    uv, python = str(VENV / "bin/uv"), str(VENV / "bin/python")
    requirements = ("--require-hashes", "-r", f"requirements/{name}.txt")
    run(uv, "pip", "install", "--quiet", "--python", python, *requirements)


def node_on_path() -> bool:
    """Tell whether Node that can bundle the pages is installed, with npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = told.stdout.strip().lstrip("v").partition(".")[0]
    return major.isdigit() and int(major) >= OLDEST_NODE


def run(*command: str) -> None:
    """Run a program from the checkout; end this one with its code when it fails."""
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        print(f"failed: {' '.join(command)}", file=sys.stderr)
        sys.exit(done.returncode)


def digest(inputs: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in inputs:
        if path.is_file():
            whole.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def used_bytes() -> int:
    """Return the bytes of everything a step can bring."""
    total = 0
    for top in (VENV, ROOT / "node_modules", ROOT / "src/sardonyx/web/static/dist"):
        for folder, _, names in os.walk(top):
            for name in names:
                try:
                    total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - fast
                except FileNotFoundError:
                    continue
    return total


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "run"))
