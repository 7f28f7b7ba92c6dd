"""Keys die on time, and services do not notice: shortened lives on the real store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import httpx2
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream
from tests.contracts.object_store import pieces

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.oidc.service_credentials import register_service_credentials
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.seaweedfs import KeyLife
from sardonyx.adapters.s3.sts import WebIdentityBroker
from sardonyx.files.errors import AccessRefusedError
from sardonyx.testing.parts import RunningParts, running_parts

pytestmark = pytest.mark.real

# Long enough to be used before they end, short enough to wait for.
SECONDS = 4


@pytest.fixture(scope="module")
def parts() -> Iterator[RunningParts]:
    life = KeyLife(usual=f"{SECONDS}s", longest=f"{SECONDS}s")
    with (
        TemporaryDirectory(prefix="sx") as folder,
        running_parts(Home(Path(folder)), names=("keys", "seaweedfs"), life=life) as parts,
    ):
        yield parts


async def test_expired_keys_are_refused_and_new_ones_work(parts: RunningParts) -> None:
    person = OnePerson.of_login(parts.issuer)
    project = person.person.personal_project
    async with httpx2.AsyncClient(trust_env=False) as client:
        broker = WebIdentityBroker(identity=person, client=client, endpoint=parts.s3_endpoint)
        store = S3ObjectStore(client=client)
        keys = await broker.credentials(username=person.person.username, project=project)
        await store.ensure_bucket(keys, project.bucket)
        await store.put(keys, project.bucket, "kept", pieces(b"kept"))
        address = store.presign_get(keys, project.bucket, "kept", timedelta(hours=1))
        with anyio.fail_after(60):
            with pytest.raises(AccessRefusedError):
                while True:
                    await store.head(keys, project.bucket, "kept")
                    await anyio.sleep(0.2)
        assert (await client.get(address)).status_code == 403
        renewed = await broker.credentials(username=person.person.username, project=project)
        assert renewed.access_key_id != keys.access_key_id
        assert (await store.head(renewed, project.bucket, "kept")).size == 4


READER = """
import boto3, sys
bucket = sys.argv[1]
s3 = boto3.client("s3")
print(s3.get_object(Bucket=bucket, Key="life")["Body"].read().decode(), flush=True)
first = s3._request_signer._credentials.get_frozen_credentials().access_key
for line in sys.stdin:
    print(s3.get_object(Bucket=bucket, Key="life")["Body"].read().decode(), flush=True)
    now = s3._request_signer._credentials.get_frozen_credentials().access_key
    print("renewed" if now != first else "the same", flush=True)
"""


async def test_a_living_process_reads_on_after_its_first_keys(
    parts: RunningParts, tmp_path: Path
) -> None:
    """boto3 with the environment of a service, nothing configured."""
    person = OnePerson.of_login(parts.issuer)
    project = person.person.personal_project
    async with httpx2.AsyncClient(trust_env=False) as client:
        broker = WebIdentityBroker(identity=person, client=client, endpoint=parts.s3_endpoint)
        store = S3ObjectStore(client=client)
        keys = await broker.credentials(username=person.person.username, project=project)
        await store.ensure_bucket(keys, project.bucket)
        await store.put(keys, project.bucket, "life", pieces(b"content"))
    token = register_service_credentials(
        parts.home, release="reader", username=person.person.username, project=project.id
    )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{parts.issuer.url}/creds",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
        "AWS_ENDPOINT_URL": parts.s3_endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    async with await anyio.open_process(
        [sys.executable, "-c", READER, project.bucket], env=environment, stderr=subprocess.DEVNULL
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        said = BufferedByteReceiveStream(reader.stdout)
        with anyio.fail_after(120):
            assert await said.receive_until(b"\n", 100) == b"content"
            answer = b"the same"
            while answer == b"the same":
                await anyio.sleep(0.5)
                await reader.stdin.send(b"again\n")
                assert await said.receive_until(b"\n", 100) == b"content"
                answer = await said.receive_until(b"\n", 100)
        assert answer == b"renewed"
        await reader.stdin.aclose()
