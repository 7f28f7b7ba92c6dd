"""Run the contract of identity on the fake and on a machine's one person."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from joserfc.jwk import KeySet
from tests.contracts.identity_provider import IdentityProviderContract, Provider

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.testing.identity import People
from sardonyx.testing.parts import RunningParts


class TestPeople(IdentityProviderContract):
    @pytest.fixture
    def provider(self) -> Provider:
        people = People()

        async def keys() -> KeySet:
            published: Any = people.issuer.jwks()
            return KeySet.import_key_set(published)

        return Provider(people, "ada", people.issuer.url, keys)


@pytest.mark.real
class TestOnePerson(IdentityProviderContract):
    @pytest.fixture
    def provider(self, real_parts: RunningParts) -> Provider:
        issuer = real_parts.issuer

        async def keys() -> KeySet:
            """Follow the discovery document, as the store and the secrets do."""
            async with httpx2.AsyncClient(trust_env=False) as client:
                found = await client.get(f"{issuer.url}/.well-known/openid-configuration")
                assert found.json()["issuer"] == issuer.url
                return KeySet.import_key_set((await client.get(found.json()["jwks_uri"])).json())

        return Provider(OnePerson.of_login(issuer, "Ada.L"), "ada-l", issuer.url, keys)
