"""Look at each area of the set-up: a few requests, each within seconds, none that changes anything.

The one token sent is a forgery made here, to see that it is refused.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx2
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from sardonyx.deployment import ClusterSettings
from sardonyx.errors import PlatformError, SystemFault
from sardonyx.logs import clean_text
from sardonyx.setup.models import (
    Answer,
    CatalogFacts,
    DatabaseFacts,
    ExposureFacts,
    IdentityFacts,
    ImagesFacts,
    Right,
    RightsFacts,
    SecretsFacts,
    StorageFacts,
)
from sardonyx.setup.ports import ClusterAsked
from sardonyx.setup.region import RegionView

_SECONDS = 8.0
_AT_ONCE = 8
_LARGEST = 512 * 1024
_FAULT_LENGTH = 300
_FORGED_CLAIMS = {"sub": "forged", "iss": "https://forged.invalid", "aud": "sardonyx", "exp": 1}


class SetupProbes:
    """Probes of a platform on a cluster.

    catalogs: reads the catalogues' present state, without asking any repository. images: names
    the images of our own charts. trust: for the store and the secret store, the authorities of
    the region.
    """

    def __init__(
        self,
        *,
        settings: ClusterSettings,
        cluster: ClusterAsked,
        catalogs: Callable[[], Sequence[CatalogFacts]],
        images: Callable[[], Sequence[str]] = tuple,
        trust: ssl.SSLContext | bool = True,
    ) -> None:
        self._settings = settings
        self._cluster = cluster
        self._catalogs = catalogs
        self._images = images
        self._trust = trust

    async def identity(self) -> IdentityFacts:
        issuer = self._settings.identity.issuer.rstrip("/")
        async with self._client(self._settings.identity.ca_file) as client:
            url = f"{issuer}/.well-known/openid-configuration"
            discovery = await _asked(client, "GET", url, members=("issuer", "jwks_uri"))
            keys_url = discovery.json.get("jwks_uri", "")
            keys = await _asked(client, "GET", keys_url) if keys_url else None
            methods = discovery.json.get("code_challenge_methods_supported", "")
        return IdentityFacts(discovery, keys, "S256" in methods if methods else None)

    async def database(self) -> DatabaseFacts:
        return await asyncio.to_thread(self._database)

    def _database(self) -> DatabaseFacts:
        address = self._settings.database or "sqlite://"
        try:
            url = make_url(address)
            engine_name = url.get_backend_name()
            if engine_name == "sqlite":
                return DatabaseFacts("sqlite")
            file = self._settings.database_password_file
            if file is not None:
                url = url.set(password=file.read_text().strip())
            engine = create_engine(url, connect_args={"connect_timeout": int(_SECONDS)})
            try:
                with engine.connect() as connection:
                    version = str(connection.execute(text("show server_version")).scalar())
            finally:
                engine.dispose()
        except (SQLAlchemyError, OSError, ImportError) as error:
            return DatabaseFacts(address.partition("+")[0].partition(":")[0], fault=_words(error))
        return DatabaseFacts(engine_name, version)

    async def rights(self, needed: Sequence[Right]) -> RightsFacts:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def refused(right: Right) -> Right | None:
            async with gate:
                return None if await self._cluster.may(right) else right

        try:
            version = await self._cluster.version()
            answers = await asyncio.gather(*(refused(right) for right in needed))
        except SystemFault as error:
            return RightsFacts(fault=_words(error))
        return RightsFacts(tuple(one for one in answers if one is not None), version)

    async def storage(self) -> StorageFacts | None:
        region = RegionView.of(self._settings)
        if not region.s3_url:
            return None
        async with self._client() as client:
            store = await _asked(client, "GET", region.s3_url)
            sts = None
            if region.sts_url:
                form = {
                    "Action": "AssumeRoleWithWebIdentity",
                    "Version": "2011-06-15",
                    "RoleSessionName": "setup-check",
                    "WebIdentityToken": forged_token(),
                }
                sts = await _asked(client, "POST", region.sts_url, form=form)
        return StorageFacts(store, sts)

    async def secrets(self) -> SecretsFacts | None:
        region = RegionView.of(self._settings)
        if not region.vault_url:
            return None
        async with self._client() as client:
            url = f"{region.vault_url}/v1/sys/health?standbyok=true"
            health = await _asked(client, "GET", url, members=("version",))
            sent = {"role": region.vault_role, "jwt": forged_token()}
            url = f"{region.vault_url}/v1/auth/{region.vault_login}/login"
            login = await _asked(client, "POST", url, content=sent, members=("errors",))
        return SecretsFacts(health, login)

    async def exposure(self) -> ExposureFacts:
        region = RegionView.of(self._settings)
        host = f"sardonyx-check.{region.domain.partition(':')[0]}"
        resolved = await asyncio.to_thread(_resolved, host) if region.domain else ()
        try:
            return ExposureFacts(await self._cluster.kinds(), resolved)
        except SystemFault as error:
            return ExposureFacts(frozenset(), resolved, _words(error))

    async def catalogs(self) -> Sequence[CatalogFacts]:
        return self._catalogs()

    async def images(self) -> ImagesFacts:
        names = tuple(sorted(set(self._images())))
        registries = sorted({host for host in map(registry, names) if host != "localhost"})
        async with self._client() as client:
            answers = await asyncio.gather(
                *(_asked(client, "GET", f"https://{host}/v2/") for host in registries)
            )
        return ImagesFacts(names, tuple(answers))

    def _client(self, ca_file: Any = None) -> httpx2.AsyncClient:  # noqa: ANN401 - a path or none
        verify = ssl.create_default_context(cafile=str(ca_file)) if ca_file else self._trust
        return httpx2.AsyncClient(timeout=_SECONDS, verify=verify, follow_redirects=False)


def registry(image: str) -> str:
    """Return the host an image comes from: Docker's own where the name has none."""
    first, slash, _ = image.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    return first if named else "registry-1.docker.io"


def forged_token() -> str:
    """Return a token of the right shape that nobody signed: it must be refused everywhere."""

    def part(content: object) -> str:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    header = {"alg": "RS256", "typ": "JWT", "kid": "forged"}
    return f"{part(header)}.{part(_FORGED_CLAIMS)}.{part(b'x' * 256)}"


async def _asked(
    client: httpx2.AsyncClient,
    method: str,
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    content: Mapping[str, str] | None = None,
    members: Sequence[str] = (),
) -> Answer:
    """Return what an address answered; never raises for what it does."""
    try:
        async with client.stream(method, url, data=form, json=content) as answer:
            body = b""
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST:
                    break
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        return Answer(url, 0, _words(error))
    found = _members(body, (*members, "code_challenge_methods_supported"))
    fault = "" if answer.is_success else f"HTTP {answer.status_code} {found.get('errors', '')}"
    return Answer(url, answer.status_code, clean_text(fault.strip())[:_FAULT_LENGTH], found)


def _members(body: bytes, wanted: Sequence[str]) -> dict[str, str]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    return {name: str(document[name])[:_FAULT_LENGTH] for name in wanted if name in document}


def _resolved(host: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(sorted({str(one[4][0]) for one in found}))


def _words(error: Exception) -> str:
    """Return an error's own words, without credentials, on one line."""
    if isinstance(error, PlatformError):
        said = error.detail_text().in_language("en")
    else:
        said = str(error) or type(error).__name__
    return clean_text(" ".join(said.split()))[:_FAULT_LENGTH]
