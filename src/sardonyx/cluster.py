"""Wire the platform of a Kubernetes: the one place where its adapters meet services.

Over 400 lines: who is made with what is read in one go.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx2

from sardonyx.account.configurations.service import Configurations
from sardonyx.account.profile_schemas import GivenSchemas
from sardonyx.account.service import Accounts
from sardonyx.adapters.charts.any_source import AnyChartFetcher
from sardonyx.adapters.charts.catalogs import ChartCatalogs
from sardonyx.adapters.charts.confined import ConfinedReader
from sardonyx.adapters.charts.own_shelf import SharedShelf
from sardonyx.adapters.charts.store import DiskCache
from sardonyx.adapters.duckdb.absent import AbsentTableReader
from sardonyx.adapters.duckdb.reader import ConfinedTableReader
from sardonyx.adapters.helm.cli import ConfinedProgram, Helm
from sardonyx.adapters.helm.queue import OperationQueue
from sardonyx.adapters.http.outward import OutwardBackend, OutwardTransport, resolve
from sardonyx.adapters.kubernetes.access import ClusterAccess
from sardonyx.adapters.kubernetes.cache import ClusterCache
from sardonyx.adapters.kubernetes.carrier import Carrier, Carrying
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.confined import ConfinedAccounts
from sardonyx.adapters.kubernetes.event_source import ClusterEventSource
from sardonyx.adapters.kubernetes.kept_releases import KeptReleases
from sardonyx.adapters.kubernetes.lease import HeldLease
from sardonyx.adapters.kubernetes.logs import ClusterLogs
from sardonyx.adapters.kubernetes.onboarding import (
    ClusterWorkspaces,
    IdentityMode,
    OnboardingRules,
)
from sardonyx.adapters.kubernetes.own_release import without_own_release
from sardonyx.adapters.kubernetes.placing import PodFiles
from sardonyx.adapters.kubernetes.preflight import Preflight
from sardonyx.adapters.kubernetes.readers import NamespaceReaders
from sardonyx.adapters.kubernetes.rehearsal import Rehearsals
from sardonyx.adapters.kubernetes.routes import exposure_of
from sardonyx.adapters.kubernetes.runtime import KubernetesRuntime, RuntimeParts, notice
from sardonyx.adapters.kubernetes.sealed import SealedOperations
from sardonyx.adapters.kubernetes.setup import AskedCluster
from sardonyx.adapters.oidc.provider import OpenIdClient, OpenIdProvider
from sardonyx.adapters.oidc.sealing import Sealer
from sardonyx.adapters.openbao.absent import AbsentSecretStore
from sardonyx.adapters.openbao.region import region_vault
from sardonyx.adapters.openbao.store import OpenBaoStore
from sardonyx.adapters.processes.programs import ProgramMissingError, find_program
from sardonyx.adapters.prometheus.meters import Meters, Reading
from sardonyx.adapters.s3.absent import AbsentBroker
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.probe import S3Probe
from sardonyx.adapters.s3.roles import RegionRoles
from sardonyx.adapters.s3.sts import RoleBroker
from sardonyx.adapters.setup.probes import SetupProbes
from sardonyx.adapters.sql.database import Database
from sardonyx.adapters.sql.grants import SqlReleaseGrants
from sardonyx.adapters.sql.kept_secrets import SqlKeptSecrets
from sardonyx.adapters.sql.logs import SqlKeptLogs
from sardonyx.adapters.sql.own_charts import SqlOwnCharts
from sardonyx.adapters.sql.repositories import SqlRecords, postgresql_database, sqlite_database
from sardonyx.catalog.allowance import Allowance
from sardonyx.catalog.models import Chart
from sardonyx.catalog.own import OwnCharts
from sardonyx.catalog.own_ports import Rehearsed
from sardonyx.catalog.ports import Repository
from sardonyx.catalog.registry import SchemaRegistry
from sardonyx.catalog.service import CatalogService, default_sources
from sardonyx.catalog.settings import catalog_settings
from sardonyx.credentials.authorities import region_authorities, trusting
from sardonyx.credentials.service import Credentials
from sardonyx.deployment import ClusterSettings
from sardonyx.errors import PlatformError, SystemFault
from sardonyx.evaluation import Evaluation
from sardonyx.files.audited import AuditedFiles
from sardonyx.files.ports import CredentialBroker, TableReader
from sardonyx.files.service import Files
from sardonyx.launcher.references import look_up
from sardonyx.launcher.s3_profiles import proposed_store, store_hosts
from sardonyx.parts import PartStatus
from sardonyx.platform import Platform
from sardonyx.projects.claims import SINGLE_PROJECT, ClaimNames, ProjectRules
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.onboarding import Onboarding
from sardonyx.projects.ports import IdentityProvider, Workspaces
from sardonyx.projects.sign_in import SignIn
from sardonyx.projects.tokens import ApiTokens
from sardonyx.secrets.audited import AuditedSecrets
from sardonyx.services.contexts import ClusterContexts
from sardonyx.services.errors import PlanRefusedError
from sardonyx.services.ports import Runtime
from sardonyx.services.project_events import ProjectEvents
from sardonyx.services.quotas import Marks
from sardonyx.services.service import Services
from sardonyx.setup.images import chart_images
from sardonyx.setup.models import CatalogFacts
from sardonyx.setup.region import RegionView
from sardonyx.setup.service import SetupChecks
from sardonyx.values import JsonObject, Secret

_LINK_LIFE = timedelta(minutes=10)
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_LEASE = "sardonyx-queue"
_ANSWER_SECONDS = 5.0
_RETRY_SECONDS = 1.0


def cluster_platform(settings: ClusterSettings, meters: Meters) -> Platform:
    """Return the platform of a cluster, with every adapter in its place.

    Raises RegionInvalidError, CatalogSettingsError, KeyFileError, ClusterUnavailableError,
    DatabaseUnavailableError.
    """
    return _Wiring(settings, meters).platform()


@asynccontextmanager
async def cluster_setup(settings: ClusterSettings) -> AsyncIterator[SetupChecks]:
    """Give the set-up checks alone: nothing is watched or served."""
    catalogs = _catalogs(settings)
    access = ClusterAccess(settings.kubeconfig)
    try:
        await catalogs.read_once()
        yield _checks(settings, access.platform(), catalogs.sources)
    finally:
        await access.aclose()


class _Wiring:
    """Makes the adapters of one process once, and puts them together."""

    def __init__(self, settings: ClusterSettings, meters: Meters) -> None:
        self.settings = settings
        self.meters = meters
        self.region: JsonObject = settings.regions[0]
        self.namespace = _own_namespace(settings)
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.database = _database(settings)
        self.records = SqlRecords(self.database)
        self.authorities = region_authorities(self.region)
        self.client = httpx2.AsyncClient(trust_env=False, verify=trusting(self.authorities))
        self.access = ClusterAccess(settings.kubeconfig)
        self.cluster = self.access.platform()
        self.catalogs = _catalogs(settings)
        self.sources = (*default_sources(), *self.catalogs.sources)
        self.brought = _Brought.of(settings, self.database)
        self.catalog = CatalogService(
            self.sources,
            personal=self.brought.shelf if self.brought is not None else None,
            schemas=SchemaRegistry(
                directory=settings.catalog_reading.schemas,
                role_directory=settings.catalog_reading.role_schemas,
                roles_claim=settings.identity.roles_claim,
                region_sliders=settings.catalog_reading.region_sliders,
            ),
            processes=False,
            region=self.region,
        )
        self.evaluation = Evaluation.of(settings) if settings.evaluation is not None else None
        self.provider = None if self.evaluation is not None else self._provider()
        identity: IdentityProvider | None = (
            self.evaluation.identity if self.evaluation is not None else self.provider
        )
        assert identity is not None  # noqa: S101 - one of the two is there
        self.cache = ClusterCache(
            self.cluster,
            namespaces=[self.namespace] if self._single() else (),
            project=self._project,
            exposure=exposure_of(self.region),
            catalog=self._catalog_of,
        )
        self.readers = NamespaceReaders(
            identity=identity,
            mode=IdentityMode(self.access, self.region),
            platform=self.cluster,
            follow=self.cache.follow,
        )
        self.identity: IdentityProvider = self.readers

    def platform(self) -> Platform:
        settings, records = self.settings, self.records
        vault = self._vault()
        broker, has_files = self._broker(), bool(RegionView.of(settings).sts_url)
        store = S3ObjectStore(client=self.client)
        accounts = self._accounts(vault)
        tokens = ApiTokens(records=records, audit=records)
        sign_in = self._sign_in(tokens)
        files = AuditedFiles(broker=broker, store=store, tables=_tables(store), audit=records)
        credentials = self._credentials(vault, broker)
        cache = self.cache
        confined = ConfinedAccounts(self.access)
        helm = Helm(program=settings.helm.program, folder=settings.data / "helm")
        writing = _Writing(
            accounts=confined,
            helm=helm,
            rehearsals=Rehearsals(self.cluster, confined, helm),
            credentials=credentials,
            seals=SealedOperations(Sealer.of_file(settings.key_file)),
        )
        queue = self._queue(writing)
        workspaces = ClusterWorkspaces(
            access=self.access,
            accounts=confined,
            rules=OnboardingRules.of_region(self.region),
            account=f"{self.namespace}/{settings.service_account}",
        )
        logs = ClusterLogs(cache, self.readers.client, SqlKeptLogs(self.database))
        runtime = self._runtime(writing, logs, queue)
        self.meters.source(lambda: _figures(cache))
        places: Workspaces = _Places(workspaces, files) if has_files else workspaces
        onboarding = Onboarding(workspaces=places, audit=records)
        life = _Life(
            wiring=self,
            logs=logs,
            queue=queue,
            lease=HeldLease(
                self.cluster,
                namespace=self.namespace,
                name=_LEASE,
                holder=f"{socket.gethostname()}-{secrets.token_hex(4)}",
            ),
            runtime=runtime,
            sign_in=sign_in,
            places=places,
            onboarding=onboarding,
        )
        services = Services(
            catalog=self.catalog,
            runtime=self.meters.metered("runtime", runtime),
            contexts=ClusterContexts(region=self.region, accounts=accounts),
            audit=records,
            workspaces=places,
            ingress_port=_ingress_port(self.region),
        )
        return Platform(
            public_url=settings.public_url,
            service_host=self.evaluation.service_host if self.evaluation is not None else None,
            session_life=settings.session_life,
            catalog=self.catalog,
            services=services,
            files=files,
            secrets=AuditedSecrets(
                store=vault.store or AbsentSecretStore(),
                address=vault.address,
                mount=vault.mount,
                audit=records,
            ),
            accounts=accounts,
            configurations=Configurations(
                records=records,
                launcher=services,
                charts=self.catalog,
                audit=records,
                stores=accounts.storage,
            ),
            sign_in=sign_in,
            parts=ClusterParts({"database": records.answers, "cluster": cache.synced}),
            running=life.running,
            has_files=has_files,
            has_secrets=vault.store is not None,
            setup=_checks(settings, self.cluster, self.catalogs.sources),
            credentials=credentials,
            provider=self.provider,
            tokens=tokens,
            onboarding=onboarding,
            auto_launch=settings.auto_launch,
            quota_marks=Marks(settings.quota.warning, settings.quota.critical),
            long_running=settings.long_running,
            events=ProjectEvents(
                source=self.meters.metered("events", ClusterEventSource(cache, self._namespace_of)),
                releases=runtime,
                marks=records,
            ),
            own_charts=(
                self.brought.charts(settings, self.catalog, services, records)
                if self.brought is not None
                else None
            ),
        )

    def _accounts(self, vault: _Vault) -> Accounts:
        return Accounts(
            records=self.records,
            secret_store=vault.store
            or SqlKeptSecrets(self.database, Sealer.of_file(self.settings.key_file)),
            mount=None if vault.store is None else vault.mount,
            probe=S3Probe(self._to_own_stores),
            proposed=proposed_store(self.region),
            profile_schemas=GivenSchemas(
                self.settings.profile_schemas, roles_claim=self.settings.identity.roles_claim
            ),
        )

    def _sign_in(self, tokens: ApiTokens) -> SignIn:
        return SignIn(
            records=self.records,
            identities=self.identity,
            session_life=self.settings.session_life,
            link_life=_LINK_LIFE,
            tokens=tokens,
            audit=self.records,
        )

    def _credentials(self, vault: _Vault, broker: CredentialBroker) -> Credentials:
        return Credentials(
            grants=SqlReleaseGrants(self.database),
            identity=self.identity,
            broker=broker,
            secret_store=vault.store,
            find_chart=self.catalog.installed,
            address=self.settings.service_url or self.settings.public_url,
            authorities=self.authorities,
            releases=KeptReleases(self.cluster, self._namespace_of),
            stores=store_hosts(self.region),
        )

    def _queue(self, writing: _Writing) -> OperationQueue:
        """Return the queue of what is asked, and who carries it out."""
        carrying = Carrying(
            platform=self.cluster,
            accounts=writing.accounts,
            helm=writing.helm,
            find_chart=self.catalog.installed,
            rehearsals=writing.rehearsals,
            credentials=writing.credentials,
            seals=writing.seals,
            limit=self.settings.helm.timeout,
            notice=lambda secret: notice(self.cache, secret),
            ended=self.meters.operation,
            is_for_all=self.catalog.is_for_all,
        )
        if self.brought is not None:
            carrying = replace(carrying, at_hand=self.brought.shelf.at_hand)
        return OperationQueue(
            asked=self.cache.operations,
            carry_out=Carrier(carrying).carry_out,
            per_second=self.settings.helm.per_second,
            at_once=self.settings.helm.at_once,
        )

    def _runtime(self, writing: _Writing, logs: ClusterLogs, queue: OperationQueue) -> Runtime:
        """Return the runtime, without the platform's own release where it lies among others."""
        runtime: Runtime = KubernetesRuntime(
            RuntimeParts(
                cache=self.cache,
                logs=logs,
                platform=self.cluster,
                accounts=writing.accounts,
                rehearsals=writing.rehearsals,
                preflight=Preflight(self.cluster, writing.rehearsals, self.cache.quota),
                credentials=writing.credentials,
                seals=writing.seals,
                files=PodFiles(
                    kubectl=ConfinedProgram(
                        program="kubectl", folder=self.settings.data / "kubectl"
                    ),
                    accounts=writing.accounts,
                    cache=self.cache,
                ),
                find_chart=self.catalog.installed,
                address=self._address,
                namespace=self._namespace_of,
                wake=queue.wake,
            )
        )
        if self.settings.release and self._single():
            runtime = without_own_release(runtime, self.settings.release)
        if self.evaluation is not None:
            runtime = self.evaluation.opened(runtime)
        return runtime

    def _to_own_stores(self) -> httpx2.AsyncClient:
        """Return a client for a store that a person named.

        Of machines inside it reaches the region's own stores alone.
        """
        tls = trusting(self.authorities)
        outward = OutwardBackend(store_hosts(self.region), resolve, leads_inside=False)
        return httpx2.AsyncClient(transport=OutwardTransport(tls, outward, most=1))

    def _vault(self) -> _Vault:
        """Return the region's secret store; one without a store where the region has none."""
        region = region_vault(self.region)
        if region is None:
            return _Vault(None)
        store = OpenBaoStore(
            identity=self.identity,
            address=region.address,
            entrance=region.entrance,
            trusted=trusting(self.authorities),
        )
        return _Vault(store, region.address, region.entrance.mount)

    def _broker(self) -> CredentialBroker:
        """Return who gives keys to the region's store; nobody where it gives none by token."""
        if not RegionView.of(self.settings).sts_url:
            return AbsentBroker()
        return RoleBroker(
            identity=self.identity,
            client=self.client,
            roles=RegionRoles(region=self.region, identity=self.identity),
        )

    def _provider(self) -> OpenIdProvider:
        settings, identity = self.settings, self.settings.identity
        return OpenIdProvider(
            client=OpenIdClient(
                issuer=identity.issuer,
                client_id=identity.client_id,
                redirect_uri=f"{settings.public_url}/sign-in/callback",
                secret_file=identity.client_secret_file,
                scope=identity.scope,
                query=identity.extra_query_params,
                ca_file=identity.ca_file,
            ),
            records=self.records,
            audit=self.records,
            sealer=Sealer.of_file(settings.key_file),
            names=ClaimNames(
                username=identity.username_claim,
                groups=identity.groups_claim,
                roles=identity.roles_claim,
                admin=identity.admin_claim,
                admin_values=frozenset(identity.admin_values),
            ),
            rules=ProjectRules.of_region(self.region, own_namespace=self.namespace),
            stale=settings.session_life,
        )

    def _single(self) -> str | None:
        return ProjectRules.of_region(self.region, own_namespace=self.namespace).single

    def _namespace_of(self, project: str) -> str:
        return self._single() or project

    def _project(self, namespace: str) -> str:
        return SINGLE_PROJECT if self._single() else namespace

    def _catalog_of(self, chart: str, version: str) -> str:
        """Return the one catalogue that has the chart of a release that names none, else empty.

        Source: wire-api.md 6.
        """
        having = [
            source.id
            for source in self.sources
            if any(one.ref.chart == chart for one in source.catalog().charts)
        ]
        return having[0] if len(having) == 1 else ""

    def _address(self, catalog: str) -> str:
        """Return where `helm` finds a catalogue's charts; empty for one of folders."""
        for written in self.settings.catalogs:
            if written.get("id") == catalog:
                return catalog_settings(written).helm_address
        return ""


@dataclass(frozen=True, slots=True)
class _Brought:
    """What people's own charts need: who fetches them, and where they are kept."""

    fetcher: AnyChartFetcher
    shelf: SharedShelf
    unpacking: ConfinedReader

    @classmethod
    def of(cls, settings: ClusterSettings, database: Database) -> _Brought | None:
        """Return it where an administrator allows any; None elsewhere."""
        allowance = _allowance(settings)
        if not allowance.addresses and not allowance.archives:
            return None
        reader, shelved = ConfinedReader(), ConfinedReader()
        cache = DiskCache(settings.data / "own-charts")
        return cls(
            AnyChartFetcher(named=allowance.named, reader=reader),
            # A worker of its own: what is kept does not wait for what is looked at.
            SharedShelf(SqlOwnCharts(database), cache, shelved),
            shelved,
        )

    async def close(self) -> None:
        """End what is being fetched and unpacked, before the database goes."""
        await self.shelf.close()
        await self.fetcher.close()
        await self.unpacking.close()

    def charts(
        self,
        settings: ClusterSettings,
        catalog: CatalogService,
        services: Services,
        audit: SqlRecords,
    ) -> OwnCharts:
        async def rehearse(actor: Actor, chart: Chart) -> Rehearsed:
            project = actor.default_project.id
            try:
                planned = await services.rehearse(actor, project=project, chart=chart)
            except PlanRefusedError as refused:
                return Rehearsed(
                    refusal=str(refused.values["reason"]), reaches_out=refused.reaches_out
                )
            return Rehearsed(tuple((one.kind, one.name) for one in planned))

        return OwnCharts(
            fetcher=self.fetcher,
            shelf=self.shelf,
            kept=catalog.brought_by,
            launched=services.launched_from,
            audit=audit,
            allowance=_allowance(settings),
            rehearse=rehearse,
        )


def _allowance(settings: ClusterSettings) -> Allowance:
    return Allowance(settings.own_charts.addresses, archives=settings.own_charts.archives)


@dataclass(frozen=True, slots=True)
class _Writing:
    """What both who asks for operations and who carries them out stand on."""

    accounts: ConfinedAccounts
    helm: Helm
    rehearsals: Rehearsals
    credentials: Credentials
    seals: SealedOperations


@dataclass(frozen=True, slots=True)
class _Vault:
    """The secret store of a region, where it is, and its engine; no store: None."""

    store: OpenBaoStore | None
    address: str = ""
    mount: str = "kv"


class _Places:
    """Workspaces on a cluster: the namespace, then the bucket."""

    def __init__(self, namespaces: Workspaces, files: Files) -> None:
        self._namespaces = namespaces
        self._files = files

    async def open(self, actor: Actor, project: Project) -> None:
        await self._namespaces.open(actor, project)
        await self._files.prepare(actor, project.id)


class ClusterParts:
    """What a platform on a cluster stands on, each with how to ask it."""

    def __init__(self, asked: Mapping[str, Callable[[], Awaitable[object]]]) -> None:
        self._asked = asked

    async def status(self) -> tuple[PartStatus, ...]:
        """Return every part's status, asked side by side."""
        answers = await asyncio.gather(*(self._answers(ask) for ask in self._asked.values()))
        return tuple(
            PartStatus(name, ready=ready, source="cluster", version="")
            for name, ready in zip(self._asked, answers, strict=True)
        )

    async def _answers(self, ask: Callable[[], Awaitable[object]]) -> bool:
        with suppress(PlatformError, TimeoutError):
            async with asyncio.timeout(_ANSWER_SECONDS):
                await ask()
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Life:
    """What runs as long as the platform does, and what ends with it."""

    wiring: _Wiring
    logs: ClusterLogs
    queue: OperationQueue
    lease: HeldLease
    runtime: Runtime
    sign_in: SignIn
    places: Workspaces
    onboarding: Onboarding

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch, carry out and refresh until the block ends. Answers before the first lists."""
        wiring = self.wiring
        async with AsyncExitStack() as stack:
            stack.callback(wiring.database.close)
            stack.push_async_callback(wiring.access.aclose)
            await stack.enter_async_context(wiring.client)
            if wiring.provider is not None:
                stack.push_async_callback(wiring.provider.close)
            await stack.enter_async_context(wiring.catalogs.running())
            if wiring.brought is not None:
                stack.push_async_callback(wiring.brought.close)
            works = [wiring.cache.run, self.logs.run, self._carry_out]
            if wiring.evaluation is not None:
                await wiring.evaluation.admit(wiring.records, self.sign_in)
                works += [wiring.evaluation.configure_secrets, self._open_places]
            for work in works:
                stack.push_async_callback(_ended, asyncio.create_task(work()))
            stack.push_async_callback(self.onboarding.close)
            if wiring.evaluation is not None:
                await stack.enter_async_context(wiring.evaluation.open_services(self.runtime))
            yield

    async def _open_places(self) -> None:
        """Make ready the places of an evaluation's one person, who does not sign in by a provider.

        Its store starts with it: asked again until it answers.
        """
        evaluation = self.wiring.evaluation
        assert evaluation is not None  # noqa: S101 - who calls it looked
        person = evaluation.identity.person
        for project in person.projects:
            while True:
                with suppress(SystemFault):
                    await self.places.open(person, project)
                    break
                await asyncio.sleep(_RETRY_SECONDS)

    async def _carry_out(self) -> None:
        """Carry out what was asked, in the one replica that holds the Lease."""
        await self.wiring.cache.synced()
        await self.lease.hold(self.queue.run)


def _ingress_port(region: JsonObject) -> int | None:
    """Return the port of the region's addresses, None for their scheme's own."""
    port = look_up(("services", "expose", "ingressPort"), region)
    return port if isinstance(port, int) and not isinstance(port, bool) else None


def _tables(store: S3ObjectStore) -> TableReader:
    try:
        return ConfinedTableReader(store=store, bwrap=find_program("bwrap").path)
    except ProgramMissingError:
        return AbsentTableReader()


def _catalogs(settings: ClusterSettings) -> ChartCatalogs:
    return ChartCatalogs(
        settings.catalogs,
        data=settings.data / "charts",
        ca_directory=settings.catalog_reading.ca_directory,
        refresh=settings.catalog_reading.refresh,
    )


def _checks(
    settings: ClusterSettings, cluster: ClusterClient, catalogs: Iterable[Repository]
) -> SetupChecks:
    kept = (*default_sources(), *catalogs)
    return SetupChecks(
        settings=settings,
        probes=SetupProbes(
            settings=settings,
            cluster=AskedCluster(cluster),
            catalogs=lambda: [_catalog_facts(one) for one in kept],
            images=lambda: chart_images(CatalogService(default_sources()).own_charts()),
            trust=trusting(region_authorities(settings.regions[0])),
        ),
    )


def _catalog_facts(repository: Repository) -> CatalogFacts:
    catalog = repository.catalog()
    if catalog.reading is not None and catalog.reading.fault is not None:
        problem, place = catalog.reading.fault, catalog.reading.fault.pointer
    elif catalog.faults:
        problem, place = catalog.faults[0].problems[0], catalog.faults[0].folder
    else:
        return CatalogFacts(catalog.id, len(catalog.charts))
    words = f"{place}: {problem.message.in_language('en')}"
    return CatalogFacts(catalog.id, len(catalog.charts), words)


def _figures(cache: ClusterCache) -> Iterator[Reading]:
    figures = cache.figures()
    yield Reading("releases", figures.releases)
    yield Reading("namespaces", figures.namespaces)
    yield Reading("namespaces_ready", figures.ready)
    yield Reading("watches", figures.watches)
    yield Reading("lists_total", figures.lists)
    yield Reading("records_unread", figures.unread)
    yield Reading("watch_behind_seconds", figures.behind)
    yield Reading("operations_waiting", len(cache.operations()))


def _database(settings: ClusterSettings) -> Database:
    if not settings.database:
        return sqlite_database(settings.data / "portal.sqlite")
    password = settings.database_password_file
    return postgresql_database(
        settings.database, Secret(password.read_text().strip()) if password else None
    )


def _own_namespace(settings: ClusterSettings) -> str:
    """Return the platform's namespace: set, or that of the pod it runs in."""
    if settings.evaluation is not None:
        return settings.evaluation.namespace
    if settings.namespace:
        return settings.namespace
    return _POD_NAMESPACE.read_text().strip() if _POD_NAMESPACE.exists() else "default"


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
