"""Read and write files in a folder that a service controls, never following its links.

A service could place a link in its home and wait for us to write through it: each part of a
path is opened by itself, links refused.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path, PurePosixPath

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_LARGEST = 1_000_000


def write_beneath(root: Path, name: str, content: str) -> None:
    """Write `root/name` (0600), making its folders. Raises OSError when a part is a link."""
    *folders, last = PurePosixPath(name).parts
    opened = os.open(root, _FOLDER)
    try:
        for folder in folders:
            with suppress(FileExistsError):
                os.mkdir(folder, 0o700, dir_fd=opened)
            below = os.open(folder, _FOLDER, dir_fd=opened)
            os.close(opened)
            opened = below
        # A new file each time: the old name may be a link, or a file linked elsewhere.
        with suppress(FileNotFoundError):
            os.unlink(last, dir_fd=opened)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(last, flags, 0o600, dir_fd=opened), "w") as file:
            file.write(content)
    finally:
        os.close(opened)


def place_beneath(root: Path, name: str, content: bytes) -> bool:
    """Put a file `name` (0600) into `root`, whole or not at all; False when the name is taken.

    Raises OSError, also when `root` is a link; ValueError when `name` is no plain file name.
    """
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise ValueError(f"no file name: {name!r}")
    folder = os.open(root, _FOLDER)
    partial = f".{secrets.token_hex(8)}.part"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(partial, flags, 0o600, dir_fd=folder), "wb") as file:
            file.write(content)
        # A link, not a renaming: it never replaces what is there.
        os.link(partial, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        return False
    else:
        return True
    finally:
        with suppress(FileNotFoundError):
            os.unlink(partial, dir_fd=folder)
        os.close(folder)


def read_beneath(root: Path, name: str) -> str | None:
    """Return the text of `root/name`, at most 1 MB; None when it is missing or not plain."""
    *folders, last = PurePosixPath(name).parts
    opened = os.open(root, _FOLDER)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER, dir_fd=opened)
            os.close(opened)
            opened = below
        descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=opened)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_LARGEST).decode(errors="replace")
    except OSError:
        return None
    finally:
        os.close(opened)
