"""Read processes from /proc, and mount a /proc of our own where the wrapper left the machine's."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_PROC = Path("/proc")


def mount_own_proc() -> None:
    """Mount this process namespace's /proc when the one in view is another namespace's.

    Only root's runner needs it (see containment.contained) and can do it; the mount is private
    to the runner. Where it fails, children cannot be found and a stop is a kill.
    """
    seen = str(Path("/proc/self").readlink()) if Path("/proc/self").is_symlink() else ""
    if seen == str(os.getpid()) or os.geteuid() != 0:
        return
    ctypes.CDLL(None, use_errno=True).mount(b"proc", b"/proc", b"proc", 0, None)


def children(pid: int) -> list[int]:
    """Return the processes whose parent is `pid`."""
    found = []
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text()
            except OSError:
                continue  # ended meanwhile
            # The name in parentheses may hold anything; fields are counted after it.
            if int(status.rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
    return found


def port_holder(port: int) -> str:
    """Return `name (pid)` of the process listening on a loopback port, empty when not seen."""
    wanted = f":{port:04X}"
    inodes = set()
    for table in ("net/tcp", "net/tcp6"):
        try:
            lines = (_PROC / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == "0A":
                inodes.add(f"socket:[{fields[9]}]")
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            links = {str(one.readlink()) for one in (entry / "fd").iterdir()}
            name = (entry / "comm").read_text().strip()
        except OSError:
            continue  # another user's, or ended meanwhile
        if links & inodes:
            return f"{name} ({entry.name})"
    return ""
