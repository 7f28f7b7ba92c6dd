"""Run the contract of identity on the fake and on a machine's one person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc.jwk import KeySet
from tests.adapters.oidc.signing import signed_in, signing
from tests.contracts.identity_provider import IdentityProviderContract, Provider
from tests.servers.provider import CLIENT, running_provider

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.oidc.provider import OpenIdClient
from sardonyx.testing.identity import People
from sardonyx.testing.parts import RunningParts
from sardonyx.values import JsonObject


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


class TestOpenIdProvider(IdentityProviderContract):
    """An organisation's provider: somebody who has signed in there."""

    @pytest.fixture
    async def provider(self, tmp_path: Path) -> AsyncIterator[Provider]:
        ada: JsonObject = {"preferred_username": "ada", "name": "Ada", "email": "ada@example.org"}
        uri = "http://localhost:8000/sign-in/callback"
        with running_provider({"ada": ada}, redirect_uris=(uri,), seconds={"IdToken": 300}) as real:
            client = OpenIdClient(issuer=real.issuer, client_id=CLIENT, redirect_uri=uri)
            async with signing(tmp_path, client) as (identity, _):
                await signed_in(identity, "ada")

                async def keys() -> KeySet:
                    async with httpx2.AsyncClient(trust_env=False) as http:
                        return KeySet.import_key_set((await http.get(f"{real.issuer}/jwks")).json())

                yield Provider(identity, "ada", real.issuer, keys)
