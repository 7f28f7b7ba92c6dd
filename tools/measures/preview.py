"""Measure the preview of a 1 GB file; the work is `tools/bench_preview.py`'s."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tools.bench_preview import measure as measure_reads
from tools.measures.table import Asked, Measure, Table

from sardonyx.adapters.processes.home import Home
from sardonyx.testing.parts import running_parts

_BYTES = 1e9
_TARGETS = {"first 50 rows, memory limit 1 GiB": 1.0}


def measure(asked: Asked) -> Table:
    with (
        tempfile.TemporaryDirectory(prefix="sx-bench-") as folder,
        running_parts(Home(Path(folder)), names=("keys", "seaweedfs")) as parts,
    ):
        size = asked.size(_BYTES, least=1_000_000)
        lines = asyncio.run(measure_reads(parts, size, asked.runs))
    return Table(
        "preview",
        f"Preview and query of a Parquet file of {size / 1e9:g} GB",
        [
            Measure(
                line.name, line.median, "s", peer=line.peer, at_most=_TARGETS.get(line.name),
                note=line.note,
            )
            for line in lines
        ],
        (
            "Start of the confined process included; peer: Python that imports DuckDB and reads "
            f"the same object with the same threads, in no sandbox. In turn, {asked.runs} runs. "
            "The file is larger than the smallest limit.",
        ),
    )  # fmt: skip
