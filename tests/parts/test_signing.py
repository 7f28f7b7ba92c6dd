"""Our signatures are those of botocore, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from sardonyx.adapters.s3.signing import presigned_address, quoted, signed_request
from sardonyx.files.models import S3Credentials
from sardonyx.values import Secret

NOW = datetime(2026, 11, 23, 14, 55, 40, tzinfo=UTC)
KEYS = S3Credentials(
    access_key_id="ASIAEXAMPLE",
    secret_access_key=Secret("wJalrXUtnFEMI/K7MDENG"),
    session_token=Secret("token/with+signs=="),
    expiration=NOW + timedelta(hours=1),
    endpoint="http://127.0.0.1:8333",
    region="us-east-1",
)
texts = st.text(st.characters(codec="utf-8"), max_size=20)


def _theirs() -> Credentials:
    return Credentials(
        KEYS.access_key_id, KEYS.secret_access_key.reveal(), KEYS.session_token.reveal()
    )


@pytest.fixture(autouse=True, scope="module")
def _same_moment() -> Iterator[None]:
    """Give botocore our moment: its signer takes none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda: NOW.replace(tzinfo=None))
        yield


@given(
    key=texts,
    query=st.dictionaries(texts.filter(bool), texts, max_size=3),
    payload=st.binary(max_size=50),
)
def test_a_signed_request_is_what_botocore_signs(
    key: str, query: dict[str, str], payload: bytes
) -> None:
    ours = signed_request(
        KEYS,
        "PUT",
        f"/bucket/{key}",
        query=query.items(),
        headers={"Content-MD5": "abc=="},
        payload=payload,
        now=NOW,
    )
    theirs = AWSRequest(
        "PUT",
        KEYS.endpoint + quoted(f"/bucket/{key}"),
        headers={
            "content-md5": "abc==",
            "x-amz-content-sha256": ours.headers["x-amz-content-sha256"],
        },
        data=payload,
        params=query,
    )
    theirs.context["payload_signing_enabled"] = True
    S3SigV4Auth(_theirs(), "s3", "us-east-1").add_auth(theirs)
    assert ours.headers["authorization"] == theirs.headers["Authorization"]


@given(key=texts, seconds=st.integers(1, 604800))
def test_an_address_is_what_botocore_signs(key: str, seconds: int) -> None:
    ours = presigned_address(KEYS, f"/bucket/{key}", life=timedelta(seconds=seconds), now=NOW)
    theirs = AWSRequest("GET", KEYS.endpoint + quoted(f"/bucket/{key}"))
    S3SigV4QueryAuth(_theirs(), "s3", "us-east-1", expires=seconds).add_auth(theirs)
    assert urlsplit(ours).path == urlsplit(theirs.url).path
    assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(theirs.url).query)
