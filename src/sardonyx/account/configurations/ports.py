"""What saved configurations need from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sardonyx.account.configurations.models import ConfigurationList, KeptConfiguration
from sardonyx.done import Done
from sardonyx.errors import Problem
from sardonyx.launcher.own_profiles import OwnProfile
from sardonyx.projects.models import Actor
from sardonyx.services.launching import LaunchRequest, OpenDraft, Opening
from sardonyx.services.models import Service


class ConfigurationRecords(Protocol):
    """Keeps each project's list, whole: a list is read and replaced as one."""

    async def configurations(self, project: str) -> ConfigurationList:
        """Return what is kept, an empty list where nothing was.

        Raises ConfigurationsUnreadableError: what cannot be read is never taken for empty.
        """

    async def replace_configurations(
        self, project: str, kept: Sequence[KeptConfiguration], *, number: int
    ) -> bool:
        """Keep `kept` in place of list `number`; its number is one higher then.

        False, and nothing changes, where the list is no longer that one.
        """


class Stores(Protocol):
    """Keeps the storage that a file describes among the person's own."""

    async def take_over(
        self, actor: Actor, profiles: Sequence[OwnProfile]
    ) -> Mapping[str, OwnProfile | Problem]:
        """Return by the name in the file what each is kept as, or why it is not.

        Raises NoPersonalProjectError, SecretStoreUnavailableError.
        """


class Launcher(Protocol):
    """Opens and launches drafts: what saved configurations need of the services."""

    async def open_request(
        self, actor: Actor, *, project: str, request: LaunchRequest, language: str = "en"
    ) -> OpenDraft:
        """Return the draft that `request` asks for. Raises ChartNotFoundError and its kin."""

    async def open_draft(
        self, actor: Actor, *, project: str, opening: Opening, language: str = "en"
    ) -> OpenDraft:
        """Return a draft of the launcher. Raises ChartNotFoundError and its kin."""

    async def launch_once(
        self,
        actor: Actor,
        *,
        project: str,
        request: LaunchRequest,
        language: str = "en",
        idempotency_key: str | None = None,
    ) -> Done[Service]:
        """Launch; the same key with the same request launches once. Raises LaunchRefusedError."""
