"""Order chart versions as SemVer does, and refuse those that are no version."""

from __future__ import annotations

import re

_SEMVER = re.compile(
    r"v?(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})"
    r"(?:-([0-9A-Za-z.-]{1,60}))?(?:\+[0-9A-Za-z.-]{1,60})?",
    re.ASCII,
)

Order = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


def is_version(text: str) -> bool:
    """Say whether `text` is a version that is safe in an address and in a file's name."""
    return _SEMVER.fullmatch(text) is not None


def is_prerelease(version: str) -> bool:
    match = _SEMVER.fullmatch(version)
    return match is not None and match[4] is not None


def order(version: str) -> Order:
    """Return a key that sorts versions, oldest first. Raises ValueError for no version."""
    match = _SEMVER.fullmatch(version)
    if match is None:
        raise ValueError(version)
    parts = tuple(
        (False, int(part), "") if part.isdecimal() else (True, 0, part)
        for part in (match[4] or "").split(".")
        if part
    )
    return int(match[1]), int(match[2]), int(match[3]), match[4] is None, parts
