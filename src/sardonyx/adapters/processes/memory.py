"""Bound a service's memory where the machine allows, and learn whether it ran out.

Root with cgroup v1 or v2, or a delegated v2 group: a group of its own, whose counter of kills is
the evidence. Elsewhere RLIMIT_DATA for each process: Python then raises MemoryError, no evidence.
"""

from __future__ import annotations

import resource
import secrets
from contextlib import suppress
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


class MemoryLimit:
    """The bound of one life of one service. size: bytes."""

    def __init__(self, release: str, size: int) -> None:
        self._size = size
        # Process numbers repeat in each namespace, and names in each home.
        self._group = _make_group(f"sardonyx-{release}-{secrets.token_hex(4)}", size)
        self._kills = self._killed()

    def enter(self) -> None:
        """Put the calling process under the bound; runs between fork and exec."""
        if self._group is not None:
            with suppress(OSError):
                (self._group / "cgroup.procs").write_text("0")
                return
        resource.setrlimit(resource.RLIMIT_DATA, (self._size, self._size))

    def ran_out(self) -> bool:
        """Tell whether the kernel killed a process of the group for memory."""
        return self._killed() > self._kills

    def remove(self) -> None:
        """Remove the group; it is empty once its processes are gone."""
        if self._group is not None:
            with suppress(OSError):
                self._group.rmdir()

    def _killed(self) -> int:
        if self._group is None:
            return 0
        for name in ("memory.events", "memory.oom_control"):
            with suppress(OSError):
                for line in (self._group / name).read_text().splitlines():
                    word, _, count = line.partition(" ")
                    if word == "oom_kill":
                        return int(count)
        return 0


def _make_group(name: str, size: int) -> Path | None:
    for parent, file in _candidates():
        group = parent / name
        try:
            group.mkdir()
            (group / file).write_text(str(size))
        except OSError:
            with suppress(OSError):
                group.rmdir()
            continue
        return group
    return None


def _candidates() -> list[tuple[Path, str]]:
    """Return where a group of ours could be made: beside our own, version 1 then 2."""
    found = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers == "memory":
            found.append((_ROOT / "memory" / place.lstrip("/"), "memory.limit_in_bytes"))
        elif controllers == "":
            found.append((_ROOT / place.lstrip("/"), "memory.max"))
    # Where both versions are mounted, the root is an ordinary folder that bounds nothing.
    return [one for one in found if (one[0] / "cgroup.procs").exists()]
