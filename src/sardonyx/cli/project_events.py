"""`sardonyx projects events`: what the cluster said of the services of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli.options import HomeOption, JsonOption, ProjectOption, connect
from sardonyx.cli.output import document, say, table, worded
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.client.cluster_events import ClusterEvent

commands = typer.Typer()


@commands.command()
def events(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, the newest first.")] = 50,
    mark_read: Annotated[
        bool, typer.Option("--mark-read", help="Then count what there is as read.")
    ] = False,
    with_commands: Annotated[
        bool, typer.Option("--commands", help="Also print what does the same without us.")
    ] = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what the cluster said of your services, the newest first; * is unread."""
    with connect(home) as client:
        found = client.services.cluster_events(limit=limit, project=project)
        if mark_read and found.until is not None:
            client.services.read_cluster_events(found.until, project=project)
    if as_json:
        document(found.raw)
        return
    if found.events:
        titles = (N_("seen"), N_("severity"), N_("service"), N_("about"), N_("message"))
        table(titles, [_row(one) for one in found.events])
    else:
        say(N_("The cluster said nothing lately."))
    if with_commands:
        print(f"\n# {worded(N_('without the platform'))}\n{found.commands.underneath}", end="")


def _row(event: ClusterEvent) -> list[str]:
    mark = "* " if event.unread else ""
    often = f" (× {event.count})" if event.count > 1 else ""
    return [
        event.created.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        f"{mark}{event.severity}",
        event.service or "",
        event.about,
        f"{event.message}{often}",
    ]
