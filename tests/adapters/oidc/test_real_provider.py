"""The provider adapter on npm's oidc-provider: a certified server, PKCE and rotation enforced."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.adapters.oidc.signing import Clock, signed_in, signing
from tests.servers.provider import CLIENT, RunningProvider, running_provider

from sardonyx.adapters.oidc.provider import OpenIdClient
from sardonyx.projects.errors import (
    IdentityProviderUnavailableError,
    SignInAgainError,
    SignInRefusedError,
    SignInRequiredError,
)
from sardonyx.values import JsonObject

CALLBACK = "http://localhost:8000/sign-in/callback"
ADA: JsonObject = {"preferred_username": "ada", "name": "Ada", "groups": ["prices"]}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningProvider]:
    with running_provider({"ada": ADA}, redirect_uris=(CALLBACK,)) as made:
        yield made


def public(server: RunningProvider) -> OpenIdClient:
    return OpenIdClient(issuer=server.issuer, client_id=CLIENT, redirect_uri=CALLBACK)


async def test_a_refresh_token_is_used_once_and_its_successor_kept(
    server: RunningProvider, tmp_path: Path
) -> None:
    """The provider revokes everything when a refresh token is used twice."""
    clock = Clock()
    async with signing(tmp_path, public(server), clock) as (provider, records):
        await signed_in(provider, "ada")
        kept = set()
        for _ in range(4):
            person = await records.person("ada")
            assert person is not None
            tokens = provider._tokens(person)
            assert tokens is not None
            kept.add(tokens.refresh)
            # For us the token is about to end; the provider's clock is its own.
            clock.now = datetime.now(UTC) + timedelta(minutes=59, seconds=30)
            assert await provider.web_identity("ada")
        assert len(kept) == 4


async def test_two_replicas_share_what_one_of_them_renews(
    server: RunningProvider, tmp_path: Path
) -> None:
    clock = Clock()
    async with (
        signing(tmp_path, public(server), clock) as (one, _),
        signing(tmp_path, public(server), clock) as (other, _),
    ):
        await signed_in(one, "ada")
        clock.now += timedelta(minutes=11)
        for _ in range(2):
            asked = (provider.actor("ada") for provider in (one, other))
            await asyncio.gather(*asked)
            waited = [task for p in (one, other) for task in p._renewing.values()]
            await asyncio.gather(*waited)
        assert (await other.actor("ada")).username == "ada"
        assert await other.web_identity("ada")


async def test_groups_that_the_organisation_takes_away_are_gone_here(tmp_path: Path) -> None:
    clock = Clock()
    with running_provider({"ada": ADA}, redirect_uris=(CALLBACK,)) as server:
        async with signing(tmp_path, public(server), clock) as (provider, records):
            assert len((await signed_in(provider, "ada")).projects) == 2
            server.set_people({"ada": {**ADA, "groups": []}})
            clock.now += timedelta(minutes=11)
            await provider.actor("ada")
            await asyncio.gather(*provider._renewing.values())
            assert len((await provider.actor("ada")).projects) == 1
            # Who is no longer there at all is signed out at the next look.
            server.set_people({})
            clock.now += timedelta(minutes=11)
            await provider.actor("ada")
            ended = await asyncio.gather(*provider._renewing.values(), return_exceptions=True)
            assert isinstance(ended[0], SignInAgainError)
            with pytest.raises(SignInAgainError):
                await provider.web_identity("ada")
            kept = await records.person("ada")
            assert kept is not None and kept.sealed == ""


async def test_a_provider_that_lost_its_memory_asks_people_to_sign_in_again(
    tmp_path: Path,
) -> None:
    clock = Clock()
    with running_provider({"ada": ADA}, redirect_uris=(CALLBACK,)) as server:
        async with signing(tmp_path, public(server), clock) as (provider, _):
            await signed_in(provider, "ada")
            server.stop()
            clock.now += timedelta(hours=2)
            with pytest.raises(IdentityProviderUnavailableError):
                await provider.web_identity("ada")
            assert (await provider.actor("ada")).username == "ada"
            server.start()
            with pytest.raises(SignInAgainError):
                await provider.web_identity("ada")
            clock.now = datetime.now(UTC)
            await signed_in(provider, "ada")
            assert await provider.web_identity("ada")


async def test_nobody_unknown_is_vouched_for(server: RunningProvider, tmp_path: Path) -> None:
    async with signing(tmp_path, public(server)) as (provider, _):
        with pytest.raises(SignInRequiredError):
            await provider.web_identity("bob")


async def test_a_client_with_a_secret_proves_itself(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a-long-client-secret-of-tests\n")
    with running_provider(
        {"ada": ADA}, redirect_uris=(CALLBACK,), secret=secret.read_text().strip()
    ) as server:
        client = OpenIdClient(
            issuer=server.issuer, client_id=CLIENT, redirect_uri=CALLBACK, secret_file=secret
        )
        async with signing(tmp_path, client) as (provider, _):
            assert (await signed_in(provider, "ada")).username == "ada"
        secret.write_text("another")
        async with signing(tmp_path, client) as (provider, _):
            with pytest.raises(SignInRefusedError) as caught:
                await signed_in(provider, "ada")
            assert "another" not in str(caught.value)


async def test_an_own_authority_is_trusted_when_it_is_named(tmp_path: Path) -> None:
    key, certificate = self_signed(tmp_path)
    with running_provider(
        {"ada": ADA}, redirect_uris=(CALLBACK,), tls=(key, certificate)
    ) as server:
        stranger = public(server)
        async with signing(tmp_path, stranger) as (provider, _):
            with pytest.raises(IdentityProviderUnavailableError):
                await provider.begin(wanted="/")
        known = OpenIdClient(
            issuer=server.issuer, client_id=CLIENT, redirect_uri=CALLBACK, ca_file=certificate
        )
        async with signing(tmp_path, known) as (provider, _):
            assert (await signed_in(provider, "ada", verify=str(certificate))).username == "ada"
        missing = OpenIdClient(
            issuer=server.issuer,
            client_id=CLIENT,
            redirect_uri=CALLBACK,
            ca_file=tmp_path / "missing",
        )
        async with signing(tmp_path, missing) as (provider, _):
            with pytest.raises(IdentityProviderUnavailableError):
                await provider.begin(wanted="/")


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Return the key and the certificate of 127.0.0.1, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_file, certificate_file = folder / "tls.key", folder / "tls.crt"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_file, certificate_file
