"""Decide which names secrets and their keys may have."""

from __future__ import annotations

import re

from sardonyx.secrets.errors import SecretNameError
from sardonyx.text import N_

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Letters and digits of any alphabet, and the marks that no tool underneath reads as its own.
_PART = re.compile(r"[\w .@+=-]+")
LONGEST_PATH = 512  # bytes


class SecretKeyError(SecretNameError):
    detail = N_("“{name}” cannot be a key: it will be the name of an environment variable.")


class SecretPathError(SecretNameError):
    detail = N_("“{name}” cannot be the place of a secret.")
    next_step = N_(
        "Use letters, digits, spaces and . _ - @ + = in each part, and “/” between parts."
    )


class HiddenKeyError(SecretNameError):
    detail = N_("“{name}” alone cannot be a key.")


def checked_secret_key(name: str) -> str:
    """Return `name` if it can be a key. Raises SecretNameError's kin.

    Source: spec/portal.md section 11.
    """
    if name == "_":
        raise HiddenKeyError(name=name, field="entries")
    if not _KEY.fullmatch(name):
        raise SecretKeyError(name=_shown(name), field="entries")
    return name


def checked_path(path: str) -> str:
    """Return the place of a secret inside its project. Raises SecretPathError."""
    parts = path.split("/")
    if len(path.encode(errors="replace")) > LONGEST_PATH or not all(
        _PART.fullmatch(part) and part not in (".", "..") and part == part.strip() for part in parts
    ):
        raise SecretPathError(name=_shown(path), field="path")
    return path


def checked_folder(path: str) -> str:
    """Return the place of a folder, without a final `/`; empty for the root."""
    path = path.removesuffix("/")
    return checked_path(path) if path else ""


def _shown(name: str) -> str:
    cut = name if len(name) <= 80 else name[:80] + "…"
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in cut)
