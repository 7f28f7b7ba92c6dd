"""REST for the pods of services: fresh credentials against the release's own token.

Nobody signs in here. The token is all that speaks; it stands in the Authorization header.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from sardonyx.credentials.errors import ReleaseTokenError
from sardonyx.credentials.service import Credentials

router = APIRouter(prefix="/service-credentials", tags=["service credentials"])
_LONGEST_TOKEN = 200


class S3Keys(BaseModel):
    """Keys to the project's storage, in the words of AWS's container-credentials endpoint."""

    access_key_id: str = Field(serialization_alias="AccessKeyId")
    secret_access_key: str = Field(serialization_alias="SecretAccessKey")
    token: str = Field(serialization_alias="Token")
    expiration: str = Field(serialization_alias="Expiration")


class VaultToken(BaseModel):
    """A token to the project's secrets. expiration: UTC."""

    token: str = Field(serialization_alias="Token")
    expiration: str = Field(serialization_alias="Expiration")


@router.post("/s3")
async def renew_s3_keys(request: Request, response: Response) -> S3Keys:
    """Return keys that last at least half of what the store gives."""
    keys = await _credentials(request).s3_keys(_token(request))
    response.headers["cache-control"] = "no-store"
    return S3Keys(
        access_key_id=keys.access_key_id,
        secret_access_key=keys.secret_access_key.reveal(),
        token=keys.session_token.reveal(),
        expiration=_text(keys.expiration),
    )


@router.post("/vault")
async def renew_vault_token(request: Request, response: Response) -> VaultToken:
    """Return a token of the secret store."""
    made = await _credentials(request).secrets_token(_token(request))
    response.headers["cache-control"] = "no-store"
    return VaultToken(token=made.token.reveal(), expiration=_text(made.expires))


def _credentials(request: Request) -> Credentials:
    found: Credentials = request.app.state.platform.credentials
    return found


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= _LONGEST_TOKEN:
        raise ReleaseTokenError
    return token


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
