"""Run the contract of objects and keys on the fake and on SeaweedFS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx2
import pytest
from tests.contracts.object_store import ObjectStoreContract, Storage

from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.sts import WebIdentityBroker
from sardonyx.testing.identity import memory_issuer
from sardonyx.testing.object_store import MemoryBroker, MemoryObjectStore, MemoryStorage
from sardonyx.testing.parts import RunningParts

_NO_TLS = SSLContext(PROTOCOL_TLS_CLIENT)  # loading authorities takes a while


class TestMemory(ObjectStoreContract):
    @pytest.fixture
    def storage(self) -> Storage:
        shared, issuer = MemoryStorage(), memory_issuer()
        store = MemoryObjectStore(shared)

        async def fetch(address: str) -> bytes | None:
            return store.fetch(address)

        return Storage(
            store=store,
            issuer=issuer,
            broker_of=lambda identity: MemoryBroker(shared, identity, issuer),
            fetch=fetch,
        )


@pytest.mark.real
class TestSeaweedFS(ObjectStoreContract):
    @pytest.fixture
    async def storage(self, real_parts: RunningParts) -> AsyncIterator[Storage]:
        async with httpx2.AsyncClient(trust_env=False, verify=_NO_TLS) as client:

            async def fetch(address: str) -> bytes | None:
                answer = await client.get(address)
                return answer.content if answer.is_success else None

            yield Storage(
                store=S3ObjectStore(client=client),
                issuer=real_parts.issuer,
                broker_of=lambda identity: WebIdentityBroker(
                    identity=identity, client=client, endpoint=real_parts.s3_endpoint
                ),
                fetch=fetch,
            )
