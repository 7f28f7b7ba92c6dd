"""Keep what is made of short texts again and again: names of fields, keys of links, escapes.

For pure functions of what is no secret: an entry cannot be stale, and tells nobody anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

_MOST = 4096
_LONGEST = 128


class Kept(dict[K, V]):
    """What `made` returns for a key, kept where `is_kept` says so; begins anew when it is full.

    A look-up of what is kept costs no call, unlike `lru_cache`, which keeps long keys too.
    """

    def __init__(self, made: Callable[[K], V], is_kept: Callable[[K, V], bool]) -> None:
        super().__init__()
        self._made = made
        self._is_kept = is_kept

    def __missing__(self, key: K) -> V:
        value = self._made(key)
        if self._is_kept(key, value):
            if len(self) >= _MOST:
                self.clear()
            self[key] = value
        return value


def is_short(text: str) -> bool:
    """Tell whether 4,096 texts as long as this may be kept."""
    return len(text) <= _LONGEST
