"""`sardonyx chart add`: bring a chart that is in no catalogue, after a look at what it does.

`sardonyx chart keep` keeps one by its review, `sardonyx chart remove` takes it away again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli.errors import ConfirmationNeededError, LocalFileError, OneChoiceError
from sardonyx.cli.options import HomeOption, JsonOption, connect
from sardonyx.cli.output import document, say, worded
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.client.charts import Review

_KEPT = N_("Kept. Launch it: sardonyx launch {chart} --catalog own")


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
        if not yes and not as_json and not found.refused:
            if not sys.stdin.isatty():
                raise ConfirmationNeededError(field="--yes")
            question = worded(N_("Keep {chart}?"), chart=found.chart)
            typer.confirm(question, abort=True, err=True)
        kept = None
        if yes or not as_json:
            kept = client.charts.keep(found.digest)
    if as_json:
        document({**found.raw, "kept": None if kept is None else kept.raw})
    else:
        say(_KEPT, chart=found.chart)


def keep(
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="Of its review.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a chart of your own that was reviewed; see “sardonyx chart add --json”."""
    with connect(home) as client:
        kept = client.charts.keep(digest)
    if as_json:
        document(kept.raw)
    else:
        say(_KEPT, chart=kept.chart)


def remove(
    chart: Annotated[str, typer.Argument(metavar="CHART", help="Its name.")],
    version: Annotated[
        str | None, typer.Option(help="Its version; without it all of them.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it without asking.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a chart of your own; services launched from it go on."""
    with connect(home) as client:
        if not yes:
            if not sys.stdin.isatty():
                raise ConfirmationNeededError(field="--yes")
            typer.confirm(worded(N_("Remove {chart}?"), chart=chart), abort=True, err=True)
        done = client.charts.remove(chart, version=version)
    if as_json:
        document(done.raw)
        return
    for one in done.removed:
        say(N_("Removed {chart} {version}."), chart=one.chart, version=one.version)
    for service in done.services:
        say(N_("{name} was launched from it, and goes on."), name=service.name)


def _told(found: Review) -> None:
    """Print a review, in the words of its page."""
    print(f"{found.chart} {found.version}: {found.title}")
    for remark in found.remarks:
        print(f"  ! {remark.message}")
    for title, listed in (
        (N_("programs that it runs"), found.processes),
        (N_("secrets of yours that it would receive"), found.secrets),
        (N_("what else it reads of you and the platform"), found.reads),
        (N_("images that it is made of"), found.images),
        (N_("jobs that run around a launch"), found.hooks),
        (N_("disks that it asks for"), found.volumes),
        (N_("objects its templates name"), [f"{kind} × {count}" for kind, count in found.kinds]),
        (
            N_("with its defaults it would create"),
            [f"{kind} {name}" for kind, name in found.objects],
        ),
    ):
        if listed:
            print(f"  {worded(title)}: " + "; ".join(listed))
