"""Swap a person's token for short-lived S3 keys: AssumeRoleWithWebIdentity.

The same call on SeaweedFS, MinIO, Ceph or AWS. It is not signed: the token is the proof.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import httpx2

from sardonyx.adapters.s3.xml import AnswerError, parse, text
from sardonyx.files.errors import AccessRefusedError, StoreUnavailableError
from sardonyx.files.models import Access, S3Credentials
from sardonyx.projects.models import Project
from sardonyx.projects.ports import IdentityProvider
from sardonyx.values import Secret

ROLES: Mapping[Access, str] = {
    Access.READ_WRITE: "arn:aws:iam::role/UserRole",
    Access.READ_ONLY: "arn:aws:iam::role/ReadOnlyRole",
}
# Half of an hour is well over the 15 minutes below which SDKs ask again at every request.
_REUSED_SHARE = 0.5
_SECONDS = 20.0


class WebIdentityBroker:
    """A CredentialBroker on STS. Keeps one set of keys per person, project and access.

    Keys are reused during the first half of their life. The cache holds as many sets as there
    are people times projects; expired ones are dropped when others are asked for.
    """

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
        """`duration` None leaves the life of the keys to the store (900 s to 12 h else)."""
        self._identity = identity
        self._client = client
        self._endpoint = endpoint
        self._region = region
        self._duration = duration
        self._now = now
        self._kept: dict[tuple[str, str, Access], tuple[S3Credentials, datetime]] = {}
        self._swapping = asyncio.Lock()

    async def credentials(
        self, *, username: str, project: Project, access: Access = Access.READ_WRITE
    ) -> S3Credentials:
        """Return keys in the first half of their life.

        Raises StoreUnavailableError, or AccessRefusedError when the store refuses the person.
        """
        wanted = (username, project.id, access)
        async with self._swapping:  # many readers at once make one swap
            now = self._now()
            self._kept = {key: kept for key, kept in self._kept.items() if kept[1] > now}
            if wanted not in self._kept:
                token = await self._identity.web_identity(username)
                keys = await self._swap(token, username, project, access)
                self._kept[wanted] = (keys, now + (keys.expiration - now) * _REUSED_SHARE)
            return self._kept[wanted][0]

    async def _swap(
        self, token: Secret, username: str, project: Project, access: Access
    ) -> S3Credentials:
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": ROLES[access],
            # Two to 64 characters, and a person's name may be one letter.
            "RoleSessionName": f"sardonyx-{username}"[:64],
            "WebIdentityToken": token.reveal(),
        }
        if self._duration is not None:
            form["DurationSeconds"] = str(int(self._duration.total_seconds()))
        try:
            answer = await self._client.post(self._endpoint, data=form, timeout=_SECONDS)
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
            endpoint=self._endpoint,
            region=self._region,
        )


class _RefusalError(Exception):
    """The reason a store gives (its error code), kept as the cause of our error."""
