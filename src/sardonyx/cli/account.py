"""`sardonyx whoami`, `projects …`, `account credentials`."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli import account_storage, project_events
from sardonyx.cli.options import HomeOption, JsonOption, ProjectOption, connect
from sardonyx.cli.output import document, fields, say, table
from sardonyx.client.errors import RemoteError
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.client.account import Profile
    from sardonyx.values import Json, JsonObject, Secret

projects = typer.Typer(help="Where you may act.", no_args_is_help=True)
password = typer.Typer(help="The password of a project's services.", no_args_is_help=True)
projects.add_typer(password, name="password")
projects.add_typer(project_events.commands)
# What a platform may be set up without.
_ABSENT = frozenset({"files_absent", "secrets_absent"})

account = typer.Typer(help="Your own account.", no_args_is_help=True)
profile = typer.Typer(help="What your platform asks you about yourself.", no_args_is_help=True)
account.add_typer(profile, name="profile")
account.add_typer(account_storage.commands, name="storage")


class Shape(StrEnum):
    """How credentials are written."""

    ENV = "env"
    JSON = "json"


def whoami(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Say who you are to the platform."""
    with connect(home) as client:
        me = client.me()
    if as_json:
        document(me.raw)
        return
    fields(
        {
            N_("name"): me.username,
            N_("full name"): me.full_name,
            N_("e-mail"): me.email,
            N_("project"): me.project,
        }
    )


@projects.command("list")
def list_projects(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the projects where you may act."""
    with connect(home) as client:
        me = client.me()
    if as_json:
        document(me.raw["projects"])
        return
    rows = [[one.id, one.name, one.bucket] for one in me.projects]
    table((N_("project"), N_("name"), N_("bucket")), rows)


@password.command("show")
def show_password(
    project: ProjectOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Print the password that services of the project are launched with."""
    with connect(home) as client:
        where = client.project(project)
        found = client.account.service_password(project=where)
    _print_password(found, where, as_json=as_json)


@password.command("renew")
def renew_password(
    project: ProjectOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Draw another password and print it; services that run keep the old one."""
    with connect(home) as client:
        where = client.project(project)
        found = client.account.renew_service_password(project=where)
    say(N_("Services that run keep the old password."))
    _print_password(found, where, as_json=as_json)


def _print_password(found: Secret, project: str, *, as_json: bool) -> None:
    if as_json:
        document({"project": project, "password": found.reveal()})
    else:
        print(found.reveal())


@profile.command("show")
def show_profile(
    reveal: Annotated[bool, typer.Option("--reveal", help="Show secrets at a terminal.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the form's schema.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print your profile as YAML. At a terminal its secrets stand as $VAR unless asked for."""
    from sardonyx.cli.values_file import written

    with connect(home) as client:
        if schema:
            document(client.account.profile_schema())
            return
        found = client.account.profile(reveal=reveal or not sys.stdout.isatty())
    if as_json:
        document(_profile_document(found))
        return
    print(written(found.values), end="")
    for place in found.held_back:
        say(N_("{place} is given to no launch."), place=place)
    for place in found.rest:
        say(N_("{place} does not fit the form any more; it is kept."), place=place)


@profile.command("set")
def set_profile(
    file: Annotated[str, typer.Option("-f", "--file", metavar="FILE|-", help="Values as YAML.")],
    held_back: Annotated[
        list[str] | None,
        typer.Option("--hold-back", metavar="POINTER", help="A list item no launch is given."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Save your profile; what the file does not say has the form's default."""
    from sardonyx.cli.launch import read_values

    values = read_values(file)
    with connect(home) as client:
        saved = client.account.save_profile(values, held_back=held_back)
    if as_json:
        document(_profile_document(saved))
    else:
        say(N_("Saved. Services launched from now on have it."))


def _profile_document(found: Profile) -> JsonObject:
    held: list[Json] = list(found.held_back)
    rest: list[Json] = list(found.rest)
    return {"values": found.values, "heldBack": held, "rest": rest}


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
