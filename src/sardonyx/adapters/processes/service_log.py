"""Write what a service prints to its log, rotated by size, secrets as the program prints them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_BYTES = 5_000_000
_KEPT = 3
_TAIL_BYTES = 16_384
_TAIL_LINES = 20


class ServiceLog:
    """The log of one service; each program's output is pumped by a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        path.chmod(0o600)

    def write(self, content: bytes) -> None:
        """Append, rotating when the file has grown over its size."""
        with self._lock:
            if self._file.closed:
                return
            self._file.write(content)
            if self._file.tell() > _BYTES:
                self._rotate()

    def pump(self, descriptor: int) -> threading.Thread:
        """Copy all that comes from a pipe into the log; closes it at its end."""
        thread = threading.Thread(target=self._copy, args=(descriptor,), daemon=True)
        thread.start()
        return thread

    def last_lines(self) -> str:
        """Return the last lines written, a few thousand characters at most."""
        with self._path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-_TAIL_LINES:])

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _copy(self, descriptor: int) -> None:
        try:
            while chunk := os.read(descriptor, 65536):
                self.write(chunk)
        finally:
            os.close(descriptor)

    def _rotate(self) -> None:
        self._file.close()
        for number in range(_KEPT - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        self._file = self._path.open("ab", buffering=0)
        self._path.chmod(0o600)
