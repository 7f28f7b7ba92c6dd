"""Own the options that many commands share, and how a command reaches the platform.

On the own machine the platform is found by its home. `SARDONYX_URL` with `SARDONYX_TOKEN`, or
`sardonyx login`, point elsewhere; `--home` and `SARDONYX_HOME` win over them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli.language import user_language

if TYPE_CHECKING:
    from sardonyx.client.client import Client

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="The platform's folder.", envvar="SARDONYX_HOME")
]
ProjectOption = Annotated[
    str | None, typer.Option("--project", help="Where to act, if not your own project.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Write one JSON document on standard output.")
]
CatalogOption = Annotated[str | None, typer.Option("--catalog", help="The catalogue's id.")]
VersionOption = Annotated[str | None, typer.Option("--version", help="The chart's version.")]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="One value; secrets go by -f."),
]
FileOption = Annotated[
    str | None, typer.Option("-f", "--file", metavar="FILE|-", help="Values as YAML.")
]
LinkOption = Annotated[
    str | None,
    typer.Option("--link", metavar="URL", help="A launch page's address; all else wins."),
]
SharedOption = Annotated[
    bool | None, typer.Option("--shared/--no-shared", help="Whether the group sees it.")
]
StorageOption = Annotated[
    str | None,
    typer.Option(
        "--storage", metavar="NAME", help="The storage it works with, if not the usual one."
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def connect(home: Path | None) -> Client:
    """Return a client of the platform. Raises PlatformNotRunningError."""
    from sardonyx.client.client import Client
    from sardonyx.client.signed_in import kept_place
    from sardonyx.values import Secret

    url = os.environ.get("SARDONYX_URL")
    if url and home is None:
        token = Secret(os.environ.get("SARDONYX_TOKEN", ""))
        return Client.of_url(url, token, language=user_language())
    if home is None and (place := kept_place()) is not None:
        return Client(place, language=user_language())
    return Client.of_home(home_folder(home), language=user_language())


def home_folder(home: Path | None) -> Path:
    """Return the platform's folder: the one given, else the user's data directory."""
    if home is not None:
        return home.absolute()
    from platformdirs import user_data_path

    return user_data_path("sardonyx")
