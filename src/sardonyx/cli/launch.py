"""`sardonyx launch`: read the values, launch, and follow the launch where asked to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from sardonyx.cli.output import document, say
from sardonyx.cli.story import Story
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.client.client import Client
    from sardonyx.client.models import Service
    from sardonyx.values import JsonObject

RUNNING = ("running", "finished")


def launch(
    chart: Annotated[
        str, typer.Argument(help="The chart's name; see “sardonyx catalog list”.")
    ] = "",
    catalog: CatalogOption = None,
    version: VersionOption = None,
    name: Annotated[str | None, typer.Option(help="What to call the service.")] = None,
    project: ProjectOption = None,
    settings: SettingsOption = None,
    file: FileOption = None,
    link: LinkOption = None,
    shared: SharedOption = None,
    storage: StorageOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return once the service answers.")] = False,
    timeout: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long --wait waits.")
    ] = 600,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Launch a service of the catalogue."""
    from sardonyx.client.services import launch_body

    if not chart and link is None:
        raise typer.BadParameter("give a CHART, or a --link")
    values = read_values(file)
    body = launch_body(
        chart,
        catalog=catalog,
        version=version,
        friendly_name=name,
        shared=shared,
        values=values,
        settings=settings or (),
        link=link,
        s3_profile=storage,
    )
    with connect(home) as client:
        if dry_run:
            _preview(client, body, project, as_json=as_json)
            return
        service = client.services.submit(body, project=project)
        if not as_json:
            say_asked(service)
        if wait:
            service = client.services.wait(
                service.name,
                until=RUNNING,
                seconds=timeout,
                project=service.project,
                tell=Story(sys.stderr).tell,
            )
        if as_json:
            document(service.raw)
        else:
            _told(service)
    if wait and service.state == "failed":
        from sardonyx.cli.errors import LaunchFailedError

        raise LaunchFailedError(name=service.name)


def say_asked(service: Service) -> None:
    """Say that a launch was taken up."""
    say(N_("“{name}” was asked for; it is {state}."), name=service.name, state=service.state)


def read_values(file: str | None) -> JsonObject:
    """Return the values of a YAML file, `-` for standard input. Raises ValuesFileError."""
    if file is None:
        return {}
    from sardonyx.cli.values_file import parsed

    if file == "-":
        return parsed(sys.stdin.read(), N_("standard input"))
    from sardonyx.cli.errors import ValuesFileError

    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise ValuesFileError(file=file, reason=str(failure), field="-f") from failure
    return parsed(text, file)


def _preview(client: Client, body: JsonObject, project: str | None, *, as_json: bool) -> None:
    from sardonyx.cli.errors import LaunchWouldFailError
    from sardonyx.cli.values_file import written

    preview = client.services.preview(body, project=project)
    if as_json:
        document(preview.raw)
    else:
        print(written(preview.values), end="")
        for problem in preview.problems:
            print(f"{problem.pointer} {problem.message}".strip(), file=sys.stderr)
        for finding in preview.findings:
            print(f"{finding.title}: {finding.detail}", file=sys.stderr)
    if preview.refused:
        raise LaunchWouldFailError


def _told(service: Service) -> None:
    print(service.name)
    for finding in service.findings:
        say("{title}: {detail}", title=finding.title, detail=finding.detail)
    if service.state == "failed":
        return  # nothing answers at its addresses
    for url in service.urls:
        say(N_("Page: {url}"), url=url)
    if service.address:
        say(N_("Address for programs: {address}"), address=service.address)
    if service.urls:
        say(N_("Open it with “sardonyx services open {name}”."), name=service.name)
    else:
        say(N_("Its password: “sardonyx services token {name}”."), name=service.name)
