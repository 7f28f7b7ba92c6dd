"""Serve a project's saved configurations: launch them, and exchange them as files.

The half of `Configurations` that reads the list; `changes` changes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from sardonyx.account.configurations.changes import (
    ConfigurationChanges,
    kilobytes,
    limit_reached,
    on_configuration,
)
from sardonyx.account.configurations.commands import on_configurations
from sardonyx.account.configurations.errors import ImportFormatError, ImportTooLargeError
from sardonyx.account.configurations.exchange import PROFILES, free_name, read_document
from sardonyx.account.configurations.keeping import keepable
from sardonyx.account.configurations.models import (
    LARGEST_IMPORT,
    MOST,
    Clash,
    ConfigurationList,
    Imported,
    KeptConfiguration,
    Skipped,
)
from sardonyx.done import ON_PLATFORM_ONLY, Commands, Done
from sardonyx.errors import PlatformError, Problem, UserError
from sardonyx.launcher.configurations import (
    SavedConfiguration,
    configuration_of_values,
    same,
    values_of_draft,
    write_configurations,
)
from sardonyx.launcher.models import warning
from sardonyx.launcher.own_profiles import OwnProfile
from sardonyx.projects.audit import audited
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.service import authorised_project
from sardonyx.services.launching import FRIENDLY_LENGTH, Opening, checked_friendly
from sardonyx.services.models import Service
from sardonyx.text import N_, Text
from sardonyx.values import Json

__all__ = ["Configurations", "Launched", "ValuesOf"]


@dataclass(frozen=True, slots=True)
class Launched:
    """A service that a saved configuration began; notices: another version had to be taken."""

    service: Service
    notices: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class ValuesOf:
    """Which chart a values.yaml is of, and what the configuration made of it is called."""

    chart: str
    friendly_name: str
    catalog: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One of an import that may be kept, with the warnings about it."""

    configuration: SavedConfiguration
    notices: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _TakenOver:
    """What became of a file's storage. names: those it has now, by those of the file."""

    names: dict[str, str] = field(default_factory=dict)
    notices: list[Problem] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


class Configurations(ConfigurationChanges):
    """The saved configurations of every project."""

    async def launch(
        self,
        actor: Actor,
        project: str,
        number: str,
        *,
        language: str = "en",
        idempotency_key: str | None = None,
    ) -> Done[Launched]:
        """Launch one at once. Raises LaunchRefusedError, ChartNotFoundError and their kin."""
        place = authorised_project(actor, project)
        kept = await self.show(actor, project, number)
        request, notices = self.request(actor, place, kept.configuration)
        done = await self._launcher.launch_once(
            actor,
            project=place.id,
            request=request,
            language=language,
            idempotency_key=idempotency_key,
        )
        ours = on_configuration(place, "launch", number).platform
        commands = Commands(ours, done.commands.underneath)
        return Done(Launched(done.result, notices), commands)

    async def export(self, actor: Actor, project: str) -> list[Json]:
        """Return all of them in their order, as Onyxia's portal reads them."""
        listed = await self.list(actor, project)
        return write_configurations(one.configuration for one in listed.configurations)

    async def values(
        self, actor: Actor, project: str, number: str, *, language: str = "en"
    ) -> tuple[KeptConfiguration, str]:
        """Return one, and the values that it launches with as values.yaml, without secrets.

        Raises ConfigurationNotFoundError, ChartNotFoundError and its kin.
        """
        place = authorised_project(actor, project)
        kept = await self.show(actor, project, number)
        opened = await self.opened(actor, place, kept.configuration, language=language)
        return kept, values_of_draft(opened.draft)

    async def import_document(
        self,
        actor: Actor,
        project: str,
        content: bytes,
        *,
        clash: Clash = Clash.SKIP,
        language: str = "en",
    ) -> Done[Imported]:
        """Keep the configurations of a file, those that can be, and the storage they name.

        One whose chart is unknown here is left out: which of its settings are secret cannot be
        told without its schema. Raises ImportFormatError, ImportTooLargeError,
        ConfigurationLimitError; then no configuration is kept.
        """
        place = authorised_project(actor, project)
        async with self._audited_import(actor, place):
            read = read_document(_bounded(content))
            if len(read.configurations) > MOST:  # each of them is judged by a draft of its own
                raise limit_reached(place)
            skipped = [
                Skipped("", problem) for problem in read.problems if problem.level == "error"
            ]
            notices = tuple(problem for problem in read.problems if problem.level != "error")
            storage = await self._taken_over(actor, read.profiles)
            notices += tuple(storage.notices)
            skipped += storage.skipped
            candidates: list[_Candidate] = []
            draft_id: str | None = None
            for written in read.configurations:
                store = written.s3_profile or ""
                one = replace(written, s3_profile=storage.names.get(store, written.s3_profile))
                try:
                    draft_id, candidate = await self._judged(
                        actor, place, one, language=language, draft_id=draft_id
                    )
                except UserError as refused:
                    skipped.append(Skipped(one.friendly_name, _reason(refused)))
                else:
                    candidates.append(candidate)
            imported = await self._added(actor, place, candidates, clash)
        result = Imported(
            imported.saved, (*skipped, *imported.skipped), (*notices, *imported.notices)
        )
        return Done(result, _import_commands(place, clash))

    async def import_values(
        self,
        actor: Actor,
        project: str,
        content: bytes,
        of: ValuesOf,
        *,
        clash: Clash = Clash.SKIP,
        language: str = "en",
    ) -> Done[Imported]:
        """Keep a values.yaml of a chart as a configuration. Raises as `import_document`."""
        place = authorised_project(actor, project)
        async with self._audited_import(actor, place):
            text = _text(_bounded(content))
            opened = await self._launcher.open_draft(
                actor,
                project=place.id,
                opening=Opening(of.chart, of.catalog, of.version),
                language=language,
            )
            read = configuration_of_values(
                opened.draft,
                text,
                friendly_name=checked_friendly(of.friendly_name),
                shared=None if place.group is None else False,
            )
            if not read.configurations:
                reason = read.problems[0].message.in_language(language)
                raise ImportFormatError(reason=reason, problems=read.problems, field="file")
            _, candidate = await self._judged(
                actor, place, read.configurations[0], language=language, draft_id=opened.id
            )
            notices = (*read.problems, *candidate.notices)
            one = _Candidate(candidate.configuration, notices)
            imported = await self._added(actor, place, [one], clash)
        return Done(imported, _import_commands(place, clash))

    async def _judged(
        self,
        actor: Actor,
        place: Project,
        one: SavedConfiguration,
        *,
        language: str,
        draft_id: str | None,
    ) -> tuple[str, _Candidate]:
        """Return what may be kept of one of a file. Raises ChartNotFoundError and its kin.

        The version it is pinned to stays, also where only another one is listed here.
        """
        words = checked_friendly(one.friendly_name)
        _, told = self.request(actor, place, one)
        opened = await self.opened(actor, place, one, language=language, draft_id=draft_id)
        judged = keepable(opened, by_name=bool(told))
        made = replace(
            one,
            friendly_name=words,
            patch=judged.patch,
            shared=None if place.group is None else one.shared,
        )
        return opened.id, _Candidate(made, (*told, *judged.notices))

    async def _added(
        self, actor: Actor, place: Project, candidates: Sequence[_Candidate], clash: Clash
    ) -> Imported:
        """Keep all of them in one change of the list, or raise and keep none."""
        saved: list[KeptConfiguration] = []
        skipped: list[Skipped] = []

        def added(listed: ConfigurationList) -> tuple[KeptConfiguration, ...]:
            saved.clear()
            skipped.clear()
            for candidate in candidates:
                one = candidate.configuration
                namesake = listed.namesake(one)
                if namesake is not None and same(namesake.configuration, one):
                    saved.append(namesake)
                    continue
                if namesake is not None and clash is Clash.SKIP:
                    skipped.append(Skipped(one.friendly_name, _taken(one)))
                    continue
                if namesake is not None and clash is Clash.RENAME:
                    one, namesake = _renamed(one, listed), None
                kept = self._kept(actor, one, namesake)
                saved.append(kept)
                listed = ConfigurationList(listed.number, listed.put(kept))
            return self._bounded(place, listed.configurations)

        await self._changed(place, added)
        notices = tuple(notice for candidate in candidates for notice in candidate.notices)
        return Imported(tuple(saved), tuple(skipped), notices)

    async def _taken_over(self, actor: Actor, profiles: Sequence[OwnProfile]) -> _TakenOver:
        """Keep a file's storage as the person's own, as far as it can be."""
        told = _TakenOver()
        if not profiles:
            return told
        kept: Mapping[str, OwnProfile | Problem] = {}
        try:
            kept = await self._stores.take_over(actor, profiles)
        except PlatformError:  # they have no project of their own, or it cannot be reached now
            names = ", ".join(one.name for one in profiles)[:200]
            text = N_("The storage profiles of the file were not taken over: {names}.")
            told.notices.append(warning((PROFILES,), "profiles_not_imported", text, names=names))
        for name, made in kept.items():
            if isinstance(made, Problem):
                told.skipped.append(Skipped(name[:100], made))
                continue
            told.names[name] = made.name
            text = N_("The storage “{name}” at {url} is now among yours; it was not tried.")
            problem = warning((PROFILES,), "profile_imported", text, name=made.name, url=made.url)
            told.notices.append(problem)
        return told

    def _audited_import(self, actor: Actor, place: Project) -> AbstractAsyncContextManager[None]:
        return audited(self._audit, actor.username, "configuration.import", place.id)


def _bounded(content: bytes) -> bytes:
    if len(content) > LARGEST_IMPORT:
        raise ImportTooLargeError(most=kilobytes(LARGEST_IMPORT), field="file")
    return content


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ImportFormatError(reason="UTF-8", field="file") from fault


def _renamed(one: SavedConfiguration, listed: ConfigurationList) -> SavedConfiguration:
    taken = {
        kept.configuration.friendly_name
        for kept in listed.configurations
        if kept.configuration.identity[:2] == one.identity[:2]
    }
    return replace(one, friendly_name=free_name(one.friendly_name, taken, longest=FRIENDLY_LENGTH))


def _taken(one: SavedConfiguration) -> Problem:
    words = N_("A saved configuration of “{chart}” is already called “{name}”.")
    values = {"chart": one.chart, "name": one.friendly_name}
    return Problem("", "configuration_name_taken", "error", Text(words, values))


def _reason(refused: PlatformError) -> Problem:
    return Problem("", refused.code, "error", refused.detail_text())


def _import_commands(place: Project, clash: Clash) -> Commands:
    words = ("import", "FILE", "--clash", clash.value)
    return Commands(on_configurations(place, *words), ON_PLATFORM_ONLY)
