"""`sardonyx secrets …`. A value is read from standard input or typed unseen, never an argument."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli.options import HomeOption, JsonOption, ProjectOption, connect
from sardonyx.cli.output import document, say, table, worded
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.values import Secret

commands = typer.Typer(help="Your secrets.", no_args_is_help=True)
PathArgument = Annotated[str, typer.Argument(help="The secret's path, as “ls” shows it.")]


@commands.command()
def ls(
    path: Annotated[str, typer.Argument(help="A folder.")] = "",
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List a folder of secrets."""
    with connect(home) as client:
        folder = client.secrets.folder(path, project=project)
    if as_json:
        document(folder)
        return
    for key in ("folders", "secrets"):
        names = folder.get(key)
        for name in names if isinstance(names, list) else []:
            print(f"{str(name).removesuffix('/')}/" if key == "folders" else name)


@commands.command()
def get(
    path: PathArgument,
    key: Annotated[str | None, typer.Argument(help="Print this key's value alone.")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show values at a terminal.")] = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a secret. At a terminal values stay hidden unless asked for."""
    shown = reveal or as_json or key is not None or not sys.stdout.isatty()
    with connect(home) as client:
        found = client.secrets.read(path, project=project, reveal=shown)
    if key is not None:
        print(_entry(found.entries, path, key).reveal())
        return
    values = {name: value.reveal() for name, value in found.entries.items()}
    if as_json:
        document({"path": found.path, "version": found.version, "entries": dict(values)})
        return
    if values:
        table((N_("key"), N_("value")), [[name, value] for name, value in values.items()])


@commands.command("set")
def set_(
    path: PathArgument,
    key: Annotated[str, typer.Argument(help="The key to set.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Keep no other key of this secret.")
    ] = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set one key; the value comes from standard input, or is typed unseen."""
    value = _typed(key)
    with connect(home) as client:
        if replace:
            found = client.secrets.write(path, {key: value}, project=project)
        else:
            found = client.secrets.change(path, {key: value}, project=project)
    if as_json:
        document({"path": found.path, "version": found.version, "keys": list(found.entries)})
    else:
        say(N_("“{path}” is at version {version}."), path=found.path, version=found.version)


@commands.command()
def rm(
    path: PathArgument,
    key: Annotated[str | None, typer.Argument(help="Remove this key alone.")] = None,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a secret with all its versions, or one key of it."""
    with connect(home) as client:
        if key is None:
            client.secrets.delete(path, project=project)
        else:
            _entry(client.secrets.read(path, project=project, reveal=False).entries, path, key)
            client.secrets.change(path, {key: None}, project=project)
    if as_json:
        document({"path": path, "key": key, "removed": True})
    else:
        say(N_("“{path}” was removed."), path=path if key is None else f"{path} {key}")


@commands.command()
def env(
    path: PathArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
) -> None:
    """Print a secret as `export` lines, for `eval "$(sardonyx secrets env PATH)"`."""
    with connect(home) as client:
        found = client.secrets.read(path, project=project)
    for name, value in found.entries.items():
        print(f"export {name}={shlex.quote(value.reveal())}")


def _typed(key: str) -> Secret:
    """Return the value: one final line end of standard input is not part of it."""
    from sardonyx.values import Secret

    if sys.stdin.isatty():
        import getpass

        return Secret(getpass.getpass(worded(N_("Value of {key}: "), key=key), stream=sys.stderr))
    text = sys.stdin.buffer.read().decode("utf-8")
    return Secret(text.removesuffix("\n").removesuffix("\r"))


def _entry(entries: dict[str, Secret] | object, path: str, key: str) -> Secret:
    from sardonyx.cli.errors import KeyNotFoundError
    from sardonyx.values import Secret

    found = entries.get(key) if isinstance(entries, dict) else None
    if not isinstance(found, Secret):
        raise KeyNotFoundError(path=path, key=key, field="key")
    return found
