"""Which statements pass the first wall."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from sardonyx.adapters.duckdb.statement import StatementRefusedError, checked_select


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as ready:
        yield ready


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * FROM read_text('/etc/passwd')", "forbidden_function"),
        ("SELECT * FROM read_csv('/etc/passwd')", "forbidden_function"),
        ("SELECT * FROM read_blob('/proc/self/environ')", "forbidden_function"),
        ("SELECT * FROM glob('/*')", "forbidden_function"),
        ("SELECT * FROM '/etc/passwd'", "foreign_table"),
        ('SELECT * FROM "/etc/passwd"', "foreign_table"),
        ("SELECT (SELECT content FROM read_text('/etc/passwd'))", "forbidden_function"),
        ("SELECT * FROM data WHERE EXISTS (FROM read_text('/x'))", "forbidden_function"),
        ("WITH t AS (FROM read_text('/x')) FROM t", "forbidden_function"),
        ('FROM (WITH "/x" AS (SELECT 1) FROM "/x"), "/y"', "foreign_table"),
        ("FROM query('SELECT * FROM read_text(''/x'')')", "forbidden_function"),
        ("FROM query_table('/etc/passwd')", "forbidden_function"),
        ("FROM sniff_csv('/etc/passwd')", "forbidden_function"),
        ("FROM parquet_metadata('s3://user-eve/x')", "forbidden_function"),
        ("COPY data TO '/tmp/x'", "not_one_select"),
        ("COPY (SELECT 1) TO 's3://user-ada/x.csv'", "not_one_select"),
        ("EXPORT DATABASE '/tmp/x'", "not_one_select"),
        ("ATTACH '/tmp/x.db'", "not_one_select"),
        ("INSTALL aws", "not_one_select"),
        ("LOAD '/tmp/x.duckdb_extension'", "not_one_select"),
        ("SET enable_external_access = true", "not_one_select"),
        ("RESET lock_configuration", "not_one_select"),
        ("PRAGMA database_list", "foreign_table"),
        ("CALL duckdb_settings()", "not_one_select"),
        ("CREATE TABLE x AS SELECT 1", "not_one_select"),
        ("CREATE SECRET (TYPE s3)", "not_one_select"),
        ("DROP VIEW data", "not_one_select"),
        ("SELECT 1; SELECT 2", "not_one_select"),
        ("SELECT 1; COPY data TO '/tmp/x'", "not_one_select"),
        ("", "not_one_select"),
        ("-- nothing", "not_one_select"),
        ("EXPLAIN ANALYZE SELECT 1", "not_one_select"),
        ("SELECT * FROM 'http://127.0.0.1:8200/v1/sys/health'", "foreign_table"),
        ("SELECT * FROM read_csv('https://example.org/x.csv')", "forbidden_function"),
        ("SELECT * FROM 's3://user-eve/secret.csv'", "foreign_table"),
        ("SELECT * FROM 's3://user-ada/other.csv'", "foreign_table"),
        ("SELECT getenv('HOME')", "forbidden_function"),
        ("SELECT current_setting('s3_endpoint')", "forbidden_function"),
        ("FROM duckdb_secrets()", "forbidden_function"),
        ("FROM which_secret('s3://user-ada/x', 's3')", "forbidden_function"),
        ("FROM duckdb_settings()", "forbidden_function"),
        ("FROM duckdb_views()", "forbidden_function"),
        ("FROM information_schema.tables", "foreign_table"),
        ("FROM sqlite_master", "foreign_table"),
        ("SHOW TABLES", "foreign_table"),
    ],
)
def test_a_statement_that_reaches_elsewhere_is_refused(
    connection: duckdb.DuckDBPyConnection, sql: str, code: str
) -> None:
    with pytest.raises(StatementRefusedError) as caught:
        checked_select(connection, sql)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "sql",
    [
        "FROM data",
        "TABLE data",
        "SELECT * FROM Data d JOIN memory.main.data USING (id)",
        "WITH a AS (FROM data), b AS (FROM a) SELECT * FROM B",
        "SELECT unnest([1, 2]), range(3) FROM generate_series(1, 3)",
        "FROM data PIVOT (count(*) FOR x IN (1, 2))",
        "SUMMARIZE data",
        "DESCRIBE SELECT 1",
        "SELECT 'COPY x TO y; read_text' AS \"read_text\"",
        "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 3) FROM t",
    ],
)
def test_one_select_over_the_table_passes(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert checked_select(connection, sql + " ; ") == sql


def test_what_is_no_sql_is_left_to_the_engine_s_words(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(duckdb.ParserException):
        checked_select(connection, "SELEC 1")
