"""Read tables of the storage, each by a worker of its own that is shut in and short-lived."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from sardonyx.adapters.duckdb.confinement import confined_command
from sardonyx.adapters.duckdb.messages import (
    clean,
    is_about_a_large_row,
    is_about_encoding,
    is_about_the_file,
)
from sardonyx.adapters.duckdb.protocol import MIB, Answer, Limits, Question
from sardonyx.adapters.duckdb.relay import Relay
from sardonyx.errors import PlatformError
from sardonyx.files.errors import PreviewFormatError, PreviewLimitError, StoreUnavailableError
from sardonyx.files.formats import FIRST_BYTES, Format, format_of_bytes, format_of_name
from sardonyx.files.models import Column, S3Credentials, Table
from sardonyx.files.ports import ObjectStore
from sardonyx.files.table_errors import (
    DamagedFileError,
    EmptyFileError,
    EncodingError,
    ForbiddenFunctionError,
    ForeignTableError,
    NotOneSelectError,
    OutsideAccessError,
    PreviewCrashedError,
    PreviewIsolationError,
    QueryFailedError,
    RowTooLargeError,
    WrongFormatError,
)

# JSON may write one byte of text as six, and an answer has names beside its rows.
_ANSWER_FACTOR = 8
_COMPLAINT_BYTES = 64 * 1024
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SIGNALS_OF_MEMORY = frozenset({-9, 128 + 9})


class ConfinedTableReader:
    """A TableReader. `bwrap` is bubblewrap's program; at most `at_once` workers run."""

    def __init__(
        self,
        *,
        store: ObjectStore,
        bwrap: Path,
        limits: Limits | None = None,
        at_once: int = 2,
    ) -> None:
        self._store = store
        self._bwrap = bwrap
        self._limits = limits or Limits()
        self._turns = asyncio.Semaphore(at_once)

    async def preview(
        self, credentials: S3Credentials, bucket: str, key: str, *, rows: int
    ) -> Table:
        """Return the first rows. Raises PreviewError's kin."""
        return await self._read(credentials, bucket, key, None, rows)

    async def query(
        self, credentials: S3Credentials, bucket: str, key: str, sql: str, *, rows: int
    ) -> Table:
        """Run one SELECT where `data` is the object. Raises PreviewError's kin."""
        return await self._read(credentials, bucket, key, sql, rows)

    async def _read(
        self, credentials: S3Credentials, bucket: str, key: str, sql: str | None, rows: int
    ) -> Table:
        kind = await self._format(credentials, bucket, key)
        limits = self._limits
        host, port = storage_address(credentials.endpoint)
        question = Question(
            port=port,
            key_id=credentials.access_key_id,
            secret=credentials.secret_access_key.reveal(),
            token=credentials.session_token.reveal(),
            region=credentials.region,
            bucket=bucket,
            key=key,
            format=kind.value,
            sql=sql,
            rows=rows,
            memory=limits.memory,
            scratch=limits.scratch,
            seconds=limits.seconds,
            threads=limits.threads,
            cell=limits.cell,
            answer=limits.answer,
        )
        async with self._turns:
            answer = await self._ask(question, (host, port))
        if "error" in answer:
            _raise(answer, question)
        return Table(
            columns=tuple(Column(name, kind) for name, kind in answer["columns"]),
            rows=tuple(tuple(row) for row in answer["rows"]),
            truncated=answer["truncated"],
            total=answer["total"],
            seconds=answer["seconds"],
            peak_bytes=answer["peak_bytes"],
        )

    async def _format(self, credentials: S3Credentials, bucket: str, key: str) -> Format:
        """Return the format by name, else by first bytes; refuse what cannot be that."""
        described = await self._store.head(credentials, bucket, key)
        if described.size == 0:
            raise EmptyFileError(key=key)
        content = self._store.get(credentials, bucket, key, length=FIRST_BYTES)
        first = b"".join([block async for block in content])[:FIRST_BYTES]
        named, found = format_of_name(key), format_of_bytes(first)
        kind = named or found
        if kind is None:
            raise PreviewFormatError(key=key)
        if (kind is Format.PARQUET) != (found is Format.PARQUET):
            raise WrongFormatError(key=key, named=kind.value)
        if first.startswith(_UTF16_MARKS):
            raise EncodingError(key=key)
        return kind

    async def _ask(self, question: Question, target: tuple[str, int]) -> Answer:
        """Run a worker and return its answer. Raises PreviewLimitError, faults of the sandbox."""
        limits = self._limits
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *confined_command(
                        self._bwrap, control=theirs.fileno(), scratch_bytes=limits.scratch
                    ),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    pass_fds=(theirs.fileno(),),
                )
            try:
                async with asyncio.timeout(limits.seconds):
                    written, complaint = await _conversation(process, ours, question, target)
                    exit_code = await process.wait()
            except TimeoutError as error:
                raise PreviewLimitError(limit=f"{limits.seconds:g} s") from error
            finally:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()
        if exit_code == 0:
            try:
                answer: Answer = json.loads(written)
            except ValueError as error:
                raise PreviewCrashedError(exit_code=exit_code) from error
            return answer
        if complaint.startswith(b"bwrap:"):
            raise PreviewIsolationError(reason=complaint.decode(errors="replace").strip()[:300])
        if exit_code in _SIGNALS_OF_MEMORY or b"bad_alloc" in complaint:
            raise PreviewLimitError(limit=_memory(limits.memory))
        raise PreviewCrashedError(exit_code=exit_code)


def storage_address(endpoint: str) -> tuple[str, int]:
    """Return where the relay leads. The storage of one machine listens on loopback."""
    parts = urlsplit(endpoint)
    return parts.hostname or "127.0.0.1", parts.port or 80


async def _conversation(
    process: asyncio.subprocess.Process,
    ours: socket.socket,
    question: Question,
    target: tuple[str, int],
) -> tuple[bytes, bytes]:
    """Ask, carry the worker's connections, and return what it wrote to both outputs."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise PreviewCrashedError(exit_code=0)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(json.dumps(question).encode())
        await process.stdin.drain()
        process.stdin.close()
    async with asyncio.TaskGroup() as tasks:
        carrying = tasks.create_task(_carry(ours, target))
        out = tasks.create_task(
            _bounded(process.stdout, question["answer"] * _ANSWER_FACTOR, process)
        )
        err = tasks.create_task(_bounded(process.stderr, _COMPLAINT_BYTES, process))
        await asyncio.wait((out, err))
        carrying.cancel()
    return out.result(), err.result()


async def _carry(ours: socket.socket, target: tuple[str, int]) -> None:
    """Take the worker's listening socket and carry what comes there until cancelled."""
    ours.setblocking(False)
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(ours, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(ours)
    _, received, _, _ = socket.recv_fds(ours, 16, 1)
    if not received:
        return  # it ended before it could; its outputs say why
    relay = Relay(socket.socket(fileno=received[0]), target)
    try:
        await asyncio.Event().wait()
    finally:
        relay.close()


async def _bounded(
    stream: asyncio.StreamReader, most: int, process: asyncio.subprocess.Process
) -> bytes:
    """Return what the stream holds; a worker that floods it is ended."""
    content = bytearray()
    while block := await stream.read(1 << 16):
        content += block
        if len(content) > most:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            return bytes(content[:most])
    return bytes(content)


def _raise(answer: Answer, question: Question) -> NoReturn:
    cause = RuntimeError(answer["message"]) if answer["error"] == "engine" else None
    raise _error(answer, question) from cause


def _error(answer: Answer, question: Question) -> PlatformError:
    """Return the platform's error for what the worker met."""
    code, said, key = answer["error"], answer["message"], question["key"]
    reason = clean(
        said,
        bucket=question["bucket"],
        key=key,
        hidden=(question["key_id"], question["secret"], question["token"]),
    )
    known: dict[str, PlatformError] = {
        "memory": PreviewLimitError(limit=_memory(question["memory"])),
        "storage": StoreUnavailableError(),
        "outside": OutsideAccessError(),
        "not_one_select": NotOneSelectError(field="sql"),
        "foreign_table": ForeignTableError(name=reason, field="sql"),
        "forbidden_function": ForbiddenFunctionError(name=reason, field="sql"),
        "engine": PreviewCrashedError(exit_code=0),
    }
    if code in known:
        return known[code]
    # A fault of the file may show only when the query reads that far.
    if is_about_encoding(said) and question["format"] != "parquet":
        return EncodingError(key=key)
    if is_about_a_large_row(said):
        return RowTooLargeError(key=key, reason=reason)
    if code == "query" and not is_about_the_file(said):
        return QueryFailedError(reason=reason, field="sql")
    return DamagedFileError(key=key, named=question["format"], reason=reason)


def _memory(limit: int) -> str:
    return f"{limit // MIB} MiB"
