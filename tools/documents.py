"""Write the reference pages from the code, and check that they are current.

    python tools/documents.py          writes docs/reference/{errors,findings,settings,commands}.md
    python tools/documents.py check    fails when one of them is out of date
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import sardonyx
from sardonyx.errors import EXIT_CODE, HTTP_STATUS, PlatformError
from sardonyx.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
_HEAD = "<!-- Written by tools/documents.py: change the code, not this page. -->\n"


def errors() -> str:
    """Return the page of every error a person can meet, with its remedy."""
    rows = [
        "# Errors\n",
        "Every error has a stable code, says what was wrong and what to do next.\n",
        "| code | what it says | what to do | HTTP | exit |",
        "| --- | --- | --- | --- | --- |",
    ]
    for error in sorted(described(PlatformError), key=lambda one: one.code):
        says = f"**{error.title}.** {error.detail}".strip()
        status, code = HTTP_STATUS[error.kind], EXIT_CODE[error.kind]
        rows.append(f"| `{error.code}` | {says} | {error.next_step} | {status} | {code} |")
    return "\n".join(rows) + "\n"


def described(root: type[PlatformError]) -> Iterator[type[PlatformError]]:
    """Yield the error classes that have a code of their own."""
    for module in pkgutil.walk_packages(sardonyx.__path__, "sardonyx."):
        if module.name.endswith("errors"):
            importlib.import_module(module.name)
    seen: set[str] = set()
    waiting = list(root.__subclasses__())
    while waiting:
        one = waiting.pop()
        waiting.extend(one.__subclasses__())
        if "code" in vars(one) and one.code not in seen:
            seen.add(one.code)
            yield one


def findings() -> str:
    """Return the page of every finding."""
    from sardonyx.services.findings import WORDS

    rows = [
        "# Findings\n",
        "Why a service does not advance, and what to do.\n",
        "| code | what it says | what to do |",
        "| --- | --- | --- |",
    ]
    for code, words in sorted(WORDS.items()):
        rows.append(f"| `{code}` | **{words.title}.** {words.explanation} | {words.next_step} |")
    return "\n".join(rows) + "\n"


def settings() -> str:
    """Return the page of every setting."""
    rows = [
        "# Settings\n",
        "Given as environment variables, or as options of `sardonyx up` where it has them.\n",
        "| variable | meaning | default |",
        "| --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=False)
        shown = "the user's data folder" if name == "home" else str(default)
        rows.append(f"| `SARDONYX_{name.upper()}` | {field.title} | `{shown}` |")
    return "\n".join(rows) + "\n"


def commands() -> str:
    """Return the page of every command's help."""
    from typer.main import get_command

    from sardonyx.cli.main import application

    root = get_command(application)
    return "# Commands\n\n" + "\n".join(_helps(root, ("sardonyx",))) + "\n"


def _helps(command: object, words: tuple[str, ...]) -> Iterator[str]:
    import click

    assert isinstance(command, click.Command)
    context = click.Context(command, info_name=" ".join(words), terminal_width=88)
    inner = command.commands if isinstance(command, click.Group) else {}
    if not inner:
        usage = command.get_usage(context).removeprefix("Usage: ")
        summary = (command.help or "").strip().split("\n\n")[0].replace("\n", " ")
        yield f"- `{re.sub(r'  +', ' ', usage)}`: {summary}"
    for name in sorted(inner):
        if not inner[name].hidden:
            yield from _helps(inner[name], (*words, name))


PAGES = {
    "errors.md": errors,
    "findings.md": findings,
    "settings.md": settings,
    "commands.md": commands,
}


def main(arguments: list[str]) -> int:
    os.environ.update(TERM="dumb", COLUMNS="100")
    late = []
    for name, page in PAGES.items():
        text = _HEAD + page()
        file = REFERENCE / name
        if "check" in arguments:
            if not file.exists() or file.read_text() != text:
                late.append(name)
        else:
            REFERENCE.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    for name in late:
        print(f"docs/reference/{name} is out of date: run python tools/documents.py")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
