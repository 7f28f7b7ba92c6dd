"""Be the token issuer of one machine: an ES256 key, its public document, short tokens.

A provider of an organisation takes this place on a cluster; S3 and the secret store see no
difference. The private key is the owner's alone and never leaves `<home>/keys`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey

from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.values import JsonObject, Secret

ALGORITHM = "ES256"
AUDIENCE = "sardonyx"
ADMIN_AUDIENCE = "sardonyx-admin"
PLATFORM_SUBJECT = "sardonyx"
# Tokens are swapped at once for keys; both ends are the same machine, so no clock differs.
TOKEN_MINUTES = 5.0


@dataclass(frozen=True, slots=True)
class Issuer:
    """Mints tokens of the issuer `url` (`http://127.0.0.1:port`, no slash at the end)."""

    url: str
    key: ECKey
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def of_home(cls, home: Home) -> Issuer:
        """Return the issuer of a home, making its key the first time."""
        return cls(url=f"http://127.0.0.1:{home.ports()['keys']}", key=_kept_key(home.keys))

    def mint(
        self, subject: str, audience: str = AUDIENCE, *, minutes: float = TOKEN_MINUTES
    ) -> Secret:
        """Return a signed token that says its bearer is `subject`, for `audience` alone."""
        now = self.now()
        claims = {
            "iss": self.url,
            "sub": subject,
            "aud": audience,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=minutes)).timestamp()),
        }
        # SeaweedFS refuses a token without `kid`.
        return Secret(jwt.encode({"alg": ALGORITHM, "kid": self.key.kid}, claims, self.key))

    def jwks(self) -> JsonObject:
        """Return the public key set."""
        public = self.key.as_dict(private=False)
        return {"keys": [{name: str(value) for name, value in public.items()}]}

    def discovery(self) -> JsonObject:
        """Return the OpenID Connect discovery document."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            # There is no authorisation endpoint: nobody signs in here, tokens are minted inside.
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }


def _kept_key(directory: Path) -> ECKey:
    """Return the key kept in `directory`; two starters at once agree on the first one."""
    kept = directory / "issuer.json"
    if not kept.exists():
        made = ECKey.generate_key("P-256", parameters={"use": "sig", "alg": ALGORITHM})
        made.ensure_kid()
        candidate = directory / f".issuer.{os.getpid()}.json"
        write_private(candidate, json.dumps(made.as_dict(private=True)).encode())
        try:
            os.link(candidate, kept)
        except FileExistsError:
            pass  # another process was first: its key is read below
        finally:
            candidate.unlink()
    return ECKey.import_key(json.loads(kept.read_text()))
