"""`sardonyx configs …`: saved configurations of a project."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli.launch import read_values, say_asked
from sardonyx.cli.options import (
    CatalogOption,
    FileOption,
    HomeOption,
    JsonOption,
    LinkOption,
    ProjectOption,
    SettingsOption,
    SharedOption,
    StorageOption,
    VersionOption,
    connect,
)
from sardonyx.cli.output import document, fields, listed, say
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.client.client import Client
    from sardonyx.client.configurations import Configuration
    from sardonyx.values import Json

commands = typer.Typer(help="Settings kept under a name, to launch again.", no_args_is_help=True)
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Its name, or its id where names repeat.")
]


@commands.command("list")
def list_(
    project: ProjectOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """List the saved configurations in their order."""
    with connect(home) as client:
        found = client.configurations.list(project=project)
    titles = (N_("id"), N_("name"), N_("chart"), N_("settings"), N_("changed by"))
    none = N_("None is saved yet: “sardonyx configs save CHART --name NAME” keeps one.")
    listed(found, titles, _row, none=none, as_json=as_json)


@commands.command()
def show(
    name: NameArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one: its settings, and the link that opens the launcher with it."""
    with connect(home) as client:
        one = _found(client, name, project)
    if as_json:
        document(one.raw)
        return
    fields(
        {
            N_("id"): one.id,
            N_("name"): one.friendly_name,
            N_("chart"): f"{one.catalog}/{one.chart} {one.version}",
            N_("changed by"): one.changed_by,
            N_("link"): one.link,
        }
    )
    for entry in one.patch:
        print(json.dumps(entry, ensure_ascii=False))


@commands.command()
def save(
    chart: Annotated[str | None, typer.Argument(help="The chart, if no link names it.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    catalog: CatalogOption = None,
    version: VersionOption = None,
    settings: SettingsOption = None,
    file: FileOption = None,
    link: LinkOption = None,
    shared: SharedOption = None,
    storage: StorageOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace one of the same name.")
    ] = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep settings of a chart under a name; secrets are left out."""
    from sardonyx.client.services import launch_body

    if not chart and link is None:
        raise typer.BadParameter("give a CHART, or a --link")
    body = launch_body(
        chart or "",
        catalog=catalog,
        version=version,
        shared=shared,
        values=read_values(file),
        settings=settings or (),
        link=link,
        s3_profile=storage,
    )
    with connect(home) as client:
        kept = client.configurations.save(name, body, new=not overwrite, project=project)
    if as_json:
        document(kept.raw)
        return
    print(kept.configuration.id)
    say(N_("Saved: “{name}”."), name=kept.configuration.friendly_name)
    for notice in kept.notices:
        say("{notice}", notice=notice)


@commands.command()
def launch(
    name: NameArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Launch one."""
    with connect(home) as client:
        one = _found(client, name, project)
        service = client.configurations.launch(one.id, project=project)
    if as_json:
        document(service.raw)
        return
    print(service.name)
    say_asked(service)


@commands.command()
def rename(
    name: NameArgument,
    words: Annotated[str, typer.Argument(help="What to call it from now on.")],
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give one another name."""
    with connect(home) as client:
        one = _found(client, name, project)
        renamed = client.configurations.rename(one.id, words, etag=one.etag, project=project)
    if as_json:
        document(renamed.raw)
    else:
        say(N_("Now called “{name}”."), name=renamed.friendly_name)


@commands.command()
def move(
    name: NameArgument,
    to: Annotated[str, typer.Argument(metavar="up|down|top|bottom", help="Where in the list.")],
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move one in the list."""
    with connect(home) as client:
        one = _found(client, name, project)
        listed = client.configurations.move(one.id, to, project=project)
    if as_json:
        document([each.raw for each in listed])
        return
    for each in listed:
        print(each.friendly_name)


@commands.command()
def export(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One, as values.yaml; else all.")
    ] = None,
    project: ProjectOption = None,
    home: HomeOption = None,
) -> None:
    """Print all of them as the file that Onyxia reads too, or one as values.yaml."""
    with connect(home) as client:
        if name is None:
            document(client.configurations.export(project=project))
            return
        one = _found(client, name, project)
        print(client.configurations.values(one.id, project=project), end="")


@commands.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="An export, or a values.yaml.")],
    clash: Annotated[
        str, typer.Option(metavar="skip|rename|overwrite", help="Where a name is taken.")
    ] = "skip",
    chart: Annotated[str | None, typer.Option(help="It is this chart's values.yaml.")] = None,
    catalog: Annotated[str | None, typer.Option(help="The chart's catalogue.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call a values.yaml.")] = None,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep the configurations of a file."""
    given: Json = _document(file) if chart is None else dict(read_values(file))
    with connect(home) as client:
        imported = client.configurations.import_document(
            given, clash=clash, chart=chart, catalog=catalog, friendly_name=name, project=project
        )
    if as_json:
        document(imported.raw)
        return
    for one in imported.configurations:
        print(one.friendly_name)
    for left, reason in imported.skipped:
        say(N_("Not imported: {name}: {reason}"), name=left or "?", reason=reason)
    for notice in imported.notices:
        say("{notice}", notice=notice)


@commands.command()
def rm(
    name: NameArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete one. Services that it launched go on."""
    with connect(home) as client:
        one = _found(client, name, project)
        deleted = client.configurations.delete(one.id, etag=one.etag, project=project)
    if as_json:
        document(deleted)
    else:
        say(N_("Deleted: “{path}”."), path=one.friendly_name)


def _row(one: Configuration) -> list[str]:
    chart = f"{one.chart} {one.version}"
    return [one.id, one.friendly_name, chart, str(len(one.patch)), one.changed_by]


def _found(client: Client, name: str, project: str | None) -> Configuration:
    """Return one by id or name. Raises ConfigurationAmbiguousError, ConfigurationNotFoundError."""
    from sardonyx.account.configurations.errors import (
        ConfigurationAmbiguousError,
        ConfigurationNotFoundError,
    )

    listed = client.configurations.list(project=project)
    named = [one for one in listed if one.id == name]
    named = named or [one for one in listed if one.friendly_name == name]
    if len(named) > 1:
        known = ", ".join(f"{one.id} ({one.chart})" for one in named)
        raise ConfigurationAmbiguousError(name=name, known=known, field="NAME")
    if not named:
        where = client.project(project)
        raise ConfigurationNotFoundError(name=name, project=where, field="NAME")
    return named[0]


def _document(file: str) -> Json:
    """Return what a JSON file holds, `-` for standard input. Raises ValuesFileError."""
    from sardonyx.cli.errors import ValuesFileError

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
        read: Json = json.loads(text)
    except (OSError, ValueError, RecursionError) as failure:
        raise ValuesFileError(file=file, reason=str(failure), field="FILE") from failure
    return read
