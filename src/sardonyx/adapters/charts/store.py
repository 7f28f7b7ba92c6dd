"""Keep on disk what was read of repositories: charts by digest, and each catalogue's own list.

    charts/<digest>/        a chart's folder, as unpacked; charts/<digest>.json its values, schema
    icons/<digest>.<ext>    pictures that charts name by address
    <catalogue>/state.json  what the catalogue holds and how its last readings went
    <catalogue>/entries.json  the repository's whole index
    scratch/                what is being made

A folder belongs to one platform; a check of its set-up may read beside it. What cannot be read
here is as if it were not there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from threading import Lock

from sardonyx.adapters.charts.records import FORMAT
from sardonyx.values import JsonObject

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_KEPT_CONTENTS = 48
_UNUSED_SECONDS = 24 * 3600.0
_MAX_README = 2_000_000


class DiskCache:
    """The files below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._contents: OrderedDict[str, tuple[JsonObject, JsonObject | None]] = OrderedDict()
        self._lock = Lock()
        self._sizes: dict[str, int] = {}
        for name in ("charts", "icons", "scratch"):
            (root / name).mkdir(parents=True, exist_ok=True)
        for left in (root / "scratch").iterdir():
            # Old ones alone: a check of the set-up reads beside the platform itself.
            if left.stat().st_mtime < time.time() - _UNUSED_SECONDS:
                shutil.rmtree(left, ignore_errors=True)

    def folder(self, digest: str) -> Path:
        """Return the folder of a chart. Raises ValueError for what is no digest."""
        return self._root / "charts" / _hex(digest)

    def has(self, digest: str) -> bool:
        """Tell whether a chart is here, whole."""
        return self.folder(digest).is_dir() and self._content(digest).is_file()

    def icon(self, name: str) -> Path:
        """Return the place of a picture. Raises ValueError for a name that leads elsewhere."""
        if Path(name).name != name or not name:
            raise ValueError(name)
        return self._root / "icons" / name

    def keep(self, digest: str, folder: Path, content: Path) -> None:
        """Take a chart that was unpacked into `folder`; one that is there already stays."""
        if not self.folder(digest).is_dir():
            folder.rename(self.folder(digest))
        os.utime(self.folder(digest))  # one that is being taken up again is not swept meanwhile
        # Last: a chart without its content is not here.
        content.replace(self._content(digest))

    def content(self, digest: str) -> tuple[JsonObject, JsonObject | None]:
        """Return values and schema: the same objects while they are in use.

        Raises OSError, ValueError, KeyError or TypeError when they cannot be read.
        """
        with self._lock:
            known = self._contents.get(digest)
            if known is not None:
                self._contents.move_to_end(digest)
                return known
            document = json.loads(self._content(digest).read_bytes())
            values, schema = document["values"], document["schema"]
            if not isinstance(values, dict) or not isinstance(schema, (dict, type(None))):
                raise TypeError(digest)
            self._contents[digest] = values, schema
            while len(self._contents) > _KEPT_CONTENTS:
                self._contents.popitem(last=False)
            return values, schema

    def touch(self, digest: str) -> None:
        """Have a chart count as taken up now, so that no sweep takes it meanwhile."""
        with suppress(OSError):
            os.utime(self.folder(digest))

    def drop(self, digest: str) -> None:
        """Have a chart whose content cannot be read be none."""
        self._content(digest).unlink(missing_ok=True)

    def readme(self, digest: str) -> str:
        """Return a chart's readme, empty when it has none."""
        try:
            return (self.folder(digest) / "README.md").read_bytes()[:_MAX_README].decode()
        except (OSError, UnicodeDecodeError):
            return ""

    def state(self, catalog: str) -> JsonObject:
        """Return what was saved of a catalogue; empty when there is nothing of this form."""
        try:
            document = json.loads((self._root / catalog / "state.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        good = isinstance(document, dict) and document.get("format") == FORMAT
        return document if good else {}

    def save_state(self, catalog: str, document: JsonObject) -> None:
        """Save it whole: after a crash it is the old one or the new one."""
        place = self._root / catalog
        place.mkdir(exist_ok=True)
        with NamedTemporaryFile("w", dir=place, delete=False) as file:
            json.dump({"format": FORMAT, **document}, file)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(place / "state.json")

    def entries(self, catalog: str) -> Path:
        """Return where the whole index of a catalogue is kept."""
        (self._root / catalog).mkdir(exist_ok=True)
        return self._root / catalog / "entries.json"

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give an empty folder on the same disk, gone at the end."""
        with TemporaryDirectory(dir=self._root / "scratch", ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def sweep(
        self, used: set[str], *, seconds: float = _UNUSED_SECONDS, most: int | None = None
    ) -> int:
        """Remove charts that no catalogue knows; return how many went.

        seconds: those that were taken up since then stay. most: bytes of all that stay; beyond
        them those go that were taken up longest ago, whoever knows them.
        """
        names = {_hex(digest) for digest in used}
        before = time.time() - seconds
        charts = [
            (path.stat().st_mtime, path)
            for path in (self._root / "charts").iterdir()
            if path.is_dir()
        ]
        idle = sorted(one for one in charts if one[0] < before)
        gone = [path for _, path in idle if path.name not in names]
        if most is not None:
            left = sum(self._size(path) for _, path in charts) - sum(map(self._size, gone))
            for _, path in idle:
                if left <= most:
                    break
                if path.name in names:
                    left -= self._size(path)
                    gone.append(path)
        for path in gone:
            path.with_name(f"{path.name}.json").unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)
            self._sizes.pop(path.name, None)
        return len(gone)

    def _size(self, chart: Path) -> int:
        """Return the bytes of a chart's files, counted once."""
        if chart.name not in self._sizes:
            files = (file.lstat() for file in chart.rglob("*"))
            self._sizes[chart.name] = sum(file.st_size for file in files)
        return self._sizes[chart.name]

    def _content(self, digest: str) -> Path:
        folder = self.folder(digest)
        return folder.with_name(f"{folder.name}.json")


def _hex(digest: str) -> str:
    match = _DIGEST.fullmatch(digest)
    if match is None:
        raise ValueError(digest)
    return match[1]
