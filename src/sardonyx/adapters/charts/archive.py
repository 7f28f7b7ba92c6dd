"""Unpack a chart's archive into a folder: whatever is in it, nothing is written elsewhere.

Everything is refused that a chart does not need: links, devices, absolute names, names that
climb, an entry twice, more than a chart's size. The archive is somebody else's.
"""

from __future__ import annotations

import gzip
import re
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO

from sardonyx.catalog.faults import RepositoryError
from sardonyx.catalog.models import LARGEST_ARCHIVE
from sardonyx.text import N_

# Bytes. Helm's own limits are 100 MiB unpacked and 5 MiB for one file.
MAX_ARCHIVE = LARGEST_ARCHIVE
MAX_UNPACKED = 100 * 1024 * 1024
MAX_MEMBER = 5 * 1024 * 1024
MAX_MEMBERS = 10_000
_MAX_NAME, _MAX_DEPTH = 255, 40
_CHUNK = 1 << 18
_DRIVE = re.compile(r"[A-Za-z]:")


def unpack(archive: Path, folder: Path) -> None:
    """Write the chart in `archive` into `folder`, which must not exist. Raises RepositoryError.

    The archive's one top folder is left out. A fault may leave part of `folder` behind.
    """
    if archive.stat().st_size > MAX_ARCHIVE:
        raise too_large(MAX_ARCHIVE)
    folder.mkdir()
    with TemporaryFile(dir=folder.parent) as plain:
        _decompress(archive, plain)
        plain.seek(0)
        try:
            with tarfile.open(fileobj=plain, mode="r:") as tar:
                _members(tar, folder)
        except (tarfile.TarError, EOFError, ValueError, OverflowError, MemoryError) as error:
            raise RepositoryError("archive_broken", N_("This is no archive of a chart.")) from error


def too_large(most: int) -> RepositoryError:
    """Return the fault of what has more than `most` bytes."""
    template = N_("It has more than {most} MB.")
    return RepositoryError("archive_too_large", template, {"most": most // (1024 * 1024)})


def _decompress(archive: Path, plain: IO[bytes]) -> None:
    size = 0
    try:
        with gzip.open(archive) as packed:
            while chunk := packed.read(_CHUNK):
                size += len(chunk)
                if size > MAX_UNPACKED:
                    raise too_large(MAX_UNPACKED)
                plain.write(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise RepositoryError("archive_broken", N_("This is no archive of a chart.")) from error


def _members(tar: tarfile.TarFile, folder: Path) -> None:
    tops = set()
    for count, member in enumerate(tar):
        if count == MAX_MEMBERS:
            template = N_("It holds more than {most} files.")
            raise RepositoryError("archive_too_many", template, {"most": MAX_MEMBERS})
        top, inner = _parts(member)
        tops.add(top)
        if len(tops) > 1:
            raise _refused(member, N_("“{name}” is outside the chart's folder."))
        if member.isdir():
            _make(folder.joinpath(*inner), member)
        elif not inner:
            raise _refused(member, N_("“{name}” is outside the chart's folder."))
        else:
            _write(tar, member, folder.joinpath(*inner))


def _parts(member: tarfile.TarInfo) -> tuple[str, tuple[str, ...]]:
    """Return the top folder and the path below it. Raises for what is not plainly inside."""
    # GNU's sparse files claim any size without holding it.
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise _refused(member, N_("“{name}” is a link or a device."))
    # Archives made on Windows: Helm reads their names the same way.
    name = member.name.replace("\\", "/")
    if name.startswith("/") or _DRIVE.match(name):
        raise _refused(member, N_("“{name}” is an absolute name."))
    parts = [part for part in PurePosixPath(name).parts if part != "."]
    if ".." in parts:
        raise _refused(member, N_("“{name}” leads out of the chart."))
    if not name.isprintable() or not parts or len(parts) > _MAX_DEPTH or _too_long(parts):
        raise _refused(member, N_("“{name}” is no name of a file here."))
    return parts[0], tuple(parts[1:])


def _too_long(parts: list[str]) -> bool:
    return any(len(part.encode(errors="surrogatepass")) > _MAX_NAME for part in parts)


def _make(path: Path, member: tarfile.TarInfo) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(member, N_("“{name}” is there twice.")) from error


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if member.size > MAX_MEMBER:
        raise too_large(MAX_MEMBER)
    content = tar.extractfile(member)
    assert content is not None  # noqa: S101 - an ordinary file has content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            shutil.copyfileobj(content, file)
    except OSError as error:
        raise _refused(member, N_("“{name}” is there twice.")) from error


def _refused(member: tarfile.TarInfo, template: str) -> RepositoryError:
    shown = member.name[:100].encode("ascii", "backslashreplace").decode()
    return RepositoryError("archive_refused", template, {"name": shown})
