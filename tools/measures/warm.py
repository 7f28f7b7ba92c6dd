"""Measure `up` on a home that was used before."""

from __future__ import annotations

import re
import statistics
import time

from tools.measures.platform import platform
from tools.measures.table import Asked, Measure, Table

_STEP = re.compile(r"^(\d)/\d (.+?)\s{2,}.*?([\d.]+) s$", re.MULTILINE)


def steps(said: str) -> dict[str, float]:
    """Return the seconds of each step that `up` told, by its title."""
    return {title.strip(): float(seconds) for _, title, seconds in _STEP.findall(said)}


def measure(asked: Asked) -> Table:
    """Start the platform again and again; seconds count from the start of the command."""
    portal, both = [], []
    used = platform()
    words = ("up", "--detach", "--no-browser", "--port", str(used.port))
    for _ in range(asked.runs):
        used.run("down")
        begun = time.perf_counter()
        told = steps(used.run(*words).stderr)
        whole = time.perf_counter() - begun
        both.append(whole)
        # What follows the portal's step is not part of it; the steps are told to 0.1 s.
        portal.append(whole - told["storage and secrets"])
    return Table(
        "warm",
        "Warm start",
        [
            Measure("portal answers", statistics.median(portal), "s", at_most=3),
            Measure("storage and secrets answer too", statistics.median(both), "s", at_most=5),
        ],
        (f"Seconds from the start of `sardonyx up --detach` on a used home; {asked.runs} runs.",),
    )
