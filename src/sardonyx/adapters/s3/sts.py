"""Swap a person's token for short-lived S3 keys: AssumeRoleWithWebIdentity.

The same call on SeaweedFS, MinIO, Ceph or AWS. It is not signed: the token is the proof.
Which role, where and how narrow is said by `StorageRoles`.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias
from weakref import WeakValueDictionary

import httpx2

from sardonyx.adapters.s3.home_roles import ROLES
from sardonyx.adapters.s3.xml import AnswerError, parse, text
from sardonyx.files.errors import (
    AccessRefusedError,
    StorageProfileGoneError,
    StoreUnavailableError,
)
from sardonyx.files.models import Access, S3Credentials
from sardonyx.launcher.s3_profiles import DEFAULT
from sardonyx.projects.models import Project
from sardonyx.projects.ports import IdentityProvider
from sardonyx.values import JsonObject, Secret

# Half of an hour is well over the 15 minutes below which SDKs ask again at every request.
_REUSED_SHARE = 0.5
_SECONDS = 20.0
# People times projects times accesses times profiles; the one used longest ago goes first.
_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """What to ask of STS. endpoint: of the store; address: of its STS; both URLs.

    arn: empty for a store that knows the role from the token. duration None leaves the life of
    the keys to the store (900 s to 12 h else). policy: narrows what the role allows.
    """

    endpoint: str
    address: str
    session_name: str
    arn: str = ""
    region: str = "us-east-1"
    duration: timedelta | None = None
    policy: JsonObject = field(default_factory=dict)


class StorageRoles(Protocol):
    """Says which role a person takes in a project."""

    async def role(
        self, *, username: str, project: Project, access: Access, profile: str | None = None
    ) -> AssumedRole:
        """Return the role of a profile; None: of the one the project works with.

        Raises AccessRefusedError where there is none for the person, StorageProfileGoneError
        where the project does not offer them that profile now.
        """


_Wanted: TypeAlias = tuple[str, str, Access, str | None]


@dataclass(frozen=True, slots=True)
class _Kept:
    role: AssumedRole
    keys: S3Credentials
    until: datetime


class RoleBroker:
    """A CredentialBroker on STS. Keeps one set of keys per person, project, access and profile.

    Keys are reused during the first half of their life; many readers at once make one swap, and
    a slow one holds up nobody else.
    """

    def __init__(
        self,
        *,
        identity: IdentityProvider,
        client: httpx2.AsyncClient,
        roles: StorageRoles,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._identity = identity
        self._client = client
        self._roles = roles
        self._now = now
        self._kept: OrderedDict[_Wanted, _Kept] = OrderedDict()
        self._swapping: WeakValueDictionary[_Wanted, asyncio.Lock] = WeakValueDictionary()

    async def credentials(
        self,
        *,
        username: str,
        project: Project,
        access: Access = Access.READ_WRITE,
        profile: str | None = None,
    ) -> S3Credentials:
        """Return keys in the first half of their life.

        A profile asked by its name is looked up each time: whoever left the group it was kept for
        gets none of the keys of before. Raises StorageProfileGoneError, StoreUnavailableError, or
        AccessRefusedError when the store refuses the person.
        """
        wanted = (username, project.id, access, profile)
        lock = self._swapping.setdefault(wanted, asyncio.Lock())
        async with lock:
            now = self._now()
            kept = self._kept.get(wanted)
            is_fresh = kept is not None and kept.until > now
            if kept is None or not is_fresh or profile is not None:
                role = await self._roles.role(
                    username=username, project=project, access=access, profile=profile
                )
                if kept is None or not is_fresh or kept.role != role:
                    token = await self._identity.web_identity(username)
                    keys = await self._swap(role, token, project)
                    until = now + (keys.expiration - now) * _REUSED_SHARE
                    kept = _Kept(role, keys, until)
                    self._keep(wanted, kept)
            self._kept.move_to_end(wanted)
            return kept.keys

    def _keep(self, wanted: _Wanted, kept: _Kept) -> None:
        self._kept[wanted] = kept
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    async def _swap(self, role: AssumedRole, token: Secret, project: Project) -> S3Credentials:
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleSessionName": role.session_name,
            "WebIdentityToken": token.reveal(),
        }
        if role.arn:
            form["RoleArn"] = role.arn
        if role.duration is not None:
            form["DurationSeconds"] = str(int(role.duration.total_seconds()))
        if role.policy:
            form["Policy"] = json.dumps(role.policy)
        try:
            answer = await self._client.post(role.address, data=form, timeout=_SECONDS)
            root = parse(answer.content)
        except (httpx2.HTTPError, AnswerError) as error:
            raise StoreUnavailableError from error
        if answer.is_client_error:
            raise AccessRefusedError(bucket=project.bucket) from _RefusalError(text(root, "Code"))
        keys = [text(root, name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        expiration = text(root, "Expiration")
        if not answer.is_success or not all(keys) or not expiration:
            raise StoreUnavailableError from _RefusalError(text(root, "Code"))
        return S3Credentials(
            access_key_id=keys[0],
            secret_access_key=Secret(keys[1]),
            session_token=Secret(keys[2]),
            expiration=datetime.fromisoformat(expiration).astimezone(UTC),
            endpoint=role.endpoint,
            region=role.region,
        )


class WebIdentityBroker(RoleBroker):
    """The broker of one machine's store, where everybody has the same two roles and one profile."""

    def __init__(
        self,
        *,
        identity: IdentityProvider,
        client: httpx2.AsyncClient,
        endpoint: str,
        region: str = "us-east-1",
        duration: timedelta | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        roles = _SameRoles(endpoint=endpoint, region=region, duration=duration)
        super().__init__(identity=identity, client=client, roles=roles, now=now)


@dataclass(frozen=True, slots=True)
class _SameRoles:
    endpoint: str
    region: str
    duration: timedelta | None

    async def role(
        self, *, username: str, project: Project, access: Access, profile: str | None = None
    ) -> AssumedRole:
        if profile is not None and profile != DEFAULT:
            raise StorageProfileGoneError(profile=profile, project=project.id)
        return AssumedRole(
            endpoint=self.endpoint,
            address=self.endpoint,
            # Two to 64 characters, and a person's name may be one letter.
            session_name=f"sardonyx-{username}"[:64],
            arn=ROLES[access],
            region=self.region,
            duration=self.duration,
        )


class _RefusalError(Exception):
    """The reason a store gives (its error code), kept as the cause of our error."""
