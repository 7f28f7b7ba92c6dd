"""Wait for what a cluster will do, without saying when."""

from __future__ import annotations

import time
from collections.abc import Callable

# Seconds: busy machines are slow, so it is no statement about speed.
GENEROUS = 180.0


def until(true: Callable[[], bool], what: str) -> None:
    """Return as soon as `true()` is; fail naming what was waited for."""
    deadline = time.monotonic() + GENEROUS
    while not true():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.2)
