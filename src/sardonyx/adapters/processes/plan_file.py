"""Write a launch plan to its owner-only file and read it back, types kept."""

from __future__ import annotations

import json
from pathlib import Path

from sardonyx.adapters.processes.home import write_private
from sardonyx.catalog.models import ChartRef
from sardonyx.services.models import LaunchPlan


def write_plan(path: Path, plan: LaunchPlan) -> None:
    """Keep `plan`, secrets included, for the owner's eyes alone (0600)."""
    document = {
        "release": plan.release,
        "project": plan.project,
        "owner": plan.owner,
        "friendly_name": plan.friendly_name,
        "shared": plan.shared,
        "chart": [plan.chart.catalog, plan.chart.chart, plan.chart.version],
        "values": plan.values,
        "merged": plan.merged,
        "context": plan.context,
        "secret_paths": sorted((list(one) for one in plan.secret_paths), key=str),
    }
    write_private(path, json.dumps(document).encode())


def read_plan(path: Path) -> LaunchPlan:
    """Return the plan kept in `path`."""
    raw = json.loads(path.read_text())
    raw["chart"] = ChartRef(*raw["chart"])
    raw["secret_paths"] = frozenset(tuple(one) for one in raw["secret_paths"])
    return LaunchPlan(**raw)
