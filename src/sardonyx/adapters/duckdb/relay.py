"""Carry the worker's connections to the storage: the one door of the sandbox.

The worker makes a listening socket in its own empty network and hands it out. Whoever connects
to it inside is carried to the storage's address, and to nothing else. Bytes go from socket to
socket inside the kernel (`splice`), so that a large table costs the portal no memory and nearly
no time.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading

_CONNECTIONS = 64
_BLOCK = 1 << 20
_CONNECT_SECONDS = 5.0


class Relay:
    """Accepts on `listener` until closed; every connection leads to `target`."""

    def __init__(self, listener: socket.socket, target: tuple[str, int]) -> None:
        self._listener = listener
        self._target = target
        self._free = threading.Semaphore(_CONNECTIONS)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._accept, name="table-relay", daemon=True).start()

    def close(self) -> None:
        """End all connections; none is accepted any more."""
        with self._lock:
            self._closed = True
            sockets = [self._listener, *self._open]
        for one in sockets:
            # Shutting down wakes the threads that wait on it; closing alone would not.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with self._listener:
            while not self._closed:
                self._free.acquire()
                try:
                    inner, _ = self._listener.accept()
                except OSError:
                    return
                threading.Thread(
                    target=self._carry, args=(inner,), name="table-relay", daemon=True
                ).start()

    def _carry(self, inner: socket.socket) -> None:
        try:
            with inner, socket.create_connection(self._target, _CONNECT_SECONDS) as outer:
                outer.settimeout(None)
                if not self._enter(inner, outer):
                    return
                back = threading.Thread(
                    target=_pump, args=(outer, inner), name="table-relay", daemon=True
                )
                back.start()
                _pump(inner, outer)
                back.join()
                self._leave(inner, outer)
        except OSError:
            # The storage is away: the worker sees its connection end and says so.
            return
        finally:
            self._free.release()

    def _enter(self, *sockets: socket.socket) -> bool:
        with self._lock:
            if not self._closed:
                self._open.update(sockets)
            return not self._closed

    def _leave(self, *sockets: socket.socket) -> None:
        with self._lock:
            self._open.difference_update(sockets)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Move bytes until `source` ends; then tell `sink` that no more come."""
    reading, writing = os.pipe()
    try:
        while moved := os.splice(source.fileno(), writing, _BLOCK):
            while moved:
                moved -= os.splice(reading, sink.fileno(), moved)
    except OSError:
        # One side is gone: the other must not wait for it.
        with contextlib.suppress(OSError):
            source.shutdown(socket.SHUT_RDWR)
    finally:
        os.close(reading)
        os.close(writing)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
