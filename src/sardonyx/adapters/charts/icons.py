"""Keep the pictures that charts name by address, so that no browser asks a stranger for one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote_to_bytes

from sardonyx.adapters.charts.remote import Remote
from sardonyx.adapters.charts.store import DiskCache
from sardonyx.catalog.faults import RepositoryError

_MAX_PICTURE = 512 * 1024
_MAX_ADDRESS = 64 * 1024
_AGAIN = timedelta(hours=1)
_DATA = re.compile(r"data:image/[a-z+.-]+(?:;[a-z]+=[^;,]*)*(;base64)?,(.*)", re.DOTALL)
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"GIF8", ".gif"),
    (b"RIFF", ".webp"),
)


class Icons:
    """Fetches each picture once; one that could not be had is asked for again in an hour."""

    def __init__(
        self, cache: DiskCache, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._cache = cache
        self._clock = clock
        self._failed: dict[str, datetime] = {}

    async def kept(self, url: str, remote: Remote) -> str | None:
        """Return the name of the picture in the cache, None when there is none to be had."""
        now = self._clock()
        if not url or len(url) > _MAX_ADDRESS or now < self._failed.get(url, now):
            return None
        stem = hashlib.sha256(url.encode()).hexdigest()
        for ending in (".svg", *(ending for _, ending in _BEGINNINGS)):
            if self._cache.icon(stem + ending).is_file():
                return stem + ending
        with self._cache.scratch() as work:
            file = work / "picture"
            try:
                if url.startswith("data:"):
                    file.write_bytes(_data(url))
                else:
                    await remote.picture(url, file, most=_MAX_PICTURE)
            except (RepositoryError, ValueError, OSError):
                self._failed[url] = now + _AGAIN
                return None
            found = _ending(file)
            if found is None:
                self._failed[url] = now + _AGAIN
                return None
            file.replace(self._cache.icon(stem + found))
        return stem + found


def _data(url: str) -> bytes:
    match = _DATA.fullmatch(url)
    if match is None:
        raise ValueError("no picture")
    content = unquote_to_bytes(match[2])
    try:
        return base64.b64decode(content, validate=True) if match[1] else content
    except binascii.Error as error:
        raise ValueError("no picture") from error


def _ending(file: Path) -> str | None:
    """Return the ending a picture's own first bytes ask for; None for what is no picture."""
    with file.open("rb") as opened:
        start = opened.read(4096)
    for beginning, ending in _BEGINNINGS:
        if start.startswith(beginning) and (ending != ".webp" or start[8:12] == b"WEBP"):
            return ending
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    return ".svg" if text.startswith((b"<svg", b"<?xml", b"<!--")) and b"<svg" in text else None
