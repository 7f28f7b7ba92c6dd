"""What every IdentityProvider does: know people, and vouch for them by verifiable tokens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from sardonyx.projects.errors import SignInRequiredError
from sardonyx.projects.ports import IdentityProvider

ALGORITHMS = ["ES256", "RS256"]


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider to test, a person it knows, and how its public keys are had."""

    identity: IdentityProvider
    known: str
    issuer: str
    keys: Callable[[], Awaitable[KeySet]]


class IdentityProviderContract:
    """Subclasses give the fixture `provider`."""

    async def test_a_person_has_a_project_of_their_own(self, provider: Provider) -> None:
        actor = await provider.identity.actor(provider.known)
        assert actor.username == provider.known
        assert actor.personal_project.bucket == f"user-{provider.known}"
        assert actor.full_name
        assert "@" in actor.email

    async def test_somebody_unknown_is_refused(self, provider: Provider) -> None:
        with pytest.raises(SignInRequiredError):
            await provider.identity.actor("nobody-here")
        with pytest.raises(SignInRequiredError):
            await provider.identity.web_identity("nobody-here")

    async def test_a_token_is_verified_by_the_public_keys(self, provider: Provider) -> None:
        token = await provider.identity.web_identity(provider.known)
        claims = jwt.decode(token.reveal(), await provider.keys(), algorithms=ALGORITHMS).claims
        assert claims["sub"] == provider.known
        assert claims["iss"] == provider.issuer
        assert claims["aud"] == "sardonyx"

    async def test_a_token_names_its_key_and_dies_in_minutes(self, provider: Provider) -> None:
        token = (await provider.identity.web_identity(provider.known)).reveal()
        assert extract_compact(token.encode()).headers()["kid"]
        claims = jwt.decode(token, await provider.keys(), algorithms=ALGORITHMS).claims
        life = datetime.fromtimestamp(claims["exp"], UTC) - datetime.now(UTC)
        assert timedelta() < life <= timedelta(minutes=10)

    async def test_public_keys_hold_nothing_private(self, provider: Provider) -> None:
        for key in (await provider.keys()).keys:
            assert not key.is_private
