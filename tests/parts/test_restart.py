"""What is stored survives: a restart, a kill -9 of either part, an older configuration."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest
from tests.contracts.object_store import pieces

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.openbao.store import OpenBaoStore
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.sts import WebIdentityBroker
from sardonyx.errors import PlatformError
from sardonyx.files.errors import StoreUnavailableError
from sardonyx.secrets.errors import SecretStoreUnavailableError
from sardonyx.testing.parts import RunningParts, running_parts
from sardonyx.values import Secret

pytestmark = pytest.mark.real

CONTENT = bytes(range(256)) * 50_000


class Work:
    """Ada's file and her secret, on running parts."""

    def __init__(self, parts: RunningParts, client: httpx2.AsyncClient) -> None:
        person = OnePerson.of_login(parts.issuer, "ada")
        self.project = person.person.personal_project
        self.store = S3ObjectStore(client=client)
        self.broker = WebIdentityBroker(identity=person, client=client, endpoint=parts.s3_endpoint)
        self.secrets = OpenBaoStore(identity=person, address=parts.openbao_address)

    async def write(self) -> None:
        keys = await self.broker.credentials(username="ada", project=self.project)
        await self.store.ensure_bucket(keys, self.project.bucket)
        await self.store.put(keys, self.project.bucket, "kept.bin", pieces(CONTENT))
        await self.secrets.write(
            username="ada", project=self.project, path="kept", entries={"A": Secret("1")}
        )
        self.token = await self.secrets.service_token(
            username="ada", project=self.project, service="jupyter"
        )

    async def check(self) -> None:
        keys = await self.broker.credentials(username="ada", project=self.project)
        stream = self.store.get(keys, self.project.bucket, "kept.bin")
        assert b"".join([piece async for piece in stream]) == CONTENT
        kept = await self.secrets.read(username="ada", project=self.project, path="kept")
        assert kept.entries == {"A": Secret("1")}


@pytest.mark.parametrize("how", ["asked to stop", "killed", "moved to other ports"])
def test_files_secrets_and_service_tokens_survive(how: str) -> None:
    import anyio

    async def first(parts: RunningParts) -> Secret:
        async with httpx2.AsyncClient(trust_env=False) as client:
            work = Work(parts, client)
            await work.write()
            return work.token

    async def again(parts: RunningParts, token: Secret) -> None:
        async with httpx2.AsyncClient(trust_env=False) as client:
            work = Work(parts, client)
            await work.check()
            await work.secrets.renew_service_token(token)

    with TemporaryDirectory(prefix="sx") as folder:
        home = Home(Path(folder))
        with running_parts(home) as parts:
            token = anyio.run(first, parts)
            ports = home.ports()
            if how == "killed":
                for process in parts.processes.values():
                    process.kill()
        if how == "moved to other ports":
            (home.root / "ports.json").unlink()
        with running_parts(home) as parts:
            assert (home.ports() == ports) == (how != "moved to other ports")
            anyio.run(again, parts, token)


async def test_parts_that_are_away_are_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    from sardonyx.adapters.oidc.issuer import Issuer

    away = RunningParts(home, Issuer.of_home(home), {})
    async with httpx2.AsyncClient(trust_env=False) as client:
        work = Work(away, client)
        with pytest.raises(StoreUnavailableError) as store:
            await work.broker.credentials(username="ada", project=work.project)
        with pytest.raises(SecretStoreUnavailableError) as vault:
            await work.secrets.read(username="ada", project=work.project, path="x")
        for refused in (store.value, vault.value):
            assert isinstance(refused, PlatformError)
            assert "sardonyx doctor" in refused.next_text().in_language("en")
            assert refused.__cause__ is not None
