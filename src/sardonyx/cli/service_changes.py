"""`sardonyx services edit|upgrade|history|rollback|share|adopt|duplicate|values|quota`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli.options import (
    FileOption,
    HomeOption,
    JsonOption,
    ProjectOption,
    SettingsOption,
    connect,
)
from sardonyx.cli.output import document, say, table, worded
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.client.changes import ChangePreview, Revision, ValueChange
    from sardonyx.client.models import Service
    from sardonyx.values import JsonObject

commands = typer.Typer()
NameArgument = Annotated[str, typer.Argument(help="The service's name, as “list” shows it.")]

NEWEST = "newest"
DiffOption = Annotated[bool, typer.Option("--diff", help="Only say what it would change.")]


@commands.command()
def edit(
    name: NameArgument,
    settings: SettingsOption = None,
    file: FileOption = None,
    version: Annotated[str | None, typer.Option(help="Another version of the chart.")] = None,
    diff: DiffOption = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the settings of a service that runs; it starts again with them."""
    from sardonyx.cli.launch import read_values
    from sardonyx.client.services import launch_body

    body = launch_body(version=version, values=read_values(file), settings=settings or ())
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
        document([one.raw for one in found])
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
        document([one.raw for one in found])
    elif not found:
        say(N_("There are no limits here."))
    else:
        rows = [[one.resource, one.used, one.hard] for one in found]
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


def _compared(preview: ChangePreview, *, as_json: bool) -> None:
    """Print what would differ; raises LaunchWouldFailError where it would be refused."""
    import sys

    if as_json:
        document(preview.raw)
    else:
        if preview.before_version != preview.after_version:
            print(f"{preview.chart}: {preview.before_version} -> {preview.after_version}")
        for change in preview.changes:
            print(_value(change))
        for each in preview.objects or ():
            print(f"\n{each.change}: {each.kind}/{each.name}")
            print(each.diff)
        if preview.is_empty:
            say(N_("Nothing would change."))
        for problem in preview.problems:
            print(f"{problem.pointer} {problem.message}".strip(), file=sys.stderr)
        for finding in preview.findings:
            print(f"{finding.title}: {finding.detail}", file=sys.stderr)
    if preview.refused:
        from sardonyx.cli.errors import LaunchWouldFailError

        raise LaunchWouldFailError


def _value(change: ValueChange) -> str:
    if change.secret:
        return f"{change.path}: {worded(N_('(a secret) changes'))}"
    return f"{change.path}: {_shown(change.before)} -> {_shown(change.after)}"


def _shown(value: str | None) -> str:
    return worded(N_("(nothing)")) if value is None else value


def _revision(one: Revision) -> list[str]:
    return [
        str(one.number),
        one.at.astimezone().strftime("%Y-%m-%d %H:%M"),
        one.status,
        f"{one.chart} {one.version}",
        one.description,
    ]
