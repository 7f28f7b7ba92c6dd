"""Regular expressions of charts and regions: one engine, ECMAScript style, a time limit.

Search is unanchored; `$` is the very end; `\\d` and `\\w` are ASCII. Source: launcher.md 1.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

import regex

SECONDS = 0.05


class Match(Enum):
    """What a pattern says of a text. BROKEN: it does not compile, and is ignored."""

    YES = "yes"
    NO = "no"
    BROKEN = "broken"
    TOO_SLOW = "too_slow"


@lru_cache(maxsize=2048)
def compiled(pattern: str) -> regex.Pattern[str] | None:
    """Return the compiled pattern, None when it does not compile."""
    try:
        return regex.compile(_ecmascript(pattern), flags=regex.ASCII)
    except (regex.error, OverflowError, RecursionError, ValueError):
        return None


def search(pattern: str, text: str) -> Match:
    """Tell whether `pattern` is found in `text`, within the time limit."""
    expression = compiled(pattern)
    if expression is None:
        return Match.BROKEN
    try:
        found = expression.search(text, timeout=SECONDS)
    except TimeoutError:
        return Match.TOO_SLOW
    return Match.YES if found else Match.NO


def matches_whole(pattern: str, text: str) -> bool:
    """Tell whether the whole `text` matches; not when the pattern is broken or too slow."""
    expression = compiled(pattern)
    if expression is None:
        return False
    try:
        return expression.fullmatch(text, timeout=SECONDS) is not None
    except TimeoutError:
        return False


def _ecmascript(pattern: str) -> str:
    """Return `pattern` with `$` meaning the very end, as ECMAScript has it."""
    if "$" not in pattern:
        return pattern
    out: list[str] = []
    in_class = escaped = False
    for char in pattern:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "[":
            in_class = True
        elif char == "]":
            in_class = False
        elif char == "$" and not in_class:
            out.append(r"\Z")
            continue
        out.append(char)
    return "".join(out)
