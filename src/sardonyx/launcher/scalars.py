"""Numbers, equality and lookup of JSON values by the launcher's ground rules.

`true` is not `1`; `1.0` equals `1`, is an integer and prints `1`. Source: launcher.md 1.
"""

from __future__ import annotations

import math
import re

from sardonyx.launcher.models import UNSET, Maybe
from sardonyx.values import Json, Path

_LEADING_NUMBER = re.compile(r"\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)")
_EXACT_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
# Beyond this many digits a text is not read as a number: nobody means it, and int() is slow.
_MAX_DIGITS = 300


def is_number(value: object) -> bool:
    """Tell whether `value` is a JSON number: a finite int or float, not a boolean."""
    if value is True or value is False:
        return False
    if isinstance(value, int):
        return True
    return isinstance(value, float) and math.isfinite(value)


def is_integer(value: object) -> bool:
    """Tell whether `value` is a number without fraction; `7.0` is one."""
    if value is True or value is False:
        return False
    if isinstance(value, int):
        return True
    return isinstance(value, float) and math.isfinite(value) and value.is_integer()


def number_text(value: int | float) -> str:
    """Return the shortest decimal form: `4.0` gives `4`, `0.1` gives `0.1`."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def tidy(value: float) -> int | float:
    """Return an integral float as an int, so that it prints without fraction."""
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def read_number(text: str) -> int | float | None:
    """Return the number a whole text spells, else None."""
    text = text.strip()
    return _number(text) if _EXACT_NUMBER.fullmatch(text) else None


def leading_number(text: str) -> int | float | None:
    """Return the number a text begins with: `"12 cores"` gives 12; none gives None."""
    match = _LEADING_NUMBER.match(text)
    return _number(match[1]) if match else None


def _number(text: str) -> int | float | None:
    if len(text) > _MAX_DIGITS:
        return None
    if text.lstrip("+-").isdigit():
        return int(text)
    number = float(text)
    return tidy(number) if math.isfinite(number) else None


def same(left: object, right: object) -> bool:
    """Tell deep equality where `true` differs from `1` and `1.0` equals `1`."""
    if left is right:
        return True
    if isinstance(left, dict):
        if not isinstance(right, dict) or len(left) != len(right):
            return False
        return all(key in right and same(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        if not isinstance(right, list) or len(left) != len(right):
            return False
        return all(same(one, other) for one, other in zip(left, right, strict=True))
    return (type(left) is type(right) and left == right) or (
        is_number(left) and is_number(right) and left == right
    )


def is_container(value: object) -> bool:
    """Tell whether `value` is an object or a list."""
    return isinstance(value, (dict, list))


def at(value: Maybe, path: Path) -> Maybe:
    """Return what stands at `path`, or UNSET. A text looks in objects, an int in lists."""
    for part in path:
        if isinstance(part, str):
            if not isinstance(value, dict) or part not in value:
                return UNSET
            value = value[part]
        else:
            if not isinstance(value, list) or not 0 <= part < len(value):
                return UNSET
            value = value[part]
    return value


def depth(value: Maybe) -> int:
    """Return how many containers are inside one another; an atomic value gives 0."""
    if not isinstance(value, (dict, list)):
        return 0
    deepest = 0
    waiting: list[tuple[Json, int]] = [(value, 1)]
    while waiting:  # no recursion: what is asked here may be too deep for it
        here, level = waiting.pop()
        deepest = max(deepest, level)
        inner = here.values() if isinstance(here, dict) else here
        if isinstance(here, (dict, list)):
            waiting.extend((one, level + 1) for one in inner if isinstance(one, (dict, list)))  # type: ignore[union-attr]
    return deepest


def copy(value: Json) -> Json:
    """Return a deep copy of plain JSON, faster than the general one."""
    if isinstance(value, dict):
        return {key: copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy(item) for item in value]
    return value
