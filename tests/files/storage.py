"""A real storage for the tests of tables: SeaweedFS on ports of its own."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2

from sardonyx.adapters.duckdb.protocol import Limits
from sardonyx.adapters.duckdb.reader import ConfinedTableReader
from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.programs import find_program
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.sts import WebIdentityBroker
from sardonyx.files.service import Files
from sardonyx.projects.models import Actor
from sardonyx.testing.parts import RunningParts, running_parts


class Storage:
    """The file service of one person on a running storage."""

    def __init__(self, parts: RunningParts, client: httpx2.AsyncClient, limits: Limits) -> None:
        identity = OnePerson.of_login(parts.issuer, "ada")
        self.ada: Actor = identity.person
        self.project = self.ada.personal_project.id
        self.bucket = self.ada.personal_project.bucket
        self.broker = WebIdentityBroker(
            identity=identity, client=client, endpoint=parts.s3_endpoint
        )
        self.store = S3ObjectStore(client=client)
        self.reader = ConfinedTableReader(
            store=self.store, bwrap=find_program("bwrap").path, limits=limits
        )
        self.files = Files(broker=self.broker, store=self.store, tables=self.reader)

    async def put(self, key: str, content: bytes) -> None:
        async def blocks() -> AsyncIterator[bytes]:
            yield content

        await self.files.upload(self.ada, self.project, key, blocks(), overwrite=True)


@contextmanager
def running_storage(*names: str) -> Iterator[RunningParts]:
    """Start the keys and SeaweedFS (and other parts named) in a folder of their own."""
    # A short path: sockets lie in it.
    with tempfile.TemporaryDirectory(prefix="sx-") as folder:
        home = Home(Path(folder))
        with running_parts(home, names=("keys", "seaweedfs", *names)) as parts:
            yield parts


@asynccontextmanager
async def storage_of(parts: RunningParts, limits: Limits | None = None) -> AsyncIterator[Storage]:
    async with httpx2.AsyncClient() as client:
        yield Storage(parts, client, limits or Limits())
