"""Own what the command line writes: results on standard output, messages on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from sardonyx.cli.language import user_language
from sardonyx.client.errors import RemoteError
from sardonyx.errors import EXIT_CODE, Kind, PlatformError
from sardonyx.text import N_, Scalar, Text
from sardonyx.values import Json, JsonObject


class Described(Protocol):
    """What the platform described."""

    @property
    def raw(self) -> JsonObject:
        """Its JSON, as it came."""


One = TypeVar("One", bound=Described)


def say(message: str, /, **values: Scalar) -> None:
    """Write a message (marked with `N_`) for the person, in their language."""
    print(worded(message, **values), file=sys.stderr, flush=True)


def worded(message: str, /, **values: Scalar) -> str:
    """Return a message in the person's language."""
    return Text(message, values).in_language(user_language())


def document(value: Json) -> None:
    """Write the one JSON document of `--json`."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def table(titles: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Write rows under titles (marked with `N_`), each column as wide as its widest cell."""
    rows([[worded(title) for title in titles], *cells])


def listed(
    found: Sequence[One],
    titles: Sequence[str],
    row: Callable[[One], list[str]],
    *,
    none: str,
    as_json: bool,
) -> None:
    """Write what was found: as documents, as a table, or that there is `none` (marked)."""
    if as_json:
        document([one.raw for one in found])
    elif found:
        table(titles, [row(one) for one in found])
    else:
        say(none)


def rows(cells: Sequence[Sequence[str]]) -> None:
    """Write rows in columns."""
    shown = [[_plain(cell) for cell in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _plain(text: str) -> str:
    """Return the text without control characters: a name must not steer the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def error(failure: PlatformError) -> int:
    """Write what went wrong, where, and what to do next; return the exit code."""
    language = user_language()
    code = failure.remote_code if isinstance(failure, RemoteError) else failure.code
    print(f"{failure.title_text().in_language(language)} ({code})", file=sys.stderr)
    detail = failure.detail_text().in_language(language)
    where = f" [{failure.field}]" if failure.field else ""
    print(f"  {detail}{where}", file=sys.stderr)
    for level, pointer, message in _problems(failure, language):
        if level == "error":
            place = f"{pointer}: " if pointer else ""
            print(f"  - {place}{message}", file=sys.stderr)
    next_step = failure.next_text().in_language(language)
    if next_step:
        print(f"  {worded(N_('Next'))}: {next_step}", file=sys.stderr)
    if isinstance(failure, RemoteError):
        return failure.exit_code
    return EXIT_CODE[failure.kind]


def _problems(failure: PlatformError, language: str) -> list[tuple[str, str, str]]:
    if isinstance(failure, RemoteError):
        return [(p.level, p.pointer, p.message) for p in failure.remote_problems]
    return [(p.level, p.pointer, p.message.in_language(language)) for p in failure.problems]


def usage(message: str, command: str) -> int:
    """Write what is wrong with the command itself; return the exit code."""
    print(f"{worded(N_('The command was not understood'))} (usage)", file=sys.stderr)
    print(f"  {message}", file=sys.stderr)
    print(f"  {worded(N_('Next'))}: {command} --help", file=sys.stderr)
    return EXIT_CODE[Kind.INVALID]


def fields(items: Mapping[str, str]) -> None:
    """Write titles (marked with `N_`) with their values, one a line."""
    width = max(len(worded(title)) for title in items)
    for title, value in items.items():
        print(f"{worded(title).ljust(width)}  {value}")
