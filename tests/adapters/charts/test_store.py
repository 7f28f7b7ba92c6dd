"""The disk cache keeps what is used, up to its bound."""

from __future__ import annotations

import os
import time
from pathlib import Path

from sardonyx.adapters.charts.store import DiskCache


def _kept(cache: DiskCache, number: int, *, size: int, minutes: int) -> str:
    """Keep a chart of `size` bytes, last taken up `minutes` ago; return its digest."""
    digest = f"sha256:{number:064x}"
    with cache.scratch() as work:
        (work / "chart").mkdir()
        (work / "chart" / "values.yaml").write_bytes(bytes(size))
        (work / "content.json").write_text("{}")
        cache.keep(digest, work / "chart", work / "content.json")
    at = time.time() - 60 * minutes
    os.utime(cache.folder(digest), (at, at))
    return digest


def test_beyond_the_bound_what_was_taken_up_longest_ago_goes(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    old, touched, recent = (
        _kept(cache, number, size=1_000, minutes=minutes)
        for number, minutes in ((1, 300), (2, 400), (3, 1))
    )
    unknown = _kept(cache, 4, size=1_000, minutes=60)
    cache.touch(touched)
    known = {old, touched, recent}
    assert cache.sweep(known, seconds=1_800, most=10_000) == 1
    assert not cache.has(unknown)
    assert cache.sweep(known, seconds=1_800, most=2_500) == 1
    assert [cache.has(one) for one in (old, touched, recent)] == [False, True, True]
    # What was just taken up may be read: it stays, whatever the bound.
    assert cache.sweep(known, seconds=1_800, most=0) == 0
