"""Keep the pictures that charts name by address, so that no browser asks a stranger for one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

from sardonyx.adapters.charts.faults import RepositoryError
from sardonyx.adapters.charts.remote import Remote
from sardonyx.adapters.charts.store import DiskCache

_MAX_PICTURE = 512 * 1024
_MAX_ADDRESS = 64 * 1024
_DATA = re.compile(r"data:image/[a-z+.-]+(?:;[a-z]+=[^;,]*)*(;base64)?,(.*)", re.DOTALL)
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"GIF8", ".gif"),
    (b"RIFF", ".webp"),
)


class Icons:
    """Fetches each picture once; one that could not be had is asked for again after a restart."""

    def __init__(self, cache: DiskCache) -> None:
        self._cache = cache
        self._failed: set[str] = set()

    async def kept(self, url: str, remote: Remote) -> str | None:
        """Return the name of the picture in the cache, None when there is none to be had."""
        if not url or len(url) > _MAX_ADDRESS or url in self._failed:
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
                self._failed.add(url)
                return None
            found = _ending(file)
            if found is None:
                self._failed.add(url)
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
