"""Sign requests to S3: AWS Signature Version 4, by header or in the address (presigned).

Compared in the tests with botocore's signatures. Why not a client library: obstore refuses or
rewrites keys that other tools may write and cannot create buckets or page through a folder;
botocore costs a second of import (docs/decisions).
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from sardonyx.files.models import S3Credentials

Query = Iterable[tuple[str, str]]
_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What to send: the whole address and every header."""

    url: str
    headers: Mapping[str, str]


def signed_request(
    credentials: S3Credentials,
    method: str,
    path: str,
    *,
    query: Query = (),
    headers: Mapping[str, str] | None = None,
    payload: bytes = b"",
    now: datetime,
) -> SignedRequest:
    """Return the request for `path` (`/bucket/key`, not quoted) with its signature."""
    digest = hashlib.sha256(payload).hexdigest()
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    sent = {
        **{name.lower(): value for name, value in (headers or {}).items()},
        "host": urlsplit(credentials.endpoint).netloc,
        "x-amz-content-sha256": digest,
        "x-amz-date": stamp,
    }
    if token := credentials.session_token.reveal():  # keys that do not end have none
        sent["x-amz-security-token"] = token
    asked = _query_text(query)
    names = ";".join(sorted(sent))
    canonical = _canonical(method, path, asked, sent, digest)
    signature = _signature(credentials, stamp, canonical)
    scope = f"{credentials.access_key_id}/{_scope(credentials, stamp)}"
    sent["authorization"] = (
        f"{_ALGORITHM} Credential={scope}, SignedHeaders={names}, Signature={signature}"
    )
    return SignedRequest(_address(credentials, path, asked), sent)


def presigned_address(
    credentials: S3Credentials, path: str, *, life: timedelta, now: datetime
) -> str:
    """Return an address for GET that carries its own signature for `life` (whole seconds)."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    asked = _query_text(
        [
            ("X-Amz-Algorithm", _ALGORITHM),
            ("X-Amz-Credential", f"{credentials.access_key_id}/{_scope(credentials, stamp)}"),
            ("X-Amz-Date", stamp),
            ("X-Amz-Expires", str(int(life.total_seconds()))),
            ("X-Amz-Security-Token", credentials.session_token.reveal()),
            ("X-Amz-SignedHeaders", "host"),
        ]
    )
    host = {"host": urlsplit(credentials.endpoint).netloc}
    signature = _signature(credentials, stamp, _canonical("GET", path, asked, host, _UNSIGNED))
    return f"{_address(credentials, path, asked)}&X-Amz-Signature={signature}"


def quoted(path: str) -> str:
    """Return the path as it is sent and signed: each byte but unreserved ones and `/` quoted."""
    return quote(path, safe="/-_.~")


def _canonical(method: str, path: str, query: str, headers: Mapping[str, str], digest: str) -> str:
    lines = [f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers)]
    return "\n".join(
        [method, quoted(path), query, "".join(lines), ";".join(sorted(headers)), digest]
    )


def _query_text(query: Query) -> str:
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _scope(credentials: S3Credentials, stamp: str) -> str:
    return f"{stamp[:8]}/{credentials.region}/s3/aws4_request"


def _signature(credentials: S3Credentials, stamp: str, canonical: str) -> str:
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join([_ALGORITHM, stamp, _scope(credentials, stamp), digest])
    key = f"AWS4{credentials.secret_access_key.reveal()}".encode()
    for step in (stamp[:8], credentials.region, "s3", "aws4_request", text):
        key = hmac.digest(key, step.encode(), "sha256")
    return key.hex()


def _address(credentials: S3Credentials, path: str, query: str) -> str:
    return credentials.endpoint + quoted(path) + (f"?{query}" if query else "")
