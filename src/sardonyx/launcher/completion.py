"""Propose keys and values while a draft's YAML is typed, in a text that is no YAML yet.

The text is read by its lines and indents alone; inside flow style (`{a: b}`) nothing is proposed.
Source: launcher.md 9.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sardonyx.launcher.draft import Draft
from sardonyx.launcher.models import UNSET
from sardonyx.launcher.nodes import Node, NodeKind
from sardonyx.launcher.options import OptionFinder
from sardonyx.launcher.scalars import at
from sardonyx.launcher.validation import nodes_along
from sardonyx.launcher.yaml_text import quoted, read, write
from sardonyx.text import localized
from sardonyx.values import Json, Path

_LINE = re.compile(r"(?P<indent> *)(?P<dashes>(?:-(?: +|$))*)(?P<rest>.*)")
_KEY = re.compile(
    r"""(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#\-"'\[{&*!|>%@`][^#]*?)"""
    r""":(?:[ \t]+(?P<value>.*)|$)"""
)
_BLOCK = re.compile(r"[|>][+-]?[0-9]?\s*(?:#.*)?$")
_MOST = 200


@dataclass(frozen=True, slots=True)
class Completion:
    """One proposal: `insert` goes in place of what stands from `column` (from 1) to the cursor.

    detail: the kind of value. help: the chart's own words.
    """

    label: str
    insert: str
    column: int
    detail: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where the cursor is: in the value of `path`, or before a key of the map at `path`.

    typed: what stands there already, from `column`. space: whether one is still missing there.
    """

    path: Path
    in_value: bool
    typed: str
    column: int
    space: bool = False


def complete(draft: Draft, text: str, line: int, column: int) -> tuple[Completion, ...]:
    """Return what may stand at a place of a text, keys that are written already left out."""
    root = draft.schema.root
    lines = text.split("\n")
    if root is None or not 1 <= line <= len(lines):
        return ()
    cursor = _cursor(lines, line, column)
    if cursor is None:
        return ()
    reached = [node for path, node in nodes_along(root, cursor.path) if path == cursor.path]
    if not reached:
        return ()
    if cursor.in_value or reached[0].properties is None:
        found = _values(draft, reached[0], cursor)
    else:
        written = {path for number, path in _keys(lines) if number != line}
        found = _members(draft, reached[0], cursor, written)
    begun = cursor.typed.lower()
    fitting = [one for one in found if one.label.lower().startswith(begun)]
    return tuple(fitting[:_MOST])


def _members(draft: Draft, node: Node, cursor: _Cursor, written: set[Path]) -> Iterator[Completion]:
    for key, member in (node.properties or {}).items():
        locked = member.readonly or member.const is not UNSET or member.hidden is True
        if locked or (*cursor.path, key) in written:
            continue
        kind = _kind(member)
        opens = kind in (NodeKind.OBJECT.value, NodeKind.ARRAY.value)
        help_text = member.description or member.title
        yield Completion(
            label=key,
            insert=f"{quoted(key)}:" if opens else f"{quoted(key)}: ",
            column=cursor.column,
            detail=kind,
            help=localized(help_text, draft.language) if help_text else "",
        )


def _values(draft: Draft, node: Node, cursor: _Cursor) -> Iterator[Completion]:
    default = at(draft.defaults, cursor.path)
    offered = OptionFinder(draft.context)(node)
    if offered is None:
        offered = (True, False) if node.kind is NodeKind.BOOLEAN else ()
    proposed: list[Json] = list(offered)
    if not proposed and default is not UNSET and cursor.path not in draft.secret_paths:
        proposed = [default]
    for value in proposed:
        if not isinstance(value, (dict, list)):
            shown = write(value).rstrip("\n")
            insert = f" {shown}" if cursor.space else shown
            yield Completion(shown, insert, cursor.column, _kind(node))


def _kind(node: Node) -> str:
    return "" if node.kind in (NodeKind.CONST, NodeKind.DEGRADED) else node.kind.value


@dataclass(slots=True)
class _Open:
    """A key or a dash that is open at some line: its column (from 0) and its step."""

    column: int
    step: str | int


def _enter(stack: list[_Open], column: int, step: str | None) -> None:
    """Open a key, or a dash where `step` is None, at a column, closing what ended before it."""
    index = 0
    while stack and stack[-1].column >= column:
        top = stack[-1]
        is_item = isinstance(top.step, int)
        if step is None and top.column == column:
            if not is_item:  # a list may stand at the indent of its own key
                break
            index = int(top.step) + 1
        stack.pop()
        if step is None and top.column == column:
            break
    stack.append(_Open(column, index if step is None else step))


def _walk(lines: list[str], last: int) -> Iterator[tuple[int, list[_Open]]]:
    """Yield the number of each line up to `last` (from 1) and what is open after it."""
    stack: list[_Open] = []
    block: int | None = None  # the indent of the key whose text goes on below
    for number, written in enumerate(lines[:last], 1):
        found = _LINE.match(written)
        bare = written.strip()
        if found is None or not bare or bare.startswith("#"):
            continue
        indent = len(found["indent"])
        if block is not None and indent > block:
            continue
        block = None
        column = indent
        for dash in re.finditer(r"-(?: +|$)", found["dashes"]):
            _enter(stack, indent + dash.start(), None)
            column = indent + dash.end()
        key = _KEY.match(found["rest"])
        if key is not None:
            _enter(stack, column, _name(key["key"]))
            if _BLOCK.match(key["value"] or ""):
                block = indent
        yield number, stack


def _keys(lines: list[str]) -> Iterator[tuple[int, Path]]:
    for number, stack in _walk(lines, len(lines)):
        if stack and isinstance(stack[-1].step, str):
            yield number, tuple(one.step for one in stack)


def _cursor(lines: list[str], line: int, column: int) -> _Cursor | None:
    written = lines[line - 1][: max(column - 1, 0)]
    found = _LINE.match(written)
    if found is None or written.lstrip().startswith("#"):
        return None
    stack: list[_Open] = []
    for _, stack in _walk([*lines[: line - 1], written], line):  # noqa: B007 - the last one counts
        pass
    indent, dashes = len(found["indent"]), found["dashes"]
    key = _KEY.match(found["rest"])
    if key is not None:
        value = key["value"] or ""
        if value[:1] in ("{", "["):
            return None
        path = tuple(one.step for one in stack)
        column = len(written) - len(value) + 1
        return _Cursor(path, True, value, column, space=key["value"] is None)
    if found["rest"][:1] in ("{", "[") or found["rest"].endswith(":"):
        return None
    here = indent + len(dashes)
    open_here = list(stack)
    while open_here and open_here[-1].column >= here:
        open_here.pop()
    path = tuple(one.step for one in open_here)
    return _Cursor(path, False, found["rest"], here + 1)


def _name(written: str) -> str:
    if written[:1] in ("'", '"'):
        known = read(written).value
        return known if isinstance(known, str) else written
    return written.strip()
