"""A runtime on a running cluster, for tests: cache, queue and Lease of its own."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tools.helm import program

from sardonyx.adapters.helm.cli import ConfinedProgram, Helm
from sardonyx.adapters.helm.queue import OperationQueue
from sardonyx.adapters.kubernetes.access import ClusterAccess
from sardonyx.adapters.kubernetes.cache import ClusterCache
from sardonyx.adapters.kubernetes.carrier import Carrier, Carrying
from sardonyx.adapters.kubernetes.confined import ConfinedAccounts
from sardonyx.adapters.kubernetes.kinds import SECRETS, ResourceKind
from sardonyx.adapters.kubernetes.lease import HeldLease
from sardonyx.adapters.kubernetes.logs import ClusterLogs
from sardonyx.adapters.kubernetes.operations import Operation, read_operation, secret_name
from sardonyx.adapters.kubernetes.placing import PodFiles
from sardonyx.adapters.kubernetes.preflight import Preflight
from sardonyx.adapters.kubernetes.rehearsal import Rehearsals
from sardonyx.adapters.kubernetes.runtime import KubernetesRuntime, RuntimeParts, notice
from sardonyx.adapters.kubernetes.sealed import SealedOperations
from sardonyx.adapters.oidc.sealing import Sealer
from sardonyx.catalog.errors import ChartNotFoundError
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.credentials.models import Issued, Reissued
from sardonyx.services.errors import ClusterObjectNotFoundError, ServiceNotFoundError
from sardonyx.services.models import LaunchPlan, Observation, State
from sardonyx.values import JsonObject
from sardonyx.values import Path as ValuePath

SECONDS = 180.0  # busy machines are slow
OWNER = "ada"
CONFIG_MAPS = ResourceKind("v1", "configmaps", "ConfigMap")


@dataclass
class FixedCredentials:
    """Credentials that lay one set of values over what is resumed, and remember revocations."""

    fresh: JsonObject = field(default_factory=dict)
    revoked: list[str] = field(default_factory=list)

    async def issue(self, plan: LaunchPlan) -> Issued:
        return Issued(plan)

    async def reissue(
        self, *, project: str, release: str, owner: str, values: JsonObject, s3_profile: str = ""
    ) -> Reissued:
        if not self.fresh:
            return Reissued()
        paths: frozenset[ValuePath] = frozenset({("security", "password")})
        return Reissued(self.fresh, paths, datetime(2030, 1, 1, tzinfo=UTC))

    async def revoke(self, *, project: str, release: str) -> None:
        self.revoked.append(release)


class NoLogs:
    """Keeps no log of a pod that is gone."""

    async def keep(self, namespace: str, release: str, text: str, at: datetime) -> None: ...

    async def kept(self, namespace: str, release: str) -> tuple[str, datetime] | None:
        return None


@dataclass
class Site:
    """A replica of the platform on a cluster: what it runs releases with."""

    access: ClusterAccess
    cache: ClusterCache
    runtime: KubernetesRuntime
    queue: OperationQueue
    accounts: ConfinedAccounts
    rehearsals: Rehearsals
    carrier: Carrier
    charts: dict[ChartRef, Chart]
    credentials: FixedCredentials
    namespace: str

    def offer(self, chart: Chart) -> None:
        self.charts[chart.ref] = chart

    def plan(self, chart: Chart, release: str, **changes: object) -> LaunchPlan:
        """Return a plan with the chart's own values, some of them changed."""
        values: JsonObject = {**chart.values, **changes}  # type: ignore[dict-item]
        return LaunchPlan(
            release=release,
            project=self.namespace,
            owner=OWNER,
            friendly_name=release.title(),
            shared=False,
            chart=chart.ref,
            values=values,
            merged=values,
            context={},
            secret_paths=frozenset({("security", "password")}),
        )

    def seen(self, release: str) -> Observation:
        return self.runtime.release(self.namespace, release)

    async def reach(self, release: str, *states: State) -> Observation:
        await until(lambda: self.seen(release).state in states, lambda: self.seen(release))
        return self.seen(release)

    async def launch(self, chart: Chart, release: str, **changes: object) -> Observation:
        self.offer(chart)
        await self.runtime.install(self.plan(chart, release, **changes))
        return await self.settled(release)

    async def settled(self, release: str) -> Observation:
        """Wait until nothing is under way, or an operation has failed."""

        def is_settled() -> bool:
            seen = self.seen(release)
            evidence = seen.evidence
            assert evidence is not None
            is_over = not evidence.helm.operation or bool(evidence.helm.error)
            return is_over and seen.state not in {State.PREPARING, State.STARTING, State.PAUSING}

        await until(is_settled, lambda: self.seen(release))
        return self.seen(release)

    async def gone(self, release: str) -> None:
        def is_gone() -> bool:
            with suppress(ServiceNotFoundError):
                self.seen(release)
                return False
            return True

        await until(is_gone, lambda: self.seen(release))

    async def operation(self, release: str) -> Operation | None:
        """Return the operation that the cluster holds now."""
        try:
            found = await self.access.platform().get(
                SECRETS, secret_name(release), namespace=self.namespace
            )
        except ClusterObjectNotFoundError:
            return None
        return read_operation(found)


async def until(condition: Callable[[], bool], saying: Callable[[], object] = str) -> None:
    """Wait until `condition` holds; fail with what `saying` tells after a deadline."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, saying()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def site(
    kubeconfig: Path,
    namespace: str,
    folder: Path,
    *,
    limit: timedelta = timedelta(minutes=2),
    working: bool = True,
    per_second: float = 50.0,
    at_once: int = 2,
    helm: str = "",
    lease_namespace: str = "",
    projects: Mapping[str, str] | None = None,
    given: FixedCredentials | None = None,
    for_all: bool = True,
) -> AsyncIterator[Site]:
    """Give a site whose queue works through some namespaces; working: False to only ask.

    projects: namespaces by project, where these are not named alike. given: what gives releases
    their credentials. for_all: whether everybody may have the charts.
    """
    places = projects or {namespace: namespace}
    names = {place: project for project, place in places.items()}
    access = ClusterAccess(kubeconfig)
    platform = access.platform()
    cache = ClusterCache(
        platform, namespaces=places.values(), project=lambda place: names.get(place, place)
    )
    accounts = ConfinedAccounts(access)
    helm_program = Helm(program=helm or str(program()), folder=folder / "helm")
    rehearsals = Rehearsals(platform, accounts, helm_program)
    charts: dict[ChartRef, Chart] = {}
    credentials = given or FixedCredentials()
    seals = SealedOperations(Sealer(b"0" * 32))

    def find_chart(ref: ChartRef) -> Chart:
        if ref not in charts:
            raise ChartNotFoundError(chart=ref.chart, catalog=ref.catalog)
        return charts[ref]

    carrier = Carrier(
        Carrying(
            platform=platform,
            accounts=accounts,
            helm=helm_program,
            find_chart=find_chart,
            rehearsals=rehearsals,
            credentials=credentials,
            seals=seals,
            limit=limit,
            notice=lambda secret: notice(cache, secret),
            is_for_all=lambda ref: for_all,
        )
    )
    queue = OperationQueue(
        asked=lambda: [one for one in cache.operations() if one.namespace in names],
        carry_out=carrier.carry_out,
        per_second=per_second,
        at_once=at_once,
    )
    runtime = KubernetesRuntime(
        RuntimeParts(
            cache=cache,
            logs=ClusterLogs(cache, lambda _namespace: platform, NoLogs()),
            platform=platform,
            accounts=accounts,
            rehearsals=rehearsals,
            preflight=Preflight(platform, rehearsals, cache.quota),
            credentials=credentials,
            seals=seals,
            files=PodFiles(
                kubectl=ConfinedProgram(program=str(program("kubectl")), folder=folder / "kubectl"),
                accounts=accounts,
                cache=cache,
            ),
            find_chart=find_chart,
            address=lambda catalog: "",
            namespace=lambda project: places.get(project, project),
            wake=queue.wake,
        )
    )
    lease = HeldLease(
        platform,
        namespace=lease_namespace or namespace,
        name="sardonyx-queue",
        holder=f"test-{secrets.token_hex(4)}",
        life=timedelta(seconds=3),
        renewal=timedelta(seconds=0.5),
    )
    tasks = [asyncio.create_task(cache.run())]
    if working:
        tasks.append(asyncio.create_task(lease.hold(queue.run)))
    try:
        async with asyncio.timeout(SECONDS):
            await cache.synced()
        yield Site(
            access, cache, runtime, queue, accounts, rehearsals, carrier, charts, credentials,
            namespace,
        )  # fmt: skip
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await access.aclose()
        for _ in range(5):  # cut connections are closed by the loop, in its next rounds
            await asyncio.sleep(0)
