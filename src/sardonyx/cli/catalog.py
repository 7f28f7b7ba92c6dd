"""`sardonyx catalog …` and `sardonyx chart lint`: what can be launched, and whether it is well."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sardonyx.cli.errors import ChartFaultyError, LocalFileError, OneChoiceError
from sardonyx.cli.language import user_language
from sardonyx.cli.options import HomeOption, JsonOption, connect
from sardonyx.cli.output import document, fields, say, table, worded
from sardonyx.cli.own_charts import add
from sardonyx.cli.preview import preview
from sardonyx.text import N_
from sardonyx.values import Json

catalog = typer.Typer(help="What can be launched.", no_args_is_help=True)
chart = typer.Typer(help="Charts of your own.", no_args_is_help=True)
chart.command()(preview)
chart.command()(add)


@catalog.command("list")
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List what can be launched."""
    with connect(home) as client:
        found = client.catalog.list()
    if as_json:
        document(found)
        return
    rows = [
        [_text(one, "name"), _text(one, "version"), _text(one, "title"), _text(group, "id")]
        for group in _items(found, "catalogs")
        for one in _items(group, "charts")
    ]
    table((N_("chart"), N_("version"), N_("title"), N_("catalogue")), rows)
    for group in _items(found, "catalogs"):
        _unread(group)
        for fault in _items(group, "faults"):
            for problem in _items(fault, "problems"):
                say(
                    N_("Left out: {folder}, {place}: {message}"),
                    folder=_text(fault, "folder"),
                    place=_text(problem, "place"),
                    message=_text(problem, "message"),
                )


@catalog.command()
def refresh(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Have the catalogues read again soon; for administrators."""
    with connect(home) as client:
        asked = client.catalog.refresh()
    if as_json:
        document(asked)
        return
    names = asked.get("catalogs")
    say(
        N_("Being read again: {catalogs}."),
        catalogs=", ".join(map(str, names if isinstance(names, list) else [])),
    )


@catalog.command()
def report(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Tell what charts ask for and do not get here; for administrators."""
    with connect(home) as client:
        found = client.catalog.report()
    if as_json:
        document(found)
        return
    remarks = _items(found, "remarks")
    rows = [[_text(one, "chart") or "-", _text(one, "message")] for one in remarks]
    table((N_("chart"), N_("remark")), rows)


@catalog.command()
def show(
    name: Annotated[str, typer.Argument(metavar="CHART", help="The chart's name.")],
    version: Annotated[str | None, typer.Option(help="The chart's version.")] = None,
    in_catalog: Annotated[str | None, typer.Option("--catalog", help="The catalogue's id.")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print its schema.")] = False,
    values: Annotated[bool, typer.Option("--values", help="Print its values as YAML.")] = False,
    readme: Annotated[bool, typer.Option("--readme", help="Print its readme.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one chart."""
    if schema + values + readme > 1:
        raise OneChoiceError(choices="--schema, --values, --readme", field="--schema")
    with connect(home) as client:
        found = client.catalog.show(name, catalog=in_catalog, version=version)
    if schema:
        document(found.get("schema"))
    elif values and as_json:
        document(found.get("values"))
    elif values:
        from sardonyx.cli.values_file import written

        print(written(found.get("values")), end="")
    elif readme:
        print(_text(found, "readme"))
    elif as_json:
        document(found)
    else:
        versions = found.get("versions")
        fields(
            {
                N_("chart"): f"{_text(found, 'catalog')}/{_text(found, 'name')}",
                N_("title"): _text(found, "title"),
                N_("description"): _text(found, "description"),
                N_("version"): _text(found, "version"),
                N_("versions"): " ".join(map(str, versions if isinstance(versions, list) else [])),
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


def _unread(group: Json) -> None:
    """Say why a catalogue's repository could not be read, and since when."""
    reading = group.get("reading") if isinstance(group, dict) else None
    fault = reading.get("fault") if isinstance(reading, dict) else None
    if fault:
        say(
            N_("The catalogue {catalog} could not be read since {since}: {message} ({place})"),
            catalog=_text(group, "id"),
            since=_text(reading, "since"),
            message=_text(fault, "message"),
            place=_text(fault, "place"),
        )


def _items(found: Json, key: str) -> list[Json]:
    listed = found.get(key) if isinstance(found, dict) else None
    return listed if isinstance(listed, list) else []


def _text(found: Json, key: str) -> str:
    value = found.get(key) if isinstance(found, dict) else None
    return "" if value is None else str(value)
