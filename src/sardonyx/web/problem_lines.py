"""Word problems for a list beside a button: where each one is, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sardonyx.errors import Problem


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """A problem in words. `anchor`: id of the field it leads to, empty when none is shown."""

    anchor: str
    where: str
    words: str
    level: str


def problem_lines(
    problems: Sequence[Problem],
    language: str,
    shown: Mapping[str, tuple[str, str]] | None = None,
) -> tuple[ProblemLine, ...]:
    """Return the lines; `shown` gives id and label of the fields by JSON pointer."""
    lines = []
    for problem in problems:
        anchor, label = (shown or {}).get(problem.pointer, ("", problem.pointer))
        words = problem.message.in_language(language)
        lines.append(ProblemLine(anchor, label, words, problem.level))
    return tuple(lines)
