"""`sardonyx services edit|upgrade|history|rollback|share|adopt|duplicate|values|quota`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli.options import HomeOption, JsonOption, ProjectOption, connect
from sardonyx.cli.output import document, say, table, worded
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.client.models import Service
    from sardonyx.values import Json, JsonObject

commands = typer.Typer()
NameArgument = Annotated[str, typer.Argument(help="The service's name, as “list” shows it.")]

NEWEST = "newest"
DiffOption = Annotated[bool, typer.Option("--diff", help="Only say what it would change.")]


@commands.command()
def edit(
    name: NameArgument,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="One value; secrets go by -f."),
    ] = None,
    file: Annotated[
        str | None, typer.Option("-f", "--file", metavar="FILE|-", help="Values as YAML.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Another version of the chart.")] = None,
    diff: DiffOption = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the settings of a service that runs; it starts again with them."""
    from sardonyx.cli.launch import read_values

    body: JsonObject = {}
    if version is not None:
        body["version"] = version
    given = read_values(file)
    if given:
        body["values"] = given
    if settings:
        body["set"] = list(settings)
    _edited(name, body, diff=diff, project=project, home=home, as_json=as_json)


@commands.command()
def upgrade(
    name: NameArgument,
    version: Annotated[str, typer.Option(help="The chart's version.")] = NEWEST,
    diff: DiffOption = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a service to another version of its chart; your own settings are kept."""
    body: JsonObject = {"version": version}
    _edited(name, body, diff=diff, project=project, home=home, as_json=as_json)


@commands.command()
def history(
    name: NameArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what a service was before; see “rollback”."""
    with connect(home) as client:
        found = client.services.history(name, project=project)
    if as_json:
        document(list(found))
        return
    titles = (N_("number"), N_("when"), N_("state"), N_("chart"), N_("what"))
    table(titles, [_revision(one) for one in found])


@commands.command()
def rollback(
    name: NameArgument,
    revision: Annotated[int, typer.Argument(min=1, help="A number that “history” shows.")],
    diff: DiffOption = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Return a service to what it was before."""
    with connect(home) as client:
        if diff:
            _compared(
                client.services.preview_roll_back(name, revision, project=project),
                as_json=as_json,
            )
            return
        told(client.services.roll_back(name, revision, project=project), as_json=as_json)


@commands.command()
def share(
    name: NameArgument,
    off: Annotated[bool, typer.Option("--off", help="Let its owner alone see it again.")] = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let the members of the project's group see and use a service."""
    with connect(home) as client:
        service = client.services.share(name, shared=not off, project=project)
    if as_json:
        document(service.raw)
    elif service.shared:
        say(N_("“{name}” is shared with the group."), name=service.name)
    else:
        say(N_("“{name}” is seen by its owner alone."), name=service.name)


@commands.command()
def adopt(
    name: NameArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Become the owner of a service that has none; for administrators."""
    with connect(home) as client:
        told(client.services.adopt(name, project=project), as_json=as_json)


@commands.command()
def duplicate(
    name: NameArgument,
    words: Annotated[str | None, typer.Option("--name", help="What to call the copy.")] = None,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Launch a service with the same settings, and secrets of its own."""
    with connect(home) as client:
        service = client.services.duplicate(name, friendly_name=words, project=project)
    if as_json:
        document(service.raw)
        return
    print(service.name)
    told(service, as_json=False)


@commands.command()
def values(
    name: NameArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the values a service was launched with, as YAML; secrets stand as `$VAR`.

    Changed and given back to “edit -f”, a `$VAR` leaves its secret as it is.
    """
    from sardonyx.cli.values_file import written

    with connect(home) as client:
        found = client.services.values(name, project=project)
    if as_json:
        document(found)
    else:
        print(written(found), end="")


@commands.command()
def quota(
    project: ProjectOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Say what the project may use, and what is used of it."""
    with connect(home) as client:
        found = client.services.quota(project=project)
    if as_json:
        document(list(found))
    elif not found:
        say(N_("There are no limits here."))
    else:
        rows = [[str(one.get(key, "")) for key in ("resource", "used", "hard")] for one in found]
        table((N_("resource"), N_("used"), N_("limit")), rows)


def told(service: Service, *, as_json: bool) -> None:
    """Say what state a service is in now, or write it as JSON."""
    if as_json:
        document(service.raw)
    else:
        say(N_("“{name}” is {state}."), name=service.name, state=service.state)


def _edited(
    name: str, body: JsonObject, *, diff: bool, project: str | None, home: object, as_json: bool
) -> None:
    from pathlib import Path

    with connect(home if isinstance(home, Path) else None) as client:
        if diff:
            _compared(client.services.preview_edit(name, body, project=project), as_json=as_json)
            return
        told(client.services.edit(name, body, project=project), as_json=as_json)


def _compared(preview: JsonObject, *, as_json: bool) -> None:
    """Print what would differ; raises LaunchWouldFailError where it would be refused."""
    import sys

    if as_json:
        document(preview)
    else:
        before, after = preview["beforeVersion"], preview["afterVersion"]
        if before != after:
            print(f"{preview['chart']}: {before} -> {after}")
        for change in _objects(preview, "changes"):
            print(_value(change))
        for change in _objects(preview, "objects"):
            print(f"\n{change['change']}: {change['kind']}/{change['name']}")
            print(change["diff"])
        if not any((preview["changes"], preview["objects"], before != after)):
            say(N_("Nothing would change."))
        for problem in _objects(preview, "problems"):
            print(f"{problem['pointer']} {problem['message']}".strip(), file=sys.stderr)
        for finding in _objects(preview, "findings"):
            print(f"{finding['title']}: {finding['detail']}", file=sys.stderr)
    if preview["refused"]:
        from sardonyx.cli.errors import LaunchWouldFailError

        raise LaunchWouldFailError


def _objects(preview: JsonObject, key: str) -> list[JsonObject]:
    listed = preview.get(key)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _value(change: JsonObject) -> str:
    if change["secret"]:
        return f"{change['path']}: {worded(N_('(a secret) changes'))}"
    return f"{change['path']}: {_shown(change['before'])} -> {_shown(change['after'])}"


def _shown(value: Json) -> str:
    return worded(N_("(nothing)")) if value is None else str(value)


def _revision(one: JsonObject) -> list[str]:
    from datetime import datetime

    moment = datetime.fromisoformat(str(one["at"])).astimezone()
    return [
        str(one["number"]),
        moment.strftime("%Y-%m-%d %H:%M"),
        str(one["status"]),
        f"{one['chart']} {one['version']}",
        str(one["description"]),
    ]
