"""Write the reference pages from the code, and check that every page is true.

python tools/documents.py          writes docs/reference/{errors,findings,…}.md
python tools/documents.py check    fails when one of them is out of date, when a page shows a
                                   `sardonyx` command or an option that does not exist, or when
                                   one of its links leads nowhere
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import shlex
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, TypeAdapter
from typer import Context
from typer.core import TyperCommand, TyperGroup

import sardonyx
from sardonyx.deployment import ClusterSettings
from sardonyx.errors import EXIT_CODE, HTTP_STATUS, PlatformError
from sardonyx.settings import Settings
from sardonyx.text import Text

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
# Every page a person reads; charts and the sample world of tests have their own checks.
READ = ("*.md", "docs/**/*.md", "catalog/*/README.md")
# A line of what a command prints, not a command.
_OUTPUT = re.compile(r"^\s*(?:#|[0-9]+/[0-9]+ )")
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
    """Yield the error classes that have a code of their own, wherever they stand."""
    for module in pkgutil.walk_packages(sardonyx.__path__, "sardonyx."):
        if not module.name.endswith("__main__"):
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


def chart_lint() -> str:
    """Return the page of every code of `sardonyx chart lint`."""
    from sardonyx.catalog.lint_rules import RULES

    rows = [
        "# What `sardonyx chart lint` finds\n",
        "Errors are what does not work, warnings what readers of the form would miss.\n",
        "| code | level | what it says | what to do |",
        "| --- | --- | --- | --- |",
    ]
    for code, rule in sorted(RULES.items()):
        says, todo = (
            Text(text).in_language("en").replace("|", "\\|") for text in (rule.says, rule.next_step)
        )
        rows.append(f"| `{code}` | {rule.level} | {says} | {todo} |")
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


def cluster_settings() -> str:
    """Return the page of every setting of a platform on a cluster."""
    rows = [
        "# Settings of a platform on a cluster\n",
        "Keys of the file that `sardonyx serve` reads, which is also the block `sardonyx` of the",
        "chart's values. Unknown keys are refused. [The guide](../cluster.md) shows them in use.\n",
        "| key | meaning | default |",
        "| --- | --- | --- |",
    ]
    return "\n".join((*rows, *_keys(ClusterSettings, ""))) + "\n"


def _keys(model: type[BaseModel], above: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = f"{above}{field.alias or name}"
        kinds = (field.annotation, *getattr(field.annotation, "__args__", ()))
        inner = [one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)]
        if inner:
            yield from _keys(inner[0], f"{key}.")
            continue
        default = "must be set" if field.is_required() else _shown(field.get_default())
        yield f"| `{key}` | {field.title} | {default} |"


def _shown(default: object) -> str:
    if default is None or default in ("", ()):
        return "–"
    if isinstance(default, timedelta):
        return f"`{TypeAdapter(timedelta).dump_python(default, mode='json')}`"
    listed = ", ".join(map(str, default)) if isinstance(default, tuple) else default
    return f"`{listed}`"


def command_line() -> TyperGroup:
    """Return the command line as typer builds it."""
    from typer.main import get_command

    from sardonyx.cli.main import application

    root = get_command(application())
    assert isinstance(root, TyperGroup)
    return root


def commands() -> str:
    """Return the page of every command: how it is called, and the first sentence of its help."""
    rows = [
        "# Commands\n",
        "`--json` prints one JSON document on standard output; messages go to standard error.",
        "Exit codes: 0 done, 2 wrong input, 3 not found, 4 refused, 5 a fault of the platform,",
        "6 timed out. `--help` after any command tells its options.\n",
        "| command | what it does |",
        "| --- | --- |",
    ]
    return "\n".join((*rows, *_helps(command_line(), ("sardonyx",)))) + "\n"


def _helps(command: TyperCommand | TyperGroup, words: tuple[str, ...]) -> Iterator[str]:
    context = Context(command, info_name=" ".join(words))
    if isinstance(command, TyperGroup):
        for name, inner in sorted(command.commands.items()):
            if not inner.hidden:
                assert isinstance(inner, TyperCommand | TyperGroup)
                yield from _helps(inner, (*words, name))
        return
    usage = " ".join([*words, *command.collect_usage_pieces(context)]).replace("|", "\\|")
    summary = " ".join((command.help or "").split("\n\n")[0].split())
    yield f"| `{usage}` | {summary} |"


def unknown_commands(page: Path, text: str, root: TyperGroup) -> Iterator[str]:
    """Yield what is wrong with each `sardonyx …` command that a page shows."""
    for shown in shown_commands(text):
        try:
            words = shlex.split(shown, comments=True)
        except ValueError:
            yield f"{page}: not a command: {shown}"
            continue
        command: TyperCommand | TyperGroup = root
        rest = words[1:]
        while rest and isinstance(command, TyperGroup):
            if rest[0] not in command.commands:
                break
            inner = command.commands[rest.pop(0)]
            assert isinstance(inner, TyperCommand | TyperGroup)
            command = inner
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        known |= {"--help", "--install-completion", "--show-completion"}
        if isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
            yield f"{page}: there is no such command: {shown}"
        for option in (word.partition("=")[0] for word in rest if word.startswith("--")):
            if option not in known:
                yield f"{page}: no option {option}: {shown}"


def shown_commands(text: str) -> Iterator[str]:
    """Yield every command of sardonyx in a page: lines of code blocks, and code in a sentence."""
    inside = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
        elif inside or line.startswith("    "):
            whole = re.search(r"(?:^|[|;] *|\.venv/bin/)(sardonyx [^|;]*)", line.strip())
            if whole and not _OUTPUT.search(line):
                yield whole[1]
        else:
            yield from re.findall(r"`(sardonyx [a-z][^`]*)`", line)


def dead_links(page: Path, text: str) -> Iterator[str]:
    """Yield the links and pictures of a page that lead to no file or heading of the checkout."""
    plain = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", plain):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        if not file.exists():
            yield f"{page.relative_to(ROOT)}: leads nowhere: {target}"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
            yield f"{page.relative_to(ROOT)}: no such heading: {target}"


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ +(.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


PAGES = {
    "errors.md": errors,
    "findings.md": findings,
    "settings.md": settings,
    "cluster-settings.md": cluster_settings,
    "commands.md": commands,
    "chart-lint.md": chart_lint,
}


def check() -> list[str]:
    """Return what is wrong with the pages."""
    faults = []
    for name, page in PAGES.items():
        file = REFERENCE / name
        if not file.exists() or file.read_text() != _HEAD + page():
            faults.append(f"docs/reference/{name} is out of date: run python tools/documents.py")
    root = command_line()
    for file in sorted({found for pattern in READ for found in ROOT.glob(pattern)}):
        text = file.read_text()
        faults += dead_links(file, text)
        if file.parent != REFERENCE:
            faults += unknown_commands(file.relative_to(ROOT), text, root)
    return faults


def main(arguments: list[str]) -> int:
    os.environ.update(TERM="dumb", COLUMNS="100")
    if "check" in arguments:
        faults = check()
        print("\n".join(faults) or "documents are true")
        return 1 if faults else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(_HEAD + page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
