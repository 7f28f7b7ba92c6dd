"""Measure the launcher's pure core on a chart of many properties."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from tools.measures.table import Asked, Measure, Table, percentile

from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.plan import make_plan
from sardonyx.values import Json, JsonObject

_CONTEXT: JsonObject = {
    "user": {"idep": "ada", "email": "ada@stat.example", "groups": ["soil", "tide"]},
    "project": {"id": "user-ada", "password": "9x4"},
    "s3": {"port": 9443, "isAnonymous": False},
}
_SIZES = (60, 600, 6000)
_GROUP = 20


def chart(properties: int) -> Chart:
    """Return a chart of about `properties` properties of every kind, in groups of 20."""
    groups: dict[str, Json] = {}
    for number in range(max(1, properties // _GROUP)):
        groups[f"group{number}"] = {
            "type": "object",
            "title": f"Group {number}",
            "properties": {
                f"value{place}": _property(place) for place in range(min(_GROUP, properties) - 1)
            },
        }
    return Chart(
        ref=ChartRef("bench", "many", "1.0.0"),
        folder=Path("many"),
        title="many",
        description="",
        keywords=(),
        app_version="",
        home=None,
        sources=(),
        icon=None,
        dependencies=(),
        values={},
        schema={"type": "object", "properties": groups},
        local=None,
        readme="",
    )


def _property(place: int) -> JsonObject:
    title: JsonObject = {"title": f"Value {place}", "description": "What it is for."}
    kinds: tuple[JsonObject, ...] = (
        {"type": "string", "default": "text", "pattern": "^[a-z]*$"},
        {"type": "integer", "default": 3, "minimum": 0, "maximum": 9},
        {"type": "boolean", "default": True},
        {"type": "string", "enum": ["small", "medium", "large"], "default": "small"},
        {"type": "string", "x-onyxia": {"overwriteDefaultWith": "user.email"}},
        {
            "type": "string",
            "default": "",
            "x-onyxia": {"overwriteDefaultWith": "{{user.idep}}-{{project.id}}"},
        },
        {"type": "string", "default": "", "hidden": {"value": False, "path": "group0/value2"}},
    )
    return {**title, **kinds[place % len(kinds)]}


def measure(asked: Asked) -> Table:
    """Make draft, form and plan again and again."""
    medians: dict[int, float] = {}
    slow: dict[int, float] = {}
    patch = (PatchEntry(("group0", "value1"), 5),)
    for size in _SIZES:
        many = chart(size)
        seconds = []
        for _ in range(asked.size(100 if size < 6000 else 20, least=3)):
            begun = time.perf_counter()
            draft = make_draft(chart=many, context=_CONTEXT, patch=patch)
            make_plan(
                draft, release="many-1", project="user-ada", owner="ada",
                friendly_name="many", shared=False,
            )  # fmt: skip
            seconds.append((time.perf_counter() - begun) * 1000)
        if draft.problems:
            raise RuntimeError(f"the chart of the measure is wrong: {draft.problems[:3]}")
        medians[size], slow[size] = statistics.median(seconds), percentile(seconds, 95)
    lines = [Measure("600 properties, 95th percentile", slow[600], "ms", at_most=20)]
    for size in _SIZES:
        tenth = medians.get(size // 10)
        growth = f"{medians[size] / tenth:.1f} times that of a tenth" if tenth else ""
        lines.append(Measure(f"{size} properties", medians[size], "ms", note=growth))
    return Table(
        "launcher",
        "Launcher: values, form and plan of one launch",
        lines,
        (
            "References resolved, form built, values judged and plan made from nothing, the schema "
            "read once (it is the same for each launch).",
        ),
    )
