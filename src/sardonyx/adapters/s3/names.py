"""Refuse the names that a store would store under another name.

SeaweedFS keeps objects in folders: `a//b` and `a/b` are one object to it, `a\\b` is listed as
`a/b`, content under a name ending in `/` is lost, and addresses with dots are rewritten before
their signature is checked. Such a name is refused; every other one is carried as it is.
"""

from __future__ import annotations

from sardonyx.files.errors import ObjectNameError

_BYTES = 1024


def checked_key(key: str) -> str:
    """Return `key` unchanged. Raises ObjectNameError."""
    if not _storable(key.removesuffix("/")):
        raise ObjectNameError(key=key.encode(errors="replace").decode())
    return key


def checked_file_key(key: str) -> str:
    """Return the key of an object with content: no folder marker. Raises ObjectNameError."""
    if key.endswith("/"):
        raise ObjectNameError(key=key.encode(errors="replace").decode())
    return checked_key(key)


def _storable(key: str) -> bool:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return size <= _BYTES and "\\" not in key and not {"", ".", ".."} & set(key.split("/"))
