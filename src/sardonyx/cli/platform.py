"""The commands that run the platform on this machine. Bodies are in `machine`, loaded late."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.text import N_, Text

if TYPE_CHECKING:
    from sardonyx.settings import Settings
    from sardonyx.values import Secret

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="The platform's folder.", envvar="SARDONYX_HOME")
]

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", help="The settings of a platform on a cluster.", envvar="SARDONYX_CONFIG"
    ),
]


def register(application: typer.Typer) -> None:
    """Add the commands that run, check, leave and remove a platform to the command line."""
    application.command()(up)
    application.command()(serve)
    application.command()(down)
    application.command(name="open")(open_)
    application.command()(status)
    application.command()(doctor)
    application.command()(export)
    application.command()(purge)


def up(
    home: HomeOption = None,
    port: Annotated[int | None, typer.Option(help="Port of the front door.")] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser page.")] = True,
    detach: Annotated[bool, typer.Option("--detach", help="Return once it answers.")] = False,
) -> None:
    """Start the platform on this machine. The last line is the address."""
    from sardonyx.cli import machine

    settings = _settings(home, port)
    link = machine.up(settings, detach=detach, say=_say)
    # Before the last line: whoever reads it may end the platform at once.
    asked_to_end = None if detach else machine.listen_for_the_end()
    print(link, flush=True)
    if browser and not detach and sys.stdout.isatty():
        import webbrowser

        webbrowser.open(link)
    if asked_to_end is not None:
        machine.stay(settings, asked_to_end)


def serve(config: ConfigOption) -> None:
    """Run the platform on a cluster, until a signal ends it."""
    from sardonyx.serve import serve as serve_platform

    serve_platform(config)


def down(home: HomeOption = None) -> None:
    """Stop the platform and every service; files stay."""
    from sardonyx.cli import machine

    machine.down(_settings(home))


def open_(
    home: HomeOption = None,
    print_only: Annotated[bool, typer.Option("--print", help="Only print the address.")] = False,
) -> None:
    """Open the portal in a browser, signed in."""
    from sardonyx.adapters.processes.home import Home
    from sardonyx.cli.answering import one_time_address

    link = one_time_address(Home(_settings(home).home))
    print(link)
    if not print_only:
        import webbrowser

        webbrowser.open(link)


def status(
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Say which parts run, and the state of each service."""
    from sardonyx.cli import report

    _print(report.status(_settings(home)), as_json=as_json)


def doctor(
    home: HomeOption = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Check the platform of these settings, on its cluster.",
            envvar="SARDONYX_CONFIG",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Check this machine, or with --config a platform on a cluster: each part with its remedy.

    On a cluster the exit code is 5 when a part fails.
    """
    if config is not None:
        from sardonyx.cli import setup

        raise typer.Exit(setup.doctor(config, as_json=as_json))
    from sardonyx.cli import report

    _print(report.doctor(_settings(home)), as_json=as_json)


def export(
    directory: Annotated[
        Path | None, typer.Argument(help="A new or empty folder.", show_default=False)
    ] = None,
    decrypt: Annotated[
        Path | None,
        typer.Option("--decrypt", help="Print the secrets of this exported file as JSON."),
    ] = None,
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Write files, services and secrets as plain files that need no platform.

    Secrets are encrypted by a passphrase, typed or on standard input.
    """
    if (directory is None) == (decrypt is None):
        raise typer.BadParameter("give a folder, or --decrypt and a file")
    if decrypt is not None:
        _decrypt(decrypt)
        return
    assert directory is not None  # noqa: S101 - said above
    from sardonyx.adapters.processes.home import Home
    from sardonyx.cli.export import export as export_all
    from sardonyx.cli.language import user_language
    from sardonyx.cli.output import document, say
    from sardonyx.client.client import Client

    folder = _settings(home).home
    with Client.of_home(folder, language=user_language()) as client:
        done = export_all(client, Home(folder), directory.absolute(), _passphrase(again=True))
    if as_json:
        document(done)
    else:
        said = N_("{files} files, {services} services and {secrets} secrets are in {folder}.")
        values = {name: str(done[name]) for name in ("files", "services", "secrets")}
        say(said, folder=str(directory), **values)


def _decrypt(file: Path) -> None:
    from sardonyx.cli.errors import LocalFileError
    from sardonyx.cli.sealed import unseal

    try:
        content = file.read_bytes()
    except OSError as failure:
        raise LocalFileError(path=str(file), reason=failure.strerror or str(failure)) from failure
    print(unseal(content, _passphrase(again=False)))


def _passphrase(*, again: bool) -> Secret:
    """Return one line of standard input, or what is typed unseen (twice with `again`)."""
    from sardonyx.cli.export import asked_passphrase
    from sardonyx.cli.output import worded

    if not sys.stdin.isatty():
        return asked_passphrase(lambda: sys.stdin.readline().rstrip("\r\n"), twice=None)
    import getpass

    def typed(words: str) -> Callable[[], str]:
        return lambda: getpass.getpass(worded(words), stream=sys.stderr)

    second = typed(N_("The same again: ")) if again else None
    return asked_passphrase(typed(N_("Passphrase: ")), twice=second)


def purge(
    home: HomeOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove the platform's folder: every file, secret and service in it."""
    from sardonyx.cli import machine

    settings = _settings(home)
    if not yes:
        typer.confirm(
            f"Remove {settings.home} with all files, secrets and services?", abort=True, err=True
        )
    machine.purge(settings)


def _settings(home: Path | None, port: int | None = None) -> Settings:
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from sardonyx.cli.errors import SettingError
    from sardonyx.settings import Settings

    given: dict[str, object] = {}
    if home is not None:
        given["home"] = home.absolute()
    if port is not None:
        given["port"] = port
    try:
        return Settings.model_validate({**Settings().model_dump(), **given})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise SettingError(name=f"SARDONYX_{name}", reason=first["msg"]) from error
    except SettingsError as error:  # such as a list that is no JSON
        named = re.search(r'field "(\w+)"', str(error))
        name = f"SARDONYX_{named[1].upper()}" if named else "SARDONYX_…"
        raise SettingError(name=name, reason='this is no JSON, such as ["/folder"]') from error


def _say(text: Text) -> None:
    from sardonyx.cli.language import user_language

    print(text.in_language(user_language()), file=sys.stderr, flush=True)


def _print(rows: list[dict[str, str]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        print("  ".join(f"{value:<22}" for value in row.values()).rstrip())
