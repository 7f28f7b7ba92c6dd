"""Verify ID tokens: signature by the provider's published keys, then what they claim.

The checks of OpenID Connect Core 3.1.3.7, by joserfc. The accepted algorithms are asymmetric
ones only: neither `none` nor a key that both sides know can vouch for anybody.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    InvalidTokenError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry, extract_compact
from joserfc.jwt import JWTClaimsRegistry

from sardonyx.projects.errors import IdentityTokenRefusedError
from sardonyx.values import JsonObject

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
# Clocks of two machines differ; a token is minutes long.
LEEWAY_SECONDS = 60
LONGEST_TOKEN = 64 * 1024
_REASONS = {
    "iss": "issuer", "aud": "audience", "exp": "expired", "nbf": "time", "iat": "time",
    "sub": "subject",
}  # fmt: skip

Keys = Callable[[str | None], Awaitable[KeySet]]


class IdTokenVerifier:
    """Verifies ID tokens of one issuer, meant for one client.

    keys: gives the published keys; told a key's id, it may ask the provider again.
    """

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        keys: Keys,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._keys = keys
        self._now = now
        self._registry = JWSRegistry(algorithms=list(ALGORITHMS))

    async def verified(self, token: str, *, nonce: str | None = None) -> JsonObject:
        """Return the claims of a valid token. nonce: what it must carry, None for a renewal.

        Raises IdentityTokenRefusedError.
        """
        if len(token) > LONGEST_TOKEN:
            raise IdentityTokenRefusedError(reason="form")
        try:
            header = extract_compact(token.encode("ascii")).headers()
        except (JoseError, ValueError) as error:
            raise IdentityTokenRefusedError(reason="form") from error
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise IdentityTokenRefusedError(reason="algorithm")
        if key_id is not None and not isinstance(key_id, str):
            raise IdentityTokenRefusedError(reason="form")
        key = _one_key(await self._keys(key_id), key_id)
        try:
            claims = jwt.decode(
                token, key, algorithms=[str(algorithm)], registry=self._registry
            ).claims
        except BadSignatureError as error:
            raise IdentityTokenRefusedError(reason="signature") from error
        except (JoseError, ValueError) as error:
            raise IdentityTokenRefusedError(reason="algorithm") from error
        self._check(claims, nonce)
        return claims

    def _check(self, claims: dict[str, Any], nonce: str | None) -> None:
        registry = JWTClaimsRegistry(
            now=int(self._now()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        try:
            registry.validate(claims)
        except ExpiredTokenError as error:
            raise IdentityTokenRefusedError(reason="expired") from error
        except (MissingClaimError, InvalidClaimError) as error:
            reason = _REASONS.get(str(error.claim), "form")
            raise IdentityTokenRefusedError(reason=reason) from error
        except InvalidTokenError as error:  # of the future
            raise IdentityTokenRefusedError(reason="time") from error
        except (JoseError, TypeError, ValueError) as error:
            raise IdentityTokenRefusedError(reason="form") from error
        party = claims.get("azp")
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if (len(audiences) > 1 or party is not None) and party != self._client_id:
            raise IdentityTokenRefusedError(reason="audience")
        if nonce is not None and claims.get("nonce") != nonce:
            raise IdentityTokenRefusedError(reason="nonce")


def _one_key(keys: KeySet, key_id: str | None) -> RSAKey | ECKey | OKPKey:
    """Return the public key that a token names; the only one when it names none."""
    usable = [
        key
        for key in keys.keys
        if isinstance(key, RSAKey | ECKey | OKPKey) and key.get("use") in (None, "sig")
    ]
    if key_id is not None:
        usable = [key for key in usable if key.kid == key_id]
    if len(usable) != 1:
        raise IdentityTokenRefusedError(reason="key")
    return usable[0]
