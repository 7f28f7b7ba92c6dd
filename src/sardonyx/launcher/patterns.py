"""Regular expressions of charts and regions: one engine, ECMAScript style, a time limit.

Search is unanchored; `$` is the very end; `\\d` and `\\w` are ASCII. A pattern that is too long,
or would grow too large when it is compiled, counts as one that does not compile.
Source: launcher.md 1.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from functools import lru_cache

import regex

SECONDS = 0.05
# Of all searches of one draft together; after that each is given next to nothing.
SECONDS_IN_ALL = 0.25
_LEAST = 0.001
_MAX_LENGTH = 4_000
_MAX_SIZE = 50_000
_SLOW_KEPT = 4_096

_COUNT = re.compile(r"\{([0-9]*)(?:(,)([0-9]*))?\}")
# What `.` never is in ECMAScript.
_NO_LINE_END = r"[^\n\r\u2028\u2029]"

_left: ContextVar[list[float] | None] = ContextVar("seconds left for patterns", default=None)
# What took too long once is not tried again: pattern, and hash of the text.
_slow: OrderedDict[tuple[str, int], None] = OrderedDict()


class Match(Enum):
    """What a pattern says of a text. BROKEN: it does not compile, and is ignored."""

    YES = "yes"
    NO = "no"
    BROKEN = "broken"
    TOO_SLOW = "too_slow"


@contextmanager
def limited(seconds: float = SECONDS_IN_ALL) -> Iterator[None]:
    """Let all searches inside take `seconds` together; an outer limit stays the one that counts."""
    if _left.get() is not None:
        yield
        return
    token = _left.set([seconds])
    try:
        yield
    finally:
        _left.reset(token)


@lru_cache(maxsize=2048)
def compiled(pattern: str) -> regex.Pattern[str] | None:
    """Return the compiled pattern, None when it does not compile."""
    if len(pattern) > _MAX_LENGTH or _size(pattern) > _MAX_SIZE:
        return None
    try:
        return regex.compile(_ecmascript(pattern), flags=regex.ASCII)
    except (regex.error, OverflowError, RecursionError, ValueError, MemoryError):
        return None


def search(pattern: str, text: str) -> Match:
    """Tell whether `pattern` is found in `text`, within the time limit."""
    expression = compiled(pattern)
    if expression is None:
        return Match.BROKEN
    key = (pattern, hash(text))
    if key in _slow:
        return Match.TOO_SLOW
    left = _left.get()
    limit = SECONDS if left is None else min(SECONDS, max(left[0], _LEAST))
    begun = time.monotonic()
    try:
        found = expression.search(text, timeout=limit)
    except TimeoutError:
        if limit >= SECONDS:  # else it was others that took the draft's time
            _slow[key] = None
        if len(_slow) > _SLOW_KEPT:
            _slow.popitem(last=False)
        return Match.TOO_SLOW
    finally:
        if left is not None:
            left[0] -= time.monotonic() - begun
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


def _size(pattern: str) -> int:
    """Return about how many places a pattern has once its counted repeats are written out."""
    sums, last = [0], 0
    position, in_class = 0, False
    while position < len(pattern):
        char = pattern[position]
        count = None if in_class else _COUNT.match(pattern, position)
        position += 1
        if char == "\\":
            position += 1
        elif in_class:
            in_class = char != "]"
            continue
        elif char == "(":
            sums.append(0)
            last = 0
            continue
        elif char == ")" and len(sums) > 1:
            last = sums.pop()
            sums[-1] += last
            continue
        elif count is not None:
            position = count.end()
            times = max(_times(count[1]), _times(count[3]))
            sums[-1] += last * (times - 1)
            last *= times
            if sums[-1] > _MAX_SIZE:
                return sums[-1]
            continue
        else:
            in_class = char == "["
        sums[-1] += 1
        last = 1
    return sum(sums)


def _times(digits: str | None) -> int:
    return max(int(digits), 1) if digits and len(digits) < 7 else _MAX_SIZE + 1 if digits else 1


def _ecmascript(pattern: str) -> str:
    """Return `pattern` with `$` and `.` meaning what ECMAScript means by them."""
    if "$" not in pattern and "." not in pattern:
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
        elif char in "$." and not in_class:
            out.append(r"\Z" if char == "$" else _NO_LINE_END)
            continue
        out.append(char)
    return "".join(out)
