"""Measure the platform beside its peers, in one run: `make bench`.

    python tools/bench.py                  every topic
    python tools/bench.py --only launch    one topic (may be given again)
    python tools/bench.py --json FILE      the measures also as a JSON document

Prints one table for each topic; a missed target is told and fails nothing. Each topic starts
what it measures in a home of its own and leaves nothing behind. The machine should be idle.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOPICS = (
    "warm",
    "memory",
    "launch",
    "front_door",
    "preview",
    "pages",
    "launcher",
    "catalogs",
    "cold",
)
# Of a platform on a cluster: `make bench-cluster`.
CLUSTER_TOPICS = ("cluster_lists", "cluster_launches", "cluster_pages")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", action="append", choices=(*TOPICS, *CLUSTER_TOPICS), metavar="TOPIC"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each measure (5)")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of the usual sizes and counts (1)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    # The harness of the tests is used, by its full name.
    sys.path.insert(0, str(ROOT))
    from tools.measures import machine, platform
    from tools.measures.table import Asked, Table

    about = machine.describe(ROOT)
    print("\n".join(f"{name}: {value}" for name, value in about.items()), flush=True)
    tables: list[Table] = []
    failed = []
    try:
        for topic in asked.only or TOPICS:
            measure = importlib.import_module(f"tools.measures.{topic}").measure
            print(f"\n… {topic}", file=sys.stderr, flush=True)
            try:
                table: Table = measure(Asked(runs=asked.runs, scale=asked.scale))
            except Exception as error:  # noqa: BLE001 - one topic that fails costs only itself
                print(f"\n{topic}: could not be measured: {error!r}", flush=True)
                failed.append(topic)
                continue
            tables.append(table)
            load = f"Load of the machine then: {machine.load()}."
            print(f"\n{table.text()}\n{load}", flush=True)
    finally:
        platform.stop()
    if asked.json:
        document = {"machine": about, "topics": [table.document() for table in tables]}
        asked.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
