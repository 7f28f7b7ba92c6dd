"""What giving credentials to releases needs from outside, and what a runtime asks of it."""

from __future__ import annotations

from typing import Protocol

from sardonyx.credentials.models import Issued, Reissued, ReleaseGrant, SecretsToken
from sardonyx.projects.models import Project
from sardonyx.services.models import LaunchPlan
from sardonyx.values import JsonObject


class ReleaseCredentials(Protocol):
    """Puts into a release's values what it needs; a runtime calls it, whatever the chart is.

    A context holds only stand-ins for keys, so a plan must pass `issue` before it is sent.
    """

    async def issue(self, plan: LaunchPlan) -> Issued:
        """Return the plan to send at install and upgrade.

        A chart that renews gets the address and a token of the renewing endpoint (the present
        token where the plan's values still hold it), any other one gets keys in the places
        where stand-ins were. Both are among the `secret_paths` of the answer. Nothing to give:
        the plan itself. Raises StorageProfileGoneError, StoreUnavailableError, AccessRefusedError,
        SecretStoreUnavailableError, SecretRefusedError, OwnerAwayError, OwnerLeftError.
        """

    async def reissue(
        self, *, project: str, release: str, owner: str, values: JsonObject, s3_profile: str = ""
    ) -> Reissued:
        """Return what to lay over `values` when the release is resumed or rolled back.

        values: those it will start with. s3_profile: the storage profile that the cluster
        remembers, for a release whose grant is not known. Raises as `issue`.
        """

    async def revoke(self, *, project: str, release: str) -> None:
        """Make the release's token worthless; call at delete. Nothing issued is no fault."""


class ReleaseGrants(Protocol):
    """Keeps grants, one for each release of a project."""

    async def save(self, grant: ReleaseGrant) -> None:
        """Keep the grant in the place of the release's former one."""

    async def of_release(self, project: str, release: str) -> ReleaseGrant | None: ...

    async def of_token(self, token_sha256: str) -> ReleaseGrant | None:
        """Return the grant of a token's digest; an empty digest is nobody's."""

    async def drop(self, project: str, release: str) -> None:
        """Forget the grant; one already gone is no fault."""


class KnownReleases(Protocol):
    """Knows which releases there are, whoever made or removed them."""

    async def exists(self, project: str, release: str) -> bool:
        """Return False when the release is surely gone; True also when nobody can tell."""


class SecretsTokens(Protocol):
    """Gives services their way to the secret store."""

    async def secrets_token(self, *, username: str, project: Project) -> SecretsToken | None:
        """Return a token that reads the project's folder, None where the region has no store.

        Raises SecretStoreUnavailableError, SecretRefusedError.
        """
