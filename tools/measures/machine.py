"""Say on what machine and on which commit a measure was taken; read its counters."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path


def describe(root: Path) -> dict[str, str]:
    """Return date, commit, processor, memory, disk and load, in words."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    temporary = tempfile.gettempdir()
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": _git(root, "rev-parse", "--short", "HEAD")
        + (" with changes" if _git(root, "status", "--porcelain", "-uno") else ""),
        "processor": f"{os.cpu_count()} cores, {model.group(1) if model else platform.machine()}",
        "memory": f"{memory / 2**30:.0f} GiB",
        "disk": f"{_file_system(temporary)}, {shutil.disk_usage(temporary).free / 1e9:.0f} GB free",
        "system": f"Linux {platform.release()}, Python {platform.python_version()}",
        "load before": load(),
    }


def load() -> str:
    """Return how many processes wanted to run in the last minute; on an idle machine ours."""
    return f"{os.getloadavg()[0]:.1f}"


def received_bytes() -> int:
    """Return the bytes all network interfaces but loopback have received."""
    lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    pairs = (line.split(":") for line in lines)
    return sum(int(numbers.split()[0]) for name, numbers in pairs if name.strip() != "lo")


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _file_system(folder: str) -> str:
    """Return type and device of the file system `folder` lies on."""
    found = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        device, place, kind = line.split()[:3]
        inside = folder == place or folder.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(found[0]):
            found = (place, f"{kind} on {device}")
    return found[1]
