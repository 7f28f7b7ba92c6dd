"""Measure catalogues of Helm repositories: read anew, and started from the disk cache."""

from __future__ import annotations

import asyncio
import hashlib
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.adapters.charts.archives import HelmServer, chart_archive
from tests.charts.servers import serving
from tools.measures.table import Asked, Measure, Table

from sardonyx.adapters.charts.catalogs import ChartCatalogs
from sardonyx.values import Json, JsonObject

_CHARTS, _VERSIONS = 60, 5
_START_SECONDS = 3.0
# A process of its own: its memory and its imports are those of a start.
_STARTED = """
import json, sys, time
from pathlib import Path
from sardonyx.adapters.charts.catalogs import ChartCatalogs
from sardonyx.catalog.service import CatalogService
from sardonyx.projects.models import Actor
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
before = resident()
ada = Actor("ada", "Ada", "", ())
begun = time.perf_counter()
catalogs = ChartCatalogs([json.loads(sys.argv[1])], data=Path(sys.argv[2]))
service = CatalogService(catalogs.sources)
listed = sum(len(one.charts) for one in service.catalogs(ada))
found = len(service.search(ada, "chart", language="en"))
started = time.perf_counter() - begun
begun = time.perf_counter()
service.chart(ada, "chart0")
opened = time.perf_counter() - begun
print(json.dumps([started, opened, listed, found, resident() - before]))
"""


def measure(asked: Asked) -> Table:
    """Serve a repository of the size of Onyxia's own, read it, and start on what was kept."""
    charts = asked.size(_CHARTS, least=2)
    server = _repository(charts)
    with TemporaryDirectory() as folder, serving(server.answer) as location:
        settings: JsonObject = {
            "id": "bench",
            "location": location,
            "multipleServicesMode": "all",
        }
        data = Path(folder)
        begun = time.perf_counter()
        asyncio.run(ChartCatalogs([settings], data=data).read_once())
        anew = time.perf_counter() - begun
        begun = time.perf_counter()
        asyncio.run(ChartCatalogs([settings], data=data).read_once())
        unchanged = time.perf_counter() - begun
        starts = [_started(settings, data) for _ in range(asked.runs)]
    started, opened, memory = (
        statistics.median(run[column] for run in starts) for column in (0, 1, 4)
    )
    listed = f"{starts[0][2]:.0f} archives of {charts} charts"
    return Table(
        "catalogs",
        "Catalogues of a Helm repository",
        [
            Measure(
                "started from disk, listed and searched",
                started,
                "s",
                peer=anew,
                at_most=_START_SECONDS,
                note=listed,
            ),
            Measure("a chart's schema, first time", opened * 1000, "ms"),
            Measure("a reading without news", unchanged, "s", note="304 by the index's tag"),
            Measure("memory of the lists", memory, "MB", note="growth of a fresh process"),
        ],
        ("Peer: the same repository read anew, every archive fetched, checked and unpacked.",),
    )


def _started(settings: JsonObject, data: Path) -> list[float]:
    command = [sys.executable, "-c", _STARTED, json.dumps(settings), str(data)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    # The last line: the platform's log stands before it.
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _repository(charts: int) -> HelmServer:
    """Return a repository whose charts are as large as Onyxia's: 60 kB of schema each."""
    properties: dict[str, Json] = {
        f"group{number}": {
            "type": "object",
            "title": f"Group {number}",
            "description": "What it is for, in a sentence of usual length.",
            "properties": {
                f"value{place}": {
                    "type": "string",
                    "title": f"Value {place}",
                    "description": "What it is for, in a sentence of usual length.",
                    "default": "text",
                    "x-onyxia": {"overwriteDefaultWith": "region.resources.cpuRequest"},
                }
                for place in range(10)
            },
        }
        for number in range(25)
    }
    schema = json.dumps({"type": "object", "properties": properties})
    values = "".join(
        f"group{number}:\n" + "".join(f"  value{place}: text\n" for place in range(10))
        for number in range(25)
    )
    server = HelmServer()
    lines = ["apiVersion: v1", "entries:"]
    for chart in range(charts):
        lines.append(f"  chart{chart}:")
        for version in range(_VERSIONS):
            name, number = f"chart{chart}", f"1.{version}.0"
            content = chart_archive(
                name,
                number,
                about="description: A chart of usual size.\nkeywords: [one, two]\n",
                files={"values.yaml": values, "values.schema.json": schema},
            )
            server.archives[f"{name}-{number}.tgz"] = content
            digest = hashlib.sha256(content).hexdigest()
            lines += [f"  - {{name: {name}, version: {number}, digest: '{digest}',"]
            lines += [f"     urls: [{name}-{number}.tgz]}}"]
    server.index = "\n".join(lines).encode()
    return server
