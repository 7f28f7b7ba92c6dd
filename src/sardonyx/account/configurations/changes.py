"""Keep a project's saved configurations: save, rename, order, delete.

The half of `Configurations` that changes the list; `service` launches and exchanges them. Every
method takes who acts and in which project, and checks it: the members of a group share its
configurations. A list is read and replaced whole; of two people who change one at once the
second is told, unless what they change has nothing to do with each other.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sardonyx.account.configurations.commands import on_configurations, save_command
from sardonyx.account.configurations.errors import (
    ConfigurationBusyError,
    ConfigurationChangedError,
    ConfigurationGoneError,
    ConfigurationLimitError,
    ConfigurationNameTakenError,
    ConfigurationNotFoundError,
    ConfigurationRefusedError,
    ConfigurationTooLargeError,
)
from sardonyx.account.configurations.keeping import fits, keepable, size_of
from sardonyx.account.configurations.models import (
    ANY,
    LARGEST,
    LARGEST_LIST,
    MOST,
    ConfigurationList,
    Expected,
    KeptConfiguration,
    Move,
    Saved,
)
from sardonyx.account.configurations.ports import ConfigurationRecords, Launcher, Stores
from sardonyx.done import ON_PLATFORM_ONLY, Commands, Done
from sardonyx.errors import Problem
from sardonyx.launcher.configurations import SavedConfiguration, same
from sardonyx.launcher.versions import choose_version
from sardonyx.projects.audit import Audit, audited
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.service import authorised_project
from sardonyx.services.launching import Charts, LaunchRequest, OpenDraft, Opening, checked_friendly
from sardonyx.services.planning import blocking

_TRIES = 8
# Lower-case letters alone: an id is never taken for a number, a word of a link or an address.
_LETTERS = "abcdefghijkmnpqrstuvwxyz"


def limit_reached(place: Project) -> ConfigurationLimitError:
    """Return the error of more configurations than a project has."""
    return ConfigurationLimitError(project=place.id, most=MOST, size=kilobytes(LARGEST_LIST))


def drawn_id() -> str:
    """Return a new configuration's id: 12 letters."""
    return "".join(secrets.choice(_LETTERS) for _ in range(12))


class ConfigurationChanges:
    """Changes of every project's saved configurations."""

    def __init__(
        self,
        *,
        records: ConfigurationRecords,
        launcher: Launcher,
        charts: Charts,
        audit: Audit,
        stores: Stores,
        clock: Callable[[], datetime] | None = None,
        draw: Callable[[], str] = drawn_id,
    ) -> None:
        """stores: where the storage that an imported file describes is kept."""
        self._records = records
        self._launcher = launcher
        self._charts = charts
        self._audit = audit
        self._stores = stores
        self._clock = clock or (lambda: datetime.now(UTC))
        self._draw = draw

    async def list(self, actor: Actor, project: str) -> ConfigurationList:
        """Return the project's configurations in their order."""
        return await self._records.configurations(authorised_project(actor, project).id)

    async def show(self, actor: Actor, project: str, number: str) -> KeptConfiguration:
        """Return one by its id. Raises ConfigurationNotFoundError."""
        listed = await self.list(actor, project)
        return found(listed, number, project)

    async def save(
        self,
        actor: Actor,
        *,
        project: str,
        draft: OpenDraft,
        friendly_name: str,
        shared: bool = False,
        s3_profile: str | None = None,
        expected: Expected = ANY,
    ) -> Done[Saved]:
        """Keep a draft under its name; one of the same chart and name is replaced.

        Secrets are left out and named in the notices. Raises ConfigurationChangedError when
        `expected` does not hold, ConfigurationRefusedError, FriendlyNameError,
        ConfigurationLimitError, ConfigurationTooLargeError.
        """
        place = authorised_project(actor, project)
        made = self._of_draft(place, draft, friendly_name, shared, s3_profile)
        async with self._audited(actor, "save", place, made.configuration):
            kept = await self._put(actor, place, made.configuration, expected)
        commands = Commands(save_command(place, made.configuration), ON_PLATFORM_ONLY)
        return Done(Saved(kept, made.notices), commands)

    async def replace(
        self,
        actor: Actor,
        *,
        project: str,
        number: str,
        draft: OpenDraft,
        friendly_name: str,
        shared: bool = False,
        s3_profile: str | None = None,
        tag: str | None = None,
    ) -> Done[Saved]:
        """Keep a draft in the place of one configuration, under the name given.

        Raises as `save`, ConfigurationGoneError, ConfigurationNameTakenError.
        """
        place = authorised_project(actor, project)
        made = self._of_draft(place, draft, friendly_name, shared, s3_profile)
        async with self._audited(actor, "save", place, made.configuration):
            kept = await self._replaced(actor, place, number, tag, lambda _: made.configuration)
        commands = Commands(save_command(place, made.configuration), ON_PLATFORM_ONLY)
        return Done(Saved(kept, made.notices), commands)

    async def keep(
        self,
        actor: Actor,
        *,
        project: str,
        configuration: SavedConfiguration,
        expected: Expected,
        language: str = "en",
    ) -> Done[Saved]:
        """Keep what a conflict left over, judged as any other. Raises as `save`."""
        place = authorised_project(actor, project)
        draft = await self.opened(actor, place, configuration, language=language)
        return await self.save(
            actor,
            project=project,
            draft=draft,
            friendly_name=configuration.friendly_name,
            shared=configuration.shared is True,
            s3_profile=configuration.s3_profile,
            expected=expected,
        )

    async def rename(
        self, actor: Actor, project: str, number: str, friendly_name: str, *, tag: str | None = None
    ) -> Done[KeptConfiguration]:
        """Give a configuration another name. Raises ConfigurationNameTakenError and its kin."""
        place = authorised_project(actor, project)
        words = checked_friendly(friendly_name)
        before = await self.show(actor, project, number)

        def renamed(now: SavedConfiguration) -> SavedConfiguration:
            return replace(now, friendly_name=words)

        async with self._audited(actor, "rename", place, before.configuration):
            kept = await self._replaced(actor, place, number, tag, renamed)
        return Done(kept, on_configuration(place, "rename", number, words))

    async def move(
        self, actor: Actor, project: str, number: str, to: Move
    ) -> Done[ConfigurationList]:
        """Move one in the list. Raises ConfigurationNotFoundError."""
        place = authorised_project(actor, project)
        before = await self.show(actor, project, number)

        def moved(listed: ConfigurationList) -> tuple[KeptConfiguration, ...]:
            found(listed, number, place.id)
            return listed.moved(number, to)

        async with self._audited(actor, "move", place, before.configuration):
            listed = await self._changed(place, moved)
        return Done(listed, on_configuration(place, "move", number, to.value))

    async def delete(
        self, actor: Actor, project: str, number: str, *, tag: str | None = None
    ) -> Done[None]:
        """Delete one. Raises ConfigurationNotFoundError, ConfigurationChangedError."""
        place = authorised_project(actor, project)
        before = await self.show(actor, project, number)

        def without(listed: ConfigurationList) -> tuple[KeptConfiguration, ...]:
            current = found(listed, number, place.id)
            if tag is not None and current.tag != tag:
                raise ConfigurationChangedError(mine=None, theirs=current)
            return listed.without(number)

        async with self._audited(actor, "delete", place, before.configuration):
            await self._changed(place, without)
        return Done(None, on_configuration(place, "rm", number))

    def request(
        self, actor: Actor, place: Project, configuration: SavedConfiguration
    ) -> tuple[LaunchRequest, tuple[Problem, ...]]:
        """Return the launch that a configuration asks for, in a version that there is."""
        versions = self._charts.versions(
            actor, configuration.chart, catalog=configuration.catalog, project=place
        )
        chosen = choose_version(configuration.version, versions)
        request = LaunchRequest(
            chart=configuration.chart,
            catalog=configuration.catalog,
            version=chosen.version,
            friendly_name=configuration.friendly_name,
            shared=place.group is not None and configuration.shared is True,
            s3_profile=configuration.s3_profile,
            patch=configuration.patch,
        )
        return request, () if chosen.notice is None else (chosen.notice,)

    async def opened(
        self,
        actor: Actor,
        place: Project,
        configuration: SavedConfiguration,
        *,
        language: str,
        draft_id: str | None = None,
    ) -> OpenDraft:
        """Return the draft of a configuration. Raises ChartNotFoundError and its kin."""
        request, _ = self.request(actor, place, configuration)
        opening = Opening(
            chart=request.chart,
            catalog=request.catalog,
            version=request.version,
            patch=request.patch,
            s3_profile=request.s3_profile,
            draft_id=draft_id,
        )
        return await self._launcher.open_draft(
            actor, project=place.id, opening=opening, language=language
        )

    def _of_draft(
        self,
        place: Project,
        draft: OpenDraft,
        friendly_name: str,
        shared: bool,
        s3_profile: str | None,
    ) -> _Made:
        """Return what is kept of a draft, and what is said of the rest."""
        if draft.project != place.id:  # its defaults and secrets are of the other project
            raise ConfigurationNotFoundError(name=draft.id, project=place.id)
        refused = blocking(draft.problems)
        if refused:
            raise ConfigurationRefusedError(problems=refused, count=len(refused))
        ref = draft.draft.chart.ref
        judged = keepable(draft)
        made = SavedConfiguration(
            friendly_name=checked_friendly(friendly_name),
            catalog=ref.catalog,
            chart=ref.chart,
            version=ref.version,
            patch=judged.patch,
            shared=None if place.group is None else shared,
            s3_profile=s3_profile if draft.draft.uses_s3 else None,
        )
        return _Made(made, judged.notices)

    async def _put(
        self, actor: Actor, place: Project, made: SavedConfiguration, expected: Expected
    ) -> KeptConfiguration:
        """Keep `made` in the place of its namesake, if that is as `expected`."""

        def put(listed: ConfigurationList) -> tuple[KeptConfiguration, ...]:
            current = listed.namesake(made)
            if current is not None and same(current.configuration, made):
                return listed.configurations
            if expected.tag is not None and current is None:
                raise ConfigurationGoneError(name=made.friendly_name)
            if current is not None and expected.refuses(current):
                raise ConfigurationChangedError(mine=made, theirs=current)
            return self._bounded(place, listed.put(self._kept(actor, made, current)))

        kept = (await self._changed(place, put)).namesake(made)
        assert kept is not None  # noqa: S101 - `put` has put it there
        return kept

    async def _replaced(
        self,
        actor: Actor,
        place: Project,
        number: str,
        tag: str | None,
        make: Callable[[SavedConfiguration], SavedConfiguration],
    ) -> KeptConfiguration:
        """Keep what `make` makes of one configuration, if that is still as `tag` says."""

        def changed(listed: ConfigurationList) -> tuple[KeptConfiguration, ...]:
            current = found(listed, number, place.id)
            made = make(current.configuration)
            if same(current.configuration, made):
                return listed.configurations
            if tag is not None and current.tag != tag:
                raise ConfigurationChangedError(mine=made, theirs=current)
            other = listed.namesake(made)
            if other is not None and other.id != number:
                raise ConfigurationNameTakenError(
                    chart=made.chart, name=made.friendly_name, field="friendlyName"
                )
            return self._bounded(place, listed.put(self._kept(actor, made, current)))

        return found(await self._changed(place, changed), number, place.id)

    async def _changed(
        self,
        place: Project,
        change: Callable[[ConfigurationList], tuple[KeptConfiguration, ...]],
    ) -> ConfigurationList:
        """Replace the list by what `change` makes of it, again if another came in between."""
        for _ in range(_TRIES):
            listed = await self._records.configurations(place.id)
            wanted = change(listed)
            if wanted == listed.configurations:
                return listed
            if await self._records.replace_configurations(place.id, wanted, number=listed.number):
                return ConfigurationList(listed.number + 1, wanted)
        raise ConfigurationBusyError(project=place.id)

    def _kept(
        self, actor: Actor, made: SavedConfiguration, before: KeptConfiguration | None
    ) -> KeptConfiguration:
        size = size_of(made)
        if size > LARGEST:
            raise ConfigurationTooLargeError(
                name=made.friendly_name, size=kilobytes(size), most=kilobytes(LARGEST)
            )
        by, at = actor.username, self._clock()
        if before is not None:
            return before.changed(made, by=by, at=at)
        return KeptConfiguration(self._draw(), 1, made, changed_by=by, changed_at=at, set_by=by)

    def _bounded(
        self, place: Project, listed: tuple[KeptConfiguration, ...]
    ) -> tuple[KeptConfiguration, ...]:
        if len(listed) > MOST or not fits(listed):
            raise limit_reached(place)
        return listed

    def _audited(
        self, actor: Actor, verb: str, place: Project, made: SavedConfiguration
    ) -> AbstractAsyncContextManager[None]:
        target = "/".join((place.id, *made.identity))
        return audited(self._audit, actor.username, f"configuration.{verb}", target[:1000])


@dataclass(frozen=True, slots=True)
class _Made:
    configuration: SavedConfiguration
    notices: tuple[Problem, ...]


def found(listed: ConfigurationList, number: str, project: str) -> KeptConfiguration:
    kept = listed.of_id(number)
    if kept is None:
        raise ConfigurationNotFoundError(name=number[:80], project=project)
    return kept


def kilobytes(size: int) -> int:
    return -(-size // 1024)


def on_configuration(place: Project, verb: str, *words: str) -> Commands:
    return Commands(on_configurations(place, verb, *words), ON_PLATFORM_ONLY)
