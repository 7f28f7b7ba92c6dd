"""Build the catalogue's environments ahead of the first launch, beside everything else.

`python -m sardonyx.adapters.processes.preparation --home DIR CHART=REQUIREMENTS…`

A program of the supervisor that ends when it is done. How far it is stands in
`run/preparation.json`. A build that fails is left to the launch that needs it, which tells why.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType

from sardonyx.adapters.processes.environments import (
    EnvironmentCancelled,
    EnvironmentFault,
    Progress,
    environment_ready,
    prepare_environment,
)
from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.adapters.processes.parts import Part

_WRITTEN_EVERY = 0.5


def preparation_part(home: Home, requirements: Mapping[str, Path]) -> Part:
    """Return the program that builds the environments of `requirements`, by chart name."""
    named = [f"{chart}={file}" for chart, file in requirements.items()]
    module = "sardonyx.adapters.processes.preparation"
    return Part(
        name="preparation",
        command=(sys.executable, "-m", module, "--home", str(home.root), *named),
        directory=home.root,
        once=True,
    )


def unprepared(home: Home, requirements: Mapping[str, Path]) -> dict[str, Path]:
    """Return those of `requirements`, by chart name, whose environment is not there yet."""
    return {chart: file for chart, file in requirements.items() if not _ready(home, file)}


def preparation_progress(home: Home) -> dict[str, float]:
    """Return the environments still being built: chart name -> part done in [0, 1]."""
    try:
        told: dict[str, float] = json.loads(home.preparation.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return told


def main() -> int:
    """Build each environment that is not there; return 1 when one could not be built."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("named", nargs="*")
    asked = parser.parse_args()
    home = Home(asked.home)
    # Whoever launches something meanwhile comes first.
    os.nice(10)
    ended = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, end)
    wanted = {chart: Path(file) for chart, _, file in (one.partition("=") for one in asked.named)}
    board = _Board(home, unprepared(home, wanted))
    good = True
    for chart in board.waiting():
        try:
            prepare_environment(
                home,
                wanted[chart].read_text(encoding="utf-8"),
                told=partial(board.tell, chart),
                cancelled=lambda: ended,
            )
        except EnvironmentFault as fault:
            sys.stderr.write(f"{chart}: {fault.facts.get('package_evidence', fault)}\n")
            good = False
        except EnvironmentCancelled:
            break
        finally:
            board.done(chart)
    board.clear()
    return 0 if good else 1


def _ready(home: Home, file: Path) -> bool:
    return environment_ready(home, file.read_text(encoding="utf-8"))


class _Board:
    """What is being built and how far, in a file the portal reads."""

    def __init__(self, home: Home, charts: Iterable[str]) -> None:
        self._file = home.preparation
        self._progress = dict.fromkeys(charts, 0.0)
        self._written = 0.0
        self._write()

    def waiting(self) -> list[str]:
        return list(self._progress)

    def tell(self, chart: str, progress: Progress) -> None:
        self._progress[chart] = progress.fraction or self._progress[chart]
        if time.monotonic() - self._written > _WRITTEN_EVERY:
            self._write()

    def done(self, chart: str) -> None:
        self._progress.pop(chart, None)
        self._write()

    def clear(self) -> None:
        self._progress.clear()
        self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        write_private(self._file, json.dumps(self._progress).encode())


if __name__ == "__main__":
    sys.exit(main())
