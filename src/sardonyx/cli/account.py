"""`sardonyx whoami`, `projects list`, `account credentials`."""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import Annotated

import typer

from sardonyx.cli.options import HomeOption, JsonOption, ProjectOption, connect
from sardonyx.cli.output import document, fields, say, table
from sardonyx.client.errors import RemoteError
from sardonyx.text import N_

projects = typer.Typer(help="Where you may act.", no_args_is_help=True)
# What a platform may be set up without.
_ABSENT = frozenset({"files_absent", "secrets_absent"})

account = typer.Typer(help="Your own account.", no_args_is_help=True)


class Shape(StrEnum):
    """How credentials are written."""

    ENV = "env"
    JSON = "json"


def whoami(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Say who you are to the platform."""
    with connect(home) as client:
        me = client.me()
    if as_json:
        document(me)
        return
    fields(
        {
            N_("name"): str(me["username"]),
            N_("full name"): str(me["fullName"]),
            N_("e-mail"): str(me["email"]),
            N_("project"): str(me["personalProject"]),
        }
    )


@projects.command("list")
def list_projects(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the projects where you may act."""
    with connect(home) as client:
        listed = client.projects()["projects"]
    if as_json:
        document(listed)
        return
    rows = [
        [str(item["id"]), str(item["name"]), str(item["bucket"])]
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, dict)
    ]
    table((N_("project"), N_("name"), N_("bucket")), rows)


@account.command()
def credentials(
    shape: Annotated[Shape, typer.Option("--format", help="Lines to eval, or JSON.")] = Shape.ENV,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print short-lived keys of storage and secrets, for `eval` in your own shell."""
    variables: dict[str, str] = {}
    absent: list[RemoteError] = []
    with connect(home) as client:
        for keys in (client.files.environment, client.secrets.environment):
            try:
                variables |= keys(project=project)
            except RemoteError as error:
                if error.remote_code not in _ABSENT:
                    raise
                absent.append(error)
    if not variables and absent:
        raise absent[0]
    if as_json or shape is Shape.JSON:
        document(dict(variables))
        return
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    say(N_("# These keys are short-lived: run this again when they are refused."))
