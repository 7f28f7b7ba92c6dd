"""Gather what a person, their project and the region put into a launch."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from sardonyx.account.service import Accounts
from sardonyx.credentials.stand_ins import S3_VARIABLES, VAULT_TOKEN, stand_in
from sardonyx.launcher.context import ContextInputs, S3ProfileInputs, VaultInputs
from sardonyx.launcher.own_profiles import joined
from sardonyx.launcher.s3_profiles import (
    DEFAULT,
    S3Profile,
    offered_profiles,
    project_profile,
    region_profiles,
)
from sardonyx.projects.errors import NoPersonalProjectError
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.working_places import working_place
from sardonyx.values import JsonObject, Secret


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
        base, token, own = await asyncio.gather(
            _of_person(self._accounts, actor, project),
            self._accounts.git_token(actor, recent=True),
            self._accounts.storage.listed(actor, recent=True),
        )
        region = self._region
        storage = S3ProfileInputs(
            name=DEFAULT,
            endpoint=region.s3_endpoint,
            region=region.s3_region,
            working_directory=project.bucket,
            renewing=True,
        )
        return replace(
            base,
            git_token=token,
            vault=VaultInputs(
                url=region.vault_address, mount=region.vault_mount, top_dir=project.secrets_folder
            ),
            s3=storage,
            s3_profiles=joined((storage,), own),
            region=region.settings,
            domain=region.domain,
        )


class ClusterContexts:
    """LaunchContexts of a region with people, storage and secrets of an organisation.

    Where keys would stand there are stand-ins: what the chart needs is given at the launch itself
    (`credentials`), so that drafts and previews hold no key and ask no store.
    """

    def __init__(
        self,
        *,
        region: JsonObject,
        accounts: Accounts,
        personal_in_groups: bool = True,
    ) -> None:
        """personal_in_groups: whether launches in a group's project get the person's own names
        and tokens (launcher.md 14)."""
        self._region = region
        self._accounts = accounts
        self._personal_in_groups = personal_in_groups

    async def inputs(self, actor: Actor, project: Project) -> ContextInputs:
        """Return the inputs; the draft's random items are set by the launcher's caller.

        Raises SecretStoreUnavailableError: the Git token and the service password are there.
        """
        personal = project.group is None or self._personal_in_groups
        profiles, chosen = self._storage(actor, project, personal)
        base, token, own = await asyncio.gather(
            _of_person(self._accounts, actor, project),
            self._git_token(actor),
            self._accounts.storage.listed(actor, recent=True),
        )
        given, family = (_text(actor.claims.get(name)) for name in ("given_name", "family_name"))
        return replace(
            base,
            given_name=given,
            family_name=family,
            # Charts that admit one address only need the caller's: unknown admits nobody.
            ip="0.0.0.0",  # noqa: S104 - a value of charts, no socket
            claims=actor.claims,
            git_token=token if personal else None,
            vault=self._vault(project),
            s3=chosen,
            s3_profiles=joined(profiles, own),
            region=self._region,
            personal_injection=personal,
        )

    def _storage(
        self, actor: Actor, project: Project, personal: bool
    ) -> tuple[tuple[S3ProfileInputs, ...], S3ProfileInputs | None]:
        """Return the profiles of the region that the project offers, and its usual one."""
        username, group, claim = actor.username, project.group, actor.groups_claim
        found = region_profiles(self._region, actor.claims).profiles
        usual = project_profile(found, username=username, group=group)
        if usual is None:
            return (), None
        offered = []
        chosen = None
        for one in offered_profiles(found, username=username, group=group, groups_claim=claim):
            is_own = one.belongs_to(username=username, group=group, groups_claim=claim)
            is_usual_of_group = one == usual and one.speaks_of(username=username, group=group)
            # What is narrowed to the group's place works nowhere else.
            if one == usual or (group is not None and not is_own):
                place: str | None = f"{project.bucket}/{project.prefix}"
            else:
                place = working_place(self._region, one, username=username, group=group)
            made = _profile(
                one,
                place,
                "" if one == usual else one.name,
                # A group's own profile is nobody's in person: it stays where persons are kept out.
                is_from_region=personal or not (is_own or is_usual_of_group),
            )
            offered.append(made)
            chosen = made if one == usual else chosen
        return tuple(offered), chosen

    def _vault(self, project: Project) -> VaultInputs | None:
        vault = self._region.get("vault")
        address = _text(vault.get("URL")) if isinstance(vault, dict) else None
        if not isinstance(vault, dict) or address is None:
            return None
        return VaultInputs(
            url=address,
            mount=_text(vault.get("kvEngine")) or "kv",
            top_dir=project.secrets_folder,
            token=Secret(stand_in(VAULT_TOKEN)),
        )

    async def _git_token(self, actor: Actor) -> Secret | None:
        try:
            return await self._accounts.git_token(actor, recent=True)
        except NoPersonalProjectError:  # it is kept among one's own secrets
            return None


async def _of_person(accounts: Accounts, actor: Actor, project: Project) -> ContextInputs:
    """Return what a person and their project put into a launch anywhere; no token is in it."""
    preferences = await accounts.preferences(actor)
    language = preferences.language or "en"
    profile = await accounts.profiles.given(actor, language=language)
    return ContextInputs(
        username=actor.username,
        email=actor.email,
        full_name=actor.full_name,
        dark_mode=preferences.theme.value == "dark",
        language=language,
        profile=None if profile is None else profile.injected,
        profile_suggested=None if profile is None else profile.suggested,
        project_id=project.id,
        of_group=project.group is not None,
        project_password=await accounts.passwords.current(actor, project),
        git_name=preferences.git_name or actor.full_name,
        git_email=preferences.git_email or actor.email,
        git_credentials_cache_duration=preferences.git_cache_seconds,
    )


def _profile(
    profile: S3Profile, directory: str | None, asked: str, *, is_from_region: bool
) -> S3ProfileInputs:
    """Return the inputs of a profile. asked: how its keys are asked for, empty for the usual."""
    key, secret, session = (stand_in(variable, asked) for variable in S3_VARIABLES)
    return S3ProfileInputs(
        name=profile.name,
        endpoint=profile.endpoint,
        region=profile.region,
        path_style_access=profile.path_style_access,
        access_key_id=key,
        secret_access_key=Secret(secret),
        session_token=Secret(session),
        working_directory=directory,
        is_from_region=is_from_region,
        created=profile.created,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
