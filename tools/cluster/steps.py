"""Tell what is being done: one line when a step starts, one with bytes and seconds when it ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UnfitMachineError(Exception):
    """This machine lacks something; the message is one sentence that names it."""


@contextmanager
def step(title: str, *grows: Path) -> Iterator[None]:
    """Print the title, then the bytes that `grows` gained (folders or files) and the seconds."""
    before, start = used_bytes(*grows), time.monotonic()
    tell(f"{title:<36} …")
    yield
    gained = max(0, used_bytes(*grows) - before) / 1e6
    size = f"{gained:8.1f} MB" if grows else " " * 11
    tell(f"{title:<36} {size} {time.monotonic() - start:6.1f} s")


def ready(title: str) -> None:
    tell(f"{title:<36} ready")


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def used_bytes(*tops: Path) -> int:
    """Return the bytes of files below folders; links count for themselves."""
    total = 0
    for top in tops:
        if top.is_file():
            total += top.stat().st_size
        for folder, _, names in os.walk(top):
            for name in names:
                try:
                    total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - fast
                except FileNotFoundError:
                    continue
    return total
