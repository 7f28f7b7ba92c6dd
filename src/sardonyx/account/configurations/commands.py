"""Own the equivalent commands of saved configurations.

There are none underneath: a configuration exists on the platform only. What it launches has its
own, from the plan.
"""

from __future__ import annotations

from urllib.parse import quote

from sardonyx.launcher.configurations import SavedConfiguration
from sardonyx.launcher.links import Link, write_query
from sardonyx.projects.models import Project
from sardonyx.services.commands import command


def _link(configuration: SavedConfiguration, *, auto_launch: bool = False) -> Link:
    """Return the link that says what a configuration says."""
    return Link(
        name=configuration.friendly_name,
        shared=configuration.shared,
        version=configuration.version,
        s3_profile=configuration.s3_profile,
        patch=configuration.patch,
        auto_launch=auto_launch,
    )


def launch_address(configuration: SavedConfiguration, *, auto_launch: bool = False) -> str:
    """Return the path and query that open the launcher with a configuration."""
    query = link_query(configuration, auto_launch=auto_launch)
    return f"{chart_address(configuration)}?{query}"


def link_query(configuration: SavedConfiguration, *, auto_launch: bool = False) -> str:
    """Return the query of that address."""
    return write_query(_link(configuration, auto_launch=auto_launch)).query


def chart_address(configuration: SavedConfiguration) -> str:
    """Return the path of the launcher of a configuration's chart."""
    return f"/launch/{quote(configuration.catalog, safe='')}/{quote(configuration.chart, safe='')}"


def on_configurations(place: Project, verb: str, *words: str) -> str:
    """Return one `sardonyx configs …` command line."""
    return command("configs", verb, *words, "--project", place.id)


def save_command(place: Project, configuration: SavedConfiguration) -> str:
    """Return the command that keeps a configuration, over one of its name."""
    words = ("--link", launch_address(configuration), "--overwrite")
    return on_configurations(place, "save", *words)
