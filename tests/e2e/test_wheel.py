"""The wheel, in an empty environment elsewhere, gives a working platform."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.e2e.platform import CACHE, ROOT

from sardonyx.adapters.processes.home import free_ports

pytestmark = [pytest.mark.heavy, pytest.mark.real]
CHARTS = {path.parent.name for path in ROOT.glob("catalog/*/Chart.yaml")}


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Path]:
    """A folder outside the checkout, short: sockets are made in it."""
    with TemporaryDirectory(prefix="sxw") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def wheel(elsewhere: Path) -> Path:
    command = [str(Path(sys.executable).with_name("uv")), "build", "--quiet", "--wheel"]
    command += ["--no-build-isolation", "--python", sys.executable]
    subprocess.run([*command, "--out-dir", str(elsewhere / "dist")], cwd=ROOT, check=True)
    return next(elsewhere.joinpath("dist").glob("sardonyx-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, elsewhere: Path) -> Path:
    """The `sardonyx` of an empty environment where only the wheel was installed."""
    subprocess.run([sys.executable, "-m", "venv", str(elsewhere / "e")], check=True)
    pip = [str(elsewhere / "e/bin/python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", f"{wheel}[local]"], check=True)
    return elsewhere / "e/bin/sardonyx"


def test_all_that_is_read_at_run_time_is_packaged(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"sardonyx/_catalog/{chart}/values.schema.json" for chart in CHARTS} <= names
    assert {f"sardonyx/_catalog/{chart}/local.yaml" for chart in CHARTS} <= names
    assert {
        "sardonyx/adapters/processes/local.schema.json",
        "sardonyx/locale/fr/LC_MESSAGES/sardonyx.mo",
        "sardonyx/web/static/dist/manifest.json",
        "sardonyx/web/templates/base.html",
        "sardonyx/data/sample.py",
    } <= names
    templates = (ROOT / "src").rglob("templates/*.html")
    assert {str(path.relative_to(ROOT / "src")) for path in templates} <= names
    assert not [name for name in names if "/tests/" in name or "/assets/" in name]


def test_the_installed_wheel_runs_the_platform(installed: Path, elsewhere: Path) -> None:
    home = elsewhere / "h"
    home.mkdir(mode=0o700)
    CACHE.joinpath("uv").mkdir(parents=True, exist_ok=True)
    (home / "cache").symlink_to(CACHE)
    (port,) = free_ports(1)
    kept = {name: os.environ[name] for name in ("HOME", "USER", "LOGNAME") if name in os.environ}
    # Nothing of the checkout: neither its environment's programs nor its folder.
    clean = {**kept, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}

    def sardonyx(*words: str) -> str:
        done = subprocess.run(
            [str(installed), *words, "--home", str(home)],
            cwd=elsewhere, env=clean, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    address = sardonyx("up", "--detach", "--no-browser", "--port", str(port)).strip()
    try:
        assert address.startswith(f"http://localhost:{port}/")
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(address, timeout=30) as page:
            assert "/static/" in page.read().decode()
        listed = json.loads(sardonyx("catalog", "list", "--json"))
        assert {one["name"] for one in listed["catalogs"][0]["charts"]} == CHARTS
    finally:
        sardonyx("down")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
