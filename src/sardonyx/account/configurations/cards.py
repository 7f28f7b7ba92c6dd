"""Make what the pages show of saved configurations: rows with words, links and versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sardonyx.account.configurations.commands import (
    chart_address,
    launch_address,
    on_configurations,
)
from sardonyx.account.configurations.models import Difference, KeptConfiguration, differences
from sardonyx.catalog.cards import icon_address
from sardonyx.done import ON_PLATFORM_ONLY, Commands
from sardonyx.errors import PlatformError
from sardonyx.launcher.configurations import SavedConfiguration
from sardonyx.launcher.models import PatchEntry, Unset, path_text
from sardonyx.launcher.yaml_text import write
from sardonyx.text import N_, localized
from sardonyx.web.views import Viewer


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting that is not the default: its path, and its value or that it is taken away."""

    path: str
    value: str


@dataclass(frozen=True, slots=True)
class ConfigurationCard:
    """One saved configuration on a page. is_here: its chart can be launched by this person."""

    id: str
    tag: str
    title: str
    chart: str
    version: str
    letter: str
    icon: str | None
    is_here: bool
    settings: tuple[SettingRow, ...]
    by: str
    at: datetime
    address: str
    edit_address: str
    link: str
    values_address: str
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """The saved configurations on home or on the services page. more: there are others."""

    cards: tuple[ConfigurationCard, ...]
    more: bool
    is_group: bool
    project: str
    charts: tuple[tuple[str, str], ...]
    commands: Commands


async def panel(viewer: Viewer, *, limit: int | None = None) -> Panel | None:
    """Return the panel, None where the configurations cannot be read: the page stands."""
    try:
        listed = await viewer.platform.configurations.list(viewer.actor, viewer.project.id)
    except PlatformError:
        return None
    found = listed.configurations
    cards = [_card(viewer, one, at, len(found)) for at, one in enumerate(found[:limit])]
    return Panel(
        cards=tuple(cards),
        more=len(found) > len(cards),
        is_group=viewer.project.group is not None,
        project=viewer.project.name,
        charts=_charts(viewer) if limit is None else (),
        commands=Commands(
            platform=on_configurations(viewer.project, "list")
            + on_configurations(viewer.project, "export"),
            underneath=ON_PLATFORM_ONLY,
        ),
    )


def setting_rows(viewer: Viewer, configuration: SavedConfiguration) -> tuple[SettingRow, ...]:
    """Return what a configuration sets, as a page lists it."""
    return tuple(
        SettingRow(path_text(entry.path), shown_value(viewer, entry))
        for entry in configuration.patch
    )


def shown_value(viewer: Viewer, entry: PatchEntry | None) -> str:
    """Return a value as a page shows it, in words where there is none."""
    if entry is None:
        return viewer.say(N_("as the default"))
    if isinstance(entry.value, Unset):
        return viewer.say(N_("taken away"))
    return entry.value if isinstance(entry.value, str) else write(entry.value).strip()


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two versions of one configuration. rows: path, mine, theirs."""

    theirs: KeptConfiguration
    rows: tuple[tuple[str, str, str], ...]


def conflict(viewer: Viewer, mine: SavedConfiguration, theirs: KeptConfiguration) -> Conflict:
    """Return what two versions have otherwise, ready for a page."""
    other = theirs.configuration
    about = [
        (viewer.say(words), left or "–", right or "–")
        for words, left, right in (
            (N_("Version"), mine.version, other.version),
            (N_("Storage"), mine.s3_profile, other.s3_profile),
        )
        if left != right
    ]
    found = [_row(viewer, one) for one in differences(mine, other)]
    return Conflict(theirs, (*about, *found))


def _row(viewer: Viewer, one: Difference) -> tuple[str, str, str]:
    return path_text(one.path), shown_value(viewer, one.mine), shown_value(viewer, one.theirs)


def _card(viewer: Viewer, kept: KeptConfiguration, at: int, count: int) -> ConfigurationCard:
    one = kept.configuration
    title, icon, is_here = one.chart, None, True
    try:
        chart = viewer.platform.catalog.listed(
            viewer.actor, one.chart, catalog=one.catalog, project=viewer.project
        )
    except PlatformError:
        is_here = False
    else:
        title, icon = localized(chart.title, viewer.language), icon_address(chart)
    address = f"/configurations/{kept.id}"
    return ConfigurationCard(
        id=kept.id,
        tag=kept.tag,
        title=one.friendly_name,
        chart=title,
        version=one.version,
        letter=title[:1].upper(),
        icon=icon,
        is_here=is_here,
        settings=setting_rows(viewer, one),
        by=kept.changed_by,
        at=kept.changed_at,
        address=address,
        edit_address=f"{chart_address(one)}?configuration={kept.id}",
        link=f"{viewer.platform.public_url}{launch_address(one)}",
        values_address=f"{address}/values",
        is_first=at == 0,
        is_last=at == count - 1,
    )


def _charts(viewer: Viewer) -> tuple[tuple[str, str], ...]:
    """Return id and title of every chart, for a values.yaml that says nothing of its own."""
    found = viewer.platform.catalog.catalogs(viewer.actor, project=viewer.project)
    named = {
        f"{chart.ref.catalog}/{chart.ref.chart}": localized(chart.title, viewer.language)
        for catalog in found
        for chart in catalog.charts
    }
    return tuple(sorted(named.items(), key=lambda one: one[1].lower()))
