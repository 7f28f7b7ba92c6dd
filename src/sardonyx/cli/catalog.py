"""`sardonyx catalog …` and `sardonyx chart lint`: what can be launched, and whether it is well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli.errors import ChartFaultyError, LocalFileError, OneChoiceError
from sardonyx.cli.language import user_language
from sardonyx.cli.options import HomeOption, JsonOption, connect
from sardonyx.cli.output import document, fields, say, table, worded
from sardonyx.cli.own_charts import add, keep, remove
from sardonyx.cli.preview import preview
from sardonyx.text import N_
from sardonyx.values import Json

if TYPE_CHECKING:
    from sardonyx.client.catalog import Catalog

catalog = typer.Typer(help="What can be launched.", no_args_is_help=True)
chart = typer.Typer(help="Charts of your own.", no_args_is_help=True)
chart.command()(preview)
chart.command()(add)
chart.command()(keep)
chart.command()(remove)


@catalog.command("list")
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List what can be launched."""
    with connect(home) as client:
        found = client.catalog.list()
    if as_json:
        document(found.raw)
        return
    rows = [
        [one.name, one.version, one.title, group.id]
        for group in found.catalogs
        for one in group.charts
    ]
    table((N_("chart"), N_("version"), N_("title"), N_("catalogue")), rows)
    for group in found.catalogs:
        _unread(group)
        for fault in group.faults:
            for problem in fault.problems:
                say(
                    N_("Left out: {folder}, {place}: {message}"),
                    folder=fault.folder,
                    place=problem.place,
                    message=problem.message,
                )


@catalog.command()
def refresh(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Have the catalogues read again soon; for administrators."""
    with connect(home) as client:
        asked = client.catalog.refresh()
    if as_json:
        document({"catalogs": list(asked)})
    else:
        say(N_("Being read again: {catalogs}."), catalogs=", ".join(asked))


@catalog.command()
def report(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Tell what charts ask for and do not get here; for administrators."""
    with connect(home) as client:
        found = client.catalog.report()
    if as_json:
        document(found.raw)
        return
    rows = [[one.chart or "-", one.message] for one in found.remarks]
    table((N_("chart"), N_("remark")), rows)


@catalog.command()
def show(
    name: Annotated[str, typer.Argument(metavar="CHART", help="The chart's name.")],
    version: Annotated[str | None, typer.Option(help="The chart's version.")] = None,
    in_catalog: Annotated[str | None, typer.Option("--catalog", help="The catalogue's id.")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print its schema.")] = False,
    values: Annotated[bool, typer.Option("--values", help="Print its values as YAML.")] = False,
    readme: Annotated[bool, typer.Option("--readme", help="Print its readme.")] = False,
    for_me: Annotated[
        bool,
        typer.Option("--for-me", help="With --schema: your choices and defaults, for an editor."),
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one chart."""
    if schema + values + readme > 1:
        raise OneChoiceError(choices="--schema, --values, --readme", field="--schema")
    if for_me and not schema:
        raise OneChoiceError(choices="--schema --for-me, --values, --readme", field="--for-me")
    with connect(home) as client:
        if for_me:
            from sardonyx.client.services import launch_body

            body = launch_body(name, catalog=in_catalog, version=version)
            document(client.services.schema(body))
            return
        found = client.catalog.show(name, catalog=in_catalog, version=version)
    if schema:
        document(found.schema)
    elif values and as_json:
        document(found.values)
    elif values:
        from sardonyx.cli.values_file import written

        print(written(found.values), end="")
    elif readme:
        print(found.readme)
    elif as_json:
        document(found.raw)
    else:
        one = found.summary
        fields(
            {
                N_("chart"): f"{one.catalog}/{one.name}",
                N_("title"): one.title,
                N_("description"): one.description,
                N_("version"): one.version,
                N_("versions"): " ".join(found.versions),
            }
        )


@chart.command()
def lint(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The chart's folder.")],
    as_json: JsonOption = False,
) -> None:
    """Check a chart: what would not work, and what readers would miss. Needs no platform."""
    if not folder.is_dir():
        raise LocalFileError(
            path=str(folder), reason=worded(N_("it is not a folder.")), field="DIR"
        )
    from sardonyx.catalog.lint import lint_chart

    findings = lint_chart(folder)
    language = user_language()
    if as_json:
        listed: list[Json] = [
            {
                "file": one.file,
                "line": one.line,
                "level": one.level,
                "code": one.code,
                "message": one.message.in_language(language),
                "next": one.next_step.in_language(language),
            }
            for one in findings
        ]
        document({"findings": listed})
    else:
        for one in findings:
            words = one.message.in_language(language)
            print(f"{folder / one.file}:{one.line}: {one.level}: {words} [{one.code}]")
            print(f"    {one.next_step.in_language(language)}")
    errors = sum(one.level == "error" for one in findings)
    if errors:
        raise ChartFaultyError(folder=str(folder), count=errors)
    if not findings:
        say(N_("Nothing to correct in {folder}."), folder=str(folder))


def _unread(group: Catalog) -> None:
    """Say why a catalogue's repository could not be read, and since when."""
    reading = group.reading
    if reading is not None and reading.fault is not None:
        since = reading.since
        say(
            N_("The catalogue {catalog} could not be read since {since}: {message} ({place})"),
            catalog=group.id,
            since="" if since is None else since.astimezone().strftime("%Y-%m-%d %H:%M"),
            message=reading.fault.message,
            place=reading.fault.place,
        )
