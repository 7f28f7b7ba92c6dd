"""`sardonyx files …`: list, copy both ways, move, remove, look into tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli.errors import FolderNeedsRecursiveError, NoPlatformSideError
from sardonyx.cli.locations import Remote, bucket_of, remote
from sardonyx.cli.options import HomeOption, JsonOption, ProjectOption, connect
from sardonyx.cli.output import document, rows, say, table
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.client.client import Client
    from sardonyx.values import Json, JsonObject

commands = typer.Typer(help="Your files.", no_args_is_help=True)
_SIDE = "“platform:folder/file”, “s3://bucket/key” or, for cp, a local path."
RecursiveOption = Annotated[bool, typer.Option("-r", "--recursive", help="Act on a whole folder.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
RowsOption = Annotated[int, typer.Option("--rows", min=1, help="At most so many rows.")]
TableArgument = Annotated[str, typer.Argument(help="A Parquet, CSV or JSON file.")]


@commands.command()
def ls(
    place: Annotated[str, typer.Argument(help="A folder; all files when left out.")] = "",
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List a folder."""
    with connect(home) as client:
        where = _on_platform(client, place, project)
        pages = list(client.files.pages(where.as_folder if where.key else "", project=project))
    folders = [name for page in pages for name in page.folders]
    files = [file for page in pages for file in page.files]
    if as_json:
        listed: list[Json] = [
            {"key": f.key, "size": f.size, "modified": f.modified.isoformat(), "etag": f.etag}
            for f in files
        ]
        document(
            {
                "prefix": where.as_folder if where.key else "",
                "folders": [*folders],
                "files": [*listed],
            }
        )
        return
    for name in folders:
        rows([["", "", name]])
    rows([[str(f.size), f.modified.astimezone().strftime("%Y-%m-%d %H:%M"), f.key] for f in files])


@commands.command()
def cp(
    source: Annotated[str, typer.Argument(help=_SIDE)],
    to: Annotated[str, typer.Argument(help=_SIDE)],
    recursive: RecursiveOption = False,
    no_overwrite: Annotated[
        bool, typer.Option("--no-overwrite", help="Leave what is there.")
    ] = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy to, from or inside the platform; with -r what is in a folder goes below TO."""
    from sardonyx.cli.transfers import Transfers

    with connect(home) as client:
        there, here = _sides(client, source, to, project)
        transfers = Transfers(client, project, overwrite=not no_overwrite)
        if there is not None and here is not None:
            done = transfers.copy(there, here, recursive=recursive)
        elif here is not None:
            done = transfers.upload(Path(source), here, recursive=recursive)
        elif there is not None:
            done = transfers.download(there, Path(to), recursive=recursive)
        else:
            raise NoPlatformSideError(source=source, to=to)
    if as_json:
        document({"files": [*done]})


@commands.command()
def mv(
    source: Annotated[str, typer.Argument(help="A file of the platform.")],
    to: Annotated[str, typer.Argument(help="Its new name, or a folder.")],
    overwrite: OverwriteOption = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move or rename a file on the platform."""
    with connect(home) as client:
        old = _on_platform(client, source, project)
        new = _on_platform(client, to, project)
        if old.is_folder:
            raise FolderNeedsRecursiveError(path=str(old))
        key = new.inside(old.key.rpartition("/")[2])
        moved = client.files.move(old.key, key, project=project, overwrite=overwrite)
    if as_json:
        document({"key": moved.key, "size": moved.size})
    else:
        say(N_("“{source}” is now “{to}”."), source=old.key, to=moved.key)


@commands.command()
def rm(
    places: Annotated[list[str], typer.Argument(help="Files of the platform.")],
    recursive: RecursiveOption = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove files; with -r a whole folder."""
    with connect(home) as client:
        found = [_on_platform(client, place, project) for place in places]
        for place in found:
            if place.is_folder and not (recursive and place.key):
                raise FolderNeedsRecursiveError(path=str(place))
        count = 0
        for place in found:
            key = place.as_folder if recursive else place.key
            count += client.files.delete_one(key, project=project, recursive=recursive)
    if as_json:
        document({"deleted": count})
    else:
        say(N_("Removed: {count}"), count=count)


@commands.command()
def preview(
    place: TableArgument,
    count: RowsOption = 20,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the first rows of a table."""
    with connect(home) as client:
        key = _on_platform(client, place, project).key
        found = client.files.preview(key, project=project, rows=count)
    _print_table(found, as_json=as_json)


@commands.command()
def sql(
    place: TableArgument,
    query: Annotated[str, typer.Argument(help="One SELECT over the table “data”.")],
    count: RowsOption = 1000,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run one SELECT in which `data` is the file."""
    with connect(home) as client:
        key = _on_platform(client, place, project).key
        found = client.files.query(key, query, project=project, rows=count)
    _print_table(found, as_json=as_json)


def _sides(
    client: Client, source: str, to: str, project: str | None
) -> tuple[Remote | None, Remote | None]:
    where = client.project(project)
    bucket = bucket_of(client.me(), where)
    return (
        remote(source, bucket=bucket, project=where),
        remote(to, bucket=bucket, project=where),
    )


def _on_platform(client: Client, text: str, project: str | None) -> Remote:
    """Return a place of the platform; a plain text is a key of the project's files."""
    where = client.project(project)
    bucket = bucket_of(client.me(), where) if text.startswith("s3://") else where
    return remote(text, bucket=bucket, project=where) or Remote(text)


def _print_table(found: JsonObject, *, as_json: bool) -> None:
    if as_json:
        document(found)
        return
    columns, lines = found.get("columns"), found.get("rows")
    titles = [
        f"{c.get('name')} {c.get('type')}"
        for c in (columns if isinstance(columns, list) else [])
        if isinstance(c, dict)
    ]
    cells = [
        ["∅" if cell is None else str(cell) for cell in line]
        for line in (lines if isinstance(lines, list) else [])
        if isinstance(line, list)
    ]
    table(titles, cells)
    if found.get("truncated"):
        say(N_("There are more rows than shown."))
