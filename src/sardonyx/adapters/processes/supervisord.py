"""Run supervisord on one home, holding the home's lock as long as it lives.

`python -m sardonyx.adapters.processes.supervisord --home DIR [--follow-parent]`

The lock is a flock on `run/supervisor.lock` held by supervisord's own process: it ends with that
process whatever ends it, so a left-over file never blocks the next start. Exit status 4 says
that another supervisor holds it.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import os
import signal
import sys
from pathlib import Path

from supervisor.options import ServerOptions
from supervisor.supervisord import go

from sardonyx.adapters.processes.home import LOCK_HELD, Home

_PR_SET_PDEATHSIG = 1


class _Options(ServerOptions):  # type: ignore[misc]  # supervisor has no types
    """supervisord's options without its sweep of open files, which would drop the lock."""

    def cleanup_fds(self) -> None:
        """Leave our files open; children get none of them (spawn closes all above 2)."""


def main() -> int:
    """Hold the lock and supervise until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--follow-parent", action="store_true")
    asked = parser.parse_args()
    home = Home(asked.home)
    descriptor = os.open(home.supervisor_lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return LOCK_HELD
    if asked.follow_parent:
        # `up` in the foreground: if it is killed, the supervisor ends everything in order.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    options = _Options()
    options.realize(["-n", "-c", str(home.supervisor_config)])
    options.first = True
    options.test = False
    go(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
