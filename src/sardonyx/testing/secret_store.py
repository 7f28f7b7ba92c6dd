"""A secret store in memory that refuses what a real one refuses."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from joserfc import jwt
from joserfc.errors import JoseError

from sardonyx.adapters.oidc.issuer import AUDIENCE, Issuer
from sardonyx.projects.models import Project
from sardonyx.projects.ports import IdentityProvider
from sardonyx.secrets.errors import (
    SecretConflictError,
    SecretNameError,
    SecretNotFoundError,
    SecretRefusedError,
)
from sardonyx.secrets.models import SecretFolder, SecretSet
from sardonyx.values import Secret


@dataclass(slots=True)
class MemorySecretStore:
    """A SecretStore: believes `issuer`; a person reaches the folder `user-<name>` alone.

    tokens: service tokens that live, with the folder they open.
    """

    identity: IdentityProvider
    issuer: Issuer
    held: dict[str, SecretSet] = field(default_factory=dict)
    tokens: dict[Secret, str] = field(default_factory=dict)

    async def list_folder(self, *, username: str, project: Project, path: str) -> SecretFolder:
        inner = path.strip("/")
        start = await self._full(username, project, inner) + "/"
        names = {
            first + slash
            for full in self.held
            if full.startswith(start)
            for first, slash, _ in [full.removeprefix(start).partition("/")]
            if not first.startswith(".")
        }
        return SecretFolder(
            path=inner,
            folders=tuple(sorted(name[:-1] for name in names if name.endswith("/"))),
            secrets=tuple(sorted(name for name in names if not name.endswith("/"))),
        )

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet:
        full = await self._full(username, project, path)
        if full not in self.held:
            raise SecretNotFoundError(path=path)
        return self.held[full]

    async def write(
        self,
        *,
        username: str,
        project: Project,
        path: str,
        entries: dict[str, Secret],
        expected_version: int | None = None,
    ) -> SecretSet:
        full = await self._full(username, project, path)
        current = self.held[full].version if full in self.held else 0
        if expected_version is not None and expected_version != current:
            raise SecretConflictError(path=path, current=current, expected=expected_version)
        self.held[full] = SecretSet(path, dict(entries), current + 1)
        return self.held[full]

    async def delete(self, *, username: str, project: Project, path: str) -> None:
        full = await self._full(username, project, path)
        if self.held.pop(full, None) is None:
            raise SecretNotFoundError(path=path)

    async def service_token(self, *, username: str, project: Project, service: str) -> Secret:
        folder = await self._full(username, project, "")
        token = Secret(f"s.{secrets.token_hex(12)}")
        self.tokens[token] = folder
        return token

    async def renew_service_token(self, token: Secret) -> None:
        if token not in self.tokens:
            raise SecretRefusedError(path="")

    async def revoke_service_token(self, token: Secret) -> None:
        self.tokens.pop(token, None)

    async def _full(self, username: str, project: Project, path: str) -> str:
        token = await self.identity.web_identity(username)
        try:
            claims = jwt.decode(token.reveal(), self.issuer.key, algorithms=["ES256"]).claims
        except JoseError as error:
            raise SecretRefusedError(path=path) from error
        expired = claims["exp"] < datetime.now(UTC).timestamp()
        if expired or claims["aud"] != AUDIENCE:
            raise SecretRefusedError(path=path)
        if project.secrets_folder != f"user-{claims['sub']}":
            raise SecretRefusedError(path=path)
        if path and {"", ".", ".."} & set(path.split("/")):
            raise SecretNameError(name=path)
        return f"{project.secrets_folder}/{path}".rstrip("/")
