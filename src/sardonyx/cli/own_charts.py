"""`sardonyx chart add`: bring a chart that is in no catalogue, after a look at what it does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sardonyx.cli.errors import ConfirmationNeededError, LocalFileError, OneChoiceError
from sardonyx.cli.options import HomeOption, JsonOption, connect
from sardonyx.cli.output import document, say, worded
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject


def add(
    source: Annotated[
        str, typer.Argument(metavar="ADDRESS|FILE", help="https, oci, git+https, or a .tgz file.")
    ],
    chart: Annotated[str, typer.Option(help="Its name in a Helm repository.")] = "",
    version: Annotated[str, typer.Option(help="Its version; without it the newest.")] = "",
    folder: Annotated[str, typer.Option(help="Its folder in a Git repository.")] = "",
    branch: Annotated[str, typer.Option(help="Branch or tag of a Git repository.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Keep it without asking.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a chart of your own: it is fetched and reviewed; kept, it can be launched.

    Nothing of it runs before `sardonyx launch NAME --catalog own`. With --json and without --yes
    it is only reviewed.
    """
    local = Path(source)
    is_file = "://" not in source
    if is_file and any((chart, version, folder, branch)):
        raise OneChoiceError(choices="FILE, --chart, --version, --folder, --branch", field="FILE")
    if is_file and not local.is_file():
        reason = worded(N_("there is no such file."))
        raise LocalFileError(path=source, reason=reason, field="FILE")
    with connect(home) as client:
        if is_file:
            found = client.charts.review_archive(local)
        else:
            found = client.charts.review(
                source, chart=chart, version=version, folder=folder, branch=branch
            )
        if not as_json:
            _told(found)
        if not yes and not as_json and not found.get("refused"):
            if not sys.stdin.isatty():
                raise ConfirmationNeededError(field="--yes")
            question = worded(N_("Keep {chart}?"), chart=str(found["chart"]))
            typer.confirm(question, abort=True, err=True)
        kept = None
        if yes or not as_json:
            kept = client.charts.keep(str(found["digest"]))
    if as_json:
        document({**found, "kept": kept})
    else:
        say(N_("Kept. Launch it: sardonyx launch {chart} --catalog own"), chart=str(found["chart"]))


def _told(found: JsonObject) -> None:
    """Print a review."""
    print(f"{found['chart']} {found['version']}: {found['title']}")
    for remark in _items(found, "remarks"):
        if isinstance(remark, dict):
            print(f"  ! {remark['message']}")
    for title, key in (
        (N_("runs"), "processes"),
        (N_("receives your secrets"), "secrets"),
        (N_("reads"), "reads"),
        (N_("images"), "images"),
        (N_("hooks"), "hooks"),
        (N_("volumes"), "volumes"),
    ):
        listed = _items(found, key)
        if listed:
            print(f"  {worded(title)}: " + "; ".join(str(one) for one in listed))
    kinds = [f"{one['kind']} x {one['count']}" for one in _objects(found, "kinds")]
    if kinds:
        title = worded(N_("objects on a cluster"))
        print(f"  {title}: " + ", ".join(kinds))
    planned = [f"{one['kind']} {one['name']}" for one in _objects(found)]
    if planned:
        title = worded(N_("would create, with its defaults"))
        print(f"  {title}: " + ", ".join(planned))


def _objects(found: JsonObject, key: str = "objects") -> list[JsonObject]:
    return [one for one in _items(found, key) if isinstance(one, dict)]


def _items(found: JsonObject, key: str) -> list[Json]:
    listed = found.get(key)
    return listed if isinstance(listed, list) else []
