"""Keep secrets in OpenBao or Vault (KV version 2), acting as the person: the store enforces.

The client blocks, so each call runs in a worker thread. Nothing is logged: requests carry
secrets.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ssl import SSLContext
from typing import Any, TypeVar

import hvac
from hvac import exceptions

from sardonyx.adapters.openbao.server import LOGIN, MOUNT, SERVICE_ROLE, USER_ROLE
from sardonyx.adapters.openbao.session import faults_translated, open_session
from sardonyx.credentials.models import SecretsToken
from sardonyx.projects.models import Project
from sardonyx.projects.ports import IdentityProvider
from sardonyx.secrets.errors import (
    SecretConflictError,
    SecretNameError,
    SecretRefusedError,
)
from sardonyx.secrets.models import SecretFolder, SecretSet
from sardonyx.values import Secret

T = TypeVar("T")
_SECONDS = 20
# A login is used for this share of its life, then replaced.
_REUSED_SHARE = 0.9
_CONFLICT = "check-and-set parameter did not match"
_MOST_LOGINS = 10_000


@dataclass(frozen=True, slots=True)
class Entrance:
    """How people and services get in. mount: of the KV engine; login: path of the JWT login.

    role: of people; service_role: of services in a personal project; group_role: of those in a
    group's, with `$1` for the project's id, empty where such services get no token: a token of
    the person who launched them would show their own secrets to every member.
    """

    mount: str = MOUNT
    login: str = LOGIN
    role: str = USER_ROLE
    service_role: str = SERVICE_ROLE
    group_role: str = ""


class OpenBaoStore:
    """A SecretStore that signs in by the person's OpenID Connect token (JWT login).

    Keeps one login per person until 90 % of its life has passed.
    """

    def __init__(
        self,
        *,
        identity: IdentityProvider,
        address: str,
        entrance: Entrance | None = None,
        trusted: SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """trusted: what verifies the store; None: the public authorities alone."""
        self._identity = identity
        self._address = address
        self._entrance = entrance or Entrance()
        self._now = now
        self._session = open_session(trusted)
        self._logins: dict[str, tuple[Secret, datetime]] = {}

    async def list_folder(self, *, username: str, project: Project, path: str) -> SecretFolder:
        """Return the folder; a path without secrets is an empty folder."""
        inner = path.strip("/")
        full = _full(project, inner) if inner else project.secrets_folder

        def ask(client: Any) -> list[str]:  # noqa: ANN401 - hvac has no types
            try:
                answer = client.secrets.kv.v2.list_secrets(
                    path=full, mount_point=self._entrance.mount
                )
            except exceptions.InvalidPath:
                return []
            names: list[str] = answer["data"]["keys"]
            return names

        names = await self._as_person(username, inner, ask)
        shown = sorted(name for name in names if not name.startswith("."))
        return SecretFolder(
            path=inner,
            folders=tuple(name.rstrip("/") for name in shown if name.endswith("/")),
            secrets=tuple(name for name in shown if not name.endswith("/")),
        )

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet:
        """Return the newest version. Raises SecretNotFoundError."""
        full = _full(project, path)

        def ask(client: Any) -> SecretSet:  # noqa: ANN401
            answer = client.secrets.kv.v2.read_secret_version(
                path=full, mount_point=self._entrance.mount, raise_on_deleted_version=True
            )["data"]
            entries = {name: Secret(_as_text(value)) for name, value in answer["data"].items()}
            return SecretSet(path, entries, answer["metadata"]["version"])

        return await self._as_person(username, path, ask)

    async def write(
        self,
        *,
        username: str,
        project: Project,
        path: str,
        entries: dict[str, Secret],
        expected_version: int | None = None,
    ) -> SecretSet:
        """Store the set as a new version. Raises SecretConflictError when another was first."""
        full = _full(project, path)
        plain = {name: value.reveal() for name, value in entries.items()}

        def ask(client: Any) -> SecretSet:  # noqa: ANN401
            try:
                answer = client.secrets.kv.v2.create_or_update_secret(
                    path=full, secret=plain, cas=expected_version, mount_point=self._entrance.mount
                )
            except exceptions.InvalidRequest as error:
                if _CONFLICT not in str(error):
                    raise
                current = _current_version(client, full, self._entrance.mount)
                raise SecretConflictError(
                    path=path, current=current, expected=expected_version or 0
                ) from error
            return SecretSet(path, dict(entries), answer["data"]["version"])

        return await self._as_person(username, path, ask)

    async def delete(self, *, username: str, project: Project, path: str) -> None:
        """Delete the secret with its history. Raises SecretNotFoundError."""
        full = _full(project, path)

        def ask(client: Any) -> None:  # noqa: ANN401
            # Deleting metadata succeeds for what never was: ask first.
            client.secrets.kv.v2.read_secret_metadata(path=full, mount_point=self._entrance.mount)
            client.secrets.kv.v2.delete_metadata_and_all_versions(
                path=full, mount_point=self._entrance.mount
            )

        await self._as_person(username, path, ask)

    async def service_token(self, *, username: str, project: Project, service: str) -> Secret:
        """Return a periodic token: it lives as long as it is renewed (30 days at a time)."""
        token, _ = await self._log_in(username, self._entrance.service_role)
        return token

    async def secrets_token(self, *, username: str, project: Project) -> SecretsToken | None:
        """Return a token for a service of the project, and its end; None: such get none."""
        role = self._entrance.service_role
        if project.group is not None:
            role = self._entrance.group_role.replace("$1", project.id)
        if not role:
            return None
        token, life = await self._log_in(username, role)
        return SecretsToken(token, self._now() + life)

    async def renew_service_token(self, token: Secret) -> None:
        """Give the token its whole period again. Raises SecretRefusedError when it is dead."""
        await self._with_token(token, "", lambda client: client.auth.token.renew_self())

    async def revoke_service_token(self, token: Secret) -> None:
        """Make the token worthless; one already gone is no fault."""
        try:
            await self._with_token(token, "", lambda client: client.auth.token.revoke_self())
        except SecretRefusedError:
            return

    async def _as_person(self, username: str, path: str, ask: Callable[[Any], T]) -> T:
        """Run `ask` with the person's login; a login the store forgot is replaced once."""
        kept = self._logins.get(username)
        if kept is not None and kept[1] > self._now():
            try:
                return await self._with_token(kept[0], path, ask)
            except SecretRefusedError:
                self._logins.pop(username, None)
        token, life = await self._log_in(username, self._entrance.role)
        now = self._now()
        if len(self._logins) >= _MOST_LOGINS:
            self._logins = {name: login for name, login in self._logins.items() if login[1] > now}
        self._logins[username] = (token, now + life * _REUSED_SHARE)
        return await self._with_token(token, path, ask)

    async def _log_in(self, username: str, role: str) -> tuple[Secret, timedelta]:
        identity = await self._identity.web_identity(username)

        def ask(client: Any) -> tuple[Secret, timedelta]:  # noqa: ANN401
            try:
                answer = client.auth.jwt.jwt_login(
                    role=role, jwt=identity.reveal(), use_token=False, path=self._entrance.login
                )["auth"]
            except exceptions.InvalidRequest as error:  # its word for a token it does not believe
                raise SecretRefusedError(path="") from error
            return Secret(answer["client_token"]), timedelta(seconds=answer["lease_duration"])

        return await self._with_token(Secret(""), "", ask)

    async def _with_token(self, token: Secret, path: str, ask: Callable[[Any], T]) -> T:
        def call() -> T:
            client = hvac.Client(
                url=self._address, token=token.reveal(), session=self._session, timeout=_SECONDS
            )
            with faults_translated(path=path):
                return ask(client)

        return await asyncio.to_thread(call)


def _current_version(client: Any, full: str, mount: str) -> int:  # noqa: ANN401
    try:
        metadata = client.secrets.kv.v2.read_secret_metadata(path=full, mount_point=mount)
    except exceptions.InvalidPath:
        return 0
    version: int = metadata["data"]["current_version"]
    return version


def _full(project: Project, path: str) -> str:
    """Return the path in the store. Raises SecretNameError for what a URL would bend."""
    if {"", ".", ".."} & set(path.split("/")) or not path.isprintable():
        raise SecretNameError(name=path)
    return f"{project.secrets_folder}/{path}"


def _as_text(value: object) -> str:
    """Return a value as text; what another tool stored as JSON stays JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
