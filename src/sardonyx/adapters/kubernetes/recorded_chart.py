"""Take a release's chart out of Helm's own record of it, where no catalogue has it any more.

A service whose chart left is paused and resumed all the same (portal.md 7, wire-api.md 9.4). Helm
keeps templates, values, schema and files of the chart in each record, but not its sub-charts:
a chart that has some cannot be taken from there.
"""

from __future__ import annotations

import asyncio
import errno
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec
from msgspec import Raw

from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import SECRETS
from sardonyx.adapters.kubernetes.releases import record_name, unpacked
from sardonyx.services.errors import ClusterObjectNotFoundError
from sardonyx.values import JsonObject

_NO_NAME = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EILSEQ}


class _File(msgspec.Struct):
    name: str
    data: bytes | None = None


class _Chart(msgspec.Struct):
    metadata: Raw
    values: Raw = Raw(b"null")
    schema: bytes | None = None
    templates: tuple[_File, ...] | None = None
    files: tuple[_File, ...] | None = None


class _Record(msgspec.Struct):
    chart: _Chart


class _Metadata(msgspec.Struct):
    name: str
    dependencies: tuple[Raw, ...] | None = None


class Content(NamedTuple):
    """A file of a chart: its place inside, checked, and what it holds."""

    place: PurePosixPath
    data: bytes


def recorded_files(stored: str) -> tuple[Content, ...]:
    """Return the files of the chart in a record; empty where it is not whole in there.

    stored: `data.release` of Helm's Secret. A record that cannot be read, a chart with sub-charts
    and a file whose name leads elsewhere give none.
    """
    try:
        chart = msgspec.json.decode(unpacked(stored), type=_Record).chart
        metadata = msgspec.json.decode(chart.metadata, type=_Metadata)
    except (ValueError, OverflowError, msgspec.MsgspecError, zlib.error, RecursionError):
        return ()
    if metadata.dependencies:
        return ()
    found = [
        # JSON is YAML.
        Content(PurePosixPath("Chart.yaml"), bytes(chart.metadata)),
        Content(PurePosixPath("values.yaml"), _object(chart.values)),
    ]
    if chart.schema:
        found.append(Content(PurePosixPath("values.schema.json"), chart.schema))
    for file in (*(chart.templates or ()), *(chart.files or ())):
        place = PurePosixPath(file.name)
        if place.is_absolute() or ".." in place.parts or not place.parts or "\\" in file.name:
            return ()
        found.append(Content(place, file.data or b""))
    return tuple(found)


@asynccontextmanager
async def recorded_chart(
    client: ClusterClient, namespace: str, release: str, revision: int
) -> AsyncIterator[Path | None]:
    """Give a folder with the chart of a revision, gone at the end; None where it is not whole."""
    try:
        secret = await client.get(SECRETS, record_name(release, revision), namespace=namespace)
    except ClusterObjectNotFoundError:
        yield None
        return
    files = recorded_files(_stored(secret))
    if not files:
        yield None
        return
    with TemporaryDirectory(prefix="sardonyx-chart-") as folder:
        is_whole = await asyncio.to_thread(write_files, Path(folder), files)
        yield Path(folder) if is_whole else None


async def was_made_from(
    client: ClusterClient, namespace: str, release: str, revision: int, folder: Path
) -> bool:
    """Tell whether a revision was made from the chart in `folder`."""
    try:
        secret = await client.get(SECRETS, record_name(release, revision), namespace=namespace)
    except ClusterObjectNotFoundError:
        return False
    return await asyncio.to_thread(is_of, _stored(secret), folder)


def is_of(stored: str, folder: Path) -> bool:
    """Tell whether a record holds the very templates of the chart in `folder`."""
    try:
        chart = msgspec.json.decode(unpacked(stored), type=_Record).chart
    except (ValueError, OverflowError, msgspec.MsgspecError, zlib.error, RecursionError):
        return False
    recorded = {one.name: one.data or b"" for one in chart.templates or ()}
    return recorded == _templates(folder)


def _templates(folder: Path) -> dict[str, bytes]:
    return {
        str(PurePosixPath(path.relative_to(folder))): path.read_bytes()
        for path in folder.glob("templates/**/*")
        if path.is_file()
    }


def write_files(folder: Path, files: Sequence[Content]) -> bool:
    """Write a chart's files; False where no disk can have them under their names.

    Whoever may write Secrets wrote the names: one may be too long, or be below another file.
    Raises OSError where the disk itself fails: that passes.
    """
    for place, data in files:
        file = folder / place
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        except ValueError:  # no bytes of a name: NUL, half a character
            return False
        except OSError as fault:
            if fault.errno not in _NO_NAME:
                raise
            return False
    return True


def _stored(secret: JsonObject) -> str:
    """Return what Helm wrote, as the API gives it: base64 of base64."""
    data = secret.get("data")
    stored = data.get("release") if isinstance(data, dict) else None
    return stored if isinstance(stored, str) else ""


def _object(raw: Raw) -> bytes:
    text = bytes(raw)
    return b"{}" if text == b"null" else text
