"""Learn about a provider when it is first needed: its addresses and its public keys.

Nothing is asked at start: a provider that is away then is met later (wire-api.md D28).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from sardonyx.projects.errors import IdentityProviderUnavailableError
from sardonyx.values import JsonObject

ANSWER_SECONDS = 10.0
_KEPT_SECONDS = 3600.0
# An unknown key may be a new one; strangers must not make us ask the provider all the time.
_ASKED_AGAIN_SECONDS = 10.0


class Discovery:
    """One provider's document and keys, each asked for when needed and kept for an hour.

    What was learnt stays when the provider is away later.
    """

    def __init__(
        self,
        *,
        issuer: str,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self._ca_file = ca_file
        self._clock = clock
        self._context: ssl.SSLContext | None = None
        self._document: JsonObject | None = None
        self._document_at = 0.0
        self._keys: KeySet | None = None
        self._keys_at = 0.0
        self._lock = asyncio.Lock()

    @property
    def context(self) -> ssl.SSLContext:
        """The authorities to trust: the system's, and the provider's own."""
        if self._context is None:
            try:
                made = ssl.create_default_context()
                if self._ca_file is not None:
                    made.load_verify_locations(cafile=self._ca_file)
            except (OSError, ssl.SSLError) as error:
                raise self.unavailable(f"{self._ca_file}: {error}") from error
            self._context = made
        return self._context

    async def address(self, name: str) -> str | None:
        """Return an address of the document (`token_endpoint`), None where it has none."""
        found = (await self.document()).get(name)
        return found if isinstance(found, str) and _is_address(found) else None

    async def needed(self, name: str) -> str:
        """Return an address. Raises IdentityProviderUnavailableError where there is none."""
        found = await self.address(name)
        if found is None:
            raise self.unavailable(f"its discovery document has no {name}")
        return found

    async def document(self) -> JsonObject:
        """Return the discovery document. Raises IdentityProviderUnavailableError."""
        async with self._lock:
            return await self._current_document()

    async def keys(self, key_id: str | None) -> KeySet:
        """Return the public keys, asked for again when `key_id` is not among the kept ones.

        Raises IdentityProviderUnavailableError.
        """
        async with self._lock:
            age = self._clock() - self._keys_at
            kept = self._keys
            known = kept is not None and (
                key_id is None or any(key.kid == key_id for key in kept.keys)
            )
            if kept is not None and (age < _ASKED_AGAIN_SECONDS or (known and age < _KEPT_SECONDS)):
                return kept
            try:
                document = await self._current_document()
                return await self._fetch_keys(document)
            except IdentityProviderUnavailableError:
                if kept is None or not known:
                    raise
                return kept

    def unavailable(self, reason: str) -> IdentityProviderUnavailableError:
        return IdentityProviderUnavailableError(issuer=self.issuer, reason=reason)

    async def _current_document(self) -> JsonObject:
        kept = self._document
        if kept is not None and self._clock() - self._document_at < _KEPT_SECONDS:
            return kept
        try:
            found = await self._get(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            # An issuer that names another could make us trust that one's tokens.
            if found.get("issuer") != self.issuer:
                raise self.unavailable(f"it calls itself {str(found.get('issuer'))[:200]}")
        except IdentityProviderUnavailableError:
            if kept is None:
                raise
            return kept
        self._document, self._document_at = found, self._clock()
        return found

    async def _fetch_keys(self, document: JsonObject) -> KeySet:
        address = document.get("jwks_uri")
        if not isinstance(address, str) or not _is_address(address):
            raise self.unavailable("its discovery document has no jwks_uri")
        published: Any = await self._get(address)
        # A key of a kind we do not know must not hide the others.
        listed = [key for key in published.get("keys") or () if isinstance(key, dict)]
        known = [key for key in listed if key.get("kty") in ("RSA", "EC", "OKP")]
        try:
            self._keys = KeySet.import_key_set({"keys": known})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise self.unavailable("its keys cannot be read") from error
        self._keys_at = self._clock()
        return self._keys

    async def _get(self, address: str) -> JsonObject:
        try:
            async with httpx2.AsyncClient(
                verify=self.context, timeout=ANSWER_SECONDS, trust_env=False
            ) as client:
                answer = await client.get(address)
        except httpx2.HTTPError as error:
            raise self.unavailable(str(error) or type(error).__name__) from error
        if answer.status_code != httpx2.codes.OK:
            raise self.unavailable(f"HTTP {answer.status_code}")
        try:
            found = answer.json()
        except ValueError as error:
            raise self.unavailable("its answer is no JSON") from error
        if not isinstance(found, dict):
            raise self.unavailable("its answer is no JSON object")
        return found


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
