"""Gather what a person, their project and the region put into a launch."""

from __future__ import annotations

from dataclasses import dataclass, field

from sardonyx.account.service import Accounts
from sardonyx.launcher.context import ContextInputs, S3ProfileInputs, VaultInputs
from sardonyx.projects.models import Actor, Project
from sardonyx.values import JsonObject


@dataclass(frozen=True, slots=True)
class Region:
    """What this platform offers. Addresses are URLs; domain is `localhost:8000` and the like.

    settings: Onyxia's region object, empty where an administrator set nothing.
    """

    domain: str
    s3_endpoint: str
    s3_region: str
    vault_address: str
    vault_mount: str
    settings: JsonObject = field(default_factory=dict)


class RegionContexts:
    """LaunchContexts of a platform whose services get renewing credentials.

    The context names storage and secrets without keys: those are issued to the service itself
    when it starts, so that no draft of a form ever holds one.
    """

    def __init__(self, *, region: Region, accounts: Accounts) -> None:
        self._region = region
        self._accounts = accounts

    async def inputs(self, actor: Actor, project: Project) -> ContextInputs:
        """Return the inputs; the draft's random items are set by the launcher's caller.

        Raises SecretStoreUnavailableError: the Git token and the service password are there.
        """
        preferences = await self._accounts.preferences(actor)
        region = self._region
        profile = S3ProfileInputs(
            name="default",
            endpoint=region.s3_endpoint,
            region=region.s3_region,
            working_directory=project.bucket,
            renewing=True,
        )
        return ContextInputs(
            username=actor.username,
            email=actor.email,
            full_name=actor.full_name,
            dark_mode=preferences.theme.value == "dark",
            language=preferences.language or "en",
            project_id=project.id,
            project_password=await self._accounts.service_password(actor, project),
            git_name=preferences.git_name or actor.full_name,
            git_email=preferences.git_email or actor.email,
            git_token=await self._accounts.git_token(actor),
            vault=VaultInputs(
                url=region.vault_address, mount=region.vault_mount, top_dir=project.secrets_folder
            ),
            s3=profile,
            s3_profiles=(profile,),
            region=region.settings,
            domain=region.domain,
        )
