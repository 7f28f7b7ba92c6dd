"""Read one table and answer; runs shut in, once, and ends.

Must not be imported by the portal: DuckDB's memory belongs to this process alone.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
import time
from pathlib import Path

import duckdb
import duckdb_extension_httpfs

from sardonyx.adapters.duckdb.protocol import MIB, Answer, Question
from sardonyx.adapters.duckdb.statement import TABLE, StatementRefusedError, checked_select, literal

_FETCH = 100  # rows at a time


def main(control: int) -> None:
    """Answer the question on standard input; hand the listening socket out by `control`."""
    question: Question = json.loads(sys.stdin.buffer.read())
    # The answer alone goes out there: what libraries print goes to standard error.
    output = os.dup(1)
    os.dup2(2, 1)
    _limit(question)
    with socket.socket(fileno=control) as door:
        _open_door(door, question["port"])
    answer = answer_of(question)
    answer["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with os.fdopen(output, "wb") as file:
        file.write(json.dumps(answer).encode())


def answer_of(question: Question) -> Answer:
    """Return the table, or the error that was met."""
    try:
        connection = locked_connection(question)
    except duckdb.Error as error:
        return Answer(error="engine", message=str(error))
    try:
        _open_table(connection, question)
    except duckdb.Error as error:
        return Answer(error=_code(error, "file"), message=str(error))
    sql = question["sql"]
    try:
        return _read(connection, question, sql)
    except StatementRefusedError as refusal:
        return Answer(error=refusal.code, message=refusal.name)
    except (duckdb.Error, MemoryError, RecursionError) as error:
        return Answer(error=_code(error, "file" if sql is None else "query"), message=str(error))


def _limit(question: Question) -> None:
    """Bound what the process can take, should DuckDB's own limit not hold."""
    memory = question["memory"]
    for kind, most in (
        # Counted: what is really written to. Address space holds much that never is.
        (resource.RLIMIT_DATA, memory + memory // 2 + 512 * MIB),
        (resource.RLIMIT_AS, 2 * memory + 4096 * MIB),
        (resource.RLIMIT_FSIZE, question["scratch"]),
        (resource.RLIMIT_CPU, int(question["seconds"] * question["threads"]) + 10),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))


def _open_door(door: socket.socket, port: int) -> None:
    """Listen where the storage would be, and hand that socket to the relay outside."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen(64)
        socket.send_fds(door, [b"door"], [listener.fileno()])


def locked_connection(question: Question) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB that can read the one object of `question` and nothing else."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": question["threads"],
            "memory_limit": f"{question['memory'] // MIB}MiB",
            # A folder of its own: DuckDB lets queries read all that is in it.
            "temp_directory": "/tmp/spilled",  # noqa: S108 - the sandbox's own
            "max_temp_directory_size": f"{question['scratch'] // MIB}MiB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            # A name in a query must never mean a variable of this program.
            "python_enable_replacements": False,
        },
    )
    folder = Path(duckdb_extension_httpfs.__file__).parent / "extensions"
    connection.load_extension(str(next(folder.glob("*/httpfs.duckdb_extension"))))
    _lock(connection, question)
    return connection


def _lock(connection: duckdb.DuckDBPyConnection, question: Question) -> None:
    """Give the keys, then leave that one object as all that can be read."""
    connection.execute(
        "CREATE SECRET (TYPE s3"
        f", KEY_ID {literal(question['key_id'])}, SECRET {literal(question['secret'])}"
        f", SESSION_TOKEN {literal(question['token'])}, REGION {literal(question['region'])}"
        f", ENDPOINT '127.0.0.1:{question['port']}', USE_SSL false, URL_STYLE 'path')"
    )
    for setting in (
        # The name is taken as it is: no pattern, no options after a `?`.
        "s3_url_compatibility_mode = true",
        "http_retries = 1",
        "enable_progress_bar = false",
        f"allowed_paths = [{literal(_address(question))}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def _open_table(connection: duckdb.DuckDBPyConnection, question: Question) -> None:
    address = _address(question)
    kind = question["format"]
    if kind == "parquet":
        table = connection.read_parquet(address)
    elif kind == "json":
        table = connection.read_json(address)
    else:
        table = connection.read_csv(address)
    table.create_view(TABLE)


def _read(connection: duckdb.DuckDBPyConnection, question: Question, sql: str | None) -> Answer:
    begun = time.monotonic()
    query = f"FROM {TABLE}" if sql is None else checked_select(connection, sql)
    relation = connection.sql(query)
    if relation is None:
        raise StatementRefusedError("not_one_select")
    columns = [
        (str(name), str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    shown = relation.limit(question["rows"] + 1).project(
        f"left(COLUMNS(*)::VARCHAR, {question['cell'] + 1})"
    )
    rows, truncated = _rows(shown, question)
    total: int | None = None if truncated else len(rows)
    if truncated and sql is None and question["format"] == "parquet":
        # Parquet tells its number of rows at its end; for others all would have to be read.
        counted = connection.table(TABLE).count("*").fetchone()
        total = int(counted[0]) if counted else None
    return Answer(
        columns=columns,
        rows=rows,
        truncated=truncated,
        total=total,
        seconds=time.monotonic() - begun,
    )


def _rows(
    shown: duckdb.DuckDBPyRelation, question: Question
) -> tuple[list[list[str | None]], bool]:
    """Return the rows that fit, as texts, and whether there were more."""
    rows: list[list[str | None]] = []
    size = 0
    while block := shown.fetchmany(_FETCH):
        for values in block:
            row = [_cell(value, question["cell"]) for value in values]
            size += sum(len(cell.encode()) if cell else 4 for cell in row) + 3 * len(row)
            if len(rows) == question["rows"] or size > question["answer"]:
                return rows, True
            rows.append(row)
    return rows, False


def _cell(value: object, longest: int) -> str | None:
    if value is None:
        return None
    text = str(value)
    return text if len(text) <= longest else text[:longest] + "…"


def _code(error: BaseException, otherwise: str) -> str:
    """Return which of the reader's errors this is."""
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
        return "memory"
    if isinstance(error, duckdb.PermissionException):
        return "outside"
    if isinstance(error, duckdb.HTTPException):
        return "storage"
    return otherwise


def _address(question: Question) -> str:
    return f"s3://{question['bucket']}/{question['key']}"
