"""Write launch plans to owner-only files and read them back, types kept.

Beside the present plan lie those of earlier revisions, so that a release can return to one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sardonyx.adapters.processes.home import write_private
from sardonyx.catalog.models import ChartRef
from sardonyx.services.models import LaunchPlan

_KEPT = 10  # the newest, beside the first


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """What a release was at one revision. description: English, as a Helm release has one."""

    number: int
    at: datetime
    description: str
    plan: LaunchPlan


def write_plan(path: Path, plan: LaunchPlan) -> None:
    """Keep `plan`, secrets included, for the owner's eyes alone (0600)."""
    write_private(path, json.dumps(_document(plan)).encode())


def read_plan(path: Path) -> LaunchPlan:
    """Return the plan kept in `path`."""
    return _plan(json.loads(path.read_text()))


def keep_revision(folder: Path, number: int, plan: LaunchPlan, description: str) -> None:
    """Keep `plan` as revision `number`; the first and the ten newest stay."""
    folder.mkdir(mode=0o700, exist_ok=True)
    document = {
        "at": datetime.now(UTC).isoformat(),
        "description": description,
        "plan": _document(plan),
    }
    write_private(folder / f"{number}.json", json.dumps(document).encode())
    for old in _numbers(folder)[1:-_KEPT]:
        (folder / f"{old}.json").unlink(missing_ok=True)


def read_revisions(folder: Path) -> list[KeptPlan]:
    """Return the revisions kept in `folder`, oldest first; one that cannot be read is left out."""
    found = []
    for number in _numbers(folder):
        try:
            raw = json.loads((folder / f"{number}.json").read_text())
            at, told = datetime.fromisoformat(raw["at"]), str(raw["description"])
            found.append(KeptPlan(number, at, told, _plan(raw["plan"])))
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return found


def _numbers(folder: Path) -> list[int]:
    if not folder.exists():
        return []
    return sorted(int(one.stem) for one in folder.glob("*.json") if one.stem.isdecimal())


def _document(plan: LaunchPlan) -> dict[str, Any]:
    return {
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
        "s3_profile": plan.s3_profile,
    }


def _plan(raw: Mapping[str, Any]) -> LaunchPlan:
    return LaunchPlan(
        **{
            **raw,
            "chart": ChartRef(*raw["chart"]),
            "secret_paths": frozenset(tuple(one) for one in raw["secret_paths"]),
        }
    )
