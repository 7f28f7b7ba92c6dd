"""Run a program to its end: bounded in time, memory and what it prints.

Whoever runs it decides what the program may see, and what its end means.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_SAID_BYTES = 64_000
_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a program may take.

    seconds: after these it is told to end (TERM), grace seconds later it is ended. In bytes:
    memory of each of its processes, out of what it prints, file of any one it writes (None: any).
    """

    seconds: float
    grace: float
    memory: int
    out: int
    file: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. code: None where it did not end in time.

    out: what it printed, empty where `is_too_much`; said: the last 64 KB of its stderr.
    """

    code: int | None
    out: bytes
    said: str
    is_too_much: bool = False


async def run_bounded(
    words: Sequence[str],
    bounds: Bounds,
    *,
    environment: Mapping[str, str],
    place: Path,
    stdin: BinaryIO | int = asyncio.subprocess.DEVNULL,
) -> Ended:
    """Run a program in the folder `place` and return how it ended.

    It is ended with its children when the caller is cancelled, and told to when we are killed.
    When memory runs out the kernel takes it rather than us. Raises OSError where it cannot be
    started.
    """
    process = await asyncio.create_subprocess_exec(
        *_tied(words),
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        cwd=place,
        start_new_session=True,
    )
    _bind(process.pid, bounds)
    reading = _Reading(process, bounds.out)
    code: int | None = None
    try:
        async with asyncio.timeout(bounds.seconds):
            await reading.done()
            code = await process.wait()
    except TimeoutError:
        await _stop(process, bounds.grace)
    except BaseException:
        await asyncio.shield(_stop(process, bounds.grace))
        raise
    finally:
        said = await reading.ended()
    return Ended(code, bytes(reading.out), said, reading.is_too_much)


class _Reading:
    """Reads what a program prints, bounded, also while it is being ended."""

    def __init__(self, process: asyncio.subprocess.Process, most: int) -> None:
        self.out = bytearray()
        self.is_too_much = False
        self._most = most
        self._err = bytearray()
        self._process = process
        self._tasks = (
            asyncio.create_task(self._read_out()),
            asyncio.create_task(self._read_err()),
        )

    async def done(self) -> None:
        """Wait until the program closes what it prints to."""
        await asyncio.shield(asyncio.gather(*self._tasks))

    async def ended(self) -> str:
        """Read no longer; return the end of what it said."""
        await asyncio.wait(self._tasks, timeout=1)
        for task in self._tasks:
            task.cancel()
        return self._err.decode(errors="replace")

    async def _read_out(self) -> None:
        stream = self._process.stdout
        while stream is not None and (piece := await stream.read(_PIECE)):
            self.out += piece
            if len(self.out) > self._most:
                self.is_too_much = True
                self.out.clear()
                with suppress(ProcessLookupError):
                    self._process.terminate()

    async def _read_err(self) -> None:
        stream = self._process.stderr
        while stream is not None and (piece := await stream.read(_PIECE)):
            self._err += piece
            del self._err[:-_SAID_BYTES]


async def _stop(process: asyncio.subprocess.Process, grace: float) -> None:
    """Ask the program and its children to end; after the grace time they are ended."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await process.wait()
                return


def _tied(words: Sequence[str]) -> list[str]:
    """Return the words that end the program when we are killed, where the system can do that."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *words] if setpriv else list(words)


def _bind(pid: int, bounds: Bounds) -> None:
    """Let the program and its children have what the bounds say, and go before we do."""
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000", "ascii")
    with suppress(ProcessLookupError):  # its children inherit the bounds
        resource.prlimit(pid, resource.RLIMIT_DATA, (bounds.memory, bounds.memory))
        if bounds.file is not None:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (bounds.file, bounds.file))
