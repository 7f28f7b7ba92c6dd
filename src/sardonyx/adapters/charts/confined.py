"""Have archives and indexes read by the worker process: one, started when needed.

A job that takes too long ends the worker; the next job starts another.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from sardonyx.adapters.charts.faults import problem_document, problem_of
from sardonyx.catalog.faults import RepositoryError
from sardonyx.errors import Problem
from sardonyx.text import N_
from sardonyx.values import JsonObject

_SECONDS = 120.0
_ANSWER = 4 * 1024 * 1024
_KEPT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV")


class UnreadableChartError(Exception):
    """An archive that holds no chart; `problems` say why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.message.in_language("en") for problem in problems))


class ConfinedReader:
    """Reads in a process with limits of memory and time, one job at a time."""

    def __init__(self, *, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def index(self, file: Path, to: Path) -> None:
        """Write the entries of an index to `to`. Raises RepositoryError."""
        answer = await self._asked({"job": "index", "file": str(file), "to": str(to)})
        problems = _problems(answer)
        if problems:
            message = problems[0].message
            raise RepositoryError(problems[0].code, message.template, message.values)

    async def chart(self, file: Path, folder: Path, content: Path) -> JsonObject:
        """Unpack an archive into the new `folder`, write `content`, and return the listing.

        Raises UnreadableChartError; nothing is left of the folder then.
        """
        answer = await self._asked(
            {"job": "chart", "file": str(file), "folder": str(folder), "content": str(content)}
        )
        problems, found = _problems(answer), answer.get("listing")
        if problems or not isinstance(found, dict):
            raise UnreadableChartError(problems)
        return found

    async def close(self) -> None:
        """End the worker, if there is one."""
        async with self._lock:
            await self._end()

    async def _asked(self, request: JsonObject) -> JsonObject:
        async with self._lock:
            process = self._process or await self._started()
            assert process.stdin is not None  # noqa: S101 - piped
            assert process.stdout is not None  # noqa: S101 - piped
            answered = False
            try:
                async with asyncio.timeout(self._seconds):
                    process.stdin.write(json.dumps(request).encode() + b"\n")
                    await process.stdin.drain()
                    line = await process.stdout.readline()
                answered = bool(line)
            except (TimeoutError, OSError, ValueError):
                line = b""
            finally:
                # After a cancellation too: the next job must not read this one's answer.
                if not answered:
                    await self._end()
        if not line:
            problem = RepositoryError("archive_unread", N_("It took too much time or memory."))
            return {"fault": [problem_document(problem.problem)]}
        answer = json.loads(line)
        return answer if isinstance(answer, dict) else {}

    async def _started(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sardonyx.adapters.charts.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            limit=_ANSWER,
        )
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _problems(answer: JsonObject) -> tuple[Problem, ...]:
    faults = answer.get("fault")
    return tuple(problem_of(one) for one in faults) if isinstance(faults, list) else ()
