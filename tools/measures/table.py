"""Own what a measure is and how a table of measures is shown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

_HEAD = ("name", "median", "peer", "ratio", "target", "met?")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a topic is asked. runs: of each measure. scale: share of the usual sizes; 1 counts."""

    runs: int = 5
    scale: float = 1.0

    def size(self, usual: float, *, least: int = 1) -> int:
        return max(least, round(usual * self.scale))


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured thing.

    value, peer: medians in `unit`. at_most: target of the value; ratio_at_most, ratio_at_least:
    target of value / peer. note: what else was seen.
    """

    name: str
    value: float
    unit: str
    peer: float | None = None
    at_most: float | None = None
    ratio_at_most: float | None = None
    ratio_at_least: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.peer if self.peer else None

    @property
    def met(self) -> bool | None:
        """Tell whether every target is met; None when there is none."""
        judged = []
        if self.at_most is not None:
            judged.append(self.value <= self.at_most)
        if self.ratio_at_most is not None and self.ratio is not None:
            judged.append(self.ratio <= self.ratio_at_most)
        if self.ratio_at_least is not None and self.ratio is not None:
            judged.append(self.ratio >= self.ratio_at_least)
        return all(judged) if judged else None

    def cells(self) -> tuple[str, ...]:
        target = [] if self.at_most is None else [f"≤ {number(self.at_most)} {self.unit}"]
        target += [] if self.ratio_at_most is None else [f"≤ {self.ratio_at_most:g} ×"]
        target += [] if self.ratio_at_least is None else [f"≥ {self.ratio_at_least:g} ×"]
        return (
            self.name,
            f"{number(self.value)} {self.unit}",
            "" if self.peer is None else f"{number(self.peer)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            ", ".join(target),
            {True: "yes", False: "no", None: ""}[self.met],
        )


@dataclass(frozen=True, slots=True)
class Table:
    """The measures of one topic. about: how they were taken, one sentence each."""

    topic: str
    title: str
    measures: Sequence[Measure]
    about: Sequence[str] = field(default_factory=tuple)

    def text(self) -> str:
        """Return a Markdown table whose columns also line up in a terminal."""
        noted = any(measure.note for measure in self.measures)
        rows: list[tuple[str, ...]] = [(*_HEAD, "seen") if noted else _HEAD]
        for measure in self.measures:
            rows.append((*measure.cells(), measure.note) if noted else measure.cells())
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            + " |"
            for row in rows
        ]  # fmt: skip
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join([f"## {self.title}", "", *lines, "", *self.about])

    def document(self) -> dict[str, object]:
        measures = [{**asdict(one), "ratio": one.ratio, "met": one.met} for one in self.measures]
        return {
            "topic": self.topic,
            "title": self.title,
            "about": [*self.about],
            "measures": measures,
        }


def number(value: float) -> str:
    """Return a number with three figures that count."""
    if value >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def percentile(values: Sequence[float], share: int) -> float:
    """Return the `share`-th percentile of at least two values."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]
