"""What is kept and given so that a release reaches storage and secrets as its owner."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sardonyx.services.models import LaunchPlan
from sardonyx.values import JsonObject, Path, Secret


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """A place in a release's values where a plain key stands.

    variable: the context's (`AWS_ACCESS_KEY_ID`, …, `VAULT_TOKEN`). digests: of what was put
    there, the newest first, so that what a person wrote there instead is left alone. profile: the
    storage profile it is of, empty for the one the project works with.
    """

    path: Path
    variable: str
    digests: tuple[str, ...]
    profile: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseGrant:
    """What the platform remembers of one release's credentials; no secret is among it.

    token_sha256: hexadecimal digest of the token its pods renew with, empty when it was given
    plain keys, whose places are `key_places`. profile: the storage profile it was launched with,
    empty for the one the project works with.
    """

    project: str
    release: str
    owner: str
    token_sha256: str = ""
    key_places: tuple[KeyPlace, ...] = ()
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """A plan with its credentials in its values. keys_until: when plain keys end, else None."""

    plan: LaunchPlan
    keys_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reissued:
    """What to lay over the values of a release that starts again; empty where nothing ends.

    secret_paths: the places in `values` that must never be shown.
    """

    values: JsonObject = field(default_factory=dict, repr=False)
    secret_paths: frozenset[Path] = frozenset()
    keys_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SecretsToken:
    """A token of the secret store for one service, and when it ends (UTC)."""

    token: Secret
    expires: datetime
