"""Let pass one SELECT over the table `data`, and nothing that reaches elsewhere.

This is the first wall, the one that explains itself. Behind it DuckDB's own configuration
refuses other files, and the process has nothing to reach. It reads the syntax tree that DuckDB
itself makes, so that no spelling gets around it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

TABLE = "data"
# Functions that make rows of their arguments alone. All others may read files, other tables
# by name, or the engine's own state.
_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree"})
_REFUSED_FUNCTIONS = frozenset(
    {"getenv", "current_setting", "getvariable", "write_log", "nextval", "currval"}
)
_SCHEMAS = frozenset({"", "main"})
_CATALOGS = frozenset({"", "memory"})


class StatementRefusedError(Exception):
    """`code`: not_one_select, foreign_table or forbidden_function; `name`: what it is about."""

    def __init__(self, code: str, name: str = "") -> None:
        self.code = code
        self.name = name
        super().__init__(code)


def checked_select(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Return the one SELECT in `sql`, without a final `;`.

    Raises StatementRefusedError; duckdb.Error when it is no SQL.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise StatementRefusedError("not_one_select")
    text = statements[0].query.strip().rstrip(";").rstrip()
    # A literal: a bound parameter would make DuckDB import pandas, which takes seconds.
    row = connection.execute(f"SELECT json_serialize_sql({literal(text)})").fetchone()
    try:
        tree = json.loads(row[0] if row else "{}")
    except RecursionError as error:
        raise StatementRefusedError("not_one_select") from error
    if tree.get("error", True) or len(tree["statements"]) != 1:
        raise StatementRefusedError("not_one_select")
    _check(tree)
    return text


def literal(text: str) -> str:
    """Return `text` as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _check(tree: object) -> None:
    nodes = list(_nodes(tree))
    own = {TABLE} | {name for node in nodes for name in _named_queries(node)}
    for node in nodes:
        kind = node.get("type")
        if kind == "BASE_TABLE" and "table_name" in node:
            _check_table(node, own)
        elif kind == "SHOW_REF" and node.get("table_name", "").lower() not in ("", TABLE):
            raise StatementRefusedError("foreign_table", str(node["table_name"]))
        elif kind == "TABLE_FUNCTION" and "function" in node:
            name = str(node["function"].get("function_name", ""))
            if name.lower() not in _TABLE_FUNCTIONS:
                raise StatementRefusedError("forbidden_function", name)
        elif str(node.get("function_name", "")).lower() in _REFUSED_FUNCTIONS:
            raise StatementRefusedError("forbidden_function", str(node["function_name"]))


def _check_table(node: dict[str, Any], own: set[str]) -> None:
    name = str(node["table_name"])
    if (
        name.lower() not in own
        or str(node.get("schema_name", "")).lower() not in _SCHEMAS
        or str(node.get("catalog_name", "")).lower() not in _CATALOGS
    ):
        raise StatementRefusedError("foreign_table", name)


def _named_queries(node: dict[str, Any]) -> Iterator[str]:
    """Yield the names that a WITH gives to its queries, wherever it stands."""
    named = node.get("cte_map")
    if isinstance(named, dict):
        for entry in named.get("map", []):
            yield str(entry["key"]).lower()


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    """Yield every object of the tree; without recursion, queries can be deep."""
    waiting: list[object] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
