"""Wire the platform: the one place where adapters meet services."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx2

from sardonyx.account.configurations.service import Configurations
from sardonyx.account.profile_schemas import SchemaFile
from sardonyx.account.service import Accounts
from sardonyx.adapters.caddy.front_door import CaddyFrontDoor
from sardonyx.adapters.charts.any_source import AnyChartFetcher
from sardonyx.adapters.duckdb.reader import ConfinedTableReader
from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.oidc.issuer import Issuer
from sardonyx.adapters.openbao.roles import configure
from sardonyx.adapters.openbao.server import MOUNT
from sardonyx.adapters.openbao.store import OpenBaoStore
from sardonyx.adapters.processes.credentials import REGION, LocalServiceCredentials
from sardonyx.adapters.processes.health import LocalParts
from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.adapters.processes.programs import find_program
from sardonyx.adapters.processes.runtime import LocalRuntime
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.probe import S3Probe
from sardonyx.adapters.s3.sts import WebIdentityBroker
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.catalog.own import OwnCharts
from sardonyx.catalog.own_folder import FolderShelf
from sardonyx.errors import SystemFault
from sardonyx.files.audited import AuditedFiles
from sardonyx.files.service import Files
from sardonyx.local import part_programs
from sardonyx.local_catalogs import catalog_service
from sardonyx.platform import Platform
from sardonyx.projects.sign_in import SignIn, service_audience
from sardonyx.secrets.audited import AuditedSecrets
from sardonyx.secrets.service import Secrets
from sardonyx.services.contexts import Region, RegionContexts
from sardonyx.services.service import Services
from sardonyx.settings import Settings
from sardonyx.values import Secret

_RETRY_SECONDS = 0.5
_RENEWAL = timedelta(hours=6)
_COMMAND_LINE_LIFE = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class _Machine:
    """The adapters of one machine that live as long as the portal."""

    home: Home
    person: OnePerson
    records: SqlRecords
    client: httpx2.AsyncClient
    runtime: LocalRuntime
    credentials: LocalServiceCredentials
    files: Files
    secrets: Secrets
    sign_in: SignIn
    charts: AnyChartFetcher

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch, serve and renew until the block ends. Answers before its parts do."""
        async with AsyncExitStack() as stack:
            stack.callback(self.records.close)
            await stack.enter_async_context(self.client)
            await self.sign_in.adopt(
                _command_line_token(self.home),
                self.person.person.username,
                life=_COMMAND_LINE_LIFE,
            )
            await self.runtime.start()
            stack.push_async_callback(self.runtime.close)
            stack.push_async_callback(self.charts.close)
            for work in (self._prepare_storage, self._prepare_secrets, self._renew):
                task = asyncio.create_task(work())
                stack.push_async_callback(_ended, task)
            yield

    async def _prepare_storage(self) -> None:
        """Make the person's bucket as soon as the store answers."""
        person = self.person.person
        while True:
            with suppress(SystemFault):
                await self.files.prepare(person, person.personal_project.id)
                return
            await asyncio.sleep(_RETRY_SECONDS)

    async def _prepare_secrets(self) -> None:
        """Write the secret store's roles as soon as it answers."""
        while True:
            with suppress(SystemFault):
                await configure(
                    self.secrets.address, self.person.issuer.url, self.person.platform_identity()
                )
                return
            await asyncio.sleep(_RETRY_SECONDS)

    async def _renew(self) -> None:
        """Renew at once and then now and then; a store that is down is asked again soon."""
        while True:
            wait = _RETRY_SECONDS
            with suppress(SystemFault):
                await self.credentials.renew()
                wait = _RENEWAL.total_seconds()
            await asyncio.sleep(wait)


def build_platform(settings: Settings) -> Platform:
    """Return the platform of one machine, with every adapter in its place."""
    home = Home(settings.home)
    home.prepare()
    ports = home.ports()
    person = OnePerson.of_login(Issuer.of_home(home))
    records = SqlRecords(sqlite_database(home.database))
    s3_endpoint = f"http://127.0.0.1:{ports['s3']}"
    # Plain http on loopback: no authority needs to be loaded, and none is trusted.
    client = httpx2.AsyncClient(trust_env=False, verify=SSLContext(PROTOCOL_TLS_CLIENT))
    secret_store = OpenBaoStore(identity=person, address=f"http://127.0.0.1:{ports['openbao']}")
    accounts = Accounts(
        records=records,
        secret_store=secret_store,
        mount=MOUNT,
        # The person's own machine: what they name may be anywhere, here as well.
        probe=S3Probe(httpx2.AsyncClient),
        profile_schemas=SchemaFile(home.profile_schema),
    )
    sign_in = SignIn(
        records=records,
        identities=person,
        session_life=settings.session_life,
        link_life=settings.link_life,
        audit=records,
    )

    async def issue(release: str, life: timedelta) -> Secret:
        return await sign_in.session_token(
            person.person.username, audience=service_audience(release), life=life
        )

    catalog = catalog_service(settings)
    credentials = LocalServiceCredentials(home=home, secrets=secret_store)
    runtime = LocalRuntime(
        home=home,
        domain=f"localhost:{settings.port}",
        find_chart=catalog.present,
        credentials=credentials,
        front_door=CaddyFrontDoor(home=home, port=settings.port, issue=issue),
    )
    region = Region(
        domain=f"localhost:{settings.port}",
        s3_endpoint=s3_endpoint,
        s3_region=REGION,
        vault_address=f"http://127.0.0.1:{ports['openbao']}",
        vault_mount=MOUNT,
    )
    store = S3ObjectStore(client=client)
    broker = WebIdentityBroker(identity=person, client=client, endpoint=s3_endpoint)
    files = AuditedFiles(
        audit=records,
        broker=broker,
        store=store,
        tables=ConfinedTableReader(store=store, bwrap=find_program("bwrap").path),
    )
    kept = AuditedSecrets(
        store=secret_store, address=region.vault_address, mount=MOUNT, audit=records
    )
    machine = _Machine(
        home=home,
        person=person,
        records=records,
        client=client,
        runtime=runtime,
        credentials=credentials,
        files=files,
        secrets=kept,
        sign_in=sign_in,
        charts=AnyChartFetcher(),
    )
    services = Services(
        catalog=catalog,
        runtime=runtime,
        contexts=RegionContexts(region=region, accounts=accounts),
        audit=records,
    )
    return Platform(
        public_url=f"http://localhost:{settings.port}",
        service_host=f"{{release}}.localhost:{settings.port}",
        session_life=settings.session_life,
        catalog=catalog,
        services=services,
        files=files,
        secrets=kept,
        accounts=accounts,
        configurations=Configurations(
            records=records,
            launcher=services,
            charts=catalog,
            audit=records,
            stores=accounts.storage,
        ),
        sign_in=sign_in,
        parts=LocalParts(home=home, programs=part_programs()),
        running=machine.running,
        own_charts=OwnCharts(
            fetcher=machine.charts,
            shelf=FolderShelf(home.charts),
            kept=catalog.brought_by,
            launched=services.launched_from,
            audit=records,
        ),
    )


def _command_line_token(home: Home) -> Secret:
    """Return the token by which this user's command line speaks to the portal."""
    file = home.keys / "cli.token"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32).encode())
    return Secret(file.read_text())


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
