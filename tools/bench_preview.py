"""Measure previews and queries of a 1 GB Parquet file beside DuckDB alone.

Prints one table: name, median, peer's median, ratio. Seconds of wall time, start of the process
included on both sides; the peer is Python that imports DuckDB and reads the same object from the
same storage with the same threads, in no sandbox. Peak memory is the worker's.

Run: python tools/bench_preview.py [--bytes 1000000000] [--runs 5]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import httpx2

from sardonyx.adapters.duckdb.protocol import MIB, Limits
from sardonyx.adapters.duckdb.reader import ConfinedTableReader
from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.programs import find_program
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.sts import WebIdentityBroker
from sardonyx.files.models import S3Credentials, Table
from sardonyx.testing.parts import RunningParts, running_parts

KEY = "big.parquet"
ROWS_SHOWN = 50
GROUP_BY = "SELECT k, count(*), avg(x), max(name) FROM data GROUP BY k ORDER BY k"
# Random numbers hardly shrink: about 30 bytes a row.
ROW_BYTES = 29.5
MAKE = (
    "SELECT i, i % 100 AS k, random() AS x, random() AS y, random() AS z, 'n' || (i % 5000) AS name"
    " FROM range({rows}) t(i)"
)
PEER = """
import glob, os, sys, duckdb, duckdb_extension_httpfs as httpfs
con = duckdb.connect(config={"threads": 2})
folder = os.path.dirname(httpfs.__file__)
con.load_extension(glob.glob(folder + "/extensions/*/httpfs.duckdb_extension")[0])
for name in ("access_key_id", "secret_access_key", "session_token", "endpoint"):
    con.execute(f"SET s3_{name} = '{os.environ[name]}'")
con.execute("SET s3_url_style = 'path'; SET s3_use_ssl = false; SET s3_region = 'us-east-1'")
data = con.read_parquet(os.environ["address"])
print(len(con.sql(sys.argv[1]).fetchall()))
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One measure: medians in seconds; note: what else was seen."""

    name: str
    median: float
    peer: float | None
    note: str = ""

    def text(self) -> str:
        peer, ratio = "", ""
        if self.peer is not None:
            peer, ratio = f"{self.peer:.2f}", f"{self.median / self.peer:.2f}"
        return f"{self.name:<44}{self.median:>8.2f}{peer:>8}{ratio:>8}  {self.note}"


async def measure(parts: RunningParts, size: int, runs: int) -> list[Line]:
    """Return the measures of an object of about `size` bytes."""
    identity = OnePerson.of_login(parts.issuer, "bench")
    project = identity.person.personal_project
    async with httpx2.AsyncClient(timeout=600) as client:
        broker = WebIdentityBroker(identity=identity, client=client, endpoint=parts.s3_endpoint)
        store = S3ObjectStore(client=client)
        keys = await broker.credentials(username="bench", project=project)
        await store.ensure_bucket(keys, project.bucket)
        stored = await _made(store, keys, project.bucket, size)
        print(f"{KEY}: {stored / 1e9:.2f} GB in the storage", file=sys.stderr)

        def reader(memory: int) -> ConfinedTableReader:
            limits = Limits(memory=memory, seconds=600)
            return ConfinedTableReader(store=store, bwrap=find_program("bwrap").path, limits=limits)

        async def first_rows() -> Table:
            return await reader(1024 * MIB).preview(keys, project.bucket, KEY, rows=ROWS_SHOWN)

        def grouped(memory: int) -> Callable[[], Awaitable[Table]]:
            return lambda: reader(memory).query(keys, project.bucket, KEY, GROUP_BY, rows=1000)

        address = f"s3://{project.bucket}/{KEY}"
        first_peer = _peer(keys, address, f"SELECT * FROM data LIMIT {ROWS_SHOWN}")
        group_peer = _peer(keys, address, GROUP_BY)
        return [
            await _beside("first 50 rows, memory limit 1 GiB", first_rows, first_peer, runs),
            await _beside("group by, memory limit 1 GiB", grouped(1024 * MIB), group_peer, runs),
            await _beside("group by, memory limit 256 MiB", grouped(256 * MIB), group_peer, runs),
        ]


async def _beside(
    name: str, ours: Callable[[], Awaitable[Table]], peer: Callable[[], None], runs: int
) -> Line:
    """Measure in turn, so that what else the machine does falls on both."""
    seconds, peer_seconds, peak = [], [], 0
    for _ in range(runs):
        begun = time.perf_counter()
        table = await ours()
        seconds.append(time.perf_counter() - begun)
        peak = max(peak, table.peak_bytes)
        begun = time.perf_counter()
        await asyncio.to_thread(peer)
        peer_seconds.append(time.perf_counter() - begun)
    return Line(
        name,
        statistics.median(seconds),
        statistics.median(peer_seconds),
        f"peak memory of the worker {peak / MIB:.0f} MiB",
    )


def _peer(keys: S3Credentials, address: str, sql: str) -> Callable[[], None]:
    environment = {
        **os.environ,
        "access_key_id": keys.access_key_id,
        "secret_access_key": keys.secret_access_key.reveal(),
        "session_token": keys.session_token.reveal(),
        "endpoint": keys.endpoint.partition("//")[2],
        "address": address,
    }

    def run() -> None:
        subprocess.run(
            [sys.executable, "-c", PEER, sql],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    return run


async def _made(store: S3ObjectStore, keys: S3Credentials, bucket: str, size: int) -> int:
    """Make the file, store it, and return its size in bytes."""
    with tempfile.TemporaryDirectory(prefix="sx-bench-") as folder:
        path = Path(folder) / KEY

        def write() -> None:
            with duckdb.connect() as connection:
                connection.sql(MAKE.format(rows=int(size / ROW_BYTES))).write_parquet(str(path))

        await asyncio.to_thread(write)

        async def blocks() -> AsyncIterator[bytes]:
            with path.open("rb") as file:
                while block := await asyncio.to_thread(file.read, 8 * MIB):
                    yield block

        return (await store.put(keys, bucket, KEY, blocks())).size


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bytes", type=int, default=1_000_000_000)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--json", action="store_true", help="print the measures as JSON")
    asked = arguments.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="sx-bench-") as folder,
        running_parts(Home(Path(folder)), names=("keys", "seaweedfs")) as parts,
    ):
        lines = asyncio.run(measure(parts, asked.bytes, asked.runs))
    if asked.json:
        print(json.dumps([[line.name, line.median, line.peer, line.note] for line in lines]))
        return
    print(f"{'name':<44}{'median':>8}{'peer':>8}{'ratio':>8}  (seconds)")
    for line in lines:
        print(line.text())


if __name__ == "__main__":
    main()
