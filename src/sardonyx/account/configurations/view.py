"""Own how saved configurations look in REST and in `--json`."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from sardonyx.account.configurations.commands import launch_address
from sardonyx.account.configurations.models import (
    ConfigurationList,
    Imported,
    KeptConfiguration,
    Move,
    Saved,
    Skipped,
)
from sardonyx.account.configurations.service import Launched
from sardonyx.done import Commands
from sardonyx.launcher.configurations import entry_document
from sardonyx.services.view import (
    CommandsView,
    LaunchBody,
    ProblemView,
    ServiceView,
    View,
    whole,
)


class SaveBody(LaunchBody):
    """What to keep, as a launch is asked for: the secrets among it are left out.

    Its friendly name is the configuration's, else the link's, else the chart's.
    """


class RenameConfigurationBody(View):
    """Its new name."""

    friendly_name: str


class MoveBody(View):
    """Where it goes in the list."""

    to: Move


class ConfigurationView(View):
    """One saved configuration. `link`: path and query that open the launcher with it.

    `patch`: what differs from the defaults; an entry without a value takes one away. `etag`: its
    version, for `If-Match`. `configuration`: the same as files and Onyxia have it.
    """

    id: str
    etag: str
    friendly_name: str
    catalog: str
    chart: str
    version: str
    shared: bool | None
    s3_profile: str | None
    patch: list[dict[str, JsonValue]]
    changed_by: str
    changed_at: datetime
    link: str

    @classmethod
    def of(cls, kept: KeptConfiguration) -> ConfigurationView:
        one = kept.configuration
        return cls(
            id=kept.id,
            etag=kept.tag,
            friendly_name=one.friendly_name,
            catalog=one.catalog,
            chart=one.chart,
            version=one.version,
            shared=one.shared,
            s3_profile=one.s3_profile,
            patch=[entry_document(entry) for entry in one.patch],
            changed_by=kept.changed_by,
            changed_at=kept.changed_at,
            link=launch_address(one),
        )


class ConfigurationListView(View):
    """The configurations of a project, in the order its members gave them."""

    configurations: list[ConfigurationView]

    @classmethod
    def of(cls, listed: ConfigurationList) -> ConfigurationListView:
        return cls(configurations=[ConfigurationView.of(one) for one in listed.configurations])


class SavedView(View):
    """What was kept, what was left out of it and why, and the commands that do the same."""

    configuration: ConfigurationView
    notices: list[ProblemView]
    commands: CommandsView

    @classmethod
    def of(cls, saved: Saved, commands: Commands, language: str) -> SavedView:
        return cls(
            configuration=ConfigurationView.of(saved.kept),
            notices=[ProblemView.of(one, language) for one in saved.notices],
            commands=CommandsView.of(commands),
        )


class MovedView(ConfigurationListView):
    """The list in its new order."""

    commands: CommandsView


class SkippedView(View):
    """One of a file that was not kept. `name` is empty where it could not be read."""

    name: str
    reason: ProblemView

    @classmethod
    def of(cls, skipped: Skipped, language: str) -> SkippedView:
        return cls(name=skipped.name, reason=ProblemView.of(skipped.reason, language))


class ImportedView(View):
    """What an import kept and what it left, with warnings about what it kept."""

    configurations: list[ConfigurationView]
    skipped: list[SkippedView]
    notices: list[ProblemView]
    commands: CommandsView

    @classmethod
    def of(cls, imported: Imported, commands: Commands, language: str) -> ImportedView:
        return cls(
            configurations=[ConfigurationView.of(one) for one in imported.saved],
            skipped=[SkippedView.of(one, language) for one in imported.skipped],
            notices=[ProblemView.of(one, language) for one in imported.notices],
            commands=CommandsView.of(commands),
        )


class ConfigurationDeletedView(View):
    """What was deleted."""

    id: str
    commands: CommandsView


class LaunchedView(View):
    """The service that was begun, and what had to be otherwise than kept."""

    service: ServiceView
    notices: list[ProblemView]

    @classmethod
    def of(cls, launched: Launched, language: str) -> LaunchedView:
        return cls(
            service=whole(launched.service, language),
            notices=[ProblemView.of(one, language) for one in launched.notices],
        )
