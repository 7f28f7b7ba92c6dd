"""`sardonyx account storage …`: stores elsewhere that a person has keys to themselves."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli.options import HomeOption, JsonOption, connect
from sardonyx.cli.output import document, listed, say, worded
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.client.account import Storage
    from sardonyx.values import Secret

commands = typer.Typer(help="Storage of your own, for your services.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")]
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105 - the name of a variable


@commands.command("list")
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List your own storage; its keys are never shown."""
    with connect(home) as client:
        found = client.account.storage()
    listed(
        found,
        (N_("name"), N_("address"), N_("folder")),
        lambda one: [one.name, one.url, one.folder],
        none=N_("You have none: “sardonyx account storage set NAME --url URL” keeps one."),
        as_json=as_json,
    )


@commands.command("set")
def set_(
    name: NameArgument,
    url: Annotated[str, typer.Option(help="Its address, as https://s3.example.org.")],
    folder: Annotated[str, typer.Option(help="“bucket” or “bucket/folder” to work in.")] = "",
    region: Annotated[str, typer.Option(help="Its region, if it asks for one.")] = "",
    anonymous: Annotated[bool, typer.Option("--anonymous", help="It needs no keys.")] = False,
    virtual_hosted: Annotated[
        bool, typer.Option("--virtual-hosted", help="The bucket stands in the host's name.")
    ] = False,
    keep_keys: Annotated[
        bool, typer.Option("--keep-keys", help="The keys stay those given before.")
    ] = False,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Keep it although it does not answer.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a storage once it answers.

    The keys are typed unseen, or read from standard input as lines AWS_ACCESS_KEY_ID=…,
    AWS_SECRET_ACCESS_KEY=… and AWS_SESSION_TOKEN=….
    """
    given = {} if anonymous or keep_keys else _keys()
    with connect(home) as client:
        access = given.get(_KEYS[0])
        kept = client.account.keep_storage(
            name,
            url,
            region=region,
            folder=folder,
            path_style_access=not virtual_hosted,
            anonymous=anonymous,
            access_key_id=None if access is None else access.reveal(),
            secret_access_key=given.get(_KEYS[1]),
            session_token=given.get(_TOKEN),
            unchecked=unchecked,
        )
    _told(kept, N_("“{name}” is kept. Launch with “--storage {name}”."), as_json=as_json)


@commands.command()
def test(name: NameArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Try a storage with its keys."""
    with connect(home) as client:
        found = client.account.test_storage(name)
    _told(found, N_("“{name}” answers."), as_json=as_json)


@commands.command()
def rm(name: NameArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Forget a storage and its keys. Services that run keep theirs."""
    with connect(home) as client:
        gone = client.account.remove_storage(name)
    _told(gone, N_("“{name}” and its keys are forgotten."), as_json=as_json)


def _told(found: Storage, words: str, *, as_json: bool) -> None:
    if as_json:
        document(found.raw)
    else:
        say(words, name=found.name)


def _keys() -> dict[str, Secret]:
    """Return the keys by their variables, typed unseen or from the lines of standard input."""
    from sardonyx.values import Secret

    if sys.stdin.isatty():
        import getpass

        def typed(name: str) -> Secret:
            question = worded(N_("Value of {key}: "), key=name)
            return Secret(getpass.getpass(question, stream=sys.stderr))

        return {name: typed(name) for name in _KEYS}
    found: dict[str, Secret] = {}
    for line in sys.stdin.read().splitlines():
        name, sign, value = line.strip().removeprefix("export ").partition("=")
        if sign and name in (*_KEYS, _TOKEN) and value:
            found[name] = Secret(value.strip("'\""))
    return found
