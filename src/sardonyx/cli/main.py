"""Own the command line: which commands there are, and how each ends.

Exit codes: 0 done, 2 wrong input, 3 not found, 4 refused, 5 a fault of the platform,
6 timed out; 130 when interrupted. Nobody ever sees a traceback. Bodies import late, so that
`sardonyx --help` answers at once.
"""

from __future__ import annotations

import os
import sys
import traceback
import uuid
from collections.abc import Sequence
from functools import cache
from typing import Annotated

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from sardonyx.cli import account, catalog, configs, files, launch, login, secrets, services
from sardonyx.cli.output import error, say, usage
from sardonyx.errors import EXIT_CODE, Kind, PlatformError
from sardonyx.text import N_

REFUSED = EXIT_CODE[Kind.REFUSED]
INTERRUPTED = 130
COMPLETING = "_SARDONYX_COMPLETE"


def application() -> typer.Typer:
    """Return the command line with all its commands."""
    from sardonyx.cli.platform import register

    app = typer.Typer(
        name="sardonyx",
        help="A data science platform that makes statisticians autonomous.",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    register(app)
    app.add_typer(catalog.catalog, name="catalog")
    app.add_typer(catalog.chart, name="chart")
    app.command("launch")(launch.launch)
    app.add_typer(services.commands, name="services")
    app.add_typer(configs.commands, name="configs")
    app.add_typer(files.commands, name="files")
    app.add_typer(secrets.commands, name="secrets")
    app.add_typer(account.account, name="account")
    app.add_typer(account.projects, name="projects")
    app.command("whoami")(account.whoami)
    app.command("login")(login.login)
    app.command("logout")(login.logout)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("sardonyx"))
        raise typer.Exit


def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Hold what stands before a command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = _invoke(words)
        sys.stdout.flush()
    except PlatformError as failure:
        return error(failure)
    except TyperException as failure:
        return _misused(failure)
    except typer.Exit as end:
        return end.exit_code
    except (typer.Abort, EOFError, KeyboardInterrupt, BrokenPipeError) as end:
        return _ended_early(end)
    except Exception as failure:  # noqa: BLE001 - the last place before the person
        return _incident(failure)
    return result if isinstance(result, int) else 0


def _invoke(words: list[str]) -> object:
    """Run the command that `words` name; every error reaches the caller."""
    if COMPLETING in os.environ:  # the shell asks what could come next
        return application()(words, prog_name="sardonyx")
    command = _command()
    with command.make_context("sardonyx", words) as context:
        return command.invoke(context)


@cache
def _command() -> TyperGroup:
    """Return the tree of commands. Reading every signature takes longer than most commands."""
    return typer.main.get_group(application())


def run() -> None:
    """Run the command of this process and end it."""
    sys.exit(main())


def _misused(failure: TyperException) -> int:
    context = getattr(failure, "ctx", None)
    format_message = getattr(failure, "format_message", None)
    message = format_message() if callable(format_message) else str(failure)
    if not message and context is not None:  # no command given: typer has shown the help
        return EXIT_CODE[Kind.INVALID]
    return usage(str(message), context.command_path if context is not None else "sardonyx")


def _ended_early(end: BaseException) -> int:
    if isinstance(end, BrokenPipeError):
        # The reader of our output has read enough (`… | head`): that is no fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(end, KeyboardInterrupt):
        return INTERRUPTED
    say(N_("Nothing was changed."))
    return REFUSED


def _incident(failure: Exception) -> int:
    """Say that something unforeseen happened; keep the details where they can be found."""
    number = uuid.uuid4().hex[:8]
    from sardonyx.cli.options import home_folder

    home = os.environ.get("SARDONYX_HOME")
    from pathlib import Path

    folder = home_folder(Path(home) if home else None) / "logs"
    place = str(folder / "command-line.log")
    kept = N_("Details are in {place}, incident {number}.")
    try:
        with Path(place).open("a", encoding="utf-8") as log:
            log.write(f"incident {number}\n{''.join(traceback.format_exception(failure))}\n")
    except FileNotFoundError:
        kept = N_("It could not be noted: the platform's folder is not there.")
    except OSError:  # a full disk, another user's folder
        kept = N_("It could not be noted in {place}.")
    say(
        N_("Something went wrong in the command line itself ({kind})."), kind=type(failure).__name__
    )
    say(kept, place=place, number=number)
    say(N_("Next: try again; if it stays, report it with that number."))
    return EXIT_CODE[Kind.FAULT]
