"""Decide which names files may have.

Nearly all: spaces, quotes and emoji are fine. Refused is what a tool underneath would read as
something else (`..` as a folder, a line break as the end of a command), each with its reason.
"""

from __future__ import annotations

import unicodedata

from sardonyx.files.errors import ObjectNameError
from sardonyx.text import N_

LONGEST_KEY = 1024  # bytes; Amazon S3's limit, which other stores follow


class EmptyNameError(ObjectNameError):
    detail = N_("The name is empty.")


class EmptyPartError(ObjectNameError):
    detail = N_("“{key}”: the name of the file, or of one of its folders, is empty.")


class DotPartError(ObjectNameError):
    detail = N_("“{key}”: “.” and “..” mean folders to other programs and cannot be names.")


class ControlCharacterError(ObjectNameError):
    detail = N_("“{key}” holds a line break or another character that cannot be seen.")


class BackslashError(ObjectNameError):
    detail = N_("“{key}” holds a “\\”, which storage systems store as another name.")


class LongNameError(ObjectNameError):
    detail = N_("“{key}” takes {bytes} bytes with its folders; {limit} fit at most.")


class SameNameError(ObjectNameError):
    detail = N_("“{key}” is both the file and the place to put it.")


def checked_key(key: str, *, field: str = "key") -> str:
    """Return `key` unchanged if it can name a file. Raises ObjectNameError's kin."""
    if not key:
        raise EmptyNameError(key=key, field=field)
    shown = printable(key)
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise ControlCharacterError(key=shown, field=field) from error
    if size > LONGEST_KEY:
        raise LongNameError(key=shown[:60] + "…", bytes=size, limit=LONGEST_KEY, field=field)
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in key):
        raise ControlCharacterError(key=shown, field=field)
    if "\\" in key:
        raise BackslashError(key=shown, field=field)
    parts = key.split("/")
    if "" in parts:
        raise EmptyPartError(key=shown, field=field)
    if "." in parts or ".." in parts:
        raise DotPartError(key=shown, field=field)
    return key


def checked_prefix(prefix: str, *, field: str = "prefix") -> str:
    """Return a folder's prefix: empty for the root, else ending in `/`. Raises as checked_key."""
    folder = prefix.removesuffix("/")
    return checked_key(folder, field=field) + "/" if folder or prefix else ""


def printable(key: str) -> str:
    """Return `key` as one visible line: what cannot be seen is written as an escape."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in key
    )


def file_name(key: str) -> str:
    """Return the last part of a key."""
    return key.rpartition("/")[2]
