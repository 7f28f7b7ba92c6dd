"""Seal texts that must be kept or carried, so that only the key file's holder reads them.

AES-256-GCM by the library `cryptography`; what a text is about is bound to it, so that a sealed
token cannot be moved to another person's row.
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sardonyx.projects.errors import KeyFileError

_KEY_BYTES = 32
_NONCE_BYTES = 12


class SealBrokenError(Exception):
    """The text was not sealed with one of these keys, or is about something else."""


class Sealer:
    """Seals with the first key; opens with any, so that keys can be changed one by one."""

    def __init__(self, *keys: bytes) -> None:
        self._ciphers = [AESGCM(key) for key in keys]

    @classmethod
    def of_file(cls, path: Path) -> Sealer:
        """Return the sealer of a key file: one key a line, 32 bytes in base64, the newest first.

        Raises KeyFileError.
        """
        try:
            lines = path.read_text(encoding="ascii").split()
            keys = [base64.b64decode(line, validate=True) for line in lines]
        except OSError as error:
            raise KeyFileError(path=str(path), reason=error.strerror or "unreadable") from error
        except (ValueError, binascii.Error) as error:
            raise KeyFileError(path=str(path), reason="not base64") from error
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise KeyFileError(path=str(path), reason=f"not {_KEY_BYTES} bytes")
        return cls(*keys)

    def seal(self, text: str, *, about: str) -> str:
        """Return `text` sealed, in characters that a cookie or a row can hold."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[0].encrypt(nonce, text.encode(), about.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, *, about: str) -> str:
        """Return the text. Raises SealBrokenError."""
        try:
            whole = base64.urlsafe_b64decode(sealed.encode("ascii"))
        except ValueError as error:
            raise SealBrokenError from error
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(
                    whole[:_NONCE_BYTES], whole[_NONCE_BYTES:], about.encode()
                ).decode()
            except (InvalidTag, ValueError):
                continue
        raise SealBrokenError
