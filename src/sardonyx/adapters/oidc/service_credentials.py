"""Keep which token belongs to which service, for the endpoint that renews S3 keys.

The token is in a file that only the service reads; the record beside it holds its digest, so
that reading records gives no keys.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from sardonyx.adapters.processes.home import Home, write_private

_RECORD, _TOKEN = "creds.json", "creds.token"


@dataclass(frozen=True, slots=True)
class ServiceCredentials:
    """Who a token speaks for. token_sha256: hexadecimal."""

    token_sha256: str
    username: str
    project: str
    release: str


def register_service_credentials(home: Home, *, release: str, username: str, project: str) -> Path:
    """Draw a new token for the service and return its file (0600); an older one dies."""
    folder = home.service(release)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    token = secrets.token_urlsafe(32)
    record = ServiceCredentials(_digest(token), username, project, release)
    write_private(folder / _TOKEN, token.encode())
    write_private(folder / _RECORD, json.dumps(asdict(record)).encode())
    return folder / _TOKEN


def remove_service_credentials(home: Home, *, release: str) -> None:
    """Make the service's token worthless at once; a missing one is no fault."""
    for name in (_RECORD, _TOKEN):
        (home.service(release) / name).unlink(missing_ok=True)


def service_of_token(home: Home, token: str) -> ServiceCredentials | None:
    """Return the service the token was drawn for, comparing in constant time; else None.

    Reads the records each time: they are few, and a removed one must count at once.
    """
    digest = _digest(token)
    found = None
    for path in home.services.glob(f"*/{_RECORD}"):
        try:
            record = ServiceCredentials(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            continue  # removed meanwhile, or spoiled by hand: its service gets no keys
        if hmac.compare_digest(record.token_sha256, digest):
            found = record
    return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
