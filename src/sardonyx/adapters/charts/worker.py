"""Read indexes and archives in a process of its own, with limits: they are somebody else's.

One request a line on standard input, one answer a line on standard output, until it closes.
`{"job": "index", "file", "to"}` writes the entries as JSON; `{"job": "chart", "file", "folder",
"content"}` unpacks an archive into a new folder and writes values and schema as JSON. Answers:
`{"fault": …}`, or `{"listing": …}` for a chart, or `{}`.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
from pathlib import Path

from sardonyx.adapters.charts.archive import unpack
from sardonyx.adapters.charts.faults import of_disk, problem_document
from sardonyx.adapters.charts.index import read_index
from sardonyx.adapters.charts.records import listing
from sardonyx.catalog.faults import RepositoryError
from sardonyx.catalog.models import ChartFault
from sardonyx.catalog.read import read_chart
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject

# Bytes of address space. An index of 25 MB takes 80 MB; one made to fill memory ends here.
_MEMORY = 1024 * 1024 * 1024


def main() -> None:
    """Answer until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)
    # Answers alone go out there: what libraries print goes to standard error.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=output, flush=True)


def answer(request: JsonObject) -> JsonObject:
    """Do one job and return its answer."""
    try:
        if request["job"] == "index":
            return _index(Path(str(request["file"])), Path(str(request["to"])))
        return _chart(*(Path(str(request[name])) for name in ("file", "folder", "content")))
    except RepositoryError as error:
        return {"fault": [problem_document(error.problem)]}
    except OSError as error:
        return {"fault": [problem_document(of_disk(error).problem)]}
    except (MemoryError, RecursionError):
        large = RepositoryError("archive_too_large", N_("It is too large to be read."))
        return {"fault": [problem_document(large.problem)]}


def _index(file: Path, to: Path) -> JsonObject:
    to.write_text(json.dumps(read_index(file.read_bytes())))
    return {}


def _chart(file: Path, folder: Path, content: Path) -> JsonObject:
    done = False
    try:
        unpack(file, folder)
        read = read_chart(folder, "")
        if isinstance(read, ChartFault):
            faults: list[Json] = [problem_document(problem) for problem in read.problems]
            return {"fault": faults}
        content.write_text(json.dumps({"values": read.values, "schema": read.schema}))
        done = True
        return {"listing": listing(read)}
    finally:
        if not done:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
