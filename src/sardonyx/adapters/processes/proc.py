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
