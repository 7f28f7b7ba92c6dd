"""Tables of a real storage, read by the confined worker: what is shown, what is refused."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import stat
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import duckdb
import pytest
from tests.files.storage import Storage, running_storage, storage_of

from sardonyx.adapters.duckdb.protocol import MIB, Limits
from sardonyx.adapters.duckdb.reader import ConfinedTableReader
from sardonyx.adapters.processes.programs import find_program
from sardonyx.errors import Kind
from sardonyx.files.errors import (
    ObjectNotFoundError,
    PreviewError,
    PreviewFormatError,
    PreviewLimitError,
    QueryRefusedError,
)
from sardonyx.files.models import Table
from sardonyx.files.table_errors import (
    DamagedFileError,
    EmptyFileError,
    EncodingError,
    ForbiddenFunctionError,
    ForeignTableError,
    NotOneSelectError,
    PreviewIsolationError,
    QueryFailedError,
    RowTooLargeError,
    WrongFormatError,
)
from sardonyx.testing.parts import RunningParts, wait_until

pytestmark = pytest.mark.real

CSV = b'id,name,size\n1,one,1.5\n2,two,\n3,"th,ree",-3\n'


@pytest.fixture(scope="module")
def parts() -> Iterator[RunningParts]:
    with running_storage() as running:
        yield running


@pytest.fixture
async def storage(parts: RunningParts) -> AsyncIterator[Storage]:
    async with storage_of(parts, Limits(seconds=60)) as ready:
        await ready.files.listing(ready.ada, ready.project)
        yield ready


async def preview(storage: Storage, key: str, content: bytes, rows: int = 50) -> Table:
    await storage.put(key, content)
    return (await storage.files.preview(storage.ada, storage.project, key, rows=rows)).result


async def ask(storage: Storage, key: str, sql: str, rows: int = 1000) -> Table:
    done = await storage.files.query(storage.ada, storage.project, key, sql, rows=rows)
    return done.result


def parquet(folder: Path, sql: str) -> bytes:
    path = folder / "made.parquet"
    with duckdb.connect() as connection:
        connection.sql(sql).write_parquet(str(path))
    return path.read_bytes()


async def test_the_first_rows_of_parquet_with_types_and_total(
    storage: Storage, tmp_path: Path
) -> None:
    content = parquet(
        tmp_path,
        "SELECT i, 'n' || i AS name, DATE '2024-01-01' + i::INT AS day, NULLIF(i, 1) / 2 AS half,"
        " [i, i] AS pair, {'a': i} AS inner FROM range(1000) t(i)",
    )
    table = await preview(storage, "t.parquet", content, rows=2)
    assert [(column.name, column.type) for column in table.columns] == [
        ("i", "BIGINT"),
        ("name", "VARCHAR"),
        ("day", "DATE"),
        ("half", "DOUBLE"),
        ("pair", "BIGINT[]"),
        ("inner", "STRUCT(a BIGINT)"),
    ]
    assert table.rows == (
        ("0", "n0", "2024-01-01", "0.0", "[0, 0]", "{'a': 0}"),
        ("1", "n1", "2024-01-02", None, "[1, 1]", "{'a': 1}"),
    )
    assert (table.truncated, table.total) == (True, 1000)
    assert table.peak_bytes > 10 * MIB


@pytest.mark.parametrize(
    "key",
    [
        "plain.csv",
        "no ending",
        'it\'s "odd" 🌞 é.csv',
        "x[1]*?a=b&c#d%20+.csv",
        "year=2024/t.csv",
        "-rf $HOME `id`; select.csv",
    ],
)
async def test_csv_under_any_name(storage: Storage, key: str) -> None:
    table = await preview(storage, key, CSV)
    assert [column.name for column in table.columns][:3] == ["id", "name", "size"]
    assert [row[:3] for row in table.rows] == [
        ("1", "one", "1.5"),
        ("2", "two", None),
        ("3", "th,ree", "-3.0"),
    ]
    assert (table.truncated, table.total) == (False, 3)
    answer = await ask(storage, key, "SELECT count(*), sum(size) FROM data")
    assert answer.rows == (("3", "-1.5"),)


async def test_json_lines_nested_json_and_compressed_csv(storage: Storage) -> None:
    lines = b'{"a": 1, "b": {"c": [1, 2]}}\n{"a": 2, "b": {"c": []}}\n'
    table = await preview(storage, "t.jsonl", lines)
    assert table.rows == (("1", "{'c': [1, 2]}"), ("2", "{'c': []}"))
    listed = json.dumps([{"a": 1}, {"a": None, "z": "é"}]).encode()
    assert (await preview(storage, "t.json", listed)).rows == (("1", None), (None, "é"))
    assert (await preview(storage, "t.csv.gz", gzip.compress(CSV))).total == 3


async def test_queries_of_all_shapes_run(storage: Storage) -> None:
    await storage.put("t.csv", CSV)
    for sql, rows in (
        ("SELECT id FROM data ORDER BY id DESC", (("3",), ("2",), ("1",))),
        ("-- why not\nWITH t AS (FROM data) SELECT count(*) FROM t; -- end", (("3",),)),
        ("SELECT 1 AS a, 2 AS a", (("1", "2"),)),
        ("SELECT * FROM range(2) t(x), (SELECT max(id) FROM DATA)", (("0", "3"), ("1", "3"))),
        ("VALUES (1), (2)", (("1",), ("2",))),
        ("SELECT name FROM main.data WHERE id IN (SELECT id FROM data LIMIT 1)", (("one",),)),
        ("SELECT '; COPY data TO ''/tmp/x'''", (("; COPY data TO '/tmp/x'",),)),
    ):
        assert (await ask(storage, "t.csv", sql)).rows == rows
    assert len((await ask(storage, "t.csv", "SUMMARIZE data")).rows) == 3
    assert len((await ask(storage, "t.csv", "DESCRIBE data")).rows) == 3


async def test_rows_cells_and_the_whole_answer_are_bounded(parts: RunningParts) -> None:
    async with storage_of(parts, Limits(seconds=60, cell=10, answer=1000)) as storage:
        await storage.put("t.csv", CSV)
        rows = await ask(storage, "t.csv", "FROM range(100)", rows=7)
        assert (len(rows.rows), rows.truncated, rows.total) == (7, True, None)
        exact = await ask(storage, "t.csv", "FROM range(7)", rows=7)
        assert (len(exact.rows), exact.truncated, exact.total) == (7, False, 7)
        cell = await ask(storage, "t.csv", "SELECT repeat('é', 1000), repeat('x', 10)")
        assert cell.rows == (("é" * 10 + "…", "x" * 10),)
        whole = await ask(storage, "t.csv", "SELECT 'x123456789' FROM range(500)")
        assert whole.truncated
        assert len(whole.rows) < 100


@pytest.mark.parametrize(
    ("key", "content", "error"),
    [
        ("empty.csv", b"", EmptyFileError),
        ("empty.parquet", b"", EmptyFileError),
        ("cut.parquet", b"PAR1" + b"\x00" * 2000, DamagedFileError),
        ("cut.json", b'[{"a": 1}, {"a"', DamagedFileError),
        ("damaged.csv.gz", b"\x1f\x8b" + b"\xff" * 900, DamagedFileError),
        ("text.parquet", CSV, WrongFormatError),
        ("parquet.csv", b"PAR1" + b"\x00" * 2000, WrongFormatError),
        ("latin.csv", "nom;prénom\né;à\n".encode("latin-1") * 20, EncodingError),
        ("utf16.csv", "a,b\n1,2\n".encode("utf-16"), EncodingError),
        ("row.csv", b"a,b\n" + b"x" * 3_000_000 + b",1\n", RowTooLargeError),
        ("row.json", b'{"a": "' + b"x" * 20_000_000 + b'"}', RowTooLargeError),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00", PreviewFormatError),
        ("words", b"just words\n", PreviewFormatError),
        ("not.json", b"hello, world\n", DamagedFileError),
        ("ragged.csv", b"a,b\n" + b"1,2\n" * 30000 + b"1,2,3,4\n" * 3, DamagedFileError),
        ("quote.csv", b"a,b\n" + b"1,2\n" * 30000 + b'"1,2\n' * 3, DamagedFileError),
    ],
    # A test's name stands in the environment of what it starts.
    ids=lambda given: "content" if isinstance(given, bytes) else None,
)
async def test_a_bad_file_is_named_for_what_it_is(
    storage: Storage, key: str, content: bytes, error: type[PreviewError]
) -> None:
    await storage.put(key, content)
    with pytest.raises(PreviewError) as caught:
        # All of it: some faults come after the first rows.
        if error is PreviewFormatError:
            await storage.files.preview(storage.ada, storage.project, key)
        else:
            await ask(storage, key, "SELECT count(DISTINCT data) FROM data")
    assert type(caught.value) is error, str(caught.value)
    words = caught.value.detail_text().in_language("en")
    keys = await storage.files.credentials(storage.ada, storage.project)
    for hidden in (
        "{",
        "127.0.0.1",
        "http",
        "s3://",
        keys.endpoint.rpartition(":")[2],
        "Traceback",
    ):
        assert hidden not in words.replace("{'", "")
    assert len(words) < 800


async def test_an_absent_file_is_told(storage: Storage) -> None:
    with pytest.raises(ObjectNotFoundError):
        await storage.files.preview(storage.ada, storage.project, "none.csv")


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        # One of each kind, all the way; tests/files/test_statement.py has the others.
        ("SELECT * FROM read_text('/etc/passwd')", ForbiddenFunctionError),
        ("SELECT * FROM 'http://127.0.0.1:8200/v1/sys/health'", ForeignTableError),
        ("COPY data TO '/tmp/x'", NotOneSelectError),
    ],
)
async def test_a_query_that_reaches_elsewhere_is_refused(
    storage: Storage, sql: str, error: type[QueryRefusedError]
) -> None:
    await storage.put("t.csv", CSV)
    with pytest.raises(error) as caught:
        await ask(storage, "t.csv", sql)
    assert caught.value.kind is Kind.REFUSED
    assert caught.value.field == "sql"
    assert caught.value.code == "query_refused"


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT nope FROM data", "SELECT 'a'::INT", "("])
async def test_a_wrong_query_is_explained_in_the_engine_s_words(storage: Storage, sql: str) -> None:
    await storage.put("t.csv", CSV)
    with pytest.raises(QueryFailedError) as caught:
        await ask(storage, "t.csv", sql)
    words = caught.value.detail_text().in_language("en")
    assert len(words) > 10
    assert "Error:" not in words


def sandboxes(bwrap: Path) -> list[str]:
    """Return the processes started by this very link to bubblewrap."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if str(bwrap).encode() in command:
                found.append(process.name)
    return found


@pytest.fixture
def own_bwrap(tmp_path: Path) -> Path:
    link = tmp_path / f"bwrap-{uuid.uuid4().hex}"
    link.symlink_to(find_program("bwrap").path)
    return link


ENDLESS = [
    "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t",
    "SELECT sum(hash(a.range + b.range)) FROM range(10000000) a, range(10000000) b",
]


@pytest.mark.parametrize("sql", ENDLESS)
async def test_a_query_that_never_ends_is_ended(
    storage: Storage, own_bwrap: Path, sql: str
) -> None:
    storage.reader = ConfinedTableReader(
        store=storage.store, bwrap=own_bwrap, limits=Limits(seconds=2)
    )
    keys = await storage.files.credentials(storage.ada, storage.project)
    await storage.put("t.csv", CSV)
    with pytest.raises(PreviewLimitError) as caught:
        await storage.reader.query(keys, storage.bucket, "t.csv", sql, rows=10)
    assert "2 s" in caught.value.detail_text().in_language("en")
    wait_until(lambda: sandboxes(own_bwrap) == [], "the worker is gone")


async def test_a_query_nobody_waits_for_any_more_is_ended(
    storage: Storage, own_bwrap: Path
) -> None:
    reader = ConfinedTableReader(store=storage.store, bwrap=own_bwrap)
    keys = await storage.files.credentials(storage.ada, storage.project)
    await storage.put("t.csv", CSV)
    asking = asyncio.create_task(reader.query(keys, storage.bucket, "t.csv", ENDLESS[0], rows=10))
    await asyncio.to_thread(wait_until, lambda: sandboxes(own_bwrap) != [], "it runs")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    wait_until(lambda: sandboxes(own_bwrap) == [], "the worker is gone")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list(x) FROM range(1000000000) t(x)",
        "SELECT string_agg(x::VARCHAR || repeat('y', 1000)) FROM range(100000000) t(x)",
    ],
)
async def test_a_query_that_takes_all_memory_is_ended(parts: RunningParts, sql: str) -> None:
    async with storage_of(parts, Limits(memory=128 * MIB, scratch=16 * MIB, seconds=60)) as storage:
        await storage.put("t.csv", CSV)
        with pytest.raises(PreviewLimitError) as caught:
            await ask(storage, "t.csv", sql)
    assert "128 MiB" in caught.value.detail_text().in_language("en")


async def test_a_file_larger_than_the_memory_given_is_read(
    parts: RunningParts, tmp_path: Path
) -> None:
    content = parquet(tmp_path, "SELECT i % 10 AS k, uuid()::VARCHAR AS v FROM range(2200000) t(i)")
    memory = 64 * MIB
    assert len(content) > memory
    async with storage_of(parts, Limits(memory=memory, seconds=120)) as storage:
        first = await preview(storage, "big.parquet", content, rows=10)
        assert (len(first.rows), first.total) == (10, 2_200_000)
        table = await ask(storage, "big.parquet", "SELECT k, count(v) FROM data GROUP BY k")
    assert sorted(row[1] or "" for row in table.rows) == ["220000"] * 10
    assert table.peak_bytes < 6 * memory


async def test_where_nothing_can_be_shut_in_nothing_is_shown(
    storage: Storage, tmp_path: Path
) -> None:
    bwrap = tmp_path / "bwrap"
    bwrap.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    bwrap.chmod(bwrap.stat().st_mode | stat.S_IXUSR)
    reader = ConfinedTableReader(store=storage.store, bwrap=bwrap)
    keys = await storage.files.credentials(storage.ada, storage.project)
    await storage.put("t.csv", CSV)
    with pytest.raises(PreviewIsolationError) as caught:
        await reader.preview(keys, storage.bucket, "t.csv", rows=1)
    assert "No permissions" in caught.value.detail_text().in_language("en")


async def test_many_tables_at_once_wait_for_their_turn(storage: Storage) -> None:
    await storage.put("t.csv", CSV)
    await ask(storage, "t.csv", "SELECT 0")  # opens what is kept for the next ones
    gc.collect()  # what other tests left closes now, not in between
    before = _open_files()
    tables = await asyncio.gather(*(ask(storage, "t.csv", f"SELECT {n}") for n in range(5)))
    assert [table.rows for table in tables] == [((str(n),),) for n in range(5)]
    # Not one socket of the relay stays open for each table.
    await asyncio.to_thread(wait_until, lambda: _open_files() < before + 5, "sockets are closed")


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
