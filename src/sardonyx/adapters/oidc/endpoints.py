"""Speak to a provider's endpoints: where to sign in, codes and refresh tokens for tokens.

Code flow with PKCE (S256) by Authlib. Nothing is kept here, and nothing is believed: ID tokens
are verified by `verification`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from sardonyx.adapters.oidc.discovery import ANSWER_SECONDS, Discovery
from sardonyx.projects.claims import claim
from sardonyx.projects.errors import KeyFileError
from sardonyx.values import JsonObject

_LONGEST_ANSWER = 100


@dataclass(frozen=True, slots=True)
class OpenIdClient:
    """What the provider knows us as. query: added to its sign-in address (`a=b&c=d`)."""

    issuer: str
    client_id: str
    redirect_uri: str
    secret_file: Path | None = None
    scope: str = "openid profile email offline_access"
    query: str = ""
    ca_file: Path | None = None


class TokenRefusedError(Exception):
    """The token endpoint says no. answer: its word, such as `invalid_grant`."""

    def __init__(self, answer: object) -> None:
        self.answer = one_line(answer)
        super().__init__(self.answer)


class ProviderEndpoints:
    """The endpoints of one provider, for one client.

    Every method raises IdentityProviderUnavailableError when the provider does not answer.
    """

    def __init__(self, *, client: OpenIdClient, discovery: Discovery) -> None:
        self._client = client
        self._discovery = discovery

    async def sign_in_address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return the provider's page to go to."""
        endpoint = await self._discovery.needed("authorization_endpoint")
        async with self._http("none", scope=self._client.scope) as http:
            address, _ = http.create_authorization_url(
                endpoint,
                state=state,
                code_verifier=verifier,
                nonce=nonce,
                **dict(parse_qsl(self._client.query)),
            )
        return str(address)

    async def exchanged(self, code: str, *, verifier: str) -> dict[str, Any]:
        """Return the token endpoint's answer to a code. Raises TokenRefusedError."""
        return await self._asked(
            lambda http, endpoint: http.fetch_token(
                endpoint, code=code, code_verifier=verifier, grant_type="authorization_code"
            )
        )

    async def renewed(self, refresh: str) -> dict[str, Any]:
        """Return the token endpoint's answer to a refresh token. Raises TokenRefusedError.

        Without a scope: what was granted. To ask for more than that is refused.
        """
        return await self._asked(
            lambda http, endpoint: http.refresh_token(endpoint, refresh_token=refresh)
        )

    async def completed(
        self, verified: JsonObject, token: Mapping[str, Any], wanted: Sequence[str]
    ) -> JsonObject:
        """Return verified claims, with those of `wanted` that only userinfo tells.

        What userinfo says of another subject, or not at all, counts for nothing.
        """
        access = token.get("access_token")
        is_whole = all(claim(verified, name) is not None for name in wanted)
        if is_whole or not isinstance(access, str):
            return verified
        address = await self._discovery.address("userinfo_endpoint")
        if address is None:
            return verified
        try:
            async with httpx2.AsyncClient(
                verify=self._discovery.context, timeout=ANSWER_SECONDS, trust_env=False
            ) as http:
                answer = await http.get(address, headers={"authorization": f"Bearer {access}"})
            told = answer.json() if answer.is_success else None
        except (httpx2.HTTPError, ValueError):
            told = None
        if not isinstance(told, dict) or told.get("sub") != verified["sub"]:
            return verified
        return {**told, **verified}

    async def _asked(
        self, ask: Callable[[AsyncOAuth2Client, str], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        endpoint = await self._discovery.needed("token_endpoint")
        method = await self._method()
        try:
            async with self._http(method, scope=None) as http:
                return await ask(http, endpoint)
        except OAuthError as error:
            raise TokenRefusedError(error.error) from error
        except (httpx2.HTTPError, ValueError) as error:
            raise self._discovery.unavailable(type(error).__name__) from error

    async def _method(self) -> str:
        """Return how we prove to be the client: as the provider takes it, the header first."""
        if self._client.secret_file is None:
            return "none"
        known = (await self._discovery.document()).get("token_endpoint_auth_methods_supported")
        is_post = isinstance(known, list) and "client_secret_basic" not in known
        return "client_secret_post" if is_post else "client_secret_basic"

    def _http(self, method: str, *, scope: str | None) -> AsyncOAuth2Client:
        secret = None
        if self._client.secret_file is not None:
            secret = _secret(self._client.secret_file)
        return AsyncOAuth2Client(
            client_id=self._client.client_id,
            client_secret=secret,
            token_endpoint_auth_method=method,
            scope=scope,
            redirect_uri=self._client.redirect_uri,
            code_challenge_method="S256",
            verify=self._discovery.context,
            timeout=ANSWER_SECONDS,
            trust_env=False,
        )


def one_line(answer: object) -> str:
    """Return a provider's word as it may be shown: short, of one line."""
    return "".join(one for one in str(answer)[:_LONGEST_ANSWER] if one.isprintable()) or "?"


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise KeyFileError(path=str(path), reason=error.strerror or "unreadable") from error
