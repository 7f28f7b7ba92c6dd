"""`sardonyx services …`: look at what runs, and act on it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from sardonyx.cli import service_changes
from sardonyx.cli.options import HomeOption, JsonOption, ProjectOption, YesOption, connect
from sardonyx.cli.output import document, fields, listed, say, worded
from sardonyx.cli.service_changes import NameArgument, told
from sardonyx.cli.story import Story, print_steps
from sardonyx.client.errors import RemoteError
from sardonyx.errors import Kind
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.client.client import Client
    from sardonyx.client.models import Event, Finding, Loss, Service
    from sardonyx.values import JsonObject

commands = typer.Typer(help="Your running services.", no_args_is_help=True)
commands.add_typer(service_changes.commands)
FollowOption = Annotated[bool, typer.Option("-f", "--follow", help="Go on as more comes.")]


@commands.command("list")
def list_(
    project: ProjectOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """List your services, and those shared with you."""
    with connect(home) as client:
        seen = client.services.list(project=project)
    titles = (N_("name"), N_("called"), N_("state"), N_("chart"), N_("started"))
    none = N_("No service yet. See what there is with “sardonyx catalog list”.")
    listed(seen, titles, _row, none=none, as_json=as_json)


@commands.command()
def show(
    name: NameArgument,
    with_commands: Annotated[
        bool, typer.Option("--commands", help="Also print what does the same without us.")
    ] = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one service: its state, addresses and story."""
    with connect(home) as client:
        service = client.services.show(name, project=project)
    if as_json:
        document(service.raw)
        return
    fields(
        {
            N_("name"): service.name,
            N_("called"): service.friendly_name,
            N_("state"): service.state,
            N_("chart"): f"{service.catalog}/{service.chart} {service.version}",
            N_("owner"): service.owner,
            N_("page"): " ".join(service.urls),
            N_("address"): service.address or "",
        }
    )
    _explained(service.findings)
    print_steps(service.timeline)
    if with_commands and service.commands is not None:
        print(f"\n# sardonyx\n{service.commands.platform}")
        print(f"# {worded(N_('without the platform'))}\n{service.commands.underneath}")


@commands.command("open")
def open_(
    name: NameArgument,
    print_only: Annotated[bool, typer.Option("--print", help="Only print the address.")] = False,
    wanted: Annotated[str, typer.Option("--next", help="A path inside the service.")] = "/",
    project: ProjectOption = None,
    home: HomeOption = None,
) -> None:
    """Open a service in a browser, signed in. The address works once."""
    with connect(home) as client:
        address = client.services.open_address(name, project=project, wanted=wanted)
    print(address)
    if not print_only:
        import webbrowser

        webbrowser.open(address)


@commands.command()
def token(
    name: NameArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a short-lived credential for a service's address."""
    with connect(home) as client:
        credential = client.services.credential(name, project=project)
    until = credential.expires
    if as_json:
        document(
            {
                "address": credential.address,
                "header": credential.header,
                "value": credential.value.reveal(),
                "expires": None if until is None else until.isoformat(),
            }
        )
        return
    print(credential.value.reveal())
    if until is None:
        say(N_("The password of {address}."), address=credential.address)
        return
    say(
        N_("For {address}, as “{header}”, until {expires}."),
        address=credential.address,
        header=credential.header,
        expires=until.astimezone().strftime("%H:%M"),
    )


@commands.command()
def logs(
    name: NameArgument,
    follow: FollowOption = False,
    lines: Annotated[int, typer.Option(min=1, max=10_000, help="How many lines back.")] = 200,
    previous: Annotated[
        bool, typer.Option("--previous", help="Those of the run before, after a crash.")
    ] = False,
    project: ProjectOption = None,
    home: HomeOption = None,
) -> None:
    """Print what the service's program wrote."""
    with connect(home) as client:
        if not follow or previous:
            text = client.services.logs(name, project=project, lines=lines, previous=previous)
            sys.stdout.write(text)
            return
        for text in client.services.follow_logs(name, project=project, lines=lines):
            sys.stdout.write(text)
            sys.stdout.flush()


@commands.command()
def events(
    name: NameArgument,
    follow: FollowOption = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the service's timeline."""
    with connect(home) as client:
        if not follow:
            service = client.services.show(name, project=project)
            if as_json:
                document(service.raw["timeline"])
            else:
                print_steps(service.timeline)
            return
        story = Story(sys.stdout)
        for event in client.services.events(name, project=project):
            _followed(event, story, as_json=as_json)


@commands.command()
def explain(
    name: NameArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a service does not advance, and what to do."""
    with connect(home) as client:
        service = client.services.show(name, project=project)
    if as_json:
        document(service.raw["findings"])
        return
    _explained(service.findings)
    if not service.findings:
        say(N_("“{name}” is {state}; nothing is wrong with it."), name=name, state=service.state)


@commands.command()
def pause(
    name: NameArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop the program and keep its files."""
    with connect(home) as client:
        told(client.services.pause(name, project=project), as_json=as_json)


@commands.command()
def resume(
    name: NameArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start again what is paused, stopped or failed."""
    with connect(home) as client:
        told(client.services.resume(name, project=project), as_json=as_json)


@commands.command()
def restart(
    name: NameArgument,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop and start again."""
    with connect(home) as client:
        told(client.services.restart(name, project=project), as_json=as_json)


@commands.command()
def rename(
    name: NameArgument,
    words: Annotated[str, typer.Argument(help="What to call it from now on.")],
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a service other words."""
    with connect(home) as client:
        told(client.services.rename(name, words, project=project), as_json=as_json)


@commands.command()
def delete(
    name: Annotated[str | None, typer.Argument(help="The service's name.")] = None,
    all_own: Annotated[
        bool, typer.Option("--all", help="All of your own services of the project.")
    ] = False,
    yes: YesOption = False,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a service and remove its files, or all of yours; says first what would be lost."""
    if (name is None) != all_own:
        raise typer.BadParameter(worded(N_("Name a service, or give --all.")))
    with connect(home) as client:
        names = [name] if name is not None else _own(client.services.list(project=project))
        for one in names:
            if all_own:
                say(N_("“{name}”:"), name=one)
            _losses(client.services.losses(one, project=project))
        if names and not yes:
            _confirm_deletion(names)
        if name is not None:
            deleted, refused = {name: client.services.delete(name, project=project)}, None
        else:
            deleted, refused = _deleted(client, names, project)
    if as_json:
        document(deleted[name] if name is not None else [*deleted.values()])
    else:
        for one in deleted:
            say(N_("“{name}” is being deleted."), name=one)
    if refused is not None:
        raise refused
    if not names and not as_json:
        say(N_("None here is yours."))


def _deleted(
    client: Client, names: Iterable[str], project: str | None
) -> tuple[dict[str, JsonObject], RemoteError | None]:
    """Delete all that can go; return what was answered, and the first refusal.

    What went meanwhile is passed over. A fault of the platform is raised at once.
    """
    deleted: dict[str, JsonObject] = {}
    refused: RemoteError | None = None
    for name in names:
        try:
            deleted[name] = client.services.delete(name, project=project)
        except RemoteError as error:
            if error.remote_kind is Kind.FAULT:
                raise
            if error.remote_kind is not Kind.NOT_FOUND:
                refused = refused or error
    return deleted, refused


def _own(services: Iterable[Service]) -> list[str]:
    return [one.name for one in services if one.raw.get("standing") == "owner"]


def _confirm_deletion(names: list[str]) -> None:
    if not sys.stdin.isatty():
        from sardonyx.cli.errors import ConfirmationNeededError

        raise ConfirmationNeededError(field="--yes")
    question = worded(N_("Delete “{name}” and its files?"), name=", ".join(names))
    typer.confirm(question, abort=True, err=True)


def _row(service: Service) -> list[str]:
    started = service.started_at
    return [
        service.name,
        service.friendly_name,
        service.state,
        f"{service.chart} {service.version}",
        "" if started is None else started.astimezone().strftime("%Y-%m-%d %H:%M"),
    ]


def _explained(findings: Iterable[Finding]) -> None:
    for finding in findings:
        print(f"\n{finding.title} ({finding.code})\n  {finding.detail}")
        for line in finding.evidence.splitlines():
            print(f"  | {line}")
        if finding.next:
            print(f"  {worded(N_('Next'))}: {finding.next}")


def _followed(event: Event, story: Story, *, as_json: bool) -> None:
    from sardonyx.client.models import timeline_event

    if event.name != "timeline":
        return
    if as_json:  # one document a line, as each comes
        import json

        print(json.dumps(event.data, ensure_ascii=False), flush=True)
    else:
        story.step(timeline_event(event.data))


def _losses(losses: Iterable[Loss]) -> None:
    listed = list(losses)
    gone = [loss for loss in listed if loss.kind != "volume_kept"]
    kept = [loss for loss in listed if loss.kind == "volume_kept"]
    for words, some in ((N_("This would be lost:"), gone), (N_("These disks stay:"), kept)):
        if some:
            say(words)
        for loss in some:
            say("  {kind}  {path}  ({count}, {size} B)", **_facts(loss))


def _facts(loss: Loss) -> dict[str, str | int]:
    return {"kind": loss.kind, "path": loss.path, "count": loss.count, "size": loss.size}
